"""The ready form of a pattern is one file: its context, then its test with the values given."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.retrieval import QEReasoningBank
from aqe.schema import ContextPart, Placeholder, TestPattern

Make = Callable[..., TestPattern]
IMPORT = ContextPart(kind="import", name="math", code="import math\n", origin="test_a.py:1")
HELPER = ContextPart(
    kind="helper",
    name="half",
    code="def half(x):\n    return math.floor(x / 2)",
    origin="test_a.py:9",
)


@pytest.fixture
def halves(pattern: Make) -> TestPattern:
    return pattern(
        template="def test_half():\n    assert half({{x}}) == {{half}}\n",
        context=[IMPORT, HELPER],
        placeholders=[
            Placeholder(name="x", value="43", places=[2]),
            Placeholder(name="half", value="21", role="expected", places=[2]),
        ],
    )


def test_ready_is_a_file_that_runs(halves: TestPattern, tmp_path: Path) -> None:
    assert halves.ready() == (
        "import math\n\n\n# from test_a.py:9\ndef half(x):\n    return math.floor(x / 2)\n\n\n"
        "def test_half():\n    assert half(43) == 21\n"
    )
    outcomes = {}
    for name, code in {"right": halves.ready(x=10, half=5), "wrong": halves.ready(x=10)}.items():
        (tmp_path / f"test_{name}.py").write_text(code)
        command = [sys.executable, "-m", "pytest", "-q", f"test_{name}.py"]
        outcomes[name] = subprocess.run(command, cwd=tmp_path, capture_output=True).returncode
    assert outcomes == {"right": 0, "wrong": 1}


def test_ready_of_a_stored_pattern_has_its_context(
    bank: QEReasoningBank, halves: TestPattern
) -> None:
    stored = bank.store_pattern(halves)
    found = bank.search("half")[0].pattern
    assert (found.id, found.ready()) == (stored.id, halves.ready())


def test_ready_names_origins_as_the_language_comments(pattern: Make) -> None:
    code = pattern(language="javascript", framework="jest", template="run()", context=[HELPER])
    assert "// from test_a.py:9\n" in code.ready()


def test_ready_refuses_an_unknown_name(halves: TestPattern) -> None:
    with pytest.raises(ValueError, match="'y' is no placeholder of this pattern; it has: x, half"):
        halves.ready(y=1)
