"""Follows the names of a test through its file and its conftest files, nearest first."""

from __future__ import annotations

import builtins
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from ..found_test import FoundTest, Snippet
from ..languages.python_scopes import base_names
from .code_module import CodeModule
from .code_unit import Body, Unit
from .conftest_reach import ConftestReach, PlacedConftest

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["MAX_CONTEXT_LINES", "Container", "ContextReach", "class_opening"]

# Lines of code outside a test that go with it, imports aside: more would bury the test itself.
MAX_CONTEXT_LINES: Final = 60
# What a test reaches in its own class or block may take this many more: it cannot be imported.
_MAX_SETUP_LINES: Final = 60
# A file in a compiled language may take this many more: without a declaration it does not build.
_MAX_DECLARED_LINES: Final = 180
_MAX_FIRST_LINES = 12
_MAX_LEFT_OUT = 40
_MAX_IMPORTS = 100
_FIXTURE_CALL = re.compile(rb"usefixtures|getfixturevalue|lazy_fixture")
_QUOTED = re.compile(r"[\"'](\w+)[\"']")
_PLAIN_BASES = re.compile(r"(?:object|ABC|(?:\w+\.)*(?:unittest\.)?(?:IsolatedAsyncio)?TestCase)\Z")
_JSX_PRAGMA = re.compile(rb"@jsx(?:Frag)?\s+([A-Za-z_$][\w$]*)")
_MODULE_NAMES = frozenset({"__name__", "globals"})
_KNOWN = frozenset(dir(builtins)) | {"self", "cls"}


@dataclass(slots=True, eq=False)
class Container:
    """A file, class or block, and what a test reaches of it.

    Attributes:
        bases: The base classes of a class.
        unit: The class, if it is one that is taken in parts.
    """

    body: Body
    is_class: bool = False
    bases: tuple[str, ...] = ()
    unit: Unit | None = None
    taken: list[Unit] = field(default_factory=list)


class LeftOut(NamedTuple):
    """A unit that is not taken.

    Attributes:
        fits: Whether it would fit, but another statement of its names does not.
    """

    unit: Unit
    container: Container
    fits: bool = False


class ContextReach:
    """What a test reaches outside its own code.

    Args:
        module: The file of the test.
        conftests: The conftest files that apply to it, the nearest first.
        test: The test.

    Attributes:
        layers: What is taken of the levels around the test, the file first.
        bases: The classes of which only parts are taken.
        used: The names that are used of each import.
        conftest: What is taken of conftest files.
        left_out: What does not fit.
    """

    def __init__(
        self, module: CodeModule, conftests: Sequence[PlacedConftest], test: FoundTest
    ) -> None:
        self.used: dict[Unit, dict[str, None]] = {}
        self.bases: list[Container] = []
        self.left_out: list[LeftOut] = []
        self.layers = [
            Container(module.body_of(layer.body), module.is_python and place > 0, layer.bases)
            for place, layer in enumerate(test.layers)
        ]
        self._module = module
        self._test = test
        self._room = MAX_CONTEXT_LINES
        self._follows_names = True
        self._seen: set[Unit] = set()
        self._queue: deque[tuple[Container, Unit]] = deque()
        self._attributes: dict[str, None] = {}
        self._unknown: dict[str, None] = {}
        self.conftest = ConftestReach(module, conftests)
        self._collect()

    @property
    def _file(self) -> Container:
        return self.layers[0]

    @property
    def _classes(self) -> list[Container]:
        return [layer for layer in reversed(self.layers) if layer.is_class] + self.bases

    def _collect(self) -> None:
        test, inner = self._test, self.layers[:0:-1]
        always = self._file.body.always
        for container in inner:
            self._add(container, container.body.always)
        self._add(self._file, (unit for unit in always if unit.lines <= _MAX_FIRST_LINES))
        self._follow(self._file, test.node.start_byte, test.node.end_byte, test.style != "testcase")
        for place, layer in enumerate(test.layers):
            for snippet in (layer.opening, layer.closing):
                if snippet is not None:
                    self._follow(self.layers[place], snippet.start, snippet.end)
        self._drain()
        self._add(self._file, always)
        self._follows_names = False  # what a base class of another file may call
        for container in self._classes:
            if self._has_foreign_base(container):
                units = (unit for unit in container.body.units if not _is_test(unit))
                self._add(container, list(units)[:MAX_CONTEXT_LINES])
        self._drain()
        self._room = self.conftest.take_autouse(self._room)
        if not self._unknown.keys() <= _KNOWN:
            self._add(self._file, self._file.body.named.get("*", ()))
            self._drain()
        if self._module.is_python:
            self._keep_names_whole()

    def _keep_names_whole(self) -> None:
        """Leaves out every statement of a name if one of them does not fit.

        The name is imported from the original instead; statements that change it have run there.
        """
        file = self._file
        pending = [unit for unit, container, _ in self.left_out if container is file]
        while pending:
            left_out = pending.pop()
            for name in (*left_out.names, *left_out.effects):
                units = file.body.named.get(name, ())
                for unit in units if left_out in units else ():
                    if unit.kind != "import" and unit in file.taken:
                        file.taken.remove(unit)
                        self.left_out.append(LeftOut(unit, file, fits=True))
                        pending.append(unit)

    def _add(self, container: Container, units: Iterable[Unit]) -> None:
        for unit in units:
            if unit not in self._seen:
                self._seen.add(unit)
                self._queue.append((container, unit))

    def _drain(self) -> None:
        while self._queue:
            container, unit = self._queue.popleft()
            if not unit.start <= self._test.node.start_byte < unit.end:
                self._take(container, unit)

    def _take(self, container: Container, unit: Unit) -> None:
        if unit.imported is not None:
            container.taken.append(unit)
            self.used.setdefault(unit, dict.fromkeys(unit.names if unit.always else ()))
            return
        snippet = class_opening(unit) if unit.members is not None else Snippet.of(unit.node)
        lines = 1 if unit.members is not None or unit.kind == "import" else unit.lines
        if lines > self._room + self._spare(container, unit):
            if len(self.left_out) < _MAX_LEFT_OUT:
                self.left_out.append(LeftOut(unit, container))
            return
        self._room -= lines if unit.kind != "import" else 0
        container.taken.append(unit)
        self._follow(container, snippet.start, snippet.end, unit.requests)
        if unit.members is not None:
            self._enter(unit, unit.members)

    def _spare(self, container: Container, unit: Unit) -> int:
        """Returns how many lines a unit may take beyond the room that all share."""
        if container is self._file:
            return 0 if self._module.has_scopes else _MAX_DECLARED_LINES
        is_needed = unit.always or self._follows_names
        return _MAX_SETUP_LINES if is_needed and container.unit is None else 0

    def _enter(self, unit: Unit, members: Node) -> None:
        definition = unit.node.child_by_field_name("definition") or unit.node
        base = Container(self._module.body_of(members), True, base_names(definition), unit)
        self.bases.append(base)
        self._add(base, base.body.always)
        for name in self._attributes:
            self._add(base, base.body.named.get(name, ()))

    def _follow(self, container: Container, start: int, end: int, requests: bool = False) -> None:
        """Adds what the code between two bytes uses."""
        uses = self._module.uses
        for name in uses.names(start, end):
            self._want(container, name)
        code = self._module.source.code[start:end]
        if not self._module.is_python:
            if b"<" in code:  # JSX of the classic kind calls React
                for unit in self._file.body.named.get("React", ()):
                    self._use(self._file, unit, "React")
            for name in _JSX_PRAGMA.findall(code):
                self._want(container, name.decode())
            return
        for name in uses.attributes(start, end):
            if name not in self._attributes:
                self._attributes[name] = None
                for layer in self._classes:
                    self._add(layer, layer.body.named.get(name, ()))
        if requests:
            for name in uses.parameters(start, end):
                self._request(name)
        if _FIXTURE_CALL.search(code):
            for name in dict.fromkeys(_QUOTED.findall(code.decode("utf-8", "replace"))):
                self._request(name)

    def _want(self, container: Container, name: str) -> None:
        found = False
        for layer in (container, *reversed(self.layers)):
            units = layer.body.named.get(name, ())
            found = found or bool(units)
            for unit in units:
                self._use(layer, unit, name)
            if units and not self._module.is_python:
                return
        if not found:
            self._unknown[name] = None
            if name in _MODULE_NAMES:  # code that looks its names up at run time
                constants = [unit for unit in self._file.body.units if unit.kind == "constant"]
                self._add(self._file, constants[:MAX_CONTEXT_LINES])

    def _use(self, layer: Container, unit: Unit, name: str) -> None:
        if unit.imported is not None:
            if unit not in self.used and len(self.used) >= _MAX_IMPORTS:
                return
            self.used.setdefault(unit, {})[name] = None
        self._add(layer, (unit,))

    def _request(self, name: str) -> None:
        """Adds the fixture of this name, the nearest first, and those that it overrides."""
        for layer in chain(self._classes, (self._file,)):
            units = layer.body.fixtures.get(name, ())
            self._add(layer, units)
            if units and not any(self._overrides(unit, name) for unit in units):
                return
        imports = [u for u in self._file.body.named.get(name, ()) if u.kind == "import"]
        for unit in imports:
            self._use(self._file, unit, name)
        if not imports:
            self._room = self.conftest.take(name, self._room)

    def _overrides(self, unit: Unit, name: str) -> bool:
        return name in self._module.uses.parameters(unit.start, unit.end)

    def _has_foreign_base(self, layer: Container) -> bool:
        """Returns whether a class has a base class, not TestCase itself, from another file."""
        for base in layer.bases:
            named = self._file.body.named.get(base.partition(".")[0], ())
            is_foreign = all(unit.kind == "import" for unit in named)
            if is_foreign and not _PLAIN_BASES.match(base):
                return True
        return False


def _is_test(unit: Unit) -> bool:
    return unit.kind == "helper" and any(name.startswith("test") for name in unit.names)


def class_opening(unit: Unit) -> Snippet:
    """Returns the line of a class, up to its colon, with its decorators."""
    definition = unit.node.child_by_field_name("definition") or unit.node
    colons = [child for child in definition.children if child.type == ":"]
    return Snippet.of(unit.node, end=colons[-1].end_byte if colons else unit.end)
