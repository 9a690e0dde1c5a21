"""Says whether a match is about what was asked for, or only the nearest that the bank has.

Scores order the answers of one query; they do not say whether any of them fits. What does is
measured in bench/results/strength.md: the cosine to the query, where the threshold of the encoder
is known, and the share of the query's words that the pattern has.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...schema import MatchStrength, TestPattern
from ..text.tokens import words_in

__all__ = ["match_strength", "query_words_in"]

# Share of the query's words from which a match is strong by its words alone.
STRONG_SHARE = 2 / 3
# Characters of code scanned first; scanning ten whole long tests would cost as much as the search
# itself.
MAX_SCANNED_CHARS = 2_000


def query_words_in(pattern: TestPattern, terms: Sequence[str], *, whole: bool = False) -> set[str]:
    """Returns the terms of a query that a pattern has as words.

    Args:
        whole: Scan all of a long test, not only its beginning.
    """
    code = pattern.code if whole else pattern.code[:MAX_SCANNED_CHARS]
    return words_in(" ".join((pattern.name, pattern.description, *pattern.tags, code)), terms)


def match_strength(
    pattern: TestPattern,
    terms: Sequence[str],
    words: set[str],
    *,
    cosine: float | None,
    strong_cosine: float | None,
) -> MatchStrength:
    """Returns whether a match is strong or weak.

    It is strong if its cosine reaches the threshold, or if it has every word of the query, as with
    an exact identifier. Without a cosine or a threshold, two thirds of the words are enough.

    Args:
        words: The terms that the beginning of the pattern has.
        cosine: Cosine to the query; None if it was not measured.
        strong_cosine: The encoder's threshold; None if it is not known.
    """
    share = STRONG_SHARE
    if cosine is not None and strong_cosine is not None:
        if cosine >= strong_cosine:
            return "strong"
        share = 1.0
    wanted = share * len(terms)
    if len(words) < wanted and len(pattern.code) > MAX_SCANNED_CHARS:
        words = query_words_in(pattern, terms, whole=True)
    return "strong" if terms and len(words) >= wanted else "weak"
