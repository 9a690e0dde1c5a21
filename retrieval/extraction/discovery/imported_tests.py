"""Finds files with tests that are not named like tests, along the imports of test files.

pytest runs what a test file imports: a base class (``class TestA(Contract)``), a class or function
with the name of a test. A JavaScript test file may call a function that makes tests. The files are
read as text; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ....schema.frameworks.declarations import language_named
from ...text.source_language import language_of
from ..frameworks.import_chain import relative_imports
from .pytest_settings import find_pytest_settings
from .python_modules import ImportedName, imported_name, python_module_file, read_module

__all__ = ["imported_files"]

_MAX_STEPS = 30  # of re-exports and base classes, for each name
_FAMILIES = frozenset({"python", "javascript"})
_INDEX = re.compile(r"index\.[cm]?[jt]sx?\Z")


def imported_files(files: Sequence[Path]) -> Iterator[Path]:
    """Yields files that test files import and that may hold tests, each once, with theirs."""
    known = {file.resolve() for file in files}
    pending = [file for file in files if file.is_file() and _family(file) in _FAMILIES]
    trail = _ImportTrail()
    while pending:
        file = pending.pop()
        is_python = _family(file) == "python"
        for imported in trail.imports(file) if is_python else relative_imports(file):
            resolved = imported.resolve()
            if resolved not in known:
                known.add(resolved)
                yield imported
                if is_python or _INDEX.match(imported.name):
                    pending.append(imported)


def _family(file: Path) -> str:
    language = language_of(file)
    return language_named(language).family if language is not None else ""


class _ImportTrail:
    """Follows the imports of Python test files, each name of a file once."""

    def __init__(self) -> None:
        self._followed: set[tuple[Path, str]] = set()
        self._files: dict[tuple[Path, str], Path | None] = {}

    def imports(self, file: Path) -> Iterator[Path]:
        """Yields the files of the base classes and tests that a file imports."""
        for wanted in _wanted_names(file):
            pending = [wanted]
            for _ in range(_MAX_STEPS):
                if not pending:
                    break
                importer, module, name = pending.pop()
                target = self._file_of(importer, module)
                if target is not None and (target, name) not in self._followed:
                    self._followed.add((target, name))
                    yield target
                    content = read_module(target)
                    pending += imported_name(name, content.origins, target)  # re-exported
                    for base in content.bases.get(name, ()):
                        pending += imported_name(base, content.origins, target)

    def _file_of(self, importer: Path, module: str) -> Path | None:
        place = (importer.parent, module)
        if place not in self._files:
            self._files[place] = python_module_file(importer, module)
        return self._files[place]


def _wanted_names(file: Path) -> Iterator[ImportedName]:
    """Yields the names that pytest runs if a file imports them, and those of base classes."""
    content = read_module(file)
    settings = find_pytest_settings(file)
    for module in content.stars:
        yield ImportedName(file, module, "")
    for alias, (module, name) in content.origins.items():
        if name and (settings.collects_class(alias) or settings.collects_function(alias)):
            yield ImportedName(file, module, name)
    for bases in content.bases.values():
        for base in bases:
            yield from imported_name(base, content.origins, file)
