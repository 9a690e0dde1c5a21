"""Recognises strings of a kind: URLs, e-mail addresses, paths, selectors."""

from __future__ import annotations

import re
from typing import Final

from ...text.syntax_tree import node_text
from .literal_place import STRING_TYPES, Place, string_body

__all__ = ["TARGET_KINDS", "literal_kind"]

# Longer texts have no kind: each literal reads its text again.
_MAX_KIND_BYTES = 2_000
TARGET_KINDS: Final = frozenset({"ip_address", "path", "selector", "url"})
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("url", re.compile(r"(?:https?|wss?|ftp)://\S+\Z")),
    ("http_method", re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\Z")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+\Z")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?\Z")),
    ("mime_type", re.compile(r"(?:application|audio|font|image|multipart|text|video)/[\w.+*-]+")),
    ("selector", re.compile(r"[#.][A-Za-z][\w-]*(?:[ .#>:\[].*)?\Z|[a-z]*\[[\w-]+.*\].*\Z")),
    ("ip_address", re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")),
    ("path", re.compile(r"(?:\.{0,2}/)?[\w.@-]+(?:/[\w.@-]*)+\Z|/\Z|[\w-]+\.[a-z]{2,4}\Z")),
)


def literal_kind(place: Place) -> str:
    """Returns what kind of text a string is, or an empty text."""
    node = place.node
    if place.kind not in STRING_TYPES or node.end_byte - node.start_byte > _MAX_KIND_BYTES:
        return ""
    body = string_body(node_text(node))
    return next((kind for kind, pattern in _KINDS if pattern.match(body)), "")
