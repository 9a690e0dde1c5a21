"""Commands name the project of each source, filter by it, and never touch another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank

Aqe = Callable[..., Result]
ORDERS = 'def test_create(client):\n    """Creates an order."""\n    assert client.post(1) == 201\n'
TABLES = 'def test_create(db):\n    """Creates all tables."""\n    assert db.tables() == ["a"]\n'
CART = "test('adds an item', () => { expect(add(3)).toBe(4); });\n"


@pytest.fixture
def code(git: Callable[..., str], tmp_path: Path) -> Path:
    """Two repositories with the same path and test, one with a package, and a bank of both."""
    files = {
        "shop/tests/test_api.py": ORDERS,
        "shop/packages/cart/package.json": '{"name": "cart", "devDependencies": {"jest": "1"}}',
        "shop/packages/cart/cart.test.js": CART,
        "store/tests/test_api.py": TABLES,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("shop", "store"):
        git(name, "init", "-q")
    with QEReasoningBank(tmp_path / "bank.db", encoder=HashingEncoder(64)) as bank:
        bank.extract([tmp_path / "shop", tmp_path / "store"])
    return tmp_path


@pytest.fixture
def aqe(code: Path, monkeypatch: pytest.MonkeyPatch) -> Aqe:
    """Runs ``aqe patterns`` on the bank from a folder."""

    def run(folder: str, *arguments: str, exit_code: int = 0) -> Result:
        monkeypatch.chdir(code / folder)
        command = ["patterns", *arguments, "--db", str(code / "bank.db")]
        result = CliRunner().invoke(app, command, env={"COLUMNS": "150"})
        assert result.exit_code == exit_code, result.output
        return result

    return run


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


def sources(result: Result, key: str = "patterns") -> list[str]:
    """Returns project and source of the patterns of a document."""
    return sorted(f"{pattern['project']}: {pattern['source']}" for pattern in parsed(result)[key])


ALL = [
    "shop/packages/cart: cart.test.js:1",
    "shop: tests/test_api.py:1",
    "store: tests/test_api.py:1",
]


def test_each_source_is_shown_with_its_project(aqe: Aqe) -> None:
    assert sources(aqe(".", "list", "--json")) == ALL
    found = aqe(".", "search", "creates", "--mode", "text", "--all").stdout
    for source in ALL[1:]:
        assert source in found
    id = parsed(aqe(".", "list", "--project", "store", "--json"))["patterns"][0]["id"]
    assert "store: tests/test_api.py:1" in aqe(".", "show", id).stdout
    assert parsed(aqe(".", "show", id, "--json"))["pattern"]["project"] == "store"
    assert (
        f"deleted {id} test_create\nfrom store: tests/test_api.py:1\n"
        in aqe(".", "delete", id, "--yes").stdout
    )


@pytest.mark.parametrize("command", [("list",), ("search", "creates", "--mode", "text")])
def test_lists_and_searches_are_limited_to_a_project(aqe: Aqe, command: tuple[str, ...]) -> None:
    key = "patterns" if command == ("list",) else "matches"
    assert sources(aqe(".", *command, "--project", "store", "--json"), key) == ALL[2:]
    nothing = aqe(".", *command, "--project", "stroe").stdout
    assert nothing.startswith(
        "no data: the bank has no project 'stroe'; it has: shop, shop/packages/cart, store\n"
    )


def test_an_export_is_limited_to_a_project(aqe: Aqe) -> None:
    lines = aqe(".", "export", "-", "--project", "shop").stdout.splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["tests/test_api.py:1"]


def test_statistics_count_by_project_and_of_one(aqe: Aqe) -> None:
    every = parsed(aqe(".", "stats", "--json"))
    assert every["by_project"] == {"shop": 1, "shop/packages/cart": 1, "store": 1}
    one = parsed(aqe(".", "stats", "--project", "store", "--json"))
    assert (one["patterns"], one["by_project"], one["by_framework"]) == (
        1,
        {"store": 1},
        {"pytest": 1},
    )
    assert "store" in aqe(".", "stats").stdout
    assert "has no project 'x'" in aqe(".", "stats", "--project", "x").stdout
    assert parsed(aqe(".", "stats", "--project", "x", "--json"))["average_quality"] is None


@pytest.mark.parametrize(
    ("folder", "source", "expected"),
    [
        ("shop", "tests", ALL[1:2]),
        ("store", "tests/test_api.py", ALL[2:]),
        ("store/tests", "test_api.py:1", ALL[2:]),
        ("store/tests", "test_api.py:2", []),
        (".", "store/tests", ALL[2:]),
        (".", "shop: tests/test_api.py:1", ALL[1:2]),
        ("shop", "packages", ALL[:1]),
        ("shop", ".", ALL[:2]),
        (".", ".", ALL),
        ("shop", "test", []),
    ],
)
def test_a_list_is_limited_to_a_typed_path(
    aqe: Aqe, folder: str, source: str, expected: list[str]
) -> None:
    assert sources(aqe(folder, "list", "--source", source, "--json")) == expected


def test_forget_takes_the_tests_of_one_project(aqe: Aqe) -> None:
    report = parsed(aqe("store", "forget", "--source", "tests", "--yes", "--json"))
    assert report["sources"] == [{"project": "store", "path": "tests", "patterns": 1}]
    assert len(report["patterns"]) == 1
    assert sources(aqe(".", "list", "--json")) == ALL[:2]


def test_forget_asks_and_names_the_projects(aqe: Aqe) -> None:
    refused = aqe("shop", "forget", "--source", ".", exit_code=2)
    shown = " ".join(refused.stderr.split())
    assert "all of shop: 1 pattern would be removed" in shown
    assert "all of shop/packages/cart: 1 pattern would be removed" in shown
    assert "give --yes" in shown
    assert sources(aqe(".", "list", "--json")) == ALL
    aqe("shop", "forget", "--source", ".", "--yes")
    assert sources(aqe(".", "list", "--json")) == ALL[2:]


def test_forget_takes_a_whole_project_by_its_name(aqe: Aqe) -> None:
    out = aqe(".", "forget", "--project", "shop", "--yes").stdout
    assert out.startswith("all of shop: 1 pattern removed\n1 pattern removed, ")
    assert sources(aqe(".", "list", "--json")) == [ALL[0], ALL[2]]


def test_forget_takes_a_path_of_a_named_project(aqe: Aqe, code: Path) -> None:
    command = ("forget", "--project", "store", "--source", "tests/test_api.py:1", "--yes")
    assert aqe("shop", *command).stdout.startswith("store: tests/test_api.py:1: 1 pattern removed")
    absolute = ("forget", "--source", str(code / "shop" / "tests"), "--yes")
    assert aqe(".", *absolute).stdout.startswith("shop: tests: 1 pattern removed")


def test_forget_of_a_place_that_the_bank_does_not_know_is_an_error(aqe: Aqe, code: Path) -> None:
    (code / "third").mkdir()
    (code / "third" / "setup.py").touch()
    for arguments, message in (
        (("--source", "tests"), "tests is in no project of this bank, which has: shop, shop/pack"),
        (("--project", "third"), "the bank has no project 'third'; it has: shop, shop/packages"),
    ):
        failed = aqe("third", "forget", *arguments, "--yes", exit_code=1)
        assert message in str(failed.exception)
    assert sources(aqe(".", "list", "--json")) == ALL
