"""Repeats the improvement cycle at an interval until it is stopped."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from ...schema import DatabaseBusyError, LearningError, utc_now
from ..storage.backend import LearningBackend, LearningReader
from ..storage.learning_rows import LoopRow
from .cycle import CycleReport, run_cycle

__all__ = ["loop_is_alive", "request_stop", "run_loop"]

POLL_S = 1.0
BEAT_S = 10.0
# A loop without a heartbeat for this long counts as dead, even if its process id exists.
SILENCE_S = 60.0

Ending = Literal["interrupted", "stopped"]


def run_loop(
    backend: LearningBackend,
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
        backend: The storage backend.
        interval_s: Seconds between the end of a cycle and the start of the next.
        stop: Event that ends the loop, set for example by a signal handler.
        on_cycle: Called after each cycle.
        on_busy: Called when a cycle is skipped because others held the write lock too long.
        poll_s: Seconds between two checks for a request to stop.
        clock: Returns the current time, with its time zone.

    Raises:
        ValueError: ``interval_s`` is not above 0.
        LearningError: Another loop is running on this storage.
        DatabaseError: The storage cannot be used.
    """
    if not interval_s > 0:
        raise ValueError(f"interval must be above 0 seconds, got {interval_s}")
    process_id = os.getpid()
    _begin(backend, process_id, interval_s, clock())
    try:
        while True:
            try:
                on_cycle(run_cycle(backend, clock=clock))
            except DatabaseBusyError as error:
                on_busy(error)
            ending = _wait(backend, process_id, interval_s, stop, poll_s, clock)
            if ending is not None:
                return ending
    finally:
        with backend.writing() as writer:
            loop = _own_loop(writer, process_id)
            if loop is not None:
                writer.put_loop(loop._replace(ended_at=clock().isoformat()))


def request_stop(backend: LearningBackend, *, now: datetime) -> LoopRow | None:
    """Asks the running loop to stop within a second; returns it, or None if there is none.

    Raises:
        DatabaseError: The storage cannot be written.
    """
    with backend.writing() as writer:
        loop = writer.loop()
        if loop is None or not loop_is_alive(loop, now=now):
            return None
        writer.put_loop(loop._replace(stop_requested_at=now.isoformat()))
        return loop


def loop_is_alive(loop: LoopRow, *, now: datetime) -> bool:
    """Returns whether a loop runs: not ended, with a recent heartbeat and a live process."""
    silent = now.astimezone(UTC) - datetime.fromisoformat(loop.heartbeat_at)
    if loop.ended_at is not None or silent > timedelta(seconds=SILENCE_S):
        return False
    return loop.host != socket.gethostname() or _process_exists(loop.process_id)


def _begin(backend: LearningBackend, process_id: int, interval_s: float, now: datetime) -> None:
    """Registers the loop of this process, unless another one is running."""
    with backend.writing() as writer:
        other = writer.loop()
        if other is not None and loop_is_alive(other, now=now):
            raise LearningError(
                f"process {other.process_id} already runs the improvement loop on "
                f"{backend.label}; stop it with: aqe improve stop",
                process_id=other.process_id,
            )
        at = now.isoformat()
        host = socket.gethostname()
        writer.put_loop(LoopRow(process_id, host, interval_s, at, at, None, None))


def _wait(
    backend: LearningBackend,
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
            _beat(backend, process_id, at=clock().isoformat())
        with backend.reading() as reader:
            loop = _own_loop(reader, process_id)
        if loop is None or loop.stop_requested_at is not None:
            return "stopped"
        if stop.wait(min(poll_s, max(0.0, deadline - now))):
            return "interrupted"
    return "interrupted" if stop.is_set() else None


def _beat(backend: LearningBackend, process_id: int, *, at: str) -> None:
    with backend.writing() as writer:
        loop = _own_loop(writer, process_id)
        if loop is not None:
            writer.put_loop(loop._replace(heartbeat_at=at))


def _own_loop(reader: LearningReader, process_id: int) -> LoopRow | None:
    """Returns the loop of this process; None if another loop has replaced it."""
    loop = reader.loop()
    return loop if loop is not None and loop.process_id == process_id else None


def _process_exists(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists, and belongs to somebody else
        return True
    return True
