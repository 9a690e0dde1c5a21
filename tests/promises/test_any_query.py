"""Promise 11: any text is a legal query."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternSearchContext, TestPattern

SEED = 20260921
PIECES = (
    *"\"'()*-:^~{}[]<>|&%_\\/;,.?!+=#@$` \t\n\r\0",
    *["AND", "OR", "NOT", "NEAR(a b, 5)", "name:", "rowid:1", "--", "/*", "*/", "';drop table"],
    *["a-b", "C++", "user@x.com", "foo.bar", "loginUser", "\ud800", "\u202e", "\x1b[31m", "\u2028"],
    *["é", "ß", "漢字", "🎉", "\u0301", "x" * 300, "(" * 50, '"' * 9, "NULL", "0x1F", "1e400"],
)


def query(rng: random.Random) -> str:
    if rng.random() < 0.1:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randrange(40)))
    glue = rng.choice(["", " "])
    return glue.join(rng.choice(PIECES) for _ in range(rng.randrange(12)))


@pytest.fixture
def filled(path: Path) -> Path:
    with QEReasoningBank(path, encoder=HashingEncoder(384)) as bank:
        bank.store_patterns(
            TestPattern(
                name=f"test_login_{number}",
                category="unit",
                framework="pytest",
                language="python",
                template=f"def test_it():\n    assert loginUser({number}) == foo.bar",
            )
            for number in range(300)
        )
    return path


@pytest.mark.parametrize("count", [500, pytest.param(9_500, marks=pytest.mark.slow)])
def test_any_query(count: int, filled: Path, promise: Callable[..., None]) -> None:
    rng = random.Random(SEED)
    times = []
    with QEReasoningBank(filled, encoder=HashingEncoder(384)) as bank:
        for number in range(count):
            text = query(rng)
            started = time.perf_counter()
            if number % 3:
                found = bank.find_pattern(text)
            else:
                found = bank.find_matching_patterns(
                    PatternSearchContext(query=text, keywords=[text], source_code=text)
                )
            times.append((time.perf_counter() - started) * 1000)
            assert len(found) <= 10
            assert [match.rank for match in found] == list(range(1, len(found) + 1))
    p99 = float(np.quantile(times, 0.99))
    promise(11, f"{count:,} queries: 0 errors, p99 {p99:.1f} ms", part="library", seed=SEED)
    assert p99 < 100


@pytest.mark.parametrize("count", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_any_query_on_the_command_line(
    count: int, filled: Path, promise: Callable[..., None]
) -> None:
    rng = random.Random(SEED)
    runner = CliRunner()
    for _ in range(count):
        text = query(rng).replace("\0", "")  # no process can be given one
        result = runner.invoke(
            app, ["patterns", "search", "--db", str(filled), "--json", "--", text]
        )
        assert result.exit_code == 0, (text, result.output)
        assert "matches" in json.loads(result.stdout)
    promise(11, f"{count} queries: 0 errors", part="command line", seed=SEED)
