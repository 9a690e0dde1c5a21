"""Words for the full-text index: identifiers are found whole and by their parts."""

from __future__ import annotations

import re

__all__ = ["WORDS_VERSION", "all_words", "index_words", "match_expression", "query_terms"]

# Recorded with the bank; when this number differs, the index is made anew.
WORDS_VERSION = "1"
# RELIABILITY section 3: more terms than this cost time and add nothing.
MAX_QUERY_TERMS = 64
MAX_QUERY_CHARS = 8_192

_WORD = re.compile(r"\w+")
# Between a lower-case letter or digit and an upper-case letter; between an acronym and a word.
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def index_words(text: str) -> str:
    """Returns the text with the parts of each camelCase identifier added after it.

    ``parseHTTPResponse`` becomes ``parseHTTPResponse parse HTTP Response``; snake_case and dotted
    names are split by FTS5's own tokenizer.
    """
    return _WORD.sub(_with_parts, _encodable(text))


def query_terms(text: str) -> list[str]:
    """Returns the distinct words of a query in order, identifiers split; at most 64."""
    return list(dict.fromkeys(_split_words(text[:MAX_QUERY_CHARS])))[:MAX_QUERY_TERMS]


def all_words(text: str) -> set[str]:
    """Returns every distinct word of a text of any length, identifiers split."""
    return set(_split_words(text))


def match_expression(terms: list[str]) -> str:
    """Returns the FTS5 expression that matches any of the terms; each is quoted, so any is legal.

    Raises:
        ValueError: There are no terms; FTS5 has no expression that matches nothing.
    """
    if not terms:
        raise ValueError("terms must hold at least one word, got none")
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)


def _with_parts(match: re.Match[str]) -> str:
    word = match.group()
    parts = _CAMEL.sub(" ", word)
    return word if parts == word else f"{word} {parts}"


def _split_words(text: str) -> list[str]:
    return _WORD.findall(_CAMEL.sub(" ", _encodable(text).replace("_", " ")).lower())


def _encodable(text: str) -> str:
    """Returns the text without lone surrogates and NULs, which SQLite cannot bind or index."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
