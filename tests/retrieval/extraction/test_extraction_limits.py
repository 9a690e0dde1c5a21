"""Each limit of one file ends its extraction with a reason, and keeps what was found until then."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.retrieval.extraction import ExtractionTuning, extract_file, find_test_files

PYTHON = "".join(f"def test_{n}():\n    assert f({n})\n" for n in range(5))
JAVASCRIPT = "".join(f"it('t{n}', () => {{ f({n}); }});\n" for n in range(5))
NESTED = {
    "test_a.py": "class TestA:\n class TestB:\n  class TestC:\n   def test_x(self): pass\n",
    "a.test.js": "describe('a', () => { describe('b', () => { describe('c', () => {"
    " it('x', () => { f(); }); }); }); });",
}


@pytest.mark.parametrize("name", ["test_a.py", "a.test.js", "a.test.ts"])
@pytest.mark.parametrize(
    ("tuning", "count", "reason"),
    [
        (ExtractionTuning(max_tests=5), 5, None),
        (
            ExtractionTuning(max_tests=3),
            3,
            "has more than 3 tests; the first 3 were extracted, split the file",
        ),
        (
            ExtractionTuning(max_cpu_s=0),
            0,
            "takes more than 0 s of processor time; the first 0 were extracted, split the file",
        ),
        (
            ExtractionTuning(max_patterns_bytes=1),
            1,
            "its tests with their setup take more than 9.53674e-07 MB; the first 1 were extracted,"
            " split the file",
        ),
        (
            ExtractionTuning(max_tokens=20),
            0,
            "more than 20 words and punctuation marks; split the file",
        ),
        (ExtractionTuning(max_bytes=100), 0, "larger than 9.53674e-05 MB"),
        (ExtractionTuning(trial_bytes=0), 5, None),
    ],
)
def test_limit_ends_a_file_with_a_reason(
    tmp_path: Path, name: str, tuning: ExtractionTuning, count: int, reason: str | None
) -> None:
    path = tmp_path / name
    path.write_text(PYTHON if name.endswith("py") else JAVASCRIPT)
    extracted = extract_file(path, tuning=tuning)
    assert len(extracted.patterns) == count
    assert (extracted.skipped.reason if extracted.skipped else None) == reason


@pytest.mark.parametrize("name", NESTED)
def test_limit_of_nesting_skips_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(NESTED[name])
    assert len(extract_file(path, tuning=ExtractionTuning(max_nesting=3)).patterns) == 1
    skipped = extract_file(path, tuning=ExtractionTuning(max_nesting=2)).skipped
    assert skipped is not None
    assert skipped.reason == "blocks are nested more than 2 deep"


def test_limit_of_parsing_skips_a_file(tmp_path: Path) -> None:
    """A block of comments takes the Python grammar quadratic time."""
    path = tmp_path / "test_a.py"
    path.write_text("def test_x():\n" + "    # c\n" * 20_000 + "    pass\n")
    skipped = extract_file(path, tuning=ExtractionTuning(max_parse_s=0.1)).skipped
    assert skipped is not None
    assert skipped.reason == "parsing takes more than 0.1 s of processor time"


def test_fixtures_are_found_through_each_other(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_text(
        "import pytest\n@pytest.fixture(autouse=True)\ndef always(): pass\n"
        "@pytest.fixture\ndef inner(): pass\n@pytest.fixture\ndef unused(): pass\n"
        "@pytest.fixture\ndef outer(inner): pass\ndef test_x(outer): pass\n"
    )
    (pattern,) = extract_file(path).patterns
    names = [part.name for part in pattern.context]
    assert names == ["pytest", "always", "inner", "outer"]


def test_search_for_tests_in_a_large_file_takes_linear_time(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "odd.js").write_text("it." * 300_000)
    started = time.process_time()
    assert find_test_files([tmp_path]) == []
    assert time.process_time() - started < 10


def test_extract_goes_on_after_a_file_that_reaches_a_limit(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("def test_x():\n    a = " + "[" * 400_000)
    (tmp_path / "test_b.py").write_text(PYTHON)
    command = ["patterns", "extract", str(tmp_path), "--db", str(tmp_path / "aqe.db")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "test_a.py: more than 300,000 words and punctuation marks; split the file" in (
        result.output.replace("\n", "")
    )
    assert "5 tests in 2 files" in result.output
