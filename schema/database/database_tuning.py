"""Defines the deadlines and sizes of a database."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_TUNING", "DatabaseTuning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTuning:
    """Deadlines and sizes of one database; the defaults are measured and are what aqe uses.

    Attributes:
        write_deadline_s: Time during which a write transaction is retried. SQLite's own queue of
            waiting writers is unfair: 9.7 s was seen with a timeout of 5 s.
        retry_pause_s: Bounds of the random pause between two attempts.
        read_deadline_s: Processor time that one read transaction may take, so that a crafted file
            or query cannot hang an agent. Only the thread's own time counts, since a valid query
            may wait long where many threads share few processors.
        progress_steps: Steps of SQLite's virtual machine between two checks of that deadline.
        roomy_connections: Number of connections with a page cache of full size. Further ones
            cache fewer pages, so that 18 threads take 38 MB instead of 78, of the 100 MB that
            caches may take (bench/results/memory.md).
        long_log_bytes: A longer WAL is checkpointed and truncated after a commit; half of the 64
            MB that it may reach.
        log_step_bytes: Growth of the WAL after a failed attempt before the next one.
    """

    write_deadline_s: float = 30.0
    retry_pause_s: tuple[float, float] = (0.01, 0.25)
    read_deadline_s: float = 5.0
    progress_steps: int = 50_000
    roomy_connections: int = 6
    long_log_bytes: int = 32 * 1024 * 1024
    log_step_bytes: int = 8 * 1024 * 1024


DEFAULT_TUNING = DatabaseTuning()
