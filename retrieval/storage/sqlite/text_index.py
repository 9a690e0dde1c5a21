"""The full-text leg: BM25 of FTS5. Its raw numbers (negative, unbounded) do not leave this file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

import apsw

from ....schema import PatternSearchCriteria, TestPattern
from ...text.pattern_text import code_of
from ...text.tokens import index_words, match_expression, weighted_terms
from .filter_plan import RowFilters
from .filter_sql import json_text
from .text_term_budget import ChosenTerms, TermChoice

__all__ = ["TextLeg", "index_columns"]

# Name, description, tags, code: a word in the name counts four times (bench/results/ranking.md).
WEIGHTS_ALONE = {"name": 4.0, "description": 1.0, "tags": 1.0, "code": 1.0}
# All doubled, which is the same as BM25 with k1 = 0.6 instead of FTS5's fixed 1.2: beside vectors,
# a word that is repeated says less. FTS5 weighs the count: 2f / (2f + 1.2 K) = f / (f + 0.6 K).
WEIGHTS = {column: 2 * weight for column, weight in WEIGHTS_ALONE.items()}
_BM25 = "bm25(patterns_fts, :name, :description, :tags, :code)"
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
        alone: Scores for a search by words alone, not beside vectors.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        choice: TermChoice | None = None,
        filters: RowFilters | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self._connection = connection
        self._alone = alone
        self._weights = WEIGHTS_ALONE if alone else WEIGHTS
        self._choice = choice
        self._filters = filters or RowFilters(connection)

    def alone(self) -> TextLeg:
        """Returns this leg with the scores of a search by words alone."""
        return TextLeg(self._connection, self._choice, self._filters, alone=True)

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
        self,
        terms: Sequence[str],
        k: int,
        criteria: PatternSearchCriteria,
        *,
        others: Collection[int] = (),
        least: int = 0,
    ) -> dict[int, float]:
        """Returns the BM25 of the best k rows that meet the criteria, and of ``others``.

        A score is positive, higher is better. Best first; ties are broken by row number.

        Args:
            others: Row numbers that another leg brought under the same criteria; they are scored
                where they hold a word.
            least: When the words that a search can pay for find fewer, all words are looked up.
        """
        if not terms:
            return {}
        chosen = self._chosen(terms)
        bm25 = self._candidates(chosen, k, criteria, others)
        if len(bm25) < min(k, least) and len(chosen.looked_up) < len(terms):
            return self._candidates(ChosenTerms.all_of(terms), k, criteria, others)
        return bm25

    def _candidates(
        self, chosen: ChosenTerms, k: int, criteria: PatternSearchCriteria, others: Collection[int]
    ) -> dict[int, float]:
        if chosen.looked_up == chosen.weighed:
            bm25, met = self._matching(chosen.looked_up, k, criteria, others)
        else:
            _, met = self._matching(chosen.looked_up, WEIGHED_PER_ANSWER * k, criteria)
            bm25 = self._best(chosen.weighed, among={*met, *others})
        best = set(islice((rowid for rowid in bm25 if rowid in met), k))
        return {rowid: bm25[rowid] for rowid in bm25 if rowid in best or rowid in others}

    def _chosen(self, terms: Sequence[str]) -> ChosenTerms:
        if self._choice is None:
            return ChosenTerms.all_of(terms)
        return self._choice.affordable(self._connection, terms, alone=self._alone)

    def _matching(
        self,
        terms: Sequence[str],
        k: int,
        criteria: PatternSearchCriteria,
        others: Collection[int] = (),
    ) -> tuple[dict[int, float], set[int]]:
        """Returns the BM25 of rows that hold any of the terms, those of ``others`` among them, and
        which of them are the best k that meet the criteria."""
        row_filter = self._filters.of(criteria)
        few = row_filter.tight() if row_filter is not None else None
        if row_filter is None or few is not None:
            found = self._best(terms, k, among=few, others=others)
            return found, set(islice(found, k))
        # A join visits the row of every document that matches, three times the work of scoring it.
        fetched = FETCHED_PER_ANSWER * k
        found = self._best(terms, fetched, others=others)
        met = row_filter.first_passing(list(found), k)
        if len(met) < k and len(found) >= fetched:
            found = self._best(terms, k, among=row_filter.every(), others=others)
            return found, set(islice(found, k))
        return found, set(met)

    def _best(
        self,
        terms: Sequence[str],
        k: int = -1,
        *,
        among: Iterable[int] | None = None,
        others: Collection[int] = (),
    ) -> dict[int, float]:
        """Returns the best k rows, or all, that hold any of the terms, and those of ``others``.

        Args:
            among: No other rows than these.
        """
        values: dict[str, str | int | float] = {
            **self._weights,
            "expression": match_expression(weighted_terms(terms)),
            "most": k if k < 0 else k + len(others),
        }
        condition = first = ""
        if among is not None:
            # The plus keeps SQLite from running the match once for every row: 0.3 against 15 ms.
            condition = " and +rowid in (select value from json_each(:among))"
            values["among"] = json_text(list(among))
        if others:  # they come first, so that the limit, which spares fetching the rest, keeps them
            first = "+rowid in (select value from json_each(:others)) desc, "
            values["others"] = json_text(list(others))
        rows = self._connection.execute(
            f"select rowid, {_BM25} as bm25 from patterns_fts"
            f" where patterns_fts match :expression{condition}"
            f" order by {first}bm25, rowid limit :most",
            values,
        )
        found = sorted(rows, key=lambda row: (row[1], row[0])) if others else rows
        return {rowid: -bm25 for rowid, bm25 in found}
