"""Exchanges the names of two files in one step, and renames without replacing.

Python has no call for it: https://man7.org/linux/man-pages/man2/rename.2.html
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

__all__ = ["exchange_names", "rename_if_free"]

AT_FDCWD = -100
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
# The system, its library or this file system cannot do it.
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


def exchange_names(first: Path, second: Path) -> bool:
    """Exchanges the names of two files; returns False, with nothing done, where that is impossible.

    Raises:
        OSError: One does not exist, or they cannot be renamed.
    """
    return _renamed(first, second, RENAME_EXCHANGE)


def rename_if_free(source: Path, target: Path) -> None:
    """Renames a file to a name that is not taken.

    Raises:
        FileExistsError: The name is taken.
        OSError: The file cannot be renamed.
    """
    if _renamed(source, target, RENAME_NOREPLACE):
        return
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.rename(target)


def _renamed(source: Path, target: Path, flags: int) -> bool:
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    names = os.fsencode(source), os.fsencode(target)
    if call(AT_FDCWD, names[0], AT_FDCWD, names[1], flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))
