"""Reads the parameter names of the functions that a test file has from other files of its project.

The files are read as text; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

from ....schema.frameworks.declarations import declarations, language_named
from ....schema.records.patterns import Language
from ...text.source_language import language_of
from ..code_facts import Import
from ..discovery.python_modules import python_module_file, read_module
from ..frameworks.import_chain import module_file, relative_imports
from .known_signatures import known_parameters
from .parameter_names import ParameterNames, defined_parameters

__all__ = ["imported_parameters"]

_MAX_BYTES: Final = 256 * 1024
_MAX_STEPS: Final = 5  # of a name that is imported to be exported again
_MAX_FILES: Final = 40
_MAX_FOLDERS: Final = 12
_EXPORT_FROM: Final = re.compile(
    r"^[ \t]*export\s[^;'\"]{0,2000}\bfrom\b"
    r"|\bmodule\.exports\s*=\s*(?:require\(|\{\s*\.\.\.require\()",
    re.MULTILINE,
)
# Time and size of a file, so that a changed file is read again.
_Stamp: TypeAlias = tuple[int, int]


def imported_parameters(
    path: Path, code: str, imports: Sequence[Import], language: Language
) -> ParameterNames:
    """Returns the parameters of functions that a file imports, or that its framework gives to it.

    The other functions and methods of these files are included, unless functions of their names are
    well known.

    Args:
        path: The file.
        code: Its code.
        imports: What it imports.
    """
    find = _python_files if language == "python" else _javascript_files
    named: dict[str, tuple[str, ...]] = {}
    others: dict[str, tuple[str, ...]] = {}
    if language_named(language).family not in {"python", "javascript"}:
        return named
    for imported in imports[:_MAX_FILES]:
        for file in find(path, imported):
            found = _parameters_of(file)
            others |= found
            parameters = found.get(imported.name) or found.get(imported.alias)
            if parameters is not None:
                named.setdefault(imported.alias, parameters)
    for file in _support_files(path, code, language):
        others |= _parameters_of(file)
    unknown = {name: each for name, each in others.items() if not known_parameters(name, language)}
    return unknown | named


def _javascript_files(path: Path, imported: Import) -> Iterator[Path]:
    """Yields the file of a module, and those whose names it exports again."""
    file = module_file(path, imported.module)
    stamp = _stamp_of(file) if file is not None else None
    if file is not None and stamp is not None:
        yield file
        yield from _exported_again(file, stamp)


@lru_cache(maxsize=1024)
def _exported_again(file: Path, stamp: _Stamp) -> tuple[Path, ...]:
    """Returns the files of which a JavaScript file exports names again."""
    is_index = _EXPORT_FROM.search(_text_of(file)) is not None
    return tuple(islice(relative_imports(file), _MAX_STEPS)) if is_index else ()


def _python_files(path: Path, imported: Import) -> Iterator[Path]:
    """Yields the files from that of a module to that which defines the name."""
    file, name = python_module_file(path, imported.module), imported.name
    for _ in range(_MAX_STEPS):
        if file is None:
            return
        yield file
        module, name = read_module(file).origins.get(name, ("", ""))
        if not module:
            return
        file = python_module_file(file, module)


def _support_files(path: Path, code: str, language: Language) -> Iterator[Path]:
    for framework in declarations().frameworks_of(language):
        if framework.support_files and re.search(framework.calls, code):
            for folder in list(path.absolute().parents)[:_MAX_FOLDERS]:
                for glob in framework.support_files:
                    yield from sorted(folder.glob(glob))
                if (folder / ".git").exists():
                    break


def _parameters_of(file: Path) -> ParameterNames:
    stamp = _stamp_of(file)
    return _read_stamped(file, stamp) if stamp is not None else {}


def _stamp_of(file: Path) -> _Stamp | None:
    """Returns time and size of a file; None if it is too large or cannot be read."""
    try:
        status = file.stat()
    except OSError:
        return None  # no clue
    return None if status.st_size > _MAX_BYTES else (status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _read_stamped(file: Path, stamp: _Stamp) -> ParameterNames:
    """Returns the parameters of the functions in a file."""
    language = language_of(file)
    return defined_parameters(_text_of(file), language) if language is not None else {}


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""  # no clue
