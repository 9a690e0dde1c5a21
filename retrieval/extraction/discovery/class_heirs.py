"""Finds the classes of other files of a project that inherit from the classes of a file.

The files are read as text; nothing is run. Only files with ``test`` or ``spec`` in their path are
read: the heirs of a class with tests are tests.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ....schema.git_repository import find_repository
from .project_root import find_project_root
from .python_modules import PythonModule, imported_name, read_module

__all__ = ["ClassHeirs", "Heir"]

_MAX_FILES = 5_000
_MAX_DEPTH = 12
_TEST_PATH = re.compile(r"test|spec", re.IGNORECASE)
_SKIPPED = frozenset({"node_modules", "venv", "env", "__pycache__", "site-packages", "dist"})


class Heir(NamedTuple):
    """A class that inherits from an imported one.

    Attributes:
        name: The imported class.
        module: Its module, as it is written.
        is_testcase: Whether another base of the heir is named a TestCase.
    """

    name: str
    module: str
    is_testcase: bool


class ClassHeirs:
    """Answers for the classes of one file; the project is searched when it is first asked.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._heirs: dict[str, Heir] | None = None

    def of(self, name: str) -> Heir | None:
        """Returns an heir of a class that is in another file of the project, or None."""
        if self._heirs is None:
            self._heirs = {heir.name: heir for heir in self._all()}
        return self._heirs.get(name)

    def _all(self) -> Iterator[Heir]:
        for file in _test_files(_top_of(self._path)):
            if file != self._path:
                for heir in _heirs_in(file, read_module(file)):
                    if self._is_here(heir.module):
                        yield heir

    def _is_here(self, module: str) -> bool:
        """Returns whether a module may be this file, or a package that exports its names."""
        package = self._path.parent.name
        last = module.rpartition(".")[2]
        return last in {self._path.stem, package, ""}


def _heirs_in(file: Path, module: PythonModule) -> Iterator[Heir]:
    for bases in module.bases.values():
        for base in bases:
            for origin in imported_name(base, module.origins, file):
                others = (other for other in bases if other != base)
                is_testcase = any(other.endswith("TestCase") for other in others)
                yield Heir(origin.name, origin.module, is_testcase)


def _top_of(path: Path) -> Path:
    """Returns the folder of the project: its repository, or its package if it is installed."""
    repository = find_repository(path.parent)
    if repository is not None:
        return repository.top
    root = find_project_root(path)
    if root.key.startswith("installed:"):
        return root.folder / path.relative_to(root.folder).parts[0]
    return root.folder


def _test_files(top: Path) -> list[Path]:
    """Returns the Python files below a folder whose path hints at tests, up to a limit."""
    found: list[Path] = []
    stack = [(str(top), 0, False)]
    while stack and len(found) < _MAX_FILES:
        folder, depth, inside = stack.pop()
        for name, is_folder in _entries(folder):
            hinted = inside or bool(_TEST_PATH.search(name))
            if is_folder and depth < _MAX_DEPTH and name not in _SKIPPED and name[0] != ".":
                stack.append((os.path.join(folder, name), depth + 1, hinted))
            elif not is_folder and hinted and name.endswith(".py"):
                found.append(Path(folder, name))
    return found


def _entries(folder: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return []  # missing or not permitted: no heirs
