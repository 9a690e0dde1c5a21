"""A crowd on one file: nobody fails, nobody is answered with what was already changed."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqe.bench.latency import crowd_member
from aqe.bench.latency.crowd import CrowdSize, measure_crowd
from aqe.bench.latency.crowd_history import REMOVED, Change, Look, stale_looks, watched_word
from aqe.bench.latency.crowd_member import (
    CrowdEncoder,
    MemberPlan,
    MemberReport,
    read_queries,
    run,
    write_queries,
)
from aqe.bench.workload.generated_patterns import (
    GeneratedEncoder,
    GeneratedQuery,
    PatternGenerator,
    fill_bank,
)
from aqe.retrieval import QEReasoningBank
from aqe.schema import AqeError

SEED = 20261123
# Of the changes of one pattern: stored from 10 to 20, changed from 30 to 40, removed from 50 to 60.
CHANGES = [Change(1, 1, 10, 20), Change(1, 2, 30, 40), Change(1, REMOVED, 50, 60)]
EVERYBODY = CrowdSize(duration_s=6.0, saturated_s=3.0, writes_per_s=6.0)


def look(version: int, began_ns: int, ended_ns: int, place: int = 1) -> Look:
    return Look(place, version, began_ns, ended_ns, "text")


@pytest.mark.parametrize(
    ("version", "began_ns", "ended_ns", "fresh"),
    [
        (REMOVED, 1, 5, True),  # before anything
        (1, 1, 5, False),  # seen before it was there
        (REMOVED, 12, 15, True),  # while it is being stored, both are right
        (1, 12, 15, True),
        (1, 21, 25, True),
        (REMOVED, 21, 25, False),  # acknowledged and not found
        (1, 21, 35, True),
        (2, 21, 35, True),
        (1, 41, 45, False),  # the content before the change
        (2, 41, 45, True),
        (2, 61, 65, False),  # removed and still found
        (REMOVED, 61, 65, True),
        (REMOVED, 15, 55, True),  # a long one may see any of them
        (3, 15, 55, False),
    ],
)
def test_stale_looks_knows_what_a_search_may_see(
    version: int, began_ns: int, ended_ns: int, fresh: bool
) -> None:
    seen = look(version, began_ns, ended_ns)
    assert stale_looks(CHANGES, [seen]) == ([] if fresh else [seen])


def test_stale_looks_keeps_places_apart() -> None:
    seen = look(1, 21, 25, place=2)
    assert stale_looks([*CHANGES, Change(2, REMOVED, 11, 12)], [seen]) == [seen]


def test_watched_word_is_another_one_for_each_place() -> None:
    places = [*range(3_000), *range(1_000_000, 1_003_000)]
    words = {watched_word(place) for place in places}
    assert len(words) == len(places)
    assert all(word.isalpha() for word in words)


def test_queries_are_read_as_they_were_written(tmp_path: Path) -> None:
    queries = PatternGenerator(20, seed=SEED).queries(3)
    write_queries(tmp_path / "queries.npz", queries)
    for before, after in zip(queries, read_queries(tmp_path / "queries.npz"), strict=True):
        assert before.text == after.text
        assert np.array_equal(before.embedding, after.embedding)


def test_moments_are_due_at_the_rate_whatever_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 500_000_000)  # each look at the clock costs half a second
    monkeypatch.setattr("aqe.bench.latency.crowd_member.time.monotonic_ns", lambda: next(clock))
    monkeypatch.setattr("aqe.bench.latency.crowd_member.time.sleep", lambda _: None)
    rng = np.random.default_rng(SEED)
    due = list(crowd_member._moments(plan(rate_per_s=100.0, duration_s=20.0), rng, 0))
    assert due == sorted(due)
    assert 1_800 < len(due) < 2_200  # of 2,000 expected, standard deviation 45
    assert due[-1] < 20e9


@pytest.mark.slow
def test_a_crowd_sees_no_error_and_no_stale_answer(tmp_path: Path) -> None:
    rows, facts = measure_crowd(300, tmp_path, size=EVERYBODY, seed=SEED)
    assert facts["errors"] == []
    assert facts["stale_answers"] == 0, facts["stale_modes"]
    assert facts["changes"] > 60
    assert facts["answers_checked_present"] > 50
    assert facts["answers_checked"] > facts["answers_checked_present"]  # removed ones too
    by_name = {row.operation: row for row in rows}
    for row in by_name.values():
        assert 0 < row.p50_ms <= row.p95_ms <= row.p99_ms
    # The figure itself is the bench's; here only that nobody waits for a lock.
    assert by_name["crowd: all"].ratio is not None
    assert by_name["crowd: all"].ratio < 15
    assert {"crowd with encoder: all", "crowd without a pause"} < set(by_name)


def test_measure_crowd_makes_rows_and_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The members run as threads of this process, which is quicker to start."""
    monkeypatch.setattr(
        "aqe.bench.latency.crowd._reports", lambda plans: _together(plans, monkeypatch)
    )
    few = CrowdSize(threads=2, processes=1, writers=1, duration_s=1.5, saturated_s=0.5)
    size = replace(few, searches_per_s=8.0)
    rows, facts = measure_crowd(40, tmp_path, size=size, seed=SEED)
    names = [row.operation for row in rows]
    for ending in ("", " with encoder"):
        for who in ("one alone", "all", "threads", "processes", "writes"):
            assert f"crowd{ending}: {who}" in names
    by_name = {row.operation: row for row in rows}
    alone, everybody = by_name["crowd: one alone"], by_name["crowd: all"]
    assert everybody.ratio == pytest.approx(everybody.p95_ms / alone.p95_ms)
    assert everybody.count == by_name["crowd: threads"].count + by_name["crowd: processes"].count
    assert facts["patterns"] == 40
    assert facts["changes"] > 0
    assert facts["crowd_without_a_pause_per_s"] > 0
    assert (facts["errors"], facts["stale_answers"]) == ([], 0)


def test_a_bank_that_keeps_old_answers_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check can fail: a searcher whose cache misses foreign writes."""
    monkeypatch.setattr("aqe.schema.Database.content_version", lambda _: 1)
    changes, looks = _one_writer_one_searcher(tmp_path, monkeypatch)
    assert stale_looks(changes, looks)


def test_a_bank_in_this_process_sees_every_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, looks = _one_writer_one_searcher(tmp_path, monkeypatch)
    assert len(looks) > 20
    assert stale_looks(changes, looks) == []


def test_a_member_that_dies_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("aqe.bench.latency.crowd.write_queries", lambda *_: None)  # none to read
    with pytest.raises(AqeError, match="must not die"):
        measure_crowd(5, tmp_path, size=EVERYBODY, seed=SEED)
    assert "queries.npz" in capfd.readouterr().err


def test_errors_of_the_bank_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AqeError("no")

    monkeypatch.setattr(QEReasoningBank, "store_pattern", fail)
    _prepare(tmp_path)
    monkeypatch.setattr(crowd_member, "_signalled", time.monotonic_ns)
    report = run(plan(tmp_path, threads=0, rate_per_s=50.0, duration_s=0.5))
    assert report.errors
    assert set(report.errors) == {"AqeError: no"}


def plan(
    folder: Path = Path(), *, threads: int = 1, rate_per_s: float | None, duration_s: float
) -> MemberPlan:
    return MemberPlan(
        number=0,
        threads=threads,
        rate_per_s=rate_per_s,
        duration_s=duration_s,
        writers=1,
        seed=SEED,
        database=str(folder / "aqe.db"),
        queries=str(folder / "queries.npz"),
        ledger=str(folder / "ledger"),
        report="",
        encoder=False,
    )


def _prepare(folder: Path) -> list[GeneratedQuery]:
    generator = PatternGenerator(60, seed=SEED)
    encoder = GeneratedEncoder(generator)
    with QEReasoningBank(folder / "aqe.db", encoder=encoder, durability="normal") as bank:
        fill_bank(bank, generator, encoder)
    queries = generator.queries(50)
    write_queries(folder / "queries.npz", queries)
    np.memmap(folder / "ledger", dtype=np.int64, mode="w+", shape=(1,)).flush()
    return queries


def _one_writer_one_searcher(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Change], list[Look]]:
    """Runs both as threads of this process, each with a bank of its own."""
    _prepare(folder)
    plans = [
        plan(folder, threads=threads, rate_per_s=rate, duration_s=1.5)
        for threads, rate in ((0, 20.0), (1, None))
    ]
    reports = _together(plans, monkeypatch)
    assert [error for report in reports for error in report.errors] == []
    changes = [change for report in reports for change in report.changes]
    return changes, [look for report in reports for look in report.looks]


def _together(plans: Sequence[MemberPlan], monkeypatch: pytest.MonkeyPatch) -> list[MemberReport]:
    """Runs members as threads that begin at one moment."""
    together = threading.Barrier(len(plans), timeout=60)

    def signalled() -> int:
        together.wait()
        return time.monotonic_ns()

    monkeypatch.setattr(crowd_member, "_signalled", signalled)
    with ThreadPoolExecutor(len(plans)) as pool:
        return list(pool.map(run, plans))


def test_crowd_encoder_knows_queries_and_watched_words() -> None:
    query = GeneratedQuery("some words", np.eye(1, 384, dtype=np.float32)[0])
    encoder = CrowdEncoder([query])
    assert np.array_equal(encoder.encode_query("some words"), query.embedding)
    word = watched_word(7)
    stored = encoder.encode([f"{word} and more", "other"])
    assert np.array_equal(stored[0], encoder.encode_query(word))
    assert abs(float(stored[0] @ stored[1])) < 0.3
