"""Reads and writes a bank in SQLite inside one transaction: rows, both indexes, uses.

Objects for a table are created when a method needs them; most tables have functions over the
connection instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import apsw

from ....schema import (
    EncoderIdentity,
    PatternSearchCriteria,
    PatternUsageContext,
    PatternVersion,
    TestPattern,
    utc_now,
)
from ...text.tokens import TOKENIZER_VERSION
from ..storage_values import (
    BankStatistics,
    Candidates,
    Change,
    Forgotten,
    Inserted,
    PatternContent,
    SearchQuery,
    SortKey,
    StoredPattern,
)
from ..use_summary import AgentCount, UseSummary
from . import author_traces, pattern_selection, pattern_table, use_tables
from .embedding_table import EmbeddingTable, adopt_encoder, known_encoder
from .filter_plan import FilterPlan, filter_plan
from .pattern_selection import SQLiteActivitySession
from .project_table import SQLiteProjectSession
from .storage_tuning import StorageTuning
from .text_index import (
    TextIndex,
    create_text_index,
    delete_text,
    erase_deleted_text,
    note_deleted_text,
    put_text,
)
from .text_term_budget import TermBudget
from .vector_cache import EncoderRow, VectorCache
from .vector_search import VectorSearch

if TYPE_CHECKING:
    from ....models.vector import Vector

__all__ = [
    "SQLitePatternSession",
    "record_tokenizer_version",
    "tokenizer_version",
]

# Maximum depth of a leg.
MAX_DEPTH = 4096
_ANYTHING = PatternSearchCriteria()
_NO_ENCODER = EncoderIdentity("", 0, "")  # a bank without an encoder has embedded nothing


class SQLitePatternSession(SQLiteProjectSession, SQLiteActivitySession):
    """The bank's tables inside one transaction; see ``PatternWriter``.

    Args:
        encoder: The encoder in use; None before anything was stored.
        cache: Vectors held outside the database; None for a session that writes.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        encoder: EncoderRow | None,
        has_vectors: bool,
        budget: TermBudget,
        cache: VectorCache | None,
        tuning: StorageTuning,
    ) -> None:
        super().__init__(connection)
        self.encoder = encoder
        self._has_vectors = has_vectors
        self._budget = budget
        self._cache = cache
        self._tuning = tuning
        self._vectors: VectorSearch | None = None
        self._embeddings: EmbeddingTable | None = None
        self._planned: tuple[PatternSearchCriteria, FilterPlan | None] | None = None

    @property
    def vectors(self) -> VectorSearch:
        """The vector search of this session."""
        if self._vectors is None:
            self._vectors = VectorSearch(
                self.connection,
                self.encoder if self._has_vectors else None,
                cache=self._cache,
                tuning=self._tuning,
            )
        return self._vectors

    @property
    def embeddings(self) -> EmbeddingTable:
        """The embeddings of the encoder in use."""
        if self._embeddings is None:
            encoder = self.encoder or EncoderRow(0, _NO_ENCODER)
            self._embeddings = EmbeddingTable(self.connection, encoder)
        return self._embeddings

    # -- reading ---------------------------------------------------------------------------------

    def get_many(self, ids: Sequence[str]) -> list[StoredPattern]:
        """Returns the patterns that have these ids, by age."""
        return pattern_table.stored_with_ids(self.connection, ids)

    def unreadable(self, ids: Sequence[str]) -> list[str]:
        """Returns those of these ids whose patterns are stored and cannot be read, by age."""
        return pattern_table.unreadable_ids(self.connection, ids)

    def patterns_of(self, keys: Sequence[int]) -> dict[int, TestPattern]:
        """Returns the patterns that have these keys."""
        return pattern_table.patterns_of(self.connection, keys)

    def select(
        self,
        criteria: PatternSearchCriteria,
        *,
        order: SortKey,
        limit: int | None = None,
        any_tag: Sequence[str] | None = None,
    ) -> list[StoredPattern]:
        """Returns the patterns that meet all criteria, best first."""
        return pattern_selection.select_stored(
            self.connection, criteria, order=order, limit=limit, any_tag=any_tag
        )

    def iterate(self, criteria: PatternSearchCriteria) -> Iterator[TestPattern]:
        """Yields every pattern that meets the criteria, by age."""
        for _, pattern in pattern_selection.iterate_patterns(self.connection, criteria):
            yield pattern

    def ids_with_prefix(self, prefix: str, limit: int | None = None) -> list[str]:
        """Returns the ids that start with an ASCII prefix, in order."""
        return pattern_selection.ids_with_prefix(self.connection, prefix, limit)

    def candidates(
        self, query: SearchQuery, criteria: PatternSearchCriteria, *, depth: int
    ) -> Candidates:
        """Returns the candidates of both legs for a query, filtered."""
        # Deeper by the number of patterns that rank last, so that these cannot displace others.
        wanted = depth
        depth = min(depth + pattern_selection.count_demoted(self.connection), MAX_DEPTH)
        cosines: dict[int, float] = {}
        alone = query.embedding is None or query.mode == "text"
        if query.embedding is not None and not alone:
            cosines = self.vector_candidates(query.embedding.whole, depth, criteria)
        bm25: dict[int, float] = {}
        if query.mode != "vector":
            bm25 = self.text_candidates(
                query.terms, depth, criteria, others=cosines, alone=alone, limit=wanted
            )
        keys = sorted({*cosines, *bm25})
        facts = pattern_table.candidate_facts(self.connection, keys)
        if alone or not keys:
            return Candidates(facts, bm25, (), None, len(keys) < depth)
        embedded, vectors = self.vectors.unit_vectors(keys)
        return Candidates(facts, bm25, embedded, vectors, len(keys) < depth)

    def vector_candidates(
        self, embedding: Vector, k: int, criteria: PatternSearchCriteria
    ) -> dict[int, float]:
        """Returns the best k rows of the vector leg that meet the criteria, with their cosines."""
        return self.vectors.candidates(embedding, k, self._filter(criteria))

    def text_candidates(
        self,
        terms: Sequence[str],
        k: int,
        criteria: PatternSearchCriteria,
        *,
        others: Collection[int] = (),
        alone: bool = False,
        limit: int = 0,
    ) -> dict[int, float]:
        """Returns the BM25 of the best k rows of the text leg; see ``TextIndex``."""
        index = TextIndex(self.connection, self._budget, self._filter(criteria), alone=alone)
        return index.candidates(terms, k, others=others, limit=limit if alone else 0)

    def embedding(self, key: int) -> Vector | None:
        """Returns the embedding of a pattern; None if it has none or vectors are unavailable."""
        return self.vectors.embeddings([key]).get(key) if self._has_vectors else None

    def embedded_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Returns the hash of the embedded text of each pattern, by id."""
        return self.embeddings.text_hashes(ids)

    def uses(self, id: str, limit: int) -> list[PatternUsageContext]:
        """Returns the latest uses of a pattern, newest first."""
        return use_tables.latest_uses(self.connection, id, limit)

    def agent_counts(self, key: int, content_hash: str | None = None) -> list[AgentCount]:
        """Returns the uses of a pattern's content by agent."""
        return use_tables.agent_counts(self.connection, key, content_hash)

    def versions(self, id: str) -> list[PatternVersion]:
        """Returns the earlier versions of a pattern, newest first."""
        return use_tables.versions_of(self.connection, id)

    def count_unproven(self, agent_id: str) -> int:
        """Returns how many unproven patterns an agent has."""
        return author_traces.count_unproven(self.connection, agent_id)

    def written_by(
        self, *, source: str = "", project: str = "", agent_id: str = "", run_id: str = ""
    ) -> list[str]:
        """Returns the ids of the patterns from a file or project, by an agent, or from a run."""
        return author_traces.ids_written_by(
            self.connection, source=source, project=project, agent_id=agent_id, run_id=run_id
        )

    def count_traces(
        self, *, ids: Sequence[str] = (), agent_id: str = "", run_id: str = ""
    ) -> Forgotten:
        """Returns how many versions and uses of other patterns ``forget`` would delete."""
        return author_traces.count_traces(
            self.connection, ids=ids, agent_id=agent_id, run_id=run_id
        )

    def used_by(self, agent_id: str) -> list[StoredPattern]:
        """Returns the readable patterns that an agent has used."""
        rowids = use_tables.rows_used_by(self.connection, agent_id)
        return pattern_table.readable_at(self.connection, rowids)

    def statistics(self, project: str = "") -> BankStatistics:
        """Returns totals, averages and counts by group, of one project or of all."""
        return pattern_selection.count_statistics(self.connection, project)

    # -- writing ---------------------------------------------------------------------------------

    def insert(self, content: PatternContent) -> Inserted:
        """Writes a new pattern: its row and both indexes."""
        rowid, near_duplicate = pattern_table.insert_row(self.connection, content)
        put_text(self.connection, rowid, content.pattern)
        self._put_embedding(rowid, content)
        return Inserted(rowid, near_duplicate)

    def update(self, stored: StoredPattern, content: PatternContent, change: Change) -> None:
        """Replaces the content of a pattern and keeps the previous content as a version."""
        use_tables.add_version(self.connection, stored, change)
        pattern_table.update_row(
            self.connection,
            stored.key,
            content,
            version=stored.pattern.version + 1,
            updated_at=utc_now(),
        )
        put_text(self.connection, stored.key, content.pattern)
        self._put_embedding(stored.key, content)

    def inherit(self, heir: StoredPattern, stored: StoredPattern, change: Change) -> None:
        """Moves the history of a pattern to its successor and deletes it."""
        use_tables.add_version(self.connection, stored, change)
        self.take_over(heir, stored)
        self.delete([stored.pattern.id])

    def add_use(self, stored: StoredPattern, use: PatternUsageContext) -> None:
        """Appends one use and adds it to the counts of its agent."""
        use_tables.add_use(self.connection, stored, use)

    def set_summary(self, key: int, summary: UseSummary) -> None:
        """Writes the counters, evidence, quality and trust of a pattern."""
        pattern_table.set_summary(self.connection, key, summary)

    def delete(self, ids: Iterable[str]) -> int:
        """Deletes patterns with their uses, versions and embeddings; returns how many."""
        rowids = pattern_table.rowids_of(self.connection, list(ids))
        for rowid in rowids:
            delete_text(self.connection, rowid)
            pattern_table.delete_row(self.connection, rowid)
        if rowids:
            note_deleted_text(self.connection)
        return len(rowids)

    def forget(
        self,
        *,
        ids: Sequence[str] = (),
        source: str = "",
        project: str = "",
        agent_id: str = "",
        run_id: str = "",
    ) -> Forgotten:
        """Deletes the remaining traces of a source, an agent or a run, and of deleted patterns."""
        forgotten = author_traces.forget_traces(
            self.connection,
            ids=ids,
            source=source,
            project=project,
            agent_id=agent_id,
            run_id=run_id,
        )
        erase_deleted_text(self.connection)
        return forgotten

    def unembedded(self, encoder: EncoderIdentity, limit: int) -> dict[int, TestPattern]:
        """Returns up to ``limit`` patterns, by key, that this encoder has not embedded."""
        return self.patterns_of(self._filling(encoder).missing(limit))

    def put_embedding(
        self, encoder: EncoderIdentity, key: int, embedding: Vector, text_hash: str
    ) -> None:
        """Stores an embedding by an encoder that is not in use yet."""
        self._filling(encoder).keep(key, embedding, text_hash)

    def switch_encoder(self, encoder: EncoderIdentity) -> int:
        """Switches to an encoder; returns the number of its embeddings."""
        adopted = EncoderRow(adopt_encoder(self.connection, encoder), encoder)
        table = EmbeddingTable(self.connection, adopted)
        table.delete_other_encoders()
        return table.count()

    def rebuild_text_index(self) -> None:
        """Rebuilds the full-text index from the rows."""
        create_text_index(self.connection)
        for rowid, pattern in list(pattern_selection.iterate_patterns(self.connection)):
            put_text(self.connection, rowid, pattern)
        record_tokenizer_version(self.connection)

    def _filter(self, criteria: PatternSearchCriteria) -> FilterPlan | None:
        """Returns the plan of the criteria, shared by both legs; None if they filter nothing."""
        if criteria == _ANYTHING:
            return None
        if self._planned is None or self._planned[0] != criteria:
            plan = filter_plan(self.connection, criteria, self._tuning)
            self._planned = (criteria, plan)
        return self._planned[1]

    def _put_embedding(self, rowid: int, content: PatternContent) -> None:
        if content.embedding is not None:
            self.embeddings.put(rowid, content.embedding, content.text_hash)

    def _filling(self, encoder: EncoderIdentity) -> EmbeddingTable:
        """Returns the table for an encoder that is not in use yet."""
        rowid = known_encoder(self.connection, encoder)
        return EmbeddingTable(self.connection, EncoderRow(rowid, encoder))


def tokenizer_version(connection: apsw.Connection) -> str | None:
    """Returns the version of the tokenizer that built the text index."""
    version: str | None = connection.execute(
        "select value from bank_facts where key = 'words_version'"
    ).get
    return version


def record_tokenizer_version(connection: apsw.Connection) -> None:
    """Records that the current tokenizer built the text index."""
    connection.execute(
        "insert into bank_facts (key, value) values ('words_version', :version)"
        " on conflict (key) do update set value = excluded.value",
        {"version": TOKENIZER_VERSION},
    )
