"""The full-text leg: BM25 of FTS5. Its raw numbers (negative, unbounded) do not leave this file."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from ...schema import PatternSearchCriteria, TestPattern
from ..words import index_words, match_expression
from .filters import json_text, pattern_conditions

__all__ = ["TextLeg", "index_columns"]

# Name, description, tags, code: a word in the name counts four times (bench/results/ranking.md).
# All are doubled, which is the same as BM25 with k1 = 0.6 instead of FTS5's fixed 1.2: a word that
# is repeated says less. FTS5 weighs the count itself, and 2f / (2f + 1.2 K) = f / (f + 0.6 K).
WEIGHTS = (8.0, 2.0, 2.0, 2.0)
_BM25 = f"bm25(patterns_fts, {', '.join(str(weight) for weight in WEIGHTS)})"


def index_columns(pattern: TestPattern) -> tuple[str, str, str, str]:
    """Returns the words of a pattern as the index holds them: name, description, tags, code."""
    code = "\n".join(pattern.examples) or pattern.template
    return (
        index_words(pattern.name),
        index_words(pattern.description),
        index_words(" ".join(pattern.tags)),
        index_words(code),
    )


class TextLeg:
    """The index ``patterns_fts`` on the connection of an open transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

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
        self, terms: Sequence[str], k: int, criteria: PatternSearchCriteria
    ) -> dict[int, float]:
        """Returns up to k row numbers that meet the criteria with their BM25, best first.

        A score is positive, higher is better; ties are broken by row number.
        """
        if not terms:
            return {}
        conditions = pattern_conditions(criteria)
        source = "patterns_fts"
        if conditions.clauses:
            source += " join patterns p on p.pattern_rowid = patterns_fts.rowid"
        rows = self._connection.execute(
            f"select patterns_fts.rowid, {_BM25} as bm25 from {source}"
            f" where patterns_fts match :expression{conditions.sql('and')}"
            " order by bm25, patterns_fts.rowid limit :k",
            {**conditions.values, "expression": match_expression(list(terms)), "k": k},
        )
        return {rowid: -bm25 for rowid, bm25 in rows}

    def scores(self, terms: Sequence[str], rowids: Sequence[int]) -> dict[int, float]:
        """Returns the BM25 of these rows, for those that hold any of the terms."""
        if not terms or not rowids:
            return {}
        # The plus keeps SQLite from running the whole match once for every row: 0.3 against 15 ms.
        rows = self._connection.execute(
            f"select rowid, {_BM25} from patterns_fts where patterns_fts match :expression"
            " and +rowid in (select value from json_each(:rowids))",
            {
                "expression": match_expression(list(terms)),
                "rowids": json_text(list(rowids)),
            },
        )
        return {rowid: -bm25 for rowid, bm25 in rows}
