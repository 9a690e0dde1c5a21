"""Finds out whether base classes from other files of a project are ``unittest.TestCase``.

The files are read as text, along the imports of the base classes; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..code_facts import Import

__all__ = ["ImportedBases"]

_MAX_BYTES = 1024 * 1024
_MAX_STEPS = 30
_MAX_FOLDERS = 12
# Classes of packages that are a TestCase without saying so in their name.
_PACKAGED = re.compile(
    r"django_webtest\.WebTest\Z|opentelemetry\.test\.[\w.]*Base\Z|wagtail\.test[\w.]*\.\w*Tests\Z"
)
_CLASS = re.compile(r"^class[ \t]+(\w+)[ \t]*\(([^)]{0,2000})\)", re.MULTILINE)
_FROM = re.compile(
    r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]{0,5000}\)|[^\n(]+)", re.MULTILINE
)
_NAME = re.compile(r"(\w+)(?:\s+as\s+(\w+))?")


class _Module(NamedTuple):
    """The classes of a file with their bases, and where its other names are from."""

    bases: Mapping[str, tuple[str, ...]]
    origins: Mapping[str, tuple[str, str]]  # alias -> module, name


class ImportedBases:
    """Answers for the base classes that one file imports.

    Args:
        path: The file.
        imports: What it imports.
    """

    def __init__(self, path: Path, imports: Iterable[Import]) -> None:
        self._path = path
        self._origins = {found.alias: (found.module, found.name) for found in imports}
        self._known: dict[str, bool] = {}

    def includes(self, base: str) -> bool:
        """Returns whether a base class of the file leads to a TestCase in a file of the project."""
        if base not in self._known:
            self._known[base] = self._leads_to_testcase(base)
        return self._known[base]

    def _leads_to_testcase(self, base: str) -> bool:
        pending = list(_origin(base, self._origins, self._path))
        seen: set[tuple[Path, str]] = set()
        while pending and len(seen) < _MAX_STEPS:
            importer, module, name = pending.pop()
            if _PACKAGED.match(f"{module}.{name}"):
                return True
            file = _file_of(importer, module)
            if file is None or (file, name) in seen:
                continue
            seen.add((file, name))
            content = _read(file)
            for inherited in content.bases.get(name, ()):
                if inherited.endswith("TestCase"):
                    return True
                if inherited in content.bases:
                    pending.append((file, "", inherited))
                pending += _origin(inherited, content.origins, file)
            pending += _origin(name, content.origins, file)  # re-exported
        return False


def _origin(
    name: str, origins: Mapping[str, tuple[str, str]], file: Path
) -> Iterator[tuple[Path, str, str]]:
    """Yields the importing file, the module and the name there of a (dotted) class."""
    first, _, rest = name.partition(".")
    if first not in origins:
        return
    module, member = origins[first]
    if not rest:
        if member:
            yield file, module, member
    else:
        inner = f"{module}.{member}" if member and not module.endswith(".") else module + member
        yield file, inner, rest.rpartition(".")[2]


def _file_of(importer: Path, module: str) -> Path | None:
    """Returns the file of a module in the project; of the module "", the importer itself."""
    if not module:
        return importer
    relative = len(module) - len(module.lstrip("."))
    parts = module.lstrip(".").split(".")
    above = list(importer.absolute().parents)
    for folder in above[relative - 1 : relative] if relative else above[:_MAX_FOLDERS]:
        base = folder.joinpath(*filter(None, parts))
        for candidate in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _read(file: Path) -> _Module:
    try:
        status = file.stat()
    except OSError:
        return _Module({}, {})
    if status.st_size > _MAX_BYTES:
        return _Module({}, {})
    return _read_stamped(str(file), (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=256)
def _read_stamped(file: str, stamp: tuple[int, int]) -> _Module:
    """Returns the classes and imports of a file.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    try:
        text = Path(file).read_text("utf-8", "replace")
    except OSError:
        return _Module({}, {})
    bases = {
        name: tuple(re.findall(r"(?<![\w.=])[\w.]+(?!\s*=)\b", inherited))
        for name, inherited in _CLASS.findall(text)
    }
    origins = {
        alias or name: (module, name)
        for module, names in _FROM.findall(text)
        for name, alias in _NAME.findall(re.sub(r"#[^\n]*", "", names))
    }
    return _Module(bases, origins)
