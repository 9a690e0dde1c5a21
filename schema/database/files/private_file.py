"""Writes files that hold the bank's content: readable by their owner alone, whole or not at all.

A file is written under a temporary name in the folder of its target. The name is random and the
file is created by its writer, so nobody can plant a link there; two writers never share one.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .side_files import SIDE_FILES

__all__ = [
    "copy_mode",
    "partial_file",
    "publish",
    "real_path",
    "remove_stale_partials",
    "rename_new",
    "sync",
    "write_private",
]

PRIVATE = 0o600
# File systems allow names of 255 bytes; the rest is for the random part and a side file's ending.
MAX_NAME_BYTES = 200
# A file this old, whose writer no longer holds its lock, is left over from a process that died.
STALE_AFTER_S = 60.0
_PARTIAL = re.compile(r"\..+\.[0-9a-f]{16}\.partial")


def real_path(path: Path) -> Path:
    """Returns the absolute path of the file that a path names, links followed.

    A dangling link gives the path that it points to.
    """
    return Path(os.path.realpath(path))


@contextmanager
def partial_file(target: Path) -> Iterator[Path]:
    """Yields a new, empty, private file in the folder of ``target``.

    At the end it is removed together with SQLite's side files, unless it was renamed.

    Args:
        target: The file that it will become; no link.

    Raises:
        OSError: The file cannot be created.
    """
    partial, descriptor = _create(target)
    try:
        yield partial
    finally:
        _remove(partial)
        os.close(descriptor)


def publish(partial: Path, target: Path, *, overwrite: bool) -> None:
    """Syncs a complete file and gives it its name.

    Raises:
        FileExistsError: The name is taken and ``overwrite`` is not set.
        OSError: The file cannot be synced or renamed.
    """
    sync(partial)
    if overwrite:
        os.replace(partial, target)
    else:
        rename_new(partial, target)
    sync(target.parent)


def rename_new(source: Path, target: Path) -> None:
    """Renames a file to a name that is not taken.

    Never by way of a second link: if the process died in between, both names would be one file, and
    opening either would change the other.

    Raises:
        FileExistsError: The name is taken.
    """
    from .file_exchange import rename_if_free  # ctypes: 5 ms that a search need not spend

    rename_if_free(source, target)


def write_private(target: Path, content: bytes, *, follow: bool = True) -> None:
    """Writes a file: after a crash it has either the old or the new content.

    A new file is readable by its owner alone; an existing one keeps its mode. A pipe or device is
    written directly.

    Args:
        follow: Where ``target`` is a link, keep it and write the file that it names. Otherwise the
            link is replaced, as in a folder that comes from others.

    Raises:
        OSError: The file cannot be written.
    """
    target = real_path(target) if follow else real_path(target.parent) / target.name
    if follow and target.exists() and not target.is_file() and not target.is_dir():
        with target.open("wb") as stream:
            stream.write(content)
        return
    with partial_file(target) as partial:
        if not target.is_symlink():
            copy_mode(target, partial)
        with partial.open("wb") as stream:
            stream.write(content)
        publish(partial, target, overwrite=True)


def copy_mode(source: Path, target: Path) -> None:
    """Gives a file the permissions of another one, if that exists."""
    with suppress(FileNotFoundError):
        target.chmod(stat.S_IMODE(source.stat().st_mode) & 0o777)


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk.

    Raises:
        OSError: They cannot be written.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale_partials(folder: Path) -> None:
    """Removes temporary files of this module whose writers died."""
    for partial in folder.glob(".*.partial"):
        if _PARTIAL.fullmatch(partial.name) and _is_stale(partial):
            _remove(partial)


def _create(target: Path) -> tuple[Path, int]:
    """Creates the temporary file; returns its path and a descriptor that holds its lock."""
    name = os.fsencode(target.name)[:MAX_NAME_BYTES].decode("utf-8", "ignore")
    partial = target.with_name(f".{name}.{os.urandom(8).hex()}.partial")
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(partial, flags, PRIVATE)
    os.fchmod(descriptor, PRIVATE)  # the umask may have taken the owner's rights
    with suppress(OSError):  # without locks on this file system, nobody will call it stale
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return partial, descriptor


def _is_stale(partial: Path) -> bool:
    try:
        descriptor = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # a link, gone, or another user's
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or time.time() - status.st_mtime < STALE_AFTER_S:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # its writer lives
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(partial: Path) -> None:
    for end in ("", *SIDE_FILES):
        partial.with_name(partial.name + end).unlink(missing_ok=True)
