"""Builds the texts of a pattern to embed, to index and to hash, and the text of a query."""

from __future__ import annotations

import hashlib
import re

import msgspec

from ...schema import PatternSearchContext, TestPattern

__all__ = [
    "body_of",
    "content_hash",
    "context_query",
    "embedded_text",
    "is_from",
    "source_path",
    "text_hash",
]

# Maximum number of names taken from a source file into a query.
MAX_DEFINED_NAMES = 24
MAX_SOURCE_CHARS = 200_000


def body_of(pattern: TestPattern) -> str:
    """Returns the body of a pattern: its code, or its description if it has none."""
    return pattern.code or pattern.description


def embedded_text(pattern: TestPattern) -> str:
    """Returns the text to embed: name, description and code, without repetition."""
    code = pattern.code
    known = " ".join(code.split())
    parts = [part for part in (pattern.name, pattern.description) if " ".join(part.split())]
    return "\n".join([part for part in parts if " ".join(part.split()) not in known] + [code])


def text_hash(text: str) -> str:
    """Returns the SHA-256 of an embedded text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def content_hash(pattern: TestPattern) -> str:
    """Returns the SHA-256 of everything except counters, times and places, in hex."""
    content: tuple[object, ...] = (
        pattern.id,
        pattern.name,
        pattern.description,
        pattern.category,
        pattern.framework,
        pattern.language,
        pattern.template,
        list(pattern.examples),
        sorted(pattern.tags),
        pattern.confidence,
    )
    if pattern.context or pattern.placeholders:  # patterns of earlier versions have neither
        context = [(part.kind, part.name, part.code) for part in pattern.context]
        content += (context, pattern.placeholders)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def context_query(context: PatternSearchContext) -> str:
    """Returns the query text of a context: query, keywords, and names defined in its source."""
    names = _defined_names(context) if context.source_code else []
    distinct = list(dict.fromkeys(name for name in names if len(name) > 2))[:MAX_DEFINED_NAMES]
    parts = (context.query, context.code_type, *context.keywords, *distinct)
    return " ".join(part.strip() for part in parts if part.strip())


def source_path(source: str) -> str:
    """Returns the path of a pattern's source, ``path:line``."""
    path, _, line = source.rpartition(":")
    return path if line.isdigit() and path else source


def _defined_names(context: PatternSearchContext) -> list[str]:
    """Returns the names that the source code defines, in order; by the rules of its language."""
    from ...schema.frameworks.declarations import declarations, language_named

    language = context.language
    languages = [language_named(language)] if language else declarations().languages
    text = context.source_code[:MAX_SOURCE_CHARS]
    rules = {each.definitions for each in languages if each.definitions}
    found = {match.start(1): match[1] for rule in rules for match in re.finditer(rule, text)}
    return [found[start] for start in sorted(found)]


def is_from(source: str | None, place: str) -> bool:
    """Returns whether a pattern's source, ``path:line``, is or is in a file or folder."""
    if not (source and place):
        return False
    path = source_path(source)
    return place in (path, source) or path.startswith(place.rstrip("/") + "/")
