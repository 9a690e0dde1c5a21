"""Makes a fork wait until no other thread is inside SQLite or holds a lock of ours.

A child process has only the thread that forked. A mutex that another thread held at that moment
stays locked in the child for ever: SQLite's own mutexes, and the locks of our caches. So each
thread has a turn, which it takes before any of them, and a fork takes all threads' turns first.

https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
"""

from __future__ import annotations

import os
import threading
import time

from ..errors import DatabaseError
from .weak_list import WeakList

__all__ = ["turn"]

# A transaction takes milliseconds. A fork does not wait for one that takes longer than this; its
# child then refuses to use any database.
FORK_TIMEOUT_S = 5.0

_local = threading.local()
_turns: WeakList[threading.RLock] = WeakList()
_registration = threading.Lock()
_taken: list[threading.RLock] = []
_unsafe = False


def turn() -> threading.RLock:
    """Returns the calling thread's turn: a lock to hold while it uses SQLite or one of our locks.

    Take it first, with ``with``; it may be nested. Only a fork ever waits for another thread's.

    Raises:
        DatabaseError: This process was forked while another thread was inside SQLite.
    """
    if _unsafe:
        raise DatabaseError(
            "this process was forked while another thread was using a database, so it cannot use"
            " one; fork when no thread does, or start it with multiprocessing's 'spawn' method"
        )
    try:
        own: threading.RLock = _local.turn
    except AttributeError:
        own = _local.turn = threading.RLock()
        with _registration:
            _turns.add(own)
    return own


def _before_fork() -> None:
    deadline = time.monotonic() + FORK_TIMEOUT_S
    _registration.acquire()  # new threads wait until the fork is done
    for other in _turns:
        # The forking thread's own turn is free to it.
        if other.acquire(timeout=max(0.0, deadline - time.monotonic())):
            _taken.append(other)


def _after_fork_in_parent() -> None:
    while _taken:
        _taken.pop().release()
    _registration.release()


def _after_fork_in_child() -> None:
    global _unsafe
    _unsafe = _unsafe or len(_taken) < len(_turns)
    _after_fork_in_parent()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
