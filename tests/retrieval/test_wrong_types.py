"""A wrong type is refused where it is passed, with what was expected and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder, create_encoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AqeError,
    Database,
    PatternSearchCriteria,
    PatternUsageContext,
    Task,
    TestPattern,
)

Make = Callable[..., TestPattern]
# Typed as unknown, as the code of a caller without a type checker is.
WRONG: Any = {"framework": "pytest"}
WRONG_VALUES: tuple[Any, ...] = (None, 7, 1.5, b"x", {"a": 1}, [3], ("x", 3), "odd", True, object())
USE = PatternUsageContext(success=True)
# What a call needs, where any value of the right type will do.
FITTING: dict[str, Any] = {
    "batches": [[]],
    "id": "abc",
    "patterns": [],
    "paths": [],
    "prefix": "abc",
    "tags": ["auth"],
    "task": Task(type="unit"),
    "state": Task(type="unit"),
    "actions": ["bdd"],
    "action": "bdd",
    "version": 1,
    "keep": 5,
    "enabled": True,
}
# Texts and numbers that a parameter takes; what they mean is checked elsewhere.
TAKEN = (int, float, str, bool)


def parameters_of(public: type) -> Iterator[tuple[str, Parameter]]:
    for name, member in vars(public).items():
        if callable(member) and not name.startswith("_") and name == member.__name__:
            for parameter in signature(member).parameters.values():
                if parameter.name != "self":
                    yield name, parameter


def refused(call: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    """Returns whether a call refuses its arguments; fails if it does not say it clearly."""
    try:
        result = call(**arguments)
        list(result) if hasattr(result, "__next__") else None
    except (TypeError, ValueError) as error:
        return is_clear(str(error))
    except AqeError:
        return False
    return False


def is_clear(message: str) -> bool:
    """Fails if a message is that of an interpreter, or longer than a line."""
    assert "\n" not in message
    for phrase in ("object is not", "object of type", "has no attribute", "positional argument"):
        assert phrase not in message, message
    return True


@pytest.mark.parametrize("public", [QEReasoningBank, LearningEngine])
def test_no_wrong_type_gets_into_a_public_method(public: type, tmp_path: Path) -> None:
    count = 0
    with (
        QEReasoningBank(encoder=HashingEncoder(16)) as bank,
        LearningEngine("agent") as engine,
    ):
        face: Any = bank if public is QEReasoningBank else engine
        for method, parameter in parameters_of(public):
            call = getattr(face, method)
            required = {
                name: FITTING.get(name)
                for name, each in signature(call).parameters.items()
                if each.default is Parameter.empty
            }
            for value in WRONG_VALUES:
                is_refused = refused(call, required | {parameter.name: value})
                fits = value is None or isinstance(value, TAKEN)
                several = isinstance(value, (list, tuple, dict))
                assert is_refused or fits or (several and not required), (method, parameter, value)
                count += is_refused
    assert count > 100


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda bank: bank.search(WRONG), "context must be text or a PatternSearchContext"),
        (lambda bank: bank.search(criteria=WRONG), "criteria must be a PatternSearchCriteria"),
        (lambda bank: bank.find_pattern(WRONG), "criteria must be text or a PatternSearchCriteria"),
        (lambda bank: bank.list_patterns(WRONG), "criteria must be a PatternSearchCriteria"),
        (lambda bank: bank.store_pattern(WRONG), "pattern must be a TestPattern"),
        (lambda bank: bank.store_patterns(WRONG), "patterns must be a list"),
        (lambda bank: bank.store_patterns([WRONG]), "pattern must be a TestPattern"),
        (lambda bank: list(bank.store_stream([7])), "expected patterns to store, got int"),
        (lambda bank: bank.record_usage("id", WRONG), "context must be a PatternUsageContext"),
        (lambda bank: bank.record_usage(WRONG, USE), "id must be text"),
        (lambda bank: bank.delete_pattern(WRONG), "id must be text"),
        (lambda bank: bank.resolve_id(WRONG), "prefix must be text"),
        (lambda bank: bank.forget(agent_id=WRONG), "agent_id must be text"),
        (lambda bank: bank.search_by_tags([3]), "tags must be a list of texts, got list of int"),
        (lambda bank: bank.search_by_tags("auth"), "tags must be a list of texts, got str"),
        (lambda bank: bank.extract("tests"), "paths must be a list of texts or paths, got str"),
        (lambda bank: bank.export_patterns(WRONG), "path must be text or a path"),
        (lambda bank: bank.restore_version("id", "1"), "version must be a whole number, got str"),
        (lambda bank: bank.restore_version("id", True), "version must be a whole number, got bool"),
        (lambda bank: bank.search(group="no"), "group must be True or False, got str"),
        (lambda bank: bank.store_patterns([], progress=1), "progress must be a function, got int"),
        (lambda bank: bank.reindex(WRONG), "encoder must be an Encoder"),
    ],
)
def test_bank_says_what_it_expects(
    bank: QEReasoningBank, call: Callable[[QEReasoningBank], object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        call(bank)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda engine: engine.learn_from_execution(WRONG, None), "task must be a Task, got dict"),
        (lambda engine: engine.recommend_strategy("unit"), "state must be a TaskState or a Task"),
        (lambda engine: engine.select_action(Task(), "bdd"), "actions must be a list of actions"),
        (lambda engine: engine.select_action(Task(), [3]), "each of actions must be a AgentAction"),
        (lambda engine: engine.get_q_value(Task(), 3), "action must be text or an AgentAction"),
        (lambda engine: engine.get_analytics(7), "time_range must be text, got int"),
        (lambda engine: engine.archive(keep="all"), "keep must be a whole number, got str"),
        (lambda engine: engine.export(q_table="yes"), "q_table must be True or False, got str"),
    ],
)
def test_engine_says_what_it_expects(
    call: Callable[[LearningEngine], object], message: str
) -> None:
    with LearningEngine("agent") as engine, pytest.raises(TypeError, match=message):
        call(engine)


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
        (lambda: QEReasoningBank(create=WRONG), "create must be True or False,"),
        (lambda: QEReasoningBank(storage_tuning=WRONG), "storage_tuning must be a StorageTuning,"),
        (lambda: QEReasoningBank(ranking_tuning=WRONG), "ranking_tuning must be a RankingTuning,"),
        (lambda: QEReasoningBank(encoder=WRONG).initialize(), "encoder must be an Encoder"),
        (lambda: LearningEngine("agent", WRONG), "database must be text or a Database or a path,"),
        (lambda: LearningEngine("agent", config=WRONG), "config must be a QLearningConfig,"),
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


def test_extract_refuses_an_unknown_framework(bank: QEReasoningBank, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"framework must be one of .*, got 'pitest'"):
        bank.extract([tmp_path], framework="pitest")


def test_methods_take_what_is_of_the_right_type(bank: QEReasoningBank, pattern: Make) -> None:
    id = bank.store_pattern(pattern()).id
    assert bank.record_usage(id, USE).usage_count == 1
    assert bank.store_patterns(each for each in [pattern()]).unchanged == 1
    assert bank.search("login", criteria=PatternSearchCriteria(), group=False)
    assert bank.search_by_tags(()) == []
