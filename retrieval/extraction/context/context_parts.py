"""Writes what a test reaches as the parts of its pattern's context, in the order of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ....schema.frameworks.declarations import language_named
from ....schema.records.pattern_parts import ContextKind, ContextPart
from ....schema.records.ready_form import import_group
from ..found_test import Snippet
from ..pattern_code import indented_code
from ..source_file import SourceFile
from .code_module import CodeModule
from .code_unit import Unit
from .context_reach import Container, ContextReach, class_opening
from .declared_units import PACKAGE_TYPES, is_bracketed
from .import_lines import ImportLines, reduced_import
from .javascript_units import COMMENT_TYPES

if TYPE_CHECKING:
    from ....schema.frameworks.language_declaration import LanguageDeclaration

__all__ = ["context_parts"]

_PYTHON_MARGIN = 4
_MODULE_STATEMENTS = frozenset({"export_statement", "import_statement"})


def context_parts(module: CodeModule, reach: ContextReach) -> tuple[ContextPart, ...]:
    """Returns what a test reaches of its file and conftest files as parts of its context."""
    if not module.is_python:
        return tuple(_file_parts(module, reach))
    return tuple(_with_sorted_imports(module, _python_parts(module, reach)))


def _with_sorted_imports(module: CodeModule, parts: Iterable[ContextPart]) -> Iterator[ContextPart]:
    """Yields parts, with imports that follow each other sorted by group, otherwise as they are."""
    language = language_named(module.source.language)
    for is_import, grouped in groupby(parts, key=lambda part: _group(part, language) is not None):
        run = list(grouped)
        if is_import:
            run.sort(key=lambda part: _group(part, language) or 0)
        yield from run


def _group(part: ContextPart, language: LanguageDeclaration) -> int | None:
    return import_group(part.code, language) if part.kind == "import" else None


def _file_parts(module: CodeModule, reach: ContextReach) -> Iterator[ContextPart]:
    taken = _ordered(reach.layers[0].taken)
    leading = [unit for unit in taken if unit.node.type in COMMENT_TYPES | PACKAGE_TYPES]
    for unit in leading:  # only read at the top
        yield _part(module, unit, _code(module.source, unit))
    yield from _notes(module, reach)
    group = [unit for unit in taken if is_bracketed(unit)]
    if group:
        yield _bracketed_imports(module, group)
    esm = [unit for unit in module.body.units if unit.node.type in _MODULE_STATEMENTS]
    if esm and not any(unit in taken for unit in esm):
        yield _part(module, esm[0], "export {};", kind="setup")  # still a module, not a script
    for unit in (unit for unit in taken if unit not in leading and unit not in group):
        code = _code(module.source, unit)
        if unit.imported is not None:
            code = reduced_import(unit.imported, tuple(reach.used.get(unit, ())), code)
        yield _part(module, unit, code)


def _bracketed_imports(module: CodeModule, units: Sequence[Unit]) -> ContextPart:
    """Returns imports as ``import (...)``, those of the standard library first."""
    if len(units) == 1:
        return _part(module, units[0], f"import {_code(module.source, units[0])}")
    standard = re.compile(language_named(module.source.language).standard_paths)
    groups: dict[bool, list[str]] = {True: [], False: []}
    for unit in units:
        code = _code(module.source, unit)
        groups[standard.match(code.partition('"')[2]) is not None].append(f"\t{code}\n")
    code = "\n".join("".join(lines) for lines in groups.values() if lines)
    names = ", ".join(name.rstrip(".") for unit in units for name in unit.names)
    origin = module.origin(units[0])
    return ContextPart(kind="import", name=names, code=f"import (\n{code})", origin=origin)


def _python_parts(module: CodeModule, reach: ContextReach) -> Iterator[ContextPart]:
    imports = ImportLines(module)
    for file in reach.conftest.files:
        future = [u for u in file.module.body.always if u.kind == "import"] if file.taken else []
        for unit in (*future, *_ordered(file.taken)):
            if unit.kind == "import":
                imports.add(unit, file.used.get(unit, {}), file.module, file.depth)
    units = _ordered(reach.layers[0].taken)
    for unit in units:
        if unit.kind == "import":
            imports.add(unit, reach.used.get(unit, {}), module, 0)
    last = max((place for place, unit in enumerate(units) if unit.kind == "import"), default=-1)
    yield from imports.early()
    for unit in units[: last + 1]:
        if unit.kind == "import":
            yield from imports.of(unit)
        else:
            yield _own_part(module, reach, unit)
    yield from _kept_elsewhere(module, reach)
    yield from _notes(module, reach)
    for file in reversed(reach.conftest.files):
        for unit in _ordered(file.taken):
            if unit.kind != "import":
                yield _part(file.module, unit, _code(file.module.source, unit))
    for unit in units[last + 1 :]:
        yield _own_part(module, reach, unit)


def _own_part(module: CodeModule, reach: ContextReach, unit: Unit) -> ContextPart:
    base = next((base for base in reach.bases if base.unit is unit), None)
    if base is None:
        return _part(module, unit, _code(module.source, unit))
    return _part(module, unit, _partial_class(module.source, unit, base), kind="base")


def _partial_class(source: SourceFile, unit: Unit, base: Container) -> str:
    members = [
        indented_code(source, Snippet.of(member.node), _PYTHON_MARGIN, member.node)
        for member in _ordered(base.taken)
    ]
    opening = indented_code(source, class_opening(unit), 0, unit.node)
    return "\n".join((opening, "\n\n".join(members) or " " * _PYTHON_MARGIN + "pass"))


def _kept_elsewhere(module: CodeModule, reach: ContextReach) -> Iterator[ContextPart]:
    """Yields imports, from the file of the test, of what does not fit into the context."""
    path = module.source.path
    if not (reach.left_out and _is_importable(module)):
        return
    dot = "." if (path.parent / "__init__.py").is_file() else ""
    known: set[str] = set()
    for unit, container, _ in reach.left_out:
        if container is reach.layers[0] and not known.issuperset(unit.names):
            names = ", ".join(unit.names)
            known.update(unit.names)
            code = f"from {dot}{path.stem} import {names}  # left out: {unit.lines} lines"
            yield _part(module, unit, code, kind="import")


def _notes(module: CodeModule, reach: ContextReach) -> Iterator[ContextPart]:
    """Yields a comment for each piece of code that is left out."""
    imports = _is_importable(module)
    for unit, container, fits in reach.left_out:
        is_imported = imports and container is reach.layers[0] and (fits or bool(unit.names))
        if not is_imported:
            yield _note(module, unit)
    for unit, file in reach.conftest.left_out.items():
        yield _note(file, unit)


def _is_importable(module: CodeModule) -> bool:
    stem = module.source.path.stem
    return module.is_python and stem.isidentifier() and stem not in {"conftest", "__init__"}


def _note(module: CodeModule, unit: Unit) -> ContextPart:
    comment = language_named(module.source.language).comment
    what = " ".join((unit.kind, *unit.names))
    code = f"{comment} left out: {what} ({unit.lines} lines)"  # without the line, which moves
    return _part(module, unit, code, kind="setup")


def _part(
    module: CodeModule, unit: Unit, code: str, kind: ContextKind | None = None
) -> ContextPart:
    name = ", ".join(name.rstrip(".") for name in unit.names if name != "*")
    return ContextPart(kind=kind or unit.kind, name=name, code=code, origin=module.origin(unit))


def _code(source: SourceFile, unit: Unit) -> str:
    return indented_code(source, Snippet.of(unit.node), 0, unit.node)


def _ordered(units: Sequence[Unit] | dict[Unit, None]) -> list[Unit]:
    return sorted(units, key=lambda unit: unit.start)
