"""Defines the units that code outside a test is taken in: statements, and the bodies of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ....schema.records.pattern_parts import ContextKind
from ...text.syntax_tree import line_count

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Body", "ImportCode", "Unit", "leftmost_name"]

# A line of more bytes counts as several, so that minified code does not count as short.
_LINE_BYTES = 120
_MAX_ALWAYS = 60
_MAX_LINKS = 64
_CHAINS = frozenset({"attribute", "call", "call_expression", "member_expression", "subscript"})


@dataclass(frozen=True, slots=True)
class ImportCode:
    """An import that can be reduced to the names that are used.

    Attributes:
        opening: The code before the names: ``from a import ``.
        names: The code of each name, such as ``b as c``, by the name that it binds.
        closing: The code after the names.
        module: The module that a Python import names, dots included.
    """

    opening: str
    names: Mapping[str, str]
    closing: str = ""
    module: str = ""


@dataclass(slots=True, eq=False)
class Unit:
    """A statement that is taken as a whole, or left out.

    Attributes:
        node: The statement, with its decorators.
        names: The names that it defines.
        always: Whether it matters to every test of its scope: setup, marks, module skips.
        effects: Names whose values it changes.
        fixture: The name under which a test requests it, if it is a fixture.
        requests: Whether its parameters are fixtures.
        imported: Its code, if it is a plain import.
        members: The body of a class with tests, of which only what is used is taken.
    """

    node: Node
    kind: ContextKind
    names: tuple[str, ...] = ()
    always: bool = False
    effects: tuple[str, ...] = ()
    fixture: str = ""
    requests: bool = False
    imported: ImportCode | None = None
    members: Node | None = None

    @property
    def start(self) -> int:
        """The first byte."""
        return self.node.start_byte

    @property
    def end(self) -> int:
        """The byte after the last."""
        return self.node.end_byte

    @property
    def lines(self) -> int:
        """The number of lines; of overlong lines, what they would take wrapped."""
        return max(line_count(self.node), (self.end - self.start) // _LINE_BYTES)


@dataclass(slots=True)
class Body:
    """The statements of a file, class or block.

    Attributes:
        units: Them all, in order.
        named: The units that define a name or change its value.
        fixtures: The fixtures by the name under which they are requested.
        always: The first units that matter to every test.
    """

    units: list[Unit]
    named: dict[str, list[Unit]] = field(default_factory=dict)
    fixtures: dict[str, list[Unit]] = field(default_factory=dict)
    always: list[Unit] = field(default_factory=list)

    @classmethod
    def of(cls, units: Iterable[Unit]) -> Body:
        """Returns the body with these units."""
        body = cls(list(units))
        variables = {
            name
            for unit in body.units
            if unit.kind in {"constant", "fixture"}
            for name in unit.names
        }
        for unit in body.units:
            effects = [name for name in unit.effects if name in variables]
            if unit.effects and not effects and not unit.names:
                unit.always = True
            for name in dict.fromkeys((*unit.names, *effects)):
                body.named.setdefault(name, []).append(unit)
            if unit.fixture:
                body.fixtures.setdefault(unit.fixture, []).append(unit)
            if unit.always and len(body.always) < _MAX_ALWAYS:
                body.always.append(unit)
        return body


def leftmost_name(node: Node | None) -> Node | None:
    """Returns ``a`` of ``a.b(c)[0].d``, or None if another expression is there."""
    for _ in range(_MAX_LINKS):
        if node is None or node.type == "identifier":
            return node
        if node.type not in _CHAINS and node.type != "subscript_expression":
            return None
        node = node.named_children[0] if node.named_child_count else None
    return None
