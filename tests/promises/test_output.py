"""Promise 20: stored text can neither steer a terminal nor break JSON."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern

SEED = 20260924
PER_BANK = 50
FOREIGN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
PIECES = (
    *["\x1b[31m", "\x1b]8;;http://evil\x07", "\x9b2J", "\x00", "\r", "\x08", "\x7f", "\u202e"],
    *["\u2066", "\u2028", "\u200f", "[/]", "[red]", "[link=http://evil/]", "[b", "List[int]"],
    *["\ud800", "🎉", "e\u0301", "\\[", "[[", "]]", "{{name}}", "%s", "\n", "\t", "plain text"],
)


def hostile(rng: random.Random) -> str:
    return "x" + "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 10)))


def banks(strings: int, folder: Path, rng: random.Random) -> Iterator[tuple[Path, list[str]]]:
    for start in range(0, strings, PER_BANK * 4):
        path, texts = folder / f"bank-{start}.db", []
        with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
            patterns = []
            for number in range(PER_BANK):
                name, description, tag, code = (hostile(rng) for _ in range(4))
                texts += [name, description, tag, code]
                patterns.append(
                    TestPattern(
                        id=f"p{number}",
                        name=name[:200],
                        description=description,
                        category="unit",
                        framework="pytest",
                        language="python",
                        template=code,
                        tags=[tag[:60]],
                        source=f"{name}:1",
                    )
                )
            bank.store_patterns(patterns)
        yield path, texts


@pytest.mark.parametrize("strings", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_output(strings: int, tmp_path: Path, promise: Callable[..., None]) -> None:
    rng = random.Random(SEED)
    runner = CliRunner()
    shown = documents = 0
    for path, texts in banks(strings, tmp_path, rng):
        ids = [f"p{number}" for number in range(0, PER_BANK, 5)]
        commands = [["list", "--limit", "50"], ["search", "plain text", "--explain"], ["stats"]]
        commands += [["show", id] for id in ids] + [["similar", "p1"]]
        for command in commands:
            for json_option in ([], ["--json"]):
                result = runner.invoke(app, ["patterns", *command, "--db", str(path), *json_option])
                assert result.exit_code == 0, (command, result.output, result.exception)
                if json_option:
                    json.loads(result.stdout)
                    documents += 1
                else:
                    assert not FOREIGN.search(result.stdout), command
        shown += len(texts)
        path.unlink()
    promise(
        20,
        f"{shown:,} hostile strings stored: 0 foreign control characters, 0 markup errors,"
        f" {documents} of {documents} JSON documents parse",
        seed=SEED,
    )


def test_markup_is_shown_as_text(path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(
            TestPattern(
                id="p",
                name="List[int] [/] [red]",
                category="unit",
                framework="pytest",
                language="python",
                template="def f(x: List[int]) -> None: ...",
            )
        )
    output = CliRunner().invoke(app, ["patterns", "show", "p", "--db", str(path)]).stdout
    assert "List[int] [/] [red]" in output
    assert "x: List[int]" in output
