"""Which words of a query are looked up: the rare ones, as many as a search can pay for.

FTS5 counts, visits and scores every document that holds a word: about 0.5 µs each, 46 ms for a
question of eight words in a bank of 100,000, nearly all of it for words that say nothing since they
stand in a quarter of the bank. So words are taken by rarity while the documents that hold them are
within a budget. A bank below a few thousand patterns never comes near it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

import apsw

from ..words import match_expression

__all__ = ["DOCUMENT_BUDGET", "TermChoice"]

# Documents over all words of a query: bench/results/latency.md.
DOCUMENT_BUDGET: Final = 6_000
# BM25 gives a word that more than half of all documents hold no weight (FTS5 makes it 0.000001), so
# leaving it out changes no score. Below this size it may be what makes a pattern an answer at all.
LEAST_DOCUMENTS: Final = 1_000
# About 3 MB of words.
MAX_KNOWN: Final = 20_000
# Counts may be so old: they choose words, they do not score.
OUTDATED_SHARE: Final = 0.02


class TermChoice:
    """Chooses words, and remembers how many documents hold each; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frequencies: dict[str, int] = {}
        self._size = 0

    def affordable(self, connection: apsw.Connection, terms: Sequence[str]) -> list[str]:
        """Returns the words to look up, in the order given; the rarest one always.

        Words that no document holds are left out, unless there is no other.
        """
        size = int(connection.execute("select max(rowid) from patterns_fts_docsize").get or 0)
        with self._lock:
            if abs(size - self._size) > OUTDATED_SHARE * self._size:
                self._frequencies.clear()
                self._size = size
            if len(self._frequencies) > MAX_KNOWN:
                self._frequencies.clear()
            known = dict.fromkeys(terms, 0) | {
                term: self._frequencies[term] for term in terms if term in self._frequencies
            }
            missing = [term for term in known if term not in self._frequencies]
        counted = {term: _frequency(connection, term) for term in missing}
        if counted:
            known |= counted
            with self._lock:
                self._frequencies |= counted
        return _chosen(known, size)


def _chosen(frequencies: dict[str, int], size: int) -> list[str]:
    present = sorted((count, term) for term, count in frequencies.items() if count)
    if not present:
        return list(frequencies)
    most = size // 2 if size >= LEAST_DOCUMENTS else size
    chosen = {present[0][1]}
    spent = present[0][0]
    for count, term in present[1:]:
        if count > most or spent + count > DOCUMENT_BUDGET:
            break
        spent += count
        chosen.add(term)
    return [term for term in frequencies if term in chosen]


def _frequency(connection: apsw.Connection, term: str) -> int:
    """Returns how many documents hold a word; counted no further than the budget goes."""
    count: int = connection.execute(
        "select count(*) from (select 1 from patterns_fts"
        " where patterns_fts match :expression limit :most)",
        {"expression": match_expression([term]), "most": DOCUMENT_BUDGET + 1},
    ).get
    return count
