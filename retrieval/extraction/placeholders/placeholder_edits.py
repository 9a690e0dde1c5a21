"""Replaces the literals that a user of a pattern may fill in with named placeholders.

A placeholder is named after what its literal is: a parameter, a key, an assigned variable, what it
is compared with. Literals that are structure rather than data stay: 0, 1, 2, "", strings of one or
two letters (open modes, axes), keys, interpolated strings, tagged templates, titles of tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....schema.records.pattern_parts import PlaceholderRole
from ....schema.records.patterns import Language
from .literal_groups import fillable_groups
from .literal_sense import LiteralSense, literal_sense
from .literal_sites import LiteralSite, literal_sites
from .parameter_names import ParameterNames
from .placeholder_names import PlaceholderNames, identifier

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Edit", "LiteralSenses", "placeholder_edits"]


@dataclass(frozen=True, slots=True)
class Edit:
    """The replacement of bytes ``start`` to ``end`` by a placeholder."""

    start: int
    end: int
    name: str
    role: PlaceholderRole


class LiteralSenses:
    """What the literals of a file are; computed once, since its tests share their setup.

    Args:
        language: The language of the file.
        parameters: The parameters of the functions that it defines.
    """

    def __init__(self, language: Language, parameters: ParameterNames) -> None:
        self._language = language
        self._parameters = parameters
        self._senses: dict[tuple[int, int], LiteralSense] = {}

    def of(self, site: LiteralSite) -> LiteralSense:
        """Returns what a literal is."""
        node = site.place.node
        key = (node.start_byte, node.end_byte)
        if key not in self._senses:
            self._senses[key] = literal_sense(site.place, self._parameters, self._language)
        return self._senses[key]

    def number_name(self, site: LiteralSite) -> str:
        """Returns the name by which equal numbers are related."""
        return identifier(self.of(site).name).removeprefix("expected_")


def placeholder_edits(
    nodes: Iterable[Node], keep: Iterable[Node], senses: LiteralSenses, *, outside: str = ""
) -> list[Edit]:
    """Returns the edits that turn the literals under the nodes into placeholders, in source order.

    Args:
        nodes: The code of a test, context first; placeholders are named in this order.
        keep: Nodes to leave as they are (titles, docstrings).
        senses: What the literals of the file are.
        outside: Code of the template outside the nodes.
    """
    names = PlaceholderNames()
    edits: list[Edit] = []
    for group in fillable_groups(literal_sites(nodes, keep), outside, senses.number_name):
        best = _best(group, list(map(senses.of, group)))
        name = names.unique(best.name)
        edits += [
            Edit(site.place.node.start_byte, site.place.node.end_byte, name, best.role)
            for site in group
        ]
    return sorted(edits, key=lambda edit: edit.start)


def _best(sites: Sequence[LiteralSite], senses: Sequence[LiteralSense]) -> LiteralSense:
    """Returns the first sense that says something, of an input before that of a result."""
    said = [m for site, m in zip(sites, senses, strict=True) if not site.is_key]
    telling = [m for m in said if not m.is_generic] or said
    given = next((m for m in telling if m.role != "expected"), None)
    if given is not None:
        return given
    first = next((m for m in said if m.role != "expected"), None)
    if first is None:
        return telling[0]
    # An input that is named after what it is compared with is no expected value.
    name = telling[0].name.removeprefix("expected ")
    return LiteralSense(name, first.role, telling[0].is_generic)
