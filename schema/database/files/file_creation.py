"""Creates the file of a database, private and empty, unless there is one that can be used."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

from ...errors import DatabaseOpenError
from ..fork_gate import turn
from ..location import BANK_FOLDER
from ..sqlite_errors import ANOTHER_PATH
from .log_owner import refuse_stray_log
from .side_files import folder_lock, free_name, move_side_files, orphaned_logs

__all__ = ["prepare_file"]

# The smallest page size. SQLite treats a shorter file as empty and would overwrite it. Larger files
# are left to SQLite, since reading the file here would drop this process's locks on it.
MIN_FILE_BYTES = 512

_log = logging.getLogger("aqe.sqlite")


def prepare_file(path: Path, *, create: bool) -> None:
    """Creates an empty file, readable only by its owner; no folder but ``.aqe``.

    A log without its file is kept under another name, since SQLite would delete it. A warning says
    so, and another one if others can read the file.

    Raises:
        DatabaseOpenError: The path is a folder or not a database, cannot be created, or does
            not exist and ``create`` is not set; or its log belongs to another file.
    """
    try:
        if path.is_dir():
            raise DatabaseOpenError(f"{path} is a folder; give the path of a file", path=path)
        if path.exists():
            size = path.stat().st_size
            if 0 < size < MIN_FILE_BYTES:
                raise DatabaseOpenError(
                    f"{path} is not an SQLite database; {ANOTHER_PATH}", path=path
                )
            if size:
                _warn_if_readable(path)
                with turn():
                    refuse_stray_log(path)
                return
        if logs := orphaned_logs(path):
            _keep_logs(path, logs, create=create)
        if path.exists():
            return
        if not create:
            raise DatabaseOpenError(
                f"no database at {path}; check the path, or make one with: aqe patterns extract"
                f" tests/ --db {path}",
                path=path,
            )
        _require_folder(path)
        _create_private(path)
    except OSError as error:
        raise DatabaseOpenError(f"cannot create {path}: {error.strerror}", path=path) from error


def _require_folder(path: Path) -> None:
    """Creates the folder of a file if it is ``.aqe``, hidden from git; a mistyped one never.

    Raises:
        DatabaseOpenError: Another folder is missing.
    """
    folder = path.parent
    if not folder.exists():
        if folder.name != BANK_FOLDER or not folder.parent.exists():
            raise DatabaseOpenError(
                f"cannot create {path}: there is no folder {folder}; create it, or check the path",
                path=path,
            )
        folder.mkdir(mode=0o700, exist_ok=True)
    if folder.name == BANK_FOLDER:
        with suppress(FileExistsError), (folder / ".gitignore").open("x") as stream:
            stream.write("*\n")


def _create_private(path: Path) -> None:
    """Creates an empty file that its owner alone can read, unless there is one."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        return
    os.fchmod(descriptor, 0o600)
    os.close(descriptor)


def _keep_logs(path: Path, logs: tuple[Path, ...], *, create: bool) -> None:
    """Keeps the logs of a missing or empty file under another name, and creates the file.

    Raises:
        DatabaseOpenError: ``create`` is not set; nothing is moved.
    """
    names = ", ".join(log.name for log in logs)
    state = "empty" if path.exists() else "missing"
    if not create:
        raise DatabaseOpenError(
            f"{path} is {state}, but its log is left ({names}): put the file back next to it, or a"
            " backup in its place with: aqe db restore FILE, which keeps the log",
            path=path,
        )
    with folder_lock(path.parent):
        if not orphaned_logs(path):  # another process was first
            return
        kept = move_side_files(path, free_name(path, "orphan"))
        if not path.exists():
            _create_private(path)
    _log.warning(
        "%s was %s, but its log was left; a new database is used, the log is kept as %s",
        path,
        state,
        ", ".join(map(str, kept)),
    )


@cache  # once for each file and process
def _warn_if_readable(path: Path) -> None:
    """Warns if the modes of the file and of all folders above it let others use it."""
    status = path.stat()
    if not status.st_mode & 0o077 or status.st_uid != os.geteuid():
        return
    folders = [parent.stat().st_mode for parent in path.parents]
    for rights, enter in ((0o070, 0o010), (0o007, 0o001)):
        if status.st_mode & rights and all(mode & enter for mode in folders):
            _log.warning(
                "%s can be used by other users (mode %04o); make it private with: chmod 600 %s",
                path,
                stat.S_IMODE(status.st_mode),
                path,
            )
            return
