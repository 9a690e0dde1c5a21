"""The improvement loop: a cycle every so often, until somebody stops it."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from ...schema import DatabaseBusyError, LearningError, utc_now
from ..storage.sqlite.cycle_tables import LoopRow
from ..storage.sqlite.store import LearningStore
from .cycle import CycleReport, run_cycle

__all__ = ["loop_is_alive", "request_stop", "run_loop"]

POLL_S = 1.0
BEAT_S = 10.0
# A loop that was not heard of for this long is taken for dead, whatever now has its process id.
SILENCE_S = 60.0

Ending = Literal["interrupted", "stopped"]


def run_loop(
    store: LearningStore,
    *,
    interval_s: float,
    stop: threading.Event,
    on_cycle: Callable[[CycleReport], None],
    on_busy: Callable[[DatabaseBusyError], None],
    poll_s: float = POLL_S,
    clock: Callable[[], datetime] = utc_now,
) -> Ending:
    """Runs a cycle now and every ``interval_s`` seconds; returns why it ended.

    Args:
        stop: Ends the loop from within the process, such as a signal handler.
        on_cycle: Told of each cycle.
        on_busy: Told when others held the database for so long that a cycle had to be skipped.

    Raises:
        ValueError: ``interval_s`` is not above 0.
        LearningError: Another loop is running on this database.
    """
    if not interval_s > 0:
        raise ValueError(f"interval must be above 0 seconds, got {interval_s}")
    process_id = os.getpid()
    with store.writing() as rows:
        other = rows.improvement.loop()
        if other is not None and loop_is_alive(other, now=clock()):
            raise LearningError(
                f"process {other.process_id} already runs the improvement loop on {store.label}; "
                "stop it with: aqe improve stop",
                process_id=other.process_id,
            )
        rows.improvement.begin_loop(
            process_id, socket.gethostname(), interval_s, at=clock().isoformat()
        )
    try:
        while True:
            try:
                on_cycle(run_cycle(store, clock=clock))
            except DatabaseBusyError as error:
                on_busy(error)
            ending = _wait(store, process_id, interval_s, stop, poll_s, clock)
            if ending is not None:
                return ending
    finally:
        with store.writing() as rows:
            rows.improvement.end_loop(process_id, at=clock().isoformat())


def request_stop(store: LearningStore, *, now: datetime) -> LoopRow | None:
    """Asks the running loop to stop, which it does within a second; None when none is running."""
    with store.writing() as rows:
        loop = rows.improvement.loop()
        if loop is None or not loop_is_alive(loop, now=now):
            return None
        rows.improvement.request_stop(at=now.isoformat())
        return loop


def loop_is_alive(loop: LoopRow, *, now: datetime) -> bool:
    """Returns whether the loop runs: it has not ended, was heard of, and its process exists."""
    silent = now.astimezone(UTC) - datetime.fromisoformat(loop.heartbeat_at)
    if loop.ended_at is not None or silent > timedelta(seconds=SILENCE_S):
        return False
    return loop.host != socket.gethostname() or _process_exists(loop.process_id)


def _wait(
    store: LearningStore,
    process_id: int,
    interval_s: float,
    stop: threading.Event,
    poll_s: float,
    clock: Callable[[], datetime],
) -> Ending | None:
    deadline = time.monotonic() + interval_s
    next_beat = 0.0
    while (now := time.monotonic()) < deadline:
        if now >= next_beat:
            next_beat = now + BEAT_S
            with store.writing() as rows:
                rows.improvement.beat(process_id, at=clock().isoformat())
        with store.reading() as rows:
            loop = rows.improvement.loop()
        if loop is None or loop.process_id != process_id or loop.stop_requested_at is not None:
            return "stopped"
        if stop.wait(min(poll_s, max(0.0, deadline - now))):
            return "interrupted"
    return "interrupted" if stop.is_set() else None


def _process_exists(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists, and belongs to somebody else
        return True
    return True
