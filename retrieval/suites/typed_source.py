"""Finds which tests of a bank a typed path means: those of its project, and of no other one."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ...schema import TestPattern
from ..extraction import ProjectRoot, bank_project, find_project_root, project_folder
from ..text.pattern_text import is_from

__all__ = ["SourcePlace", "source_file", "stored_path", "typed_places"]

_LINE = re.compile(r":(\d+)(?::\d+)?\Z")  # line, column


class SourcePlace(NamedTuple):
    """A file or folder of a project in the bank.

    Attributes:
        project: The bank's name of the project.
            Empty for patterns of any project, or of none.
        path: A file, folder or ``path:line``, as patterns name their source; empty for all of the
            project.
    """

    project: str
    path: str

    @property
    def label(self) -> str:
        """The place as commands print it."""
        return ": ".join(filter(None, self)) if self.path else f"all of {self.project}"

    def includes(self, pattern: TestPattern) -> bool:
        """Returns whether a pattern is from here."""
        if self.project not in ("", pattern.project):
            return False
        return not self.path or is_from(pattern.source, self.path)


def typed_places(
    typed: str, folder: Path, projects: Mapping[str, str], *, project: str = ""
) -> list[SourcePlace]:
    """Returns what a typed path names in a bank; empty if its project is not in the bank.

    The path may be absolute, relative to ``folder``, or what a command prints, ``project: path``;
    with a line at its end it names only the test that begins there. A folder above several
    packages of its repository names them all.

    Args:
        folder: The working folder.
        projects: The names of the bank's projects by key.
        project: The name of the only project that may be meant; the path may then be relative to
            that project too.
    """
    printed = next((name for name in projects.values() if typed.startswith(f"{name}: ")), "")
    text = typed.removeprefix(f"{printed}: ")
    only = project or printed
    places = [] if printed else _places_from(folder, text, projects)
    if only:
        within = [place for place in places if place.project == only]
        return within or [SourcePlace(only, stored_path(text))]
    return places


def source_file(
    source: str, project: str, projects: Mapping[str, str], *, near: Iterable[Path]
) -> Path | None:
    """Returns the file of a source on this disk; None if nothing tells where its project is.

    Args:
        source: A path as patterns name it.
        projects: The names of the bank's projects by key.
        near: Files or folders that may be in the project, or in another one of its repository.
    """
    roots = [find_project_root(path / "_" if path.is_dir() else path) for path in near]
    for key in (key for key, name in projects.items() if name == project):
        folder = project_folder(key, roots)
        if folder is not None and (folder / source).is_file():
            return folder / source
    return None


def _places_from(folder: Path, text: str, projects: Mapping[str, str]) -> list[SourcePlace]:
    """Returns the places of a path that is absolute or relative to a folder."""
    line = None if _absolute(folder, text).exists() else _LINE.search(text)
    if line is None:
        return list(_places_on_disk(_absolute(folder, text), projects))
    path = _absolute(folder, text[: line.start()])
    return [
        place._replace(path=f"{place.path}:{line[1]}") for place in _places_on_disk(path, projects)
    ]


def _absolute(folder: Path, text: str) -> Path:
    return Path(os.path.abspath(folder / os.path.expanduser(text)))


def stored_path(typed: str) -> str:
    """Returns a path relative to its project as patterns name their source."""
    path = posixpath.normpath(_LINE.sub(r":\1", typed))
    return "" if path == "." else path


def _places_on_disk(path: Path, projects: Mapping[str, str]) -> Iterator[SourcePlace]:
    """Yields the place of a path in its project, and the projects that are inside it."""
    root = find_project_root(path / "_" if path.is_dir() else path)
    known = bank_project(root, projects)
    if known.earlier_key and path.is_relative_to(root.folder):
        inside = path.relative_to(root.folder).as_posix()
        yield SourcePlace(known.name, "" if inside == "." else inside)
    for key, name in projects.items():
        if name != known.name and _is_inside(key, path, root):
            yield SourcePlace(name, "")


def _is_inside(key: str, path: Path, root: ProjectRoot) -> bool:
    """Returns whether the project of a key is in a folder, as a package or as a local folder."""
    folder = project_folder(key, [root])
    real = Path(os.path.realpath(path))
    return folder is not None and (folder.is_relative_to(path) or folder.is_relative_to(real))
