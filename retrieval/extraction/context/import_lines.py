"""Writes imports with the names that are used, each module once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ....schema.records.pattern_parts import ContextPart
from ..found_test import Snippet
from ..pattern_code import indented_code
from .code_module import CodeModule
from .code_unit import ImportCode, Unit

__all__ = ["ImportLines", "reduced_import"]

_MAX_LINE = 88


class _Line:
    """An import of some names, and the unit where it is written."""

    def __init__(self, opening: str, unit: Unit, module: CodeModule) -> None:
        self.opening = opening
        self.unit = unit
        self.module = module
        self.names: dict[str, str] = {}


class ImportLines:
    """The imports of a Python file that is put together from others.

    Args:
        module: The file of the test.
    """

    def __init__(self, module: CodeModule) -> None:
        self._module = module
        self._lines: dict[str, _Line] = {}
        self._whole: dict[str, tuple[Unit, CodeModule]] = {}

    def add(self, unit: Unit, names: Iterable[str], module: CodeModule, depth: int) -> None:
        """Adds an import.

        Args:
            names: The names that are used of it.
            module: The file that it is from.
            depth: How many folders the test is below that file.
        """
        imported = unit.imported
        if imported is None:
            code = indented_code(module.source, Snippet.of(unit.node), 0, unit.node)
            self._whole.setdefault(code, (unit, module))
            return
        opening = imported.opening
        if depth and imported.module.startswith("."):
            opening = opening.replace(" .", " ." + "." * depth, 1)
        used = set(names)
        for name in (name for name in imported.names if name in used):
            key = opening if imported.module else f"{opening}{imported.names[name]}"
            line = self._lines.setdefault(key, _Line(opening, unit, module))
            line.names[name] = imported.names[name]

    def early(self) -> Iterator[ContextPart]:
        """Yields imports of ``__future__``, then those that only other files have."""
        future = [code for code in self._whole if code.startswith("from __future__")]
        for code in future:
            yield _part(*self._whole[code], code)
        for line in self._lines.values():
            if line.module is not self._module:
                yield _line_part(line)
        for code, (unit, module) in self._whole.items():  # which may use the others
            if module is not self._module and code not in future:
                yield _part(unit, module, code)

    def of(self, unit: Unit) -> Iterator[ContextPart]:
        """Yields the imports that are written where a unit of the test's file is."""
        for code, (owner, module) in self._whole.items():
            if owner is unit and not code.startswith("from __future__"):
                yield _part(unit, module, code)
        for line in self._lines.values():
            if line.unit is unit:
                yield _line_part(line)


def reduced_import(imported: ImportCode, used: Sequence[str], code: str) -> str:
    """Returns an import of the names that are used.

    Args:
        code: The import as it is written.
    """
    if len(used) == len(imported.names):
        return code
    texts = [imported.names[name] for name in imported.names if name in used]
    alone = [text.removeprefix("default ") for text in texts if text.startswith(("default ", "* "))]
    named = [text for text in texts if not text.startswith(("default ", "* "))]
    names = ", ".join(named)
    clause = ", ".join((*alone, f"{{ {names} }}") if named else alone)
    if len(clause) > _MAX_LINE:
        clause = clause.replace(f"{{ {names} }}", "{\n  " + ",\n  ".join(named) + ",\n}")
    return imported.opening + clause + imported.closing


def _line_part(line: _Line) -> ContextPart:
    texts = list(line.names.values())
    code = line.opening + ", ".join(texts)
    if len(code) > _MAX_LINE and line.opening.startswith("from "):
        code = line.opening + "(\n    " + ",\n    ".join(texts) + ",\n)"
    return _part(line.unit, line.module, code, ", ".join(line.names))


def _part(unit: Unit, module: CodeModule, code: str, name: str = "") -> ContextPart:
    names = name or ", ".join(bound for bound in unit.names if bound != "*")
    return ContextPart(kind="import", name=names, code=code, origin=module.origin(unit))
