"""Batches stored while the next is read: in order, each committed before it is reported."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.ingest.pipeline import store_stream
from aqe.retrieval.text.pattern_text import embedded_text
from aqe.schema import Database, TestPattern

Make = Callable[..., TestPattern]


class WatchedEncoder(HashingEncoder):
    """Notes what it was given, and can be made to fail or to wait."""

    def __init__(self, fail_at: int = 0) -> None:
        super().__init__(64)
        self.calls: list[tuple[int, str]] = []
        self.during: Callable[[], None] = lambda: None
        self._fail_at = fail_at

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.calls.append((len(texts), threading.current_thread().name))
        if len(self.calls) == self._fail_at:
            raise KeyboardInterrupt
        self.during()
        return super().encode(texts)


def batches_of(pattern: Make, sizes: Sequence[int]) -> Iterator[list[TestPattern]]:
    number = 0
    for size in sizes:
        yield [pattern(f"test_number_{number + step}") for step in range(size)]
        number += size


def test_store_stream_stores_what_store_patterns_does(
    path: Path, tmp_path: Path, pattern: Make
) -> None:
    sizes = (3, 1, 0, 4)
    with (
        QEReasoningBank(path, encoder=WatchedEncoder()) as streamed,
        QEReasoningBank(tmp_path / "other.db", encoder=WatchedEncoder()) as stored,
    ):
        reports = list(streamed.store_stream(batches_of(pattern, sizes)))
        others = [stored.store_patterns(batch) for batch in batches_of(pattern, sizes)]
        assert [report.results for report in reports] == [report.results for report in others]
        assert streamed.get_statistics() == stored.get_statistics()
        assert streamed.get_statistics().patterns == 8
        again = list(streamed.store_stream(batches_of(pattern, sizes)))
        assert [report.unchanged for report in again] == list(sizes)


def test_a_text_that_comes_again_is_embedded_once(path: Path, pattern: Make) -> None:
    one, two, three = (pattern(f"test_number_{number}") for number in range(3))
    copy, late_copy = replace(one, id="copy"), replace(one, id="late-copy")
    assert embedded_text(copy) == embedded_text(one)
    encoder = WatchedEncoder()
    with QEReasoningBank(path, encoder=encoder) as bank:
        batches = [[one], [copy], [two, three], [late_copy]]
        reports = list(store_stream(bank.backend, batches, lambda: encoder, recent_texts=2))
        assert [report.created for report in reports] == [1, 1, 2, 1]
        assert [count for count, _ in encoder.calls] == [1, 2, 1]  # two others pushed it out
        found = {m.pattern.id: m.score for m in bank.find_similar_patterns(two.id, limit=4)}
        assert found[one.id] == found[copy.id] == found[late_copy.id]


def test_store_stream_of_nothing_gives_nothing(bank: QEReasoningBank) -> None:
    assert list(bank.store_stream([])) == []


def test_store_stream_rejects_below_the_banks_quality(path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=WatchedEncoder(), min_quality=1.0) as bank:
        (report,) = bank.store_stream([[pattern()]])
    assert report.rejected == 1


def test_a_report_comes_after_its_commit(path: Path, pattern: Make) -> None:
    with (
        QEReasoningBank(path, encoder=WatchedEncoder()) as bank,
        QEReasoningBank(path, encoder=WatchedEncoder()) as reader,
    ):
        seen = 0
        for report in bank.store_stream(batches_of(pattern, (2, 2, 2))):
            seen += report.created
            assert reader.get_statistics().patterns >= seen
            assert all(reader.get_pattern(one.id) is not None for one in report.results)


def test_at_most_three_batches_are_in_flight(path: Path, pattern: Make) -> None:
    taken = 0

    def batches() -> Iterator[list[TestPattern]]:
        nonlocal taken
        for batch in batches_of(pattern, [1] * 9):
            taken += 1
            yield batch

    with QEReasoningBank(path, encoder=WatchedEncoder()) as bank:
        for done, _ in enumerate(bank.store_stream(batches()), start=1):
            assert taken <= done + 2


def test_the_next_batch_is_read_while_one_is_embedded(path: Path, pattern: Make) -> None:
    """They would wait for each other for ever if they took turns."""
    encoder = WatchedEncoder()
    both = threading.Barrier(2, timeout=30)
    met = 0

    def wait_for_the_next() -> None:
        nonlocal met
        if met < 2:
            both.wait()
            met += 1

    def batches() -> Iterator[list[TestPattern]]:
        for number, batch in enumerate(batches_of(pattern, [1] * 4)):
            if 0 < number < 3:
                both.wait()
            yield batch

    encoder.during = wait_for_the_next
    with QEReasoningBank(path, encoder=encoder) as bank:
        assert sum(report.created for report in bank.store_stream(batches())) == 4
    assert met == 2
    assert {name for _, name in encoder.calls} == {threading.current_thread().name}


def test_an_interrupt_keeps_what_was_reported_and_ends_the_threads(
    path: Path, pattern: Make
) -> None:
    threads = threading.active_count()
    reported = 0
    with QEReasoningBank(path, encoder=WatchedEncoder(fail_at=4)) as bank:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            for report in bank.store_stream(batches_of(pattern, [2] * 9)):
                reported += report.created
        assert reported == 4
        assert bank.get_statistics().patterns in (4, 6)
        assert threading.active_count() == threads
        assert bank.store_pattern(pattern("test_after")).status == "created"


def test_an_error_of_the_source_comes_through(bank: QEReasoningBank, pattern: Make) -> None:
    def batches() -> Iterator[list[TestPattern]]:
        yield [pattern()]
        raise OSError("no more")

    stream = bank.store_stream(batches())
    with pytest.raises(OSError, match="no more"):
        list(stream)


def test_a_stream_left_early_stops(path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=WatchedEncoder()) as bank:
        stream = bank.store_stream(batches_of(pattern, [1] * 50))
        assert next(stream).created == 1
        stream.close()  # type: ignore[attr-defined]
        assert bank.get_statistics().patterns <= 3


def test_threads_of_a_stream_leave_no_connection(path: Path, pattern: Make) -> None:
    with Database(path) as database:
        bank = QEReasoningBank(database, encoder=WatchedEncoder())
        bank.initialize()
        before = len(database._connections)
        list(bank.store_stream(batches_of(pattern, [2] * 3)))
        assert len(database._connections) == before


def test_a_bank_in_memory_streams_too(memory_bank: QEReasoningBank, pattern: Make) -> None:
    reports = list(memory_bank.store_stream(batches_of(pattern, (2, 3))))
    assert [report.created for report in reports] == [2, 3]
