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

__all__ = ["Edit", "placeholder_edits"]


@dataclass(frozen=True, slots=True)
class Edit:
    """The replacement of bytes ``start`` to ``end`` by a placeholder."""

    start: int
    end: int
    name: str
    role: PlaceholderRole


def placeholder_edits(
    nodes: Iterable[Node],
    keep: Iterable[Node],
    *,
    language: Language,
    parameters: ParameterNames,
    outside: str = "",
) -> list[Edit]:
    """Returns the edits that turn the literals under the nodes into placeholders, in source order.

    Args:
        nodes: The code of a test, context first; placeholders are named in this order.
        keep: Nodes to leave as they are (titles, docstrings).
        language: The language of the code.
        parameters: The parameters of the functions that the file defines.
        outside: Code of the template outside the nodes.
    """
    senses: dict[int, LiteralSense] = {}

    def sense(site: LiteralSite) -> LiteralSense:
        key = site.place.node.start_byte
        if key not in senses:
            senses[key] = literal_sense(site.place, parameters, language)
        return senses[key]

    def number_name(site: LiteralSite) -> str:
        return identifier(sense(site).name).removeprefix("expected_")

    names = PlaceholderNames()
    edits: list[Edit] = []
    for group in fillable_groups(literal_sites(nodes, keep), outside, number_name):
        best = _best(group, [sense(site) for site in group])
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
