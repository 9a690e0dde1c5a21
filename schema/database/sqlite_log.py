"""Forwards SQLite's own log to ``logging``: the only trace of recovered or damaged content.

The log is a setting of SQLite for the whole process (https://sqlite.org/errlog.html). So it is set
when the first database is opened, not when this package is imported: a program that imports aqe
without using it keeps its own. A program that wants both sets its own after that opening.
"""

from __future__ import annotations

import logging
import threading
import time

import apsw

__all__ = ["forward_sqlite_log", "ran_full"]

_log = logging.getLogger("aqe.sqlite")
_thread = threading.local()
_setting = threading.Lock()
_is_set = False


def forward_sqlite_log() -> None:
    """Sends SQLite's log to the logger ``aqe.sqlite``, once per process; later calls do nothing.

    SQLite takes this setting at any time, but not from two threads at once
    (https://sqlite.org/c3ref/config.html), hence the lock: no thread opens a connection of ours
    before it is done.
    """
    global _is_set
    if _is_set:
        return
    with _setting:
        if not _is_set:
            apsw.config(apsw.SQLITE_CONFIG_LOG, _forward)
            _is_set = True


def ran_full(since: float) -> bool:
    """Returns whether SQLite ran out of room in this thread since then (``time.monotonic``).

    Extensions such as sqlite-vec report any error of theirs as a plain one; SQLite's log has it.
    """
    return getattr(_thread, "full_at", 0.0) >= since


def _forward(code: int, message: str) -> None:
    if code & 0xFF == apsw.SQLITE_FULL:
        _thread.full_at = time.monotonic()
    _log.info("%s (code %d)", message, code)
