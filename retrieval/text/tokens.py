"""Splits text into terms for the text index: identifiers as a whole and by their parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...models import WORD_BOUNDARY, split_identifiers

__all__ = [
    "STOP_WORDS",
    "TOKENIZER_VERSION",
    "all_words",
    "indexed_text",
    "query_terms",
    "split_words",
    "weighted_terms",
    "words_in",
]

# Recorded in the bank, whose text index is rebuilt when it changes.
TOKENIZER_VERSION = "1"
# More terms cost time and find nothing else (RELIABILITY section 3).
MAX_QUERY_TERMS = 64
MAX_QUERY_CHARS = 8_192

# Words that do not distinguish tests: English function words, and words in nearly every test and
# query. Dropping them improved the text leg on Python tests by 0.04 nDCG@10.
STOP_WORDS = frozenset(
    """a an and are as at be been being but by can could did do does for from had has have he how i
    if in into is it its may might my no not of on or our shall should so some such than that the
    their them then there these they this those to too us use used using very was we were what when
    where which while who whom why will with would you your
    test tests testing tested work works working javascript python typescript""".split()
)

_WORD = re.compile(r"\w+")


def indexed_text(text: str) -> str:
    """Returns the text with the parts of each camelCase identifier added after it.

    ``parseHTTPResponse`` becomes ``parseHTTPResponse parse HTTP Response``; snake_case and dotted
    names are split by FTS5's own tokenizer.
    """
    return _WORD.sub(_with_parts, _encodable(text))


def query_terms(text: str) -> list[str]:
    """Returns up to 64 distinct terms of a query, in order.

    Identifiers are terms as a whole and by their parts, as in ``indexed_text``. Stop words are
    dropped unless there are no other words.
    """
    words = list(dict.fromkeys(split_words(text[:MAX_QUERY_CHARS])))
    distinctive = [word for word in words if word not in STOP_WORDS]
    return (distinctive or words)[:MAX_QUERY_TERMS]


def split_words(text: str) -> list[str]:
    """Returns every word of a text in order, identifiers as a whole and by their parts."""
    return _WORD.findall(indexed_text(text).replace("_", " ").lower())


def all_words(text: str) -> set[str]:
    """Returns the distinct words of a text of any length, identifiers only by their parts."""
    return set(_WORD.findall(split_identifiers(text).lower()))


def words_in(text: str, words: Iterable[str]) -> set[str]:
    """Returns the lower-case words that occur in a text, alone or as part of an identifier.

    Searches for each word instead of splitting the text, ten times as fast for a few words.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # as for U+0130: positions in the two texts differ
        text = lowered
    return {word for word in words if _holds(text, lowered, word)}


def _holds(text: str, lowered: str, word: str) -> bool:
    start = lowered.find(word)
    while start >= 0:
        if _is_boundary(text, start) and _is_boundary(text, start + len(word)):
            return True
        start = lowered.find(word, start + 1)
    return False


def _is_boundary(text: str, place: int) -> bool:
    """Returns whether a word ends or begins at a position of a text, as in ``indexed_text``."""
    if place in (0, len(text)) or not (text[place - 1].isalnum() and text[place].isalnum()):
        return True
    return WORD_BOUNDARY.match(text, place) is not None


def weighted_terms(terms: Sequence[str]) -> list[str]:
    """Returns the terms with those that contain a digit repeated, which doubles their BM25.

    An encoder hardly distinguishes numbers, versions and numbered names, but a person who types one
    means exactly that. Measured with both legs and with text alone: bench/results/ranking.md.
    """
    return [*terms, *(term for term in terms if any(map(str.isdigit, term)))]


def _with_parts(match: re.Match[str]) -> str:
    word = match.group()
    if word.islower():  # most words have no parts
        return word
    parts = WORD_BOUNDARY.sub(" ", word)
    return word if parts == word else f"{word} {parts}"


def _encodable(text: str) -> str:
    """Returns the text without lone surrogates and NULs, which SQLite cannot bind or index."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
