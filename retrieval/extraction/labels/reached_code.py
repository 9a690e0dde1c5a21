"""Follows a test into the helpers, fixtures and base classes that it reaches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..code_facts import CodeFacts
from .file_definitions import Definition, FileDefinitions, read_definitions

__all__ = ["Reach", "ReachedCode"]

# Definitions that are read for a test; those nearest to it come first.
_MAX_DEFINITIONS = 40
_MAX_STEPS = 4
_MAX_FOLDERS = 12
# Files in which a name is looked for.
_MAX_FILES = 8
_RECEIVERS = ("self.", "cls.", "this.")


@dataclass(slots=True)
class Reach:
    """What a test reaches.

    Attributes:
        definitions: The helpers, fixtures and setup methods.
        bases: The base classes, dotted, with the modules that they are imported from.
        fixtures: The fixtures that are requested, those of other fixtures included.
        foreign_fixtures: Those that are not defined in a file of the project.
    """

    definitions: list[Definition] = field(default_factory=list)
    bases: set[str] = field(default_factory=set)
    fixtures: set[str] = field(default_factory=set)
    foreign_fixtures: set[str] = field(default_factory=set)


class _Place(NamedTuple):
    """A definition, the file it is in, and its distance from the test."""

    definition: Definition
    file: FileDefinitions
    steps: int


class _Uses(NamedTuple):
    """What some code uses."""

    places: tuple[_Place, ...]
    methods: tuple[str, ...]  # of its own class


class ReachedCode:
    """Finds what the tests of one file reach.

    Args:
        file: The definitions of the file.
        root: The folder of the project, where the search for ``conftest.py`` ends.
    """

    def __init__(self, file: FileDefinitions, root: Path) -> None:
        self._file = file
        self._root = root.resolve()
        self._conftests: list[FileDefinitions] | None = None
        self._places: dict[tuple[Path, str], _Place | None] = {}
        self._uses: dict[int, _Uses] = {}

    def of(self, facts: CodeFacts, classes: Iterable[str], fixtures: Iterable[str]) -> Reach:
        """Returns what a test reaches.

        Args:
            facts: Calls and names of the test and its setup.
            classes: The classes around it.
            fixtures: The fixtures that it requests.
        """
        return _Search(self, self._file, classes).run(facts, fixtures)

    def find(self, file: FileDefinitions, name: str) -> _Place | None:
        """Returns the definition of a name in a file or in the file of helpers it comes from."""
        key = (file.path, name)
        if key not in self._places:
            self._places[key] = _found(file, name, self._root)
        return self._places[key]

    def uses(self, place: _Place) -> _Uses:
        """Returns what a definition uses; computed once, as many tests may reach it."""
        key = id(place.definition)
        if key not in self._uses:
            self._uses[key] = self.uses_of(place.definition.facts, place.file)
        return self._uses[key]

    def uses_of(self, facts: CodeFacts, file: FileDefinitions) -> _Uses:
        """Returns the definitions behind the names that some code uses, and its own methods."""
        places = [self.find(file, name) for name in sorted(facts.names & file.followed)]
        own = dict.fromkeys(call for call in facts.calls if call.startswith(_RECEIVERS))
        methods = dict.fromkeys(call.split(".", 2)[1] for call in own)
        return _Uses(tuple(filter(None, places)), tuple(methods))

    def conftests(self) -> list[FileDefinitions]:
        """The ``conftest.py`` files whose fixtures a test may request, the nearest first."""
        if self._conftests is None:
            self._conftests = []
            if self._file.path.suffix == ".py":
                for folder in self._file.path.absolute().parents[:_MAX_FOLDERS]:
                    found = read_definitions(folder / "conftest.py")
                    if found is not None:
                        self._conftests.append(found)
                    if folder.resolve() == self._root:
                        break
        return self._conftests


class _Search:
    """A breadth-first search from one test."""

    def __init__(self, code: ReachedCode, file: FileDefinitions, classes: Iterable[str]) -> None:
        self._code = code
        self._file = file
        self._reach = Reach()
        self._pending: deque[_Place] = deque()
        self._seen: set[int] = set()
        self._family: list[_Place] = []
        for name in classes:
            self._add_family(file, name, 0)

    def run(self, facts: CodeFacts, fixtures: Iterable[str]) -> Reach:
        self._follow(self._code.uses_of(facts, self._file), 0)
        for fixture in fixtures:
            self._request(fixture, self._file, 0)
        self._pending.extend(self._family)
        while self._pending and len(self._seen) < _MAX_DEFINITIONS:
            place = self._pending.popleft()
            if id(place.definition) in self._seen or place.steps > _MAX_STEPS:
                continue
            self._seen.add(id(place.definition))
            self._reach.definitions.append(place.definition)
            self._follow(self._code.uses(place), place.steps)
            for fixture in place.definition.fixtures:
                self._request(fixture, place.file, place.steps)
        return self._reach

    def _follow(self, uses: _Uses, steps: int) -> None:
        for place in uses.places:
            self._pending.append(place._replace(steps=steps + 1))
        for method in uses.methods:
            self._add_method(method, steps)

    def _add_method(self, name: str, steps: int) -> None:
        for member in self._family:
            method = member.definition.methods.get(name)
            if method is not None:
                self._pending.append(_Place(method, member.file, steps + 1))
                return

    def _add_family(self, file: FileDefinitions, name: str, steps: int) -> None:
        """Adds a class and its base classes, nearest first."""
        pending = deque([(file, name, steps)])
        while pending and len(self._family) < _MAX_DEFINITIONS:
            file, name, steps = pending.popleft()
            place = self._code.find(file, name)
            if place is None or any(m.definition is place.definition for m in self._family):
                continue
            self._family.append(_Place(place.definition, place.file, steps))
            for base in place.definition.bases:
                self._reach.bases.add(_qualified(place.file, base))
                pending.append((place.file, base, steps + 1))

    def _request(self, fixture: str, file: FileDefinitions, steps: int) -> None:
        """Adds a fixture and the definition that it has in the project."""
        if fixture in self._reach.fixtures:
            return
        self._reach.fixtures.add(fixture)
        for member in self._family:
            method = member.definition.methods.get(fixture)
            if method is not None:
                self._pending.append(_Place(method, member.file, steps))
                return
        for known in (file, self._file, *self._code.conftests()):
            place = self._code.find(known, fixture)
            if place is not None:
                self._pending.append(_Place(place.definition, place.file, steps))
                return
        self._reach.foreign_fixtures.add(fixture)


def _found(file: FileDefinitions, name: str, root: Path) -> _Place | None:
    pending = deque([(file, name)])
    for _ in range(_MAX_FILES):
        if not pending:
            break
        file, name = pending.popleft()
        definition = file.definitions.get(name)
        if definition is not None:
            return _Place(definition, file, 0)
        for module, member in _sources(file, name):
            support = file.support_file(module, root)
            if support is not None:
                pending.append((support, member))
    return None


def _sources(file: FileDefinitions, name: str) -> list[tuple[str, str]]:
    """Returns the modules that a name may be imported from, with its name there."""
    first, _dot, rest = name.partition(".")
    imported = file.origins.get(first)
    if imported is None:
        return [(module, name) for module in file.reexports]
    if not rest:
        return [(imported.module, imported.name)]
    is_module = imported.name not in {"", "default"}
    module = f"{imported.module}.{imported.name}" if is_module else imported.module
    return [(module, rest.rpartition(".")[2])]


def _qualified(file: FileDefinitions, name: str) -> str:
    first, _, rest = name.partition(".")
    imported = file.origins.get(first)
    if imported is None:
        return name
    return ".".join(filter(None, (imported.module, imported.name, rest)))
