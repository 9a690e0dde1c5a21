"""Vectors outside the database: never stale, never another bank's, as exact as promised."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest

from aqe.bench.workload.generated_encoder import GeneratedEncoder
from aqe.bench.workload.generated_patterns import PatternGenerator
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.sqlite import SQLitePatternBackend, StorageTuning
from aqe.schema import Database, PatternSearchCriteria, TestPattern

COUNT = 400
NO_FILTER = PatternSearchCriteria()
FILTERS = (
    NO_FILTER,
    PatternSearchCriteria(framework="pytest"),
    PatternSearchCriteria(framework="ava"),
    PatternSearchCriteria(min_confidence=0.7, category="unit"),
    PatternSearchCriteria(tags=("unit",)),
    PatternSearchCriteria(tags=("unit",), framework="pytest"),
    PatternSearchCriteria(tags=("unit", "integration"), language="python"),
    PatternSearchCriteria(tags=("nobody has this",)),
)


@cache
def generator() -> PatternGenerator:
    """Returns the one generator of these tests; it never changes."""
    return PatternGenerator(COUNT)


class Bank:
    """A bank of generated patterns with its store, opened by this test alone."""

    def __init__(self, path: Path | None, **tuning: Any) -> None:
        self.tuning = StorageTuning(**tuning)
        self.generator = generator()
        self.queries = self.generator.queries(12)
        self.encoder = GeneratedEncoder(self.generator, self.queries)
        self.patterns = list(self.generator.patterns())
        self.encoder.expect(self.patterns, 0)
        self.database = Database(path, durability="normal")
        self.bank = QEReasoningBank(self.database, encoder=self.encoder, storage_tuning=self.tuning)
        if self.bank.get_pattern(self.patterns[0].id) is None:
            self.bank.store_patterns(self.patterns)
        self.store = self.opened()

    def opened(self, **tuning: Any) -> SQLitePatternBackend:
        """Returns a backend that has answered once, so that it uses what it holds."""
        backend = self.fresh(**tuning)
        self.found(backend)
        return backend

    def fresh(self, **tuning: Any) -> SQLitePatternBackend:
        """Returns a backend that has not answered yet."""
        backend = SQLitePatternBackend(self.database, tuning=replace(self.tuning, **tuning))
        backend.open(self.bank.encoder_identity)
        return backend

    def found(
        self,
        store: SQLitePatternBackend | None = None,
        criteria: PatternSearchCriteria = NO_FILTER,
        query: int = 0,
        k: int = 20,
    ) -> list[int]:
        with (store or self.store).reading() as session:
            embedding = self.queries[query].embedding
            return list(session.vector_candidates(embedding, k, criteria))

    def exact(
        self, criteria: PatternSearchCriteria = NO_FILTER, query: int = 0, k: int = 20
    ) -> list[int]:
        """Returns what a scan finds: the first search of a backend that has no vector file."""
        with self.fresh(vector_file=False).reading() as session:
            found = session.vector_candidates(self.queries[query].embedding, k, criteria)
            assert session.vectors.route.name == "table"
        return list(found)

    def put(self, pattern: TestPattern, place: int) -> None:
        """Stores a pattern with the generator's vector at ``place``."""
        self.encoder.expect([pattern], place)
        assert self.bank.store_pattern(pattern).status in ("created", "updated")

    def recall(self, store: SQLitePatternBackend) -> float:
        shares = [
            len({*self.found(store, criteria, query)} & {*exact}) / len(exact)
            for query in range(len(self.queries))
            for criteria in FILTERS
            if (exact := self.exact(criteria, query))
        ]
        return float(np.mean(shares))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database with the generated patterns, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "aqe.db"
    Bank(path).database.close()
    return path


@pytest.fixture
def bank(filled: Path, tmp_path: Path) -> Iterator[Bank]:
    shutil.copy(filled, tmp_path / "aqe.db")
    bank = Bank(tmp_path / "aqe.db")
    yield bank
    bank.database.close()


@pytest.fixture
def large(filled: Path, tmp_path: Path) -> Iterator[Bank]:
    """The same bank with a vector file: 400 patterns count as many."""
    shutil.copy(filled, tmp_path / "aqe.db")
    bank = Bank(tmp_path / "aqe.db", max_cached_vectors=100)
    assert bank.store.update_vector_file() == COUNT
    bank.store = bank.opened()
    yield bank
    bank.database.close()


@pytest.mark.parametrize(("name", "route"), [("bank", "table"), ("large", "file")])
def test_the_first_search_scans_the_table_unless_there_is_a_vector_file(
    request: pytest.FixtureRequest, name: str, route: str
) -> None:
    bank: Bank = request.getfixturevalue(name)
    with bank.fresh().reading() as session:
        assert len(session.vector_candidates(bank.queries[0].embedding, 5, NO_FILTER)) == 5
        assert session.vectors.route.name == route


def held(store: SQLitePatternBackend) -> tuple[int, int]:
    statistics = store.vector_statistics()
    return statistics.rows, statistics.file_vectors


@pytest.mark.parametrize("criteria", FILTERS)
@pytest.mark.parametrize("k", [1, 20, COUNT + 5])
def test_memory_finds_what_the_index_in_the_database_finds(
    bank: Bank, criteria: PatternSearchCriteria, k: int
) -> None:
    for query in range(len(bank.queries)):
        assert bank.found(criteria=criteria, query=query, k=k) == bank.exact(criteria, query, k)
    assert held(bank.store) == (COUNT, 0)


@pytest.mark.parametrize("size", ["small", "large"])
def test_vectors_of_given_rows_are_exact(request: pytest.FixtureRequest, size: str) -> None:
    """From the table, from memory and next to a file, with one row replaced and one deleted."""
    bank: Bank = request.getfixturevalue("large" if size == "large" else "bank")
    replaced, deleted = 5, 9
    embedding = bank.queries[0].embedding
    stores = (bank.store, bank.fresh())
    with bank.store.writing() as session:
        session.embeddings.keep(replaced, embedding, "text")
        session.delete([bank.patterns[deleted - 1].id])
    for store in stores:
        with store.reading() as session:
            rows = [1, replaced, deleted, COUNT, COUNT + 77]
            exact = {
                row: float(vector @ embedding / np.linalg.norm(vector))
                for row, vector in session.vectors.embeddings(rows).items()
            }
            found, vectors = session.vectors.unit_vectors(rows)
        cosines = dict(zip(found, (vectors @ embedding).tolist(), strict=True))
        assert sorted(exact) == [1, replaced, COUNT]
        assert cosines == pytest.approx(exact, abs=1e-6)
        assert cosines[replaced] == pytest.approx(1.0)


def test_loose_filter_beyond_the_first_fetch_is_exact(bank: Bank) -> None:
    loose = bank.opened(tight_rows=2, first_fetch=3)
    for criteria in FILTERS:
        assert bank.found(loose, criteria) == bank.exact(criteria)


def test_memory_sees_what_is_stored_changed_and_deleted(bank: Bank) -> None:
    best = bank.found()[0]
    pattern = replace(bank.patterns[0], id="copy", name="copy of the best")
    bank.put(pattern, best - 1)  # the first row number is 1
    assert {best, COUNT + 1} == set(bank.found(k=2))
    bank.put(replace(bank.patterns[best - 1], description="now about something else"), 7)
    assert bank.found(k=1) == [COUNT + 1]
    bank.bank.delete_pattern("copy")
    assert bank.found() == bank.exact()
    bank.put(replace(pattern, id="again"), best - 1)  # takes the row number of the deleted one
    assert bank.found(k=1) == [COUNT + 1]


def test_memory_does_not_keep_what_was_rolled_back(bank: Bank) -> None:
    before = bank.found()
    best = bank.patterns[before[0] - 1]
    with pytest.raises(RuntimeError, match="changed my mind"):
        _delete_and_fail(bank, before[0])
    assert bank.found() == before
    assert bank.bank.get_pattern(best.id) is not None


def _delete_and_fail(bank: Bank, rowid: int) -> None:
    with bank.store.writing() as session:
        session.delete([bank.patterns[rowid - 1].id])
        found = session.vector_candidates(bank.queries[0].embedding, 20, NO_FILTER)
        assert session.vectors.route.name == "table"
        assert rowid not in found
        raise RuntimeError("changed my mind")


def test_memory_sees_what_another_process_writes(bank: Bank) -> None:
    best = bank.found()[0]
    script = (
        "import sys; from aqe.schema import Database\n"
        "with Database(sys.argv[1]).write() as connection:\n"
        " connection.execute('delete from patterns where pattern_rowid = ?', (int(sys.argv[2]),))"
    )
    subprocess.run(
        [sys.executable, "-c", script, bank.database.label, str(best)],
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert best not in bank.found()
    assert bank.found() == bank.exact()


def test_memory_makes_room_by_dropping_replaced_rows(bank: Bank) -> None:
    bank.store = bank.opened(max_cached_vectors=COUNT + 1)
    bank.found()
    for number in range(3):
        bank.put(replace(bank.patterns[number], description=f"changed {number}"), number + 9)
        assert bank.found() == bank.exact()
    assert held(bank.store)[0] <= COUNT + 1


def test_the_table_answers_when_the_bank_is_too_large_for_memory(bank: Bank) -> None:
    fresh = bank.opened(max_cached_vectors=COUNT - 1)
    assert bank.found(fresh) == bank.exact()
    assert held(fresh) == (0, 0)


def test_memory_of_a_bank_in_memory() -> None:
    bank = Bank(None)
    assert bank.store.update_vector_file() == 0
    for query in range(4):
        assert bank.found(query=query) == bank.exact(query=query)


@pytest.mark.parametrize(
    ("tuning", "name", "reason"),
    [
        ({}, "memory", "all vectors fit in memory"),
        ({"max_cached_vectors": 10}, "table", "more than 10 vectors are not in a vector file"),
    ],
)
def test_a_search_says_which_route_it_took_and_why(
    bank: Bank, tuning: dict[str, int], name: str, reason: str
) -> None:
    for backend, expected in (
        (bank.fresh(**tuning), ("table", "the first search of a process does not wait")),
        (bank.opened(**tuning), (name, reason)),
    ):
        with backend.reading() as session:
            session.vector_candidates(bank.queries[0].embedding, 5, NO_FILTER)
            assert session.vectors.route.name == expected[0]
            assert session.vectors.route.reason.startswith(expected[1])


def test_file_finds_nearly_all(large: Bank) -> None:
    with large.store.reading() as session:
        assert session.vectors.route == ("file", "the bank has a vector file")
    assert large.recall(large.store) >= 0.98
    assert held(large.store) == (0, COUNT)


def test_file_with_filters_that_few_neighbours_pass(large: Bank) -> None:
    assert large.recall(large.opened(tight_rows=2, first_fetch=3, max_fetched=50)) >= 0.98


def test_file_with_changes_since_it_was_written(large: Bank) -> None:
    best = large.found()[0]
    large.put(replace(large.patterns[best - 1], description="now about something else"), 7)
    large.put(replace(large.patterns[0], id="new", name="new"), best - 1)
    large.bank.delete_pattern(large.patterns[large.found()[1] - 1].id)
    assert large.found(k=1) == [COUNT + 1]
    assert large.recall(large.store) >= 0.98
    assert held(large.store) == (2, COUNT)
    assert large.store.update_vector_file() == 3
    assert large.recall(large.store) >= 0.98
    assert held(large.store)[1] == COUNT  # one came, one went
    assert large.store.update_vector_file(min_changed=None) == 0


def test_file_is_rebuilt_when_much_of_it_was_replaced(large: Bank) -> None:
    changed = [
        replace(pattern, description=f"changed {number}")
        for number, pattern in enumerate(large.patterns[:150])
    ]
    large.encoder.expect(changed, 100)
    large.bank.store_patterns(changed)
    assert large.store.update_vector_file() == COUNT
    assert large.recall(large.store) >= 0.98


@pytest.mark.parametrize("damage", ["lost", "cut", "foreign", "flipped"])
def test_file_that_is_not_the_known_one_is_not_used(
    large: Bank, damage: str, tmp_path: Path
) -> None:
    path = large.database.path
    assert path is not None
    file = path.with_name(path.name + ".vectors")
    content = bytearray(file.read_bytes())
    if damage == "lost":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "foreign":
        shutil.copy(__file__, file)
    else:
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    fresh = large.opened()
    assert large.found(fresh) == large.exact()
    assert held(fresh) == (0, 0)
    assert large.store.update_vector_file() == COUNT
    renewed = large.opened()
    assert large.recall(renewed) >= 0.98
    assert held(renewed) == (0, COUNT)


def test_restored_database_does_not_trust_the_file(large: Bank, tmp_path: Path) -> None:
    """A copy from before the file was made knows of none, whatever lies beside it."""
    with large.store.writing() as session:
        session.connection.execute("delete from bank_facts where key = 'vector_file'")
    fresh = large.opened()
    assert large.found(fresh) == large.exact()
    assert held(fresh) == (0, 0)


def test_without_usearch_the_table_answers(large: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)  # as Python marks what cannot be imported
    fresh = large.opened()
    assert large.found(fresh) == large.exact()
    assert fresh.update_vector_file() == 0


def test_storing_a_batch_writes_the_file(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "aqe.db", max_cached_vectors=100)
    assert (tmp_path / "aqe.db.vectors").stat().st_mode & 0o777 == 0o600
    assert bank.recall(bank.store) >= 0.98
    assert held(bank.store) == (0, COUNT)
    bank.database.close()


@pytest.mark.parametrize("blocked", [False, True])
def test_closing_a_bank_writes_the_file_of_what_was_stored_one_by_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, blocked: bool
) -> None:
    tuning = StorageTuning(max_cached_vectors=5, min_changed=1)
    path = tmp_path / "aqe.db"
    file = tmp_path / "aqe.db.vectors"
    if blocked:
        file.mkdir()
    encoder = GeneratedEncoder(generator(), [])
    with QEReasoningBank(path, encoder=encoder, storage_tuning=tuning) as bank:
        for number, pattern in enumerate(generator().patterns()):
            if number == 10:
                break
            encoder.expect([pattern], number)
            bank.store_pattern(pattern)
        assert not file.is_file()
    assert file.is_file() is not blocked
    assert ("searches continue" in caplog.text) is blocked
    with QEReasoningBank(path, encoder=encoder, storage_tuning=tuning) as bank:
        assert bank.get_statistics().patterns == 10


def test_text_hashes_are_looked_up_by_id(bank: Bank) -> None:
    """A store asks for one pattern; the plan must not begin with all embeddings of the encoder."""
    plans: list[str] = []
    with bank.store.reading() as session:
        connection = session.connection

        def keep(_: object, sql: str, __: object) -> bool:
            if "text_hash" in sql and not sql.startswith("explain"):
                values = {"ids": '["x"]', "encoder": 1}
                plans.extend(
                    str(row[3]) for row in plan.execute(f"explain query plan {sql}", values)
                )
            return True

        plan = apsw.Connection(bank.database.label, flags=apsw.SQLITE_OPEN_READONLY)
        connection.exec_trace = keep
        hashes = session.embedded_hashes([bank.patterns[3].id, "nobody"])
        connection.exec_trace = None
        plan.close()
    assert list(hashes) == [bank.patterns[3].id]
    assert any(
        "SEARCH e USING INDEX sqlite_autoindex_pattern_embeddings_1" in step for step in plans
    )
