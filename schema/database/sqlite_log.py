"""Forwards SQLite's own log to ``logging``: the only trace of recovered or damaged content.

The log is a process-wide setting of SQLite (https://sqlite.org/errlog.html). So it is set when the
first database is opened, not when this package is imported: a program that imports aqe without
using it keeps its own log. A program that wants its own anyway sets it after that.
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

    SQLite accepts this setting at any time, but not from two threads at once
    (https://sqlite.org/c3ref/config.html). The lock also keeps threads from opening a connection
    before it is set.
    """
    global _is_set
    if _is_set:
        return
    with _setting:
        if not _is_set:
            apsw.config(apsw.SQLITE_CONFIG_LOG, _forward)
            _is_set = True


def ran_full(since: float) -> bool:
    """Returns whether the disk was full for SQLite in this thread since then (``time.monotonic``).

    Extensions such as sqlite-vec report it as a generic error; only SQLite's log tells.
    """
    return getattr(_thread, "full_at", 0.0) >= since


def _forward(code: int, message: str) -> None:
    if code & 0xFF == apsw.SQLITE_FULL:
        _thread.full_at = time.monotonic()
    _log.info("%s (code %d)", message, code)
