"""The documentation is true: its examples run, its links and paths lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer
import yaml
from typer.exceptions import TyperException

from aqe.cli import json_reference
from aqe.cli.main import app
from aqe.cli.reference import reference
from aqe.learning import LearningBackend, LearningEngine, LearningReader, LearningWriter
from aqe.retrieval import PatternBackend, PatternReader, PatternWriter, QEReasoningBank
from aqe.retrieval.storage.sqlite.vector_search import VectorRoute

ROOT = Path(__file__).resolve().parents[1]
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *GUIDES]

LINK = re.compile(r"\]\(([^)\s]+)\)")
# A file of the repository, or a folder in backticks; NAME, GROUP and NNNN are the reader's own.
TOP = "bench|cli|docs|examples|learning|models|retrieval|schema|src|tests"
NAMED_PATH = re.compile(
    rf"(?<![\w./-])(?:{TOP})/[\w./-]+\.(?:json|md|py|sql)\b|(?<=`)(?:{TOP})/[\w./-]*(?=`)"
)
PLACEHOLDER = re.compile(r"\b(?:NAME|GROUP|NNNN)")

# A file that a page shows, with its name in the title, or the terminal.
BLOCK = re.compile(r"^```(\w+)(?: title=\"([\w./-]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
INLINE_COMMAND = re.compile(r"`(aqe [a-z][^`|]*)`")
ABSENT = re.compile(r"has no command|No such option")
SHELL_MARKS = ("|", "&&", ">", ";")
# What a page shows besides aqe, from the extra ``docs``; its examples are skipped without it.
SHOWN = {"web_service.md": "fastapi.testclient", "pandas.md": "pandas"}
LIKE = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def require_shown(page: Path) -> None:
    if page.name in SHOWN:
        pytest.importorskip(SHOWN[page.name], exc_type=ImportError)


def environment_of_reader(home: Path) -> dict[str, str]:
    """Returns the environment of a shell that has aqe and nothing set for it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AQE_")}
    kept |= dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "reader")
    kept |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "reader@example.org")
    path = os.pathsep.join((str(Path(sys.executable).parent), kept["PATH"]))
    sources = os.pathsep.join((str(ROOT / "src"), kept.get("PYTHONPATH", "")))
    return kept | {"HOME": str(home), "PATH": path, "PYTHONPATH": sources}


def commands_of(text: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Writes the files that a page shows, and yields each command with its output."""
    for language, title, body in BLOCK.findall(text):
        if title:
            (folder / title).parent.mkdir(parents=True, exist_ok=True)
            (folder / title).write_text(body, encoding="utf-8")
        elif language == "console":
            yield from COMMAND.findall(body)


def run_commands(page: Path, folder: Path, home: Path) -> int:
    """Runs what a page types into a terminal, compares what is printed, and counts the commands."""
    count = 0
    for count, (command, expected) in enumerate(  # noqa: B007
        commands_of(page.read_text(encoding="utf-8"), folder), start=1
    ):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=environment_of_reader(home),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{page.name}: {command}\n{done.stdout}{done.stderr}"
        assert doctest.OutputChecker().check_output(expected, done.stdout, LIKE), (
            f"{page.name}: {command}\nexpected\n{expected}\ngot\n{done.stdout}"
        )
    return count


def anchors_of(text: str) -> set[str]:
    """Returns the anchors that headings get on GitHub."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_examples_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_shown(page)
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(page), module_relative=False, optionflags=LIKE)
    assert result.failed == 0


TERMINAL_PAGES = [page for page in GUIDES if "```console" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", TERMINAL_PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_print_what_it_says(page: Path, tmp_path: Path) -> None:
    require_shown(page)
    folder = tmp_path / "reader"
    folder.mkdir()
    assert run_commands(page, folder, tmp_path) > 0


def test_command_reference_is_current() -> None:
    current = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert current == reference(), "docs/cli.md is stale: run make docs"


def test_records_of_the_json_page_are_current() -> None:
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    assert page == json_reference.with_records(page), "docs/json.md is stale: run make docs"
    keys = re.findall(r"^\| `(\w+)` \|", page.partition("### PatternMatch")[2], re.MULTILINE)
    assert {"rank", "strength", "template", "context", "trust"} <= set(keys)


def test_command_writes_the_records_of_a_page_again(tmp_path: Path) -> None:
    page = tmp_path / "json.md"
    page.write_text("# By hand\n\n## Records\n\nstale\n", encoding="utf-8")
    json_reference.main(page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# By hand\n\n## Records\n")
    assert "stale" not in text
    assert text == json_reference.with_records(text)


def test_json_page_names_every_command() -> None:
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", page.partition("## Records")[0], re.MULTILINE)
    named = set()
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        group = first.partition(" ")[0]
        named |= {first, *(f"{group} {other}" for other in others)}
    commands = re.findall(r"^## `aqe (\w+ \w+)`$", reference(), re.MULTILINE)
    assert len(commands) > 30
    assert not [command for command in commands if command not in named]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert not path.startswith("/"), f"{page.name} links to {link}"
        assert target.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_named_in_a_page_exist(page: Path) -> None:
    named = set(NAMED_PATH.findall(page.read_text(encoding="utf-8")))
    missing = [
        path for path in named if not PLACEHOLDER.search(path) and not (ROOT / path).exists()
    ]
    assert not missing, f"{page.name} names {', '.join(sorted(missing))}"


@pytest.mark.parametrize("public", [QEReasoningBank, LearningEngine])
def test_every_public_method_is_in_an_example_that_runs(public: type) -> None:
    lines = [line for page in GUIDES for line in page.read_text(encoding="utf-8").splitlines()]
    examples = "\n".join(line for line in lines if line.startswith((">>> ", "... ")))
    methods = [
        name
        for name, member in vars(public).items()
        if callable(member) and name == member.__name__ and not name.startswith("_")
    ]
    assert len(methods) > 10
    missing = [name for name in methods if f".{name}(" not in examples]
    assert not missing, f"{public.__name__}: no example for {', '.join(missing)}"


@pytest.mark.parametrize(
    "protocol",
    [
        *(LearningBackend, LearningReader, LearningWriter),
        *(PatternBackend, PatternReader, PatternWriter),
    ],
)
def test_extending_names_the_methods_of_every_storage_protocol(protocol: type) -> None:
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    methods = [name for name in vars(protocol) if not name.startswith("_")]
    assert methods
    assert not [name for name in methods if f"`{name}`" not in text]


def test_architecture_names_every_route_of_a_vector_search() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Which vector search runs when")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert named == set(get_args(get_type_hints(VectorRoute)["name"]))


def typed_commands(text: str) -> Iterator[list[str]]:
    """Yields the words of each ``aqe`` command in the blocks that a reader types from."""
    for language, _, body in BLOCK.findall(text):
        for line in body.splitlines() if language == "sh" else ():
            words = shlex.split(line, comments=True)
            while words:
                end = next((place for place, word in enumerate(words) if word in SHELL_MARKS), None)
                command, words = words[:end], words[end + 1 :] if end is not None else []
                if command[:1] == ["aqe"]:
                    yield command


def usage_error(words: list[str]) -> str:
    """Returns what is wrong with a command, which is parsed and not run; empty if nothing is."""
    command: Any = typer.main.get_command(app)
    context, (name, *arguments) = None, words
    try:
        while True:
            context = command.make_context(name, arguments, parent=context)
            rest = [*getattr(context, "_protected_args", ()), *context.args]
            if not rest or not hasattr(command, "resolve_command"):
                return ""
            name, command, arguments = command.resolve_command(context, rest)
    except TyperException as error:
        return str(error) or type(error).__name__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_a_page_names_exist(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "login.ts").touch()  # of the README
    text = page.read_text(encoding="utf-8")
    for command in typed_commands(text):
        assert not usage_error(command), f"{page.name}: {command}"
    for named in INLINE_COMMAND.findall(BLOCK.sub("", text)):  # may leave out arguments
        assert not ABSENT.search(usage_error(shlex.split(named))), f"{page.name}: {named}"


def test_command_that_does_not_exist_is_found() -> None:
    for wrong in ("aqe patterns lst", "aqe lst", "aqe patterns list --limits 5"):
        assert ABSENT.search(usage_error(wrong.split())), wrong


def code_of_readme(start: str) -> str:
    """Returns the block of the README that begins with these words."""
    blocks = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    code: str = next(body for _, _, body in blocks if body.startswith(start))
    return code


def test_first_lines_of_the_readme_run(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    for name, code in {
        "src/login.ts": "export class LoginForm { submit(user: string) { return user } }\n",
        "web/src/login.test.ts": "import { LoginForm } from '../../src/login'\n"
        "test('submits the login form', () => { expect(new LoginForm().submit('a')).toBe('a') })\n",
        "tests/test_client.py": "def test_retries_after_a_timeout(client):\n"
        "    client.fail(times=2)\n    assert client.get('/').status == 200\n",
    }.items():
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text(code, encoding="utf-8")

    def typed(command: str) -> str:
        done = subprocess.run(
            ["sh", "-ec", command],
            cwd=shop,
            env=environment_of_reader(tmp_path),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    init, search, for_file, show, use, extract = code_of_readme("aqe init").splitlines()
    assert "2 created" in typed(init)
    assert "test_retries_after_a_timeout" in typed(search)
    assert "submits the login form" in typed(for_file)
    (found,) = typed("aqe search retries -f pytest --format csv --fields id").split()[1:]
    assert "def test_retries_after_a_timeout" in typed(show.replace("8e03b37be0", found))
    assert "worked 1 of 1" in typed(use.replace("8e03b37be0", found))
    assert "2 unchanged" in typed(extract)
    (shop / "first.py").write_text(code_of_readme("from aqe"), encoding="utf-8")
    assert "client.fail(times=2)" in typed("python first.py")
    assert "2 of 2" in typed(f"aqe show {found} --usage")


def site_settings() -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    return settings


def test_site_names_every_page_once() -> None:
    settings = site_settings()
    groups = [group for entry in settings["nav"] for group in entry.values()]
    pages = [page for group in groups for entry in group for page in entry.values()]
    assert sorted(pages) == sorted(["index.md", *(page.name for page in GUIDES)])
    assert settings["strict"] is True
    assert settings["theme"]["font"] is False  # no fonts of other hosts
    assert all((ROOT / hook).exists() for hook in settings["hooks"])


def test_site_links_that_leave_the_pages_lead_to_the_source() -> None:
    page_text = runpy.run_path(str(ROOT / ".ci" / "site_pages.py"))["page_text"]
    page = "[a](sql.md#views), [b](../bench/results/bank.md), [c](https://x.org), [d](#part)"
    assert page_text(page, "docs", "https://y.org/aqe") == (
        "[a](sql.md#views), [b](https://y.org/aqe/blob/main/bench/results/bank.md),"
        " [c](https://x.org), [d](#part)"
    )
    assert page_text(page, "docs", None) == "[a](sql.md#views), b, [c](https://x.org), [d](#part)"
    readme = "![flow](docs/assets/flow.svg) and [`cli/`](cli)"
    assert page_text(readme, "", None) == "![flow](assets/flow.svg) and `cli/`"


@pytest.mark.slow
def test_site_builds_and_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="needs the extra docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.glob("*.html"))
    assert {page.stem for page in pages} >= {"index", *(guide.stem for guide in GUIDES)}
    loads = re.compile(
        r"<(?:script|img|iframe|link rel=\"(?:stylesheet|preconnect)\")[^>]*https?://"
    )
    for page in pages:
        assert not loads.search(page.read_text(encoding="utf-8")), page.name
