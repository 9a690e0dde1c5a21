"""Promise 9: after any steps in any order, the indexes agree with the rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from aqe.maintenance import check_all
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.text.pattern_text import embedded_text
from aqe.schema import Database, PatternUsageContext, TestPattern, back_up, restore

IDS = [f"id{number}" for number in range(6)]
WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"]
ids = st.sampled_from(IDS)
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True)
languages = st.sampled_from(["python", "javascript", "typescript"])


class BankMachine(RuleBasedStateMachine):
    """A bank, and a dict of what must be in it."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "bank.db")
        self.model: dict[str, TestPattern] = {}
        self.kept: dict[str, TestPattern] | None = None
        self.encoder = HashingEncoder(64)

    @initialize()
    def open(self) -> None:
        self.database = Database(self.path, durability="normal")
        self.other = Database(self.path, durability="normal")  # as a second process has it
        self.banks = [QEReasoningBank(path, encoder=self.encoder) for path in self._databases()]

    def _databases(self) -> list[Database]:
        return [self.database, self.other]

    def teardown(self) -> None:
        for database in self._databases():
            database.close()
        self.folder.cleanup()

    @rule(id=ids, text=words, language=languages, who=st.integers(0, 1))
    def store(self, id: str, text: list[str], language: Any, who: int) -> None:
        pattern = make(id, text, language)
        result = self.banks[who].store_pattern(pattern)
        assert result.status in ("created", "updated", "unchanged")
        self.model[id] = pattern

    @rule(id=ids, who=st.integers(0, 1))
    def delete(self, id: str, who: int) -> None:
        assert self.banks[who].delete_pattern(id) == (id in self.model)
        self.model.pop(id, None)

    @rule(id=ids, success=st.booleans(), who=st.integers(0, 1))
    def use(self, id: str, success: bool, who: int) -> None:
        if id in self.model:
            self.banks[who].record_usage(id, PatternUsageContext(success=success, agent_id="a"))

    @rule(texts=st.lists(st.tuples(ids, words), min_size=1, max_size=4, unique_by=lambda t: t[0]))
    def replace_all(self, texts: list[tuple[str, list[str]]]) -> None:
        patterns = [make(id, text, "python") for id, text in texts]
        file = self.path.with_name("import.jsonl")
        with QEReasoningBank(encoder=self.encoder) as source:
            source.store_patterns(patterns)
            source.export_patterns(file)
        self.banks[0].import_patterns(file, mode="replace")
        self.model = {pattern.id: pattern for pattern in patterns}

    @rule(id=ids, text=words)
    def roll_back(self, id: str, text: list[str]) -> None:
        class AbortError(Exception):
            pass

        try:
            with self.banks[0].backend.writing() as session:
                session.delete([id])
                raise AbortError
        except AbortError:
            pass

    @rule()
    def back_up(self) -> None:
        back_up(self.path, self.path.with_name("copy.db"), overwrite=True)
        self.kept = dict(self.model)

    @rule()
    def restore(self) -> None:
        if self.kept is None:
            return
        for database in self._databases():
            database.close()
        restore(self.path.with_name("copy.db"), self.path)
        self.model = dict(self.kept)
        self.open()

    @rule()
    def reopen(self) -> None:
        for database in self._databases():
            database.close()
        self.open()

    @invariant()
    def indexes_agree(self) -> None:
        if not hasattr(self, "database"):
            return
        type(self).steps += 1
        with self.database.read() as connection:
            assert check_all(connection, self.database) == ()
        bank = self.banks[self.steps % 2]
        assert {pattern.id for pattern in bank.list_patterns(limit=None)} == set(self.model)
        for pattern in self.model.values():
            found = bank.search(embedded_text(pattern), mode="vector", group=False)
            best = [match for match in found if match.score >= found[0].score - 1e-6]
            assert pattern.id in {match.pattern.id for match in best}
        for word in WORDS:
            there = {match.pattern.id for match in bank.search(word, mode="text", group=False)}
            assert there == {id for id, stored in self.model.items() if word in stored.template}


def make(id: str, text: list[str], language: Any) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest" if language == "python" else "jest",
        language=language,
        template=f"check({' '.join(text)})",
    )


@pytest.mark.parametrize(
    ("examples", "steps"), [(8, 12), pytest.param(500, 50, marks=pytest.mark.slow)]
)
def test_stale_index(examples: int, steps: int, promise: Callable[..., None]) -> None:
    BankMachine.steps = 0
    run_state_machine_as_test(
        BankMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # shrinking takes minutes; the steps are printed anyway
            suppress_health_check=list(HealthCheck),
        ),
    )
    promise(
        9,
        f"{examples} runs of up to {steps} steps on two connections, {BankMachine.steps:,} states:"
        " all indexes agree, every live pattern found, no deleted one",
        seed=0,
    )
