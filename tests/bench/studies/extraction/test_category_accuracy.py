"""The study of categories compares judged tests with what is extracted from a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.bench.studies.extraction.category_accuracy import (
    Judgement,
    accuracies,
    main,
    read_judgements,
    table,
)
from aqe.schema import AqeError
from aqe.schema.records.patterns import CATEGORIES


def _judgement(test: str, category: str) -> Judgement:
    return Judgement(
        sample="unseen",
        repository="pallets/flask",
        commit="0" * 40,
        path="tests/test_a.py",
        test=test,
        category=category,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "flask"
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    code = "def test_a():\n    assert f()\n\ndef test_b(tmp_path):\n    assert f(tmp_path)\n"
    (folder / "tests/test_a.py").write_text(code)
    return folder


def test_accuracies_count_what_is_right_wrong_and_not_found(checkout: Path) -> None:
    judged = [
        _judgement("test_a", "unit"),
        _judgement("test_b", "unit"),
        _judgement("test_gone", "unit"),
    ]
    (result,) = accuracies(judged, [checkout])
    assert (result.right, result.tests) == (1, 3)
    assert result.misses == {"unit -> integration": 1, "unit -> not found": 1}
    assert "| unseen | pallets/flask | 1 | 3 | 33% (6% to 79%) |" in table([result])


def test_accuracies_require_a_checkout_that_was_judged(tmp_path: Path) -> None:
    with pytest.raises(AqeError, match="no judged test is of other"):
        accuracies([_judgement("test_a", "unit")], [tmp_path / "other"])


def test_read_judgements_reads_valid_and_distinct_ones() -> None:
    judged = read_judgements()
    assert {judgement.category for judgement in judged} <= set(CATEGORIES)
    assert {judgement.sample for judgement in judged} == {"tuning", "second", "unseen"}
    names = [(judgement.repository, judgement.path, judgement.test) for judgement in judged]
    assert len(set(names)) == len(names)


def test_main_prints_the_table_or_says_what_is_missing(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(checkout)]) == 0
    assert "| second | pallets/flask | 0 | 30 |" in capsys.readouterr().out
    assert main([str(checkout / "tests")]) == 1
    assert "name each folder like its repository" in capsys.readouterr().err
