"""Every backend opens sessions that are transactions, from many threads, and opens again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from aqe.retrieval import Change, PatternBackend
from aqe.retrieval.storage.backend import PatternWriter
from aqe.schema import DatabaseError, PatternUsageContext, TestPattern

from .bank_content import (
    ANYTHING,
    IDENTITY,
    PowerCutError,
    change,
    content_of,
    ids_in,
    ids_of,
    interrupted,
    look,
    put,
    query_of,
    stored_in,
    use,
)
from .conftest import Connect

Make = Callable[..., TestPattern]
THREADS = 6


# -- transactions --------------------------------------------------------------------------------


def test_a_reader_sees_one_state_while_others_write(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern("zebra 1", id="a"))
    look(backend, "zebra")
    writer = threading.Thread(target=lambda: put(backend, pattern("zebra 2", id="b")))
    with backend.reading() as session:
        assert session.ids_with_prefix("") == ["a"]
        writer.start()
        writer.join(0.3)  # it commits now, or waits for this session
        assert session.ids_with_prefix("") == ["a"]
        assert session.statistics().patterns == 1
        assert ids_of(session.candidates(query_of("zebra"), ANYTHING, depth=9)) == ["a"]
        assert session.get_many(["b"]) == []
    writer.join()
    assert ids_in(backend) == ids_of(look(backend, "zebra")) == ["a", "b"]


def test_other_connections_see_a_commit_and_nothing_before(
    backend: PatternBackend, connect: Connect, pattern: Make
) -> None:
    other = connect()
    other.open(IDENTITY)
    seen: list[list[str]] = []
    reader = threading.Thread(target=lambda: seen.append(ids_in(other)))
    with backend.writing() as session:
        session.insert(content_of(pattern(id="a")))
        session.delete(["a"])
        session.insert(content_of(pattern(id="b")))
        reader.start()
        reader.join(0.3)  # it reads the state before, or waits for the commit
    reader.join()
    assert seen in ([[]], [["b"]])
    assert ids_in(other) == ["b"]


def test_an_error_undoes_all_of_a_session(backend: PatternBackend, pattern: Make) -> None:
    def work(session: PatternWriter) -> None:
        session.insert(content_of(pattern("zebra 2", id="c")))
        session.add_use(before, PatternUsageContext(success=True, agent_id="bob"))
        session.set_place(before.key, source="moved.py:1", project="p")
        session.update(before, content_of(pattern("zebra 3", id="a")), Change())
        session.delete(["b"])
        session.rebuild_text_index()

    put(backend, pattern("zebra", id="a"), pattern("lion", id="b"))
    before, statistics = stored_in(backend, "a"), totals(backend)
    with pytest.raises(PowerCutError):
        interrupted(backend, work)
    assert ids_in(backend) == ids_of(look(backend, "zebra", "vector")) == ["a", "b"]
    assert ids_of(look(backend, "zebra lion", "text")) == ["a", "b"]
    assert (stored_in(backend, "a"), totals(backend)) == (before, statistics)
    with backend.reading() as session:
        assert (session.uses("a", 9), session.agent_counts(before.key)) == ([], [])
    assert backend.check() == []


def totals(backend: PatternBackend) -> object:
    with backend.reading() as session:
        return session.statistics()


def test_a_session_that_failed_does_not_block_the_next(
    backend: PatternBackend, pattern: Make
) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), backend.writing():
            _ = 1 / 0
        with pytest.raises(ZeroDivisionError), backend.reading():
            _ = 1 / 0
    put(backend, pattern(id="a"))
    assert ids_in(backend) == ["a"]


def test_the_first_session_that_fails_adopts_no_encoder(connect: Connect, pattern: Make) -> None:
    backend = connect()
    backend.open(IDENTITY)
    with pytest.raises(PowerCutError):
        interrupted(backend, lambda session: session.insert(content_of(pattern())))
    with pytest.raises(DatabaseError, match="no encoder"):
        connect().open(None)


# -- the version ---------------------------------------------------------------------------------


def test_version_differs_after_each_commit(backend: PatternBackend, pattern: Make) -> None:
    seen = [backend.version()]
    changes: list[Callable[[], object]] = [
        lambda: put(backend, pattern(id="a")),
        lambda: use(backend, "a", "bob"),
        lambda: change(backend, "a", pattern(id="a", template="changed()")),
        lambda: delete(backend, "a"),
    ]
    for commit in changes:
        commit()
        seen.append(backend.version())
    assert len(set(seen)) == len(seen)


def delete(backend: PatternBackend, id: str) -> None:
    with backend.writing() as session:
        session.delete([id])


def test_version_stays_when_nothing_is_written(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"))
    version = backend.version()
    look(backend, "zebra")
    assert (ids_in(backend), backend.check()) == (["a"], [])
    assert backend.version() == version
    hash(version)


def test_version_tells_of_other_connections(
    backend: PatternBackend, connect: Connect, pattern: Make
) -> None:
    other = connect()
    other.open(IDENTITY)
    before = other.version()
    put(backend, pattern(id="a"))
    assert other.version() != before


# -- closing -------------------------------------------------------------------------------------


def test_close_and_open_keep_the_content(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern("zebra", id="a"), pattern("lion", id="b"))
    use(backend, "a", "bob")
    before = stored_in(backend, "a")
    for _ in range(2):
        backend.close()
        backend.close()
        backend.open(IDENTITY)
    assert stored_in(backend, "a") == before
    assert ids_of(look(backend, "zebra", "text")) == ["a"]
    assert ids_of(look(backend, "zebra", "vector", depth=1)) == ["a"]
    assert backend.check() == []


def test_a_backend_that_is_not_open_is_refused(backend: PatternBackend, connect: Connect) -> None:
    closed = backend
    closed.close()
    for unopened in (closed, connect()):
        for open_session in (unopened.reading, unopened.writing):
            with pytest.raises(DatabaseError, match="not open"), open_session():
                pass


def test_release_leaves_the_thread_able_to_go_on(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"))
    backend.release()
    put(backend, pattern(id="b"))
    backend.release()
    backend.release()
    assert ids_in(backend) == ["a", "b"]


# -- threads -------------------------------------------------------------------------------------


def test_many_threads_lose_nothing(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="shared"))

    def work(number: int) -> None:
        for turn in range(5):
            put(backend, pattern(f"zebra {number} {turn}", id=f"t{number}-{turn}"))
            use(backend, "shared", f"agent{number}", success=turn % 2 == 0)
            assert f"t{number}-{turn}" in ids_of(look(backend, f"zebra {number} {turn}"))
        backend.release()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    shared = stored_in(backend, "shared")
    assert (shared.success_count, shared.pattern.usage_count) == (3 * THREADS, 5 * THREADS)
    with backend.reading() as session:
        assert len(session.uses("shared", 100)) == 5 * THREADS
        assert [count.usage_count for count in session.agent_counts(shared.key)] == [5] * THREADS
    assert len(set(ids_in(backend))) == 1 + 5 * THREADS
    assert backend.check() == []
