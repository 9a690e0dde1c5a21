"""Searches and writes the full-text index, scored by the BM25 of FTS5.

FTS5's raw scores (negative, lower is better) do not leave this file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

import apsw

from ....schema import Database, TestPattern, known_migrations
from ...text.tokens import indexed_text, weighted_terms
from .filter_plan import FilterPlan
from .storage_tuning import StorageTuning
from .text_term_budget import ChosenTerms, TermBudget

__all__ = [
    "TextIndex",
    "create_text_index",
    "delete_text",
    "erase_deleted_text",
    "has_deleted_text",
    "index_columns",
    "match_expression",
    "merge_text_index",
    "note_deleted_text",
    "optimize_text_index",
    "put_text",
    "segment_pages",
]

# Of name, description, tags and code: a term in the name counts four times
# (bench/results/ranking.md).
WEIGHTS_ALONE = {"name": 4.0, "description": 1.0, "tags": 1.0, "code": 1.0}
# Next to vectors, repetition of a term matters less, as with k1 = 0.6 instead of FTS5's fixed 1.2.
# Doubling all weights has that effect: 2f / (2f + 1.2 K) = f / (f + 0.6 K).
WEIGHTS = {column: 2 * weight for column, weight in WEIGHTS_ALONE.items()}
_BM25 = "bm25(patterns_fts, :name, :description, :tags, :code)"
# Rows fetched per answer under a loose filter, so that enough of them pass.
FETCHED_PER_ANSWER = 6
# Rows per answer, retrieved by rare terms, that the other terms score as well.
WEIGHED_PER_ANSWER = 4

# The fact that the index contains terms of deleted patterns.
DELETED_TEXT = "deleted_text"
_STATEMENT = re.compile(r"^create virtual table patterns_fts .*?;$", re.MULTILINE | re.DOTALL)


def create_text_index(connection: apsw.Connection) -> None:
    """Replaces ``patterns_fts`` by an empty table, as its migration created it."""
    statements = [found for step in known_migrations() for found in _STATEMENT.findall(step.sql)]
    connection.execute("drop table if exists patterns_fts")
    connection.execute(statements[-1])


def optimize_text_index(connection: apsw.Connection) -> None:
    """Merges the index to one segment; terms of deleted patterns may stay in it.

    https://sqlite.org/fts5.html#the_optimize_command
    """
    connection.execute("insert into patterns_fts (patterns_fts) values ('optimize')")


def erase_deleted_text(connection: apsw.Connection) -> None:
    """Rebuilds the index from its rows, without the terms of deleted and earlier texts.

    Merging is ten times faster and not enough: FTS5 keeps the mark of a deletion, which has the
    term, unless it takes the result for the oldest segment.

    https://sqlite.org/fts5.html#the_rebuild_command
    """
    connection.execute("insert into patterns_fts (patterns_fts) values ('rebuild')")
    connection.execute("delete from bank_facts where key = :key", {"key": DELETED_TEXT})


def has_deleted_text(connection: apsw.Connection) -> bool:
    """Returns whether the index contains terms of deleted patterns."""
    query = "select 1 from bank_facts where key = :key"
    return connection.execute(query, {"key": DELETED_TEXT}).get is not None


def index_columns(pattern: TestPattern) -> tuple[str, str, str, str]:
    """Returns the indexed text of a pattern: name, description, tags, code."""
    return (
        indexed_text(pattern.name),
        indexed_text(pattern.description),
        indexed_text(" ".join(pattern.tags)),
        indexed_text(pattern.code),
    )


def put_text(connection: apsw.Connection, rowid: int, pattern: TestPattern) -> None:
    """Indexes the text of a pattern, replacing its earlier text."""
    delete_text(connection, rowid)
    connection.execute(
        "insert into patterns_fts (rowid, name, description, tags, code) values (?, ?, ?, ?, ?)",
        (rowid, *index_columns(pattern)),
    )


def delete_text(connection: apsw.Connection, rowid: int) -> None:
    """Removes a pattern from the index."""
    connection.execute("delete from patterns_fts where rowid = :rowid", {"rowid": rowid})


def note_deleted_text(connection: apsw.Connection) -> None:
    """Records that the index contains terms of deleted patterns, until they are erased.

    FTS5 could remove them at once (``secure-delete``), but SQLite before 3.42 cannot read such an
    index, and rebuilding it after each deletion takes seconds in a large bank.
    https://sqlite.org/fts5.html#the_secure_delete_configuration_option
    """
    connection.execute(
        "insert into bank_facts (key, value) values (:key, 'yes') on conflict (key) do nothing",
        {"key": DELETED_TEXT},
    )


class TextIndex:
    """Full-text search inside one transaction.

    Args:
        budget: Chooses the terms that a search can afford; None uses all.
        row_filter: The filter that rows must pass; None for no filter.
        alone: Score for the text leg alone, not next to vectors.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        budget: TermBudget | None = None,
        row_filter: FilterPlan | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self._connection = connection
        self._budget = budget
        self._filter = row_filter
        self._alone = alone

    def candidates(
        self, terms: Sequence[str], k: int, *, others: Collection[int] = (), limit: int = 0
    ) -> dict[int, float]:
        """Returns the BM25 of the best k rows that pass the filter, and of ``others``.

        Scores are positive, higher is better. Best first; ties are broken by row number.

        Args:
            others: Rows that the vector leg found under the same filter; scored if they contain a
                term.
            limit: If the affordable terms find fewer rows than this, all terms are used.
        """
        if not terms:
            return {}
        every = tuple(terms)
        chosen = self._chosen(every)
        bm25 = self._candidates(chosen, k, others)
        if len(bm25) < min(k, limit) and len(chosen.retrieving) < len(terms):
            return self._candidates(ChosenTerms(every, every), k, others)
        return bm25

    def _chosen(self, terms: tuple[str, ...]) -> ChosenTerms:
        """Returns the terms that this search can afford: all of them in a small bank."""
        if self._budget is None:
            return ChosenTerms(terms, terms)
        last = "select max(rowid) from patterns_fts_docsize"
        size = int(self._connection.execute(last).get or 0)
        if size * len(terms) <= self._budget.free_documents:
            return ChosenTerms(terms, terms)
        return self._budget.choose(terms, size, self.count_documents, alone=self._alone)

    def count_documents(self, term: str, max_count: int) -> int:
        """Returns the number of documents that contain a term, up to ``max_count``."""
        count: int = self._connection.execute(
            "select count(*) from (select 1 from patterns_fts"
            " where patterns_fts match :expression limit :max_count)",
            {"expression": match_expression([term]), "max_count": max_count},
        ).get
        return count

    def _candidates(self, chosen: ChosenTerms, k: int, others: Collection[int]) -> dict[int, float]:
        if chosen.retrieving == chosen.scoring:
            bm25, passing = self._matching(chosen.retrieving, k, others)
        else:
            _, passing = self._matching(chosen.retrieving, WEIGHED_PER_ANSWER * k)
            bm25 = self._best(chosen.scoring, among={*passing, *others})
        best = set(islice((rowid for rowid in bm25 if rowid in passing), k))
        return {rowid: bm25[rowid] for rowid in bm25 if rowid in best or rowid in others}

    def _matching(
        self, terms: Sequence[str], k: int, others: Collection[int] = ()
    ) -> tuple[dict[int, float], set[int]]:
        """Returns the BM25 of rows that contain a term, and which are the best k that pass.

        The rows include those of ``others`` that contain a term.
        """
        few = self._filter.tight() if self._filter is not None else None
        if self._filter is None or few is not None:
            found = self._best(terms, k, among=few, others=others)
            return found, set(islice(found, k))
        # A join would visit the row of every matching document, three times the work of scoring it.
        fetched = FETCHED_PER_ANSWER * k
        found = self._best(terms, fetched, others=others)
        passing = self._filter.first_passing(list(found), k)
        if len(passing) < k and len(found) >= fetched:
            found = self._best(terms, k, among=self._filter.every(), others=others)
            return found, set(islice(found, k))
        return found, set(passing)

    def _best(
        self,
        terms: Sequence[str],
        k: int = -1,
        *,
        among: Iterable[int] | None = None,
        others: Collection[int] = (),
    ) -> dict[int, float]:
        """Returns the best k rows (or all) that contain any of the terms, and those of ``others``.

        Args:
            among: Consider only these rows.
        """
        values: dict[str, str | int | float] = {
            **(WEIGHTS_ALONE if self._alone else WEIGHTS),
            "expression": match_expression(weighted_terms(terms)),
            "limit": k if k < 0 else k + len(others),
        }
        condition = first = ""
        if among is not None:
            # The plus keeps SQLite from running the match once per row: 0.3 instead of 15 ms.
            condition = " and +rowid in (select value from json_each(:among))"
            values["among"] = str(list(among))  # ints print as JSON
        if others:  # sorted first, so that the limit keeps them
            first = "+rowid in (select value from json_each(:others)) desc, "
            values["others"] = str(list(others))
        rows = self._connection.execute(
            f"select rowid, {_BM25} as bm25 from patterns_fts"
            f" where patterns_fts match :expression{condition}"
            f" order by {first}bm25, rowid limit :limit",
            values,
        )
        found = sorted(rows, key=lambda row: (row[1], row[0])) if others else rows
        return {rowid: -bm25 for rowid, bm25 in found}


def match_expression(terms: Sequence[str]) -> str:
    """Returns the FTS5 expression that matches any of the terms, of which there is at least one.

    Terms are quoted, so they may contain anything. A repeated term counts twice in BM25.
    https://sqlite.org/fts5.html#fts5_strings
    """
    return " OR ".join(['"' + term.replace('"', '""') + '"' for term in terms])


def merge_text_index(database: Database, tuning: StorageTuning) -> bool:
    """Merges all segments into one if that is worthwhile; returns whether it did.

    Each transaction adds a segment, and a search looks up every term in each segment. FTS5's
    automatic merging lags behind: a bank of 1,000 patterns stored in batches had 16 segments, one
    of 100,000 had ten. Merged into one, they answer 18 and 13 % faster at p95
    (bench/results/latency.md).
    """
    with database.read() as connection:
        sizes = segment_pages(connection)
    if len(sizes) < 2 or sum(sizes[1:]) < tuning.merge_share * sizes[0]:
        return False
    # A negative number starts, positive ones continue: https://sqlite.org/fts5.html#the_merge_command
    pages = -tuning.merge_pages
    while _merge(database, pages):
        pages = tuning.merge_pages
    return True


def segment_pages(connection: apsw.Connection) -> list[int]:
    """Returns the page count of each segment, largest first."""
    rows = connection.execute(
        "select count(*) as pages from patterns_fts_idx group by segid order by pages desc"
    )
    return [int(str(row[0])) for row in rows]


def _merge(database: Database, pages: int) -> bool:
    """Merges up to that many pages in one transaction; returns whether more may be left."""
    with database.write() as connection:
        before = connection.total_changes()
        connection.execute(
            "insert into patterns_fts (patterns_fts, rank) values ('merge', :pages)",
            {"pages": pages},
        )
        return connection.total_changes() - before >= 2
