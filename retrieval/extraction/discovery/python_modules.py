"""Reads the classes and imports of Python files as text, and finds the files of modules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["ImportedName", "PythonModule", "imported_name", "python_module_file", "read_module"]

_MAX_BYTES = 1024 * 1024
_MAX_FOLDERS = 12
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)[ \t]*\(([^)]{0,2000})\)", re.MULTILINE)
_BASE = re.compile(r"(?<![\w.=])[\w.]+(?!\s*=)\b")
_FROM = re.compile(
    r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]{0,5000}\)|[^\n(]+)", re.MULTILINE
)
_NAME = re.compile(r"(\w+)(?:\s+as\s+(\w+))?")
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w., \t]+)", re.MULTILINE)
_MODULE = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?")


class ImportedName(NamedTuple):
    """A name that a file imports: the file, the module as it is written, and the name in it."""

    importer: Path
    module: str
    name: str


class PythonModule(NamedTuple):
    """The classes of a file with their bases, and where its other names are from.

    Attributes:
        origins: Module and name behind each imported name.
        stars: The modules of which all names are imported.
    """

    bases: Mapping[str, tuple[str, ...]]
    origins: Mapping[str, tuple[str, str]]
    stars: tuple[str, ...] = ()


def read_module(file: Path) -> PythonModule:
    """Returns the classes and imports of a file; none if it is too large or cannot be read."""
    try:
        status = file.stat()
    except OSError:
        return PythonModule({}, {})
    if status.st_size > _MAX_BYTES:
        return PythonModule({}, {})
    return _read_stamped(str(file), (status.st_mtime_ns, status.st_size))


def imported_name(
    name: str, origins: Mapping[str, tuple[str, str]], file: Path
) -> Iterator[ImportedName]:
    """Yields where a (dotted) name of a file is imported from, if it is."""
    first, _, rest = name.partition(".")
    if first not in origins:
        return
    module, member = origins[first]
    if not rest:
        if member:
            yield ImportedName(file, module, member)
        return
    inner = f"{module}.{member}" if member and not module.endswith(".") else module + member
    middle, _, last = rest.rpartition(".")
    is_whole = not middle or inner.endswith(f".{middle}")  # import a.b: a is known as a.b
    yield ImportedName(file, inner if is_whole else f"{inner}.{middle}", last)


def python_module_file(importer: Path, module: str) -> Path | None:
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


@lru_cache(maxsize=1024)
def _read_stamped(file: str, stamp: tuple[int, int]) -> PythonModule:
    """Returns the classes and imports of a file.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    try:
        text = Path(file).read_text("utf-8", "replace")
    except OSError:
        return PythonModule({}, {})
    bases: dict[str, tuple[str, ...]] = {}
    for name, inherited in _CLASS.findall(text):
        bases[name] = (*bases.get(name, ()), *_BASE.findall(inherited))
    origins = {
        alias or module.partition(".")[0]: (module, "")
        for modules in _IMPORT.findall(text)
        for module, alias in _MODULE.findall(modules)
    }
    imports = [(module, re.sub(r"#[^\n]*", "", names)) for module, names in _FROM.findall(text)]
    origins |= {
        alias or name: (module, name)
        for module, names in imports
        for name, alias in _NAME.findall(names)
    }
    return PythonModule(bases, origins, tuple(module for module, names in imports if "*" in names))
