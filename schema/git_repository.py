"""Reads which git repository a folder belongs to; git is not run, nor its environment used.

https://git-scm.com/docs/gitrepository-layout
https://git-scm.com/docs/git-config#_configuration_file
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

__all__ = ["GitRepository", "find_repository", "read_settings"]

_MAX_BYTES: Final = 1024 * 1024
_POINTER = re.compile(r"gitdir:[ \t]*([^\r\n]+)")
_SECTION = re.compile(r"\s*\[\s*([\w.-]+)\s*(?:\"((?:[^\"\\]|\\.)*)\")?\s*\]")
_ENTRY = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*(.*)")
_VALUE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|[^#;]")  # `#` and `;` begin a comment outside quotes


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A work tree and its repository, which it may share with other work trees.

    Attributes:
        top: The top level of the work tree.
        common: The folder that holds the repository's ``config``; may not exist.
        main: The top level of the main work tree; None if the repository is bare or lost.
    """

    top: Path
    common: Path
    main: Path | None

    @property
    def is_linked(self) -> bool:
        """Whether the work tree was added to the repository of another one."""
        return self.main != self.top

    @property
    def place(self) -> Path:
        """The folder that stands for the repository: where its work trees or branches are kept."""
        return self.common.parent if self.common.name in {".git", ".bare"} else self.common

    @property
    def origin(self) -> str:
        """The URL of the remote ``origin``, or of the only remote; empty if there is none."""
        settings = read_settings(self.common / "config")
        if origin := settings.get("remote.origin.url"):
            return origin
        urls = [url for key, url in settings.items() if re.fullmatch(r"remote\..*\.url", key)]
        return urls[0] if len(urls) == 1 else ""


def find_repository(folder: Path) -> GitRepository | None:
    """Returns the repository of a folder; None if no folder above it has a ``.git``.

    A submodule is a repository of its own. A ``.git`` that cannot be read ends the search too.
    """
    absolute = Path(os.path.abspath(folder))
    for above in (absolute, *absolute.parents):
        mark = above / ".git"
        if os.path.isdir(mark):
            is_bare = read_settings(mark / "config").get("core.bare", "").lower() == "true"
            return GitRepository(above, mark, None if is_bare else above)
        if os.path.lexists(mark):
            return _pointed_to(above, _read(mark))
    return None


def read_settings(file: Path) -> Mapping[str, str]:
    """Returns the last value of each setting of a git config file; empty if it is not readable.

    Keys are written as ``git config`` does: ``section.name``, ``section.Subsection.name``.
    """
    try:
        status = file.stat()
    except OSError:
        return MappingProxyType({})
    return _parsed(str(file), (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=256)
def _parsed(path: str, stamp: tuple[int, int]) -> Mapping[str, str]:
    """Returns the settings of a config file.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    settings: dict[str, str] = {}
    section = ""
    for line in re.sub(r"\\\r?\n", "", _read(Path(path))).splitlines():
        if head := _SECTION.match(line):
            name = re.sub(r"\\(.)", r"\1", head[2] or "")
            section = f"{head[1].lower()}.{name}" if head[2] is not None else head[1].lower()
            line = line[head.end() :]
        if entry := _ENTRY.match(line):
            settings[f"{section}.{entry[1].lower()}"] = _value(entry[2])
    return MappingProxyType(settings)


def _value(written: str) -> str:
    text = ""
    position = 0
    while found := _VALUE.match(written, position):
        text += found[0][1:-1] if len(found[0]) > 1 else found[0]
        position = found.end()
    return re.sub(r"\\([\\\"])", r"\1", text.strip())


def _pointed_to(top: Path, pointer: str) -> GitRepository:
    """Returns the repository that the file ``.git`` of a work tree points to."""
    found = _POINTER.match(pointer)
    if not found:
        return GitRepository(top, top / ".git", top)
    folder = Path(os.path.realpath(top / found[1].strip()))
    is_linked = folder.parent.name == "worktrees"
    shared = _read(folder / "commondir").strip() or ("../.." if is_linked else "")
    if not shared:  # a submodule, or a repository that is kept elsewhere
        return GitRepository(top, folder, top)
    common = Path(os.path.realpath(folder / shared))
    return GitRepository(top, common, _main_of(common))


def _main_of(common: Path) -> Path | None:
    settings = read_settings(common / "config")
    if written := settings.get("core.worktree"):
        main = Path(os.path.realpath(common / written))
    elif settings.get("core.bare", "").lower() == "true" or common.name != ".git":
        return None
    else:
        main = common.parent
    return main if main.is_dir() else None


def _read(file: Path) -> str:
    """Returns the text of a small regular file; empty if it cannot be read."""
    try:
        status = os.stat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return ""
        text = file.read_text("utf-8", "replace")
    except OSError:
        return ""
    return "" if "\0" in text else text
