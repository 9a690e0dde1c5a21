"""The full-text leg: BM25 of FTS5. Its raw numbers (negative, unbounded) do not leave this file."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from ...schema import PatternSearchCriteria, TestPattern
from ..pattern_text import code_of
from ..words import index_words, match_expression
from .filters import json_text
from .row_filter import RowFilters
from .term_choice import ChosenTerms, TermChoice

__all__ = ["TextLeg", "index_columns"]

# Name, description, tags, code: a word in the name counts four times (bench/results/ranking.md).
# All are doubled, which is the same as BM25 with k1 = 0.6 instead of FTS5's fixed 1.2: a word that
# is repeated says less. FTS5 weighs the count itself, and 2f / (2f + 1.2 K) = f / (f + 0.6 K).
WEIGHTS = (8.0, 2.0, 2.0, 2.0)
_BM25 = f"bm25(patterns_fts, {', '.join(str(weight) for weight in WEIGHTS)})"
# Fetched for each answer under a filter that many rows meet, so that enough of them do.
FETCHED_PER_ANSWER = 6
# Of the documents that rare words bring, those that the other words may still lift.
WEIGHED_PER_ANSWER = 4


def index_columns(pattern: TestPattern) -> tuple[str, str, str, str]:
    """Returns the words of a pattern as the index holds them: name, description, tags, code."""
    return (
        index_words(pattern.name),
        index_words(pattern.description),
        index_words(" ".join(pattern.tags)),
        index_words(code_of(pattern)),
    )


class TextLeg:
    """The index ``patterns_fts`` on the connection of an open transaction.

    Args:
        choice: Chooses the words of a query that a search can pay for; without one, all count.
        filters: Those of the transaction, shared with the other leg.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        choice: TermChoice | None = None,
        filters: RowFilters | None = None,
    ) -> None:
        self._connection = connection
        self._choice = choice
        self._filters = filters or RowFilters(connection)

    def put(self, rowid: int, pattern: TestPattern) -> None:
        """Writes a pattern's words, in place of those it had."""
        name, description, tags, code = index_columns(pattern)
        values = {
            "rowid": rowid,
            "name": name,
            "description": description,
            "tags": tags,
            "code": code,
        }
        self._connection.execute("delete from patterns_fts where rowid = :rowid", {"rowid": rowid})
        self._connection.execute(
            "insert into patterns_fts (rowid, name, description, tags, code)"
            " values (:rowid, :name, :description, :tags, :code)",
            values,
        )

    def delete(self, rowid: int) -> None:
        """Removes a pattern's words."""
        self._connection.execute("delete from patterns_fts where rowid = :rowid", {"rowid": rowid})

    def clear(self) -> None:
        """Removes all words."""
        self._connection.execute("delete from patterns_fts")

    def candidates(
        self, terms: Sequence[str], k: int, criteria: PatternSearchCriteria, *, least: int = 0
    ) -> dict[int, float]:
        """Returns up to k row numbers that meet the criteria with their BM25, best first.

        A score is positive, higher is better; ties are broken by row number.

        Args:
            least: When the words that a search can pay for find fewer, all words are looked up.
        """
        if not terms:
            return {}
        chosen = self._chosen(terms)
        if chosen.looked_up == chosen.weighed:
            found = self._matching(chosen.looked_up, k, criteria)
        else:
            best = self._matching(chosen.looked_up, WEIGHED_PER_ANSWER * k, criteria)
            found = self._best(chosen.weighed, k, among=list(best))
        if len(found) < min(k, least) and len(chosen.looked_up) < len(terms):
            return self._matching(terms, k, criteria)
        return found

    def scores(self, terms: Sequence[str], rowids: Sequence[int]) -> dict[int, float]:
        """Returns the BM25 of these rows, for those that hold any of the terms."""
        if not terms or not rowids:
            return {}
        return self._best(self._chosen(terms).weighed, len(rowids), among=rowids)

    def _chosen(self, terms: Sequence[str]) -> ChosenTerms:
        if self._choice is None:
            return ChosenTerms(tuple(terms), tuple(terms))
        return self._choice.affordable(self._connection, terms)

    def _matching(
        self, terms: Sequence[str], k: int, criteria: PatternSearchCriteria
    ) -> dict[int, float]:
        """Returns the best k that hold any of the terms and meet the criteria."""
        row_filter = self._filters.of(criteria)
        if row_filter is None:
            return self._best(terms, k)
        few = row_filter.tight()
        if few is not None:
            return self._best(terms, k, among=few)
        # A join visits the row of every document that matches, three times the work of scoring it.
        fetched = FETCHED_PER_ANSWER * k
        best = self._best(terms, fetched)
        passing = row_filter.passing(list(best))
        if len(passing) < k and len(best) == fetched:
            return self._best(terms, k, among=row_filter.every())
        met = [(rowid, bm25) for rowid, bm25 in best.items() if rowid in passing]
        return dict(met[:k])

    def _best(
        self, terms: Sequence[str], k: int, among: Sequence[int] | None = None
    ) -> dict[int, float]:
        """Returns the best k that hold any of the terms, all of them or among these rows."""
        values: dict[str, str | int] = {"expression": match_expression(list(terms)), "k": k}
        condition = ""
        if among is not None:
            # The plus keeps SQLite from running the match once for every row: 0.3 against 15 ms.
            condition = " and +rowid in (select value from json_each(:among))"
            values["among"] = json_text(list(among))
        rows = self._connection.execute(
            f"select rowid, {_BM25} as bm25 from patterns_fts"
            f" where patterns_fts match :expression{condition} order by bm25, rowid limit :k",
            values,
        )
        return {rowid: -bm25 for rowid, bm25 in rows}
