"""A wrong type is refused where it is passed, with what was expected and what was found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqe.learning import LearningEngine
from aqe.models import create_encoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database, PatternUsageContext, TestPattern

Make = Callable[..., TestPattern]
# Typed as unknown, as the code of a caller without a type checker is.
WRONG: Any = {"framework": "pytest"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda bank: bank.search(WRONG), "context must be text or a PatternSearchContext"),
        (lambda bank: bank.search(criteria=WRONG), "criteria must be a PatternSearchCriteria"),
        (lambda bank: bank.find_pattern(WRONG), "criteria must be a PatternSearchCriteria"),
        (lambda bank: bank.list_patterns(WRONG), "criteria must be a PatternSearchCriteria"),
        (lambda bank: bank.store_pattern(WRONG), "pattern must be a TestPattern"),
        (lambda bank: bank.record_usage("id", WRONG), "context must be a PatternUsageContext"),
        (lambda bank: bank.reindex(WRONG), "encoder must be an Encoder"),
    ],
)
def test_bank_refuses_a_dict(
    bank: QEReasoningBank, call: Callable[[QEReasoningBank], object], message: str
) -> None:
    with pytest.raises(TypeError, match=f"{message}, got dict"):
        call(bank)


def test_store_pattern_refuses_what_is_no_provenance(bank: QEReasoningBank, pattern: Make) -> None:
    with pytest.raises(TypeError, match="provenance must be a Provenance, got dict"):
        bank.store_pattern(pattern(), provenance=WRONG)
    with pytest.raises(TypeError, match="change must be a Change, got dict"):
        bank.store_pattern(pattern(), change=WRONG)
    assert bank.get_statistics().patterns == 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: QEReasoningBank(WRONG), "expected a database, the path of one or a backend"),
        (lambda: QEReasoningBank(backend=WRONG), "expected a database, the path of one or a"),
        (lambda: QEReasoningBank(min_quality=WRONG), "min_quality must be a number from 0 to 1"),
        (lambda: QEReasoningBank(encoder=WRONG).initialize(), "encoder must be an Encoder"),
        (lambda: LearningEngine("agent", backend=WRONG), "backend must be a LearningBackend"),
        (lambda: create_encoder(WRONG), "the name of an encoder must be text"),
    ],
)
def test_constructors_refuse_a_dict(build: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=f"{message}.* got dict"):
        build()


def test_database_refuses_an_unknown_durability(tmp_path: Path) -> None:
    unknown: Any = "Full"
    with pytest.raises(ValueError, match="durability must be one of full, normal, got 'Full'"):
        Database(tmp_path / "bank.db", durability=unknown)
    assert not (tmp_path / "bank.db").exists()


def test_files_refuse_an_unknown_format(bank: QEReasoningBank, tmp_path: Path) -> None:
    unknown: Any = "xml"
    path = tmp_path / "patterns.json"
    with pytest.raises(ValueError, match="file_format must be one of json, jsonl, yaml"):
        bank.export_patterns(path, file_format=unknown)
    assert not path.exists()
    with pytest.raises(ValueError, match="file_format must be one of json, jsonl, yaml"):
        bank.import_patterns(path, file_format=unknown)


def test_record_usage_takes_a_usage_context(bank: QEReasoningBank, pattern: Make) -> None:
    id = bank.store_pattern(pattern()).id
    assert bank.record_usage(id, PatternUsageContext(success=True)).usage_count == 1
