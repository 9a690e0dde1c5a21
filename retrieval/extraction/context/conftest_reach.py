"""Takes fixtures of conftest files into the context of a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .code_module import CodeModule
from .code_unit import Unit

__all__ = ["ConftestReach", "PlacedConftest", "RelocatedModule", "placed_conftests"]

# Fixtures for the examples of docstrings, which no test uses.
_DOCTEST = "doctest_namespace"
_MAX_AUTOUSE_LINES = 15


class _Fixture(NamedTuple):
    """A fixture, and the place of its conftest file."""

    unit: Unit
    place: int


class PlacedConftest(NamedTuple):
    """A conftest file, seen from a test file that it applies to.

    Attributes:
        depth: How many folders the test file is below it.
        autouse: Its short fixtures that every test uses, those that a nearer file replaces aside.
    """

    module: CodeModule
    depth: int
    autouse: tuple[Unit, ...]


class RelocatedModule(NamedTuple):
    """What a test reaches of a conftest file.

    Attributes:
        depth: How many folders the test is below it.
        used: The names that are used of each import.
        taken: The units that are taken.
    """

    module: CodeModule
    depth: int
    used: dict[Unit, dict[str, None]]
    taken: dict[Unit, None]


class ConftestReach:
    """What a test reaches of its conftest files.

    A fixture is taken with everything that it uses in its file, or not at all; pytest finds those
    that are not taken. It is not taken if its names mean something else in the file of the test, or
    if it shares a variable that functions of its file change.

    Args:
        test_file: The file of the test.
        conftests: The conftest files that apply to it, the nearest first.

    Attributes:
        files: What is taken of each conftest file.
        left_out: Fixtures that are not taken, with their modules.
    """

    def __init__(self, test_file: CodeModule, conftests: Sequence[PlacedConftest]) -> None:
        self.files = [RelocatedModule(file.module, file.depth, {}, {}) for file in conftests]
        self.left_out: dict[Unit, CodeModule] = {}
        self._test_file = test_file
        self._conftests = conftests
        self._owners: dict[str, int] = {}

    def take(self, name: str, room: int) -> int:
        """Takes the fixture of this name and those that it requests, and returns the room left.

        Args:
            room: Lines that may be taken.
        """
        wanted = [(name, 0)]
        seen: set[tuple[str, int]] = set()
        while wanted:
            asked = wanted.pop()
            if asked in seen:
                continue
            seen.add(asked)
            for unit, place in self._fixtures(*asked):
                room = self._take(unit, place, room)
                uses = self.files[place].module.uses
                for parameter in uses.parameters(unit.start, unit.end):
                    nearest = place + 1 if parameter == unit.fixture else 0
                    wanted.append((parameter, nearest))
        return room

    def take_autouse(self, room: int) -> int:
        """Takes short fixtures that every test uses while there is room, and returns what is left.

        Args:
            room: Lines that may be taken.
        """
        for file in self._conftests:
            for unit in file.autouse:
                if unit.lines <= room:
                    before = dict(self.left_out)
                    room = self.take(unit.fixture, room)
                    self.left_out = before
        return room

    def _fixtures(self, name: str, nearest: int) -> Iterator[_Fixture]:
        """Yields the fixtures of this name in the nearest conftest file that has any."""
        for place in range(nearest, len(self.files)):
            units = self.files[place].module.body.fixtures.get(name, ())
            if units:
                yield from (_Fixture(unit, place) for unit in units)
                return

    def _take(self, fixture: Unit, place: int, room: int) -> int:
        file = self.files[place]
        if fixture in file.taken or fixture in self.left_out:
            return room
        used: dict[Unit, dict[str, None]] = {}
        closure = self._closure(file, fixture, room, used)
        if closure is None or not self._claims(closure, used, place):
            self.left_out[fixture] = file.module
            return room
        new = [unit for unit in closure if unit not in file.taken]
        file.taken.update(dict.fromkeys(new))
        for unit, names in used.items():
            file.used.setdefault(unit, {}).update(names)
        return room - sum(unit.lines for unit in new if unit.kind != "import")

    def _closure(
        self, file: RelocatedModule, fixture: Unit, room: int, used: dict[Unit, dict[str, None]]
    ) -> dict[Unit, None] | None:
        """Returns a fixture and what it uses of its file, or None if that is too much."""
        module = file.module
        found: dict[Unit, None] = {fixture: None}
        pending = [fixture]
        while pending:
            unit = pending.pop()
            if not self._is_movable(unit, file):
                return None
            if unit.kind != "import" and unit not in file.taken:
                room -= unit.lines
            if room < 0:
                return None
            if unit.imported is not None:
                continue
            for name in module.uses.names(unit.start, unit.end):
                for needed in module.body.named.get(name, ()):
                    if needed.imported is not None:
                        used.setdefault(needed, {})[name] = None
                    if needed not in found:
                        found[needed] = None
                        pending.append(needed)
        return found

    def _is_movable(self, unit: Unit, file: RelocatedModule) -> bool:
        """Returns whether code does the same in the folder of the test."""
        module = file.module
        if not module.uses.changed.isdisjoint(unit.names) or "*" in unit.names:
            return False
        code = module.source.code[unit.start : unit.end]
        is_relative = unit.kind == "import" and b"from ." in code
        if is_relative and (unit.imported is None or not _is_package(self._test_file, file.depth)):
            return file.depth == 0
        return file.depth == 0 or b"__file__" not in code

    def _claims(
        self, closure: dict[Unit, None], used: dict[Unit, dict[str, None]], place: int
    ) -> bool:
        """Returns whether the names of units can be defined next to the test, and notes them."""
        names = {name for unit in closure for name in used.get(unit, unit.names)}
        body = self._test_file.body
        imports = {name: unit for unit in used for name in used[unit]}
        for name in names:
            imported = imports[name].imported if name in imports else None
            for other in body.named.get(name, ()):
                same = imported is not None and other.imported is not None
                if not (same and _binds_same(imports[name], other, name, self.files[place].depth)):
                    return False
            if name not in imports and self._owners.get(name, place) != place:
                return False
        self._owners.update(dict.fromkeys(names - imports.keys(), place))
        return True


def placed_conftests(
    test_file: CodeModule, modules: Sequence[CodeModule]
) -> tuple[PlacedConftest, ...]:
    """Returns conftest files as a test file sees them.

    Args:
        modules: The conftest files that apply to it, the nearest first.
    """
    known: set[str] = set()
    placed: list[PlacedConftest] = []
    for module in modules:
        autouse = (unit for unit in module.body.always if _is_autouse(module, unit, known))
        placed.append(PlacedConftest(module, _depth(test_file, module), tuple(autouse)))
        known.update(module.body.fixtures)
    return tuple(placed)


def _is_autouse(module: CodeModule, unit: Unit, known: set[str]) -> bool:
    is_short = unit.lines <= _MAX_AUTOUSE_LINES
    is_new = unit.fixture not in known
    names = module.uses.parameters(unit.start, unit.end)
    return bool(unit.fixture) and is_short and is_new and _DOCTEST not in names


def _binds_same(left: Unit, right: Unit, name: str, depth: int) -> bool:
    if left.imported is None or right.imported is None:
        return False
    is_relative = left.imported.module.startswith(".")
    module = "." * depth * is_relative + left.imported.module
    return (
        module == right.imported.module and left.imported.names[name] == right.imported.names[name]
    )


def _depth(test_file: CodeModule, module: CodeModule) -> int:
    folder = test_file.source.path.absolute().parent
    return len(folder.relative_to(module.source.path.parent).parts)


def _is_package(test_file: CodeModule, depth: int) -> bool:
    folders = test_file.source.path.absolute().parents[: depth + 1]
    return all((folder / "__init__.py").is_file() for folder in folders)
