"""Defines what a storage backend of the pattern bank must do.

Code above this file works with patterns, queries and uses. The layout of rows and indexes, loading
extensions and retrying transactions are the backend's own concern; SQLite (``sqlite/``) is the only
one so far.

A session is one transaction. A reading session sees one state of the bank; the changes of a writing
session are committed together when its block ends, or not at all. A thread has one session at a
time. A method that raises may have done part of its work: the error must leave the block, which
is then rolled back. Every backend passes the contract suite in ``tests/retrieval/storage/``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from ...schema import (
    EncoderIdentity,
    PatternSearchCriteria,
    PatternUsageContext,
    PatternVersion,
    Problem,
    TestPattern,
)
from .activity_backend import ActivityReader
from .project_backend import ProjectReader, ProjectWriter
from .storage_values import (
    BankStatistics,
    Candidates,
    Change,
    Forgotten,
    Inserted,
    PatternContent,
    SearchQuery,
    SortKey,
    StoredPattern,
    VectorStatistics,
)
from .use_summary import AgentCount, UseSummary

if TYPE_CHECKING:
    from ...models.vector import Vector

__all__ = ["PatternBackend", "PatternReader", "PatternWriter"]


class PatternReader(ProjectReader, ActivityReader, Protocol):
    """A session that reads: every method sees the same state of the bank."""

    def get_many(self, ids: Sequence[str]) -> list[StoredPattern]:
        """Returns the readable patterns that have these ids, by age; unknown ids are left out.

        Here and below, a damaged row that cannot be read is logged and left out.
        """
        ...

    def unreadable(self, ids: Sequence[str]) -> list[str]:
        """Returns those of these ids whose patterns are stored and cannot be read, by age.

        They can be deleted, and ``check`` names them.
        """
        ...

    def patterns_of(self, keys: Sequence[int]) -> dict[int, TestPattern]:
        """Returns the patterns that have these keys, in no order; unknown keys are left out."""
        ...

    def select(
        self,
        criteria: PatternSearchCriteria,
        *,
        order: SortKey,
        limit: int | None = None,
        any_tag: Sequence[str] | None = None,
    ) -> list[StoredPattern]:
        """Returns the patterns that meet all criteria (their query aside), best first.

        Args:
            order: Ties are broken by id; those of ``evidence`` by quality first. By evidence,
                unproven patterns follow all trusted ones, and patterns whose test is gone follow
                both.
            limit: None for all.
            any_tag: Only patterns with at least one of these tags, in upper or lower case; trusted
                ones first, of these those with more of the tags, and gone ones last.
        """
        ...

    def iterate(self, criteria: PatternSearchCriteria) -> Iterator[TestPattern]:
        """Yields every pattern that meets the criteria, by age; does not load all at once."""
        ...

    def ids_with_prefix(self, prefix: str, limit: int | None = None) -> list[str]:
        """Returns up to ``limit`` ids that start with an ASCII prefix, in order.

        An empty prefix is that of every id, also of a damaged one.
        """
        ...

    def candidates(
        self, query: SearchQuery, criteria: PatternSearchCriteria, *, depth: int
    ) -> Candidates:
        """Returns the candidates of both legs for a query, filtered.

        They include the best ``depth`` trusted patterns of each leg, however many unproven or gone
        ones rank among them; candidates of one leg are scored by the other too. Filters are exact:
        no candidate violates the criteria, and none is lost because they were applied to a cut
        list. A backend may limit a leg to 4,096 candidates, unproven ones included. In a large
        bank it may retrieve only by the rarest terms, and search vectors with an approximate index.

        Args:
            query: Its mode chooses the legs; the text leg scales BM25 differently when it is alone.
            depth: Candidates of each leg; a ``text`` search finds that many if they exist.

        Raises:
            ValueError: The query's embedding has another shape, is not finite, or has no direction.
        """
        ...

    def embedding(self, key: int) -> Vector | None:
        """Returns the embedding of a pattern, ``(dim,)`` float32, as it was written.

        None if it has none, or if embeddings cannot be searched.
        """
        ...

    def embedded_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Returns the hash of the embedded text of each pattern, by id."""
        ...

    def uses(self, id: str, limit: int) -> list[PatternUsageContext]:
        """Returns the latest uses of a pattern, newest first; at equal times by last recorded."""
        ...

    def agent_counts(self, key: int, content_hash: str | None = None) -> list[AgentCount]:
        """Returns the uses of a pattern's content by agent, in order of the agents' keys.

        Agents with the same ``agent_key`` are one.

        Args:
            content_hash: The content; None for the present one.
        """
        ...

    def versions(self, id: str) -> list[PatternVersion]:
        """Returns the earlier versions of a pattern, newest first."""
        ...

    def count_unproven(self, agent_id: str) -> int:
        """Returns how many unproven patterns an agent has, in any spelling of its id."""
        ...

    def written_by(
        self, *, source: str = "", project: str = "", agent_id: str = "", run_id: str = ""
    ) -> list[str]:
        """Returns the ids of the patterns from a source, by an agent, or from a run, by age.

        Args:
            source: A file or folder: the path that a pattern's ``path:line`` is, or is in.
            project: The project of the source; without a source, all of that project.
            agent_id: In any spelling. Empty for none, as are the others.
        """
        ...

    def count_traces(
        self, *, ids: Sequence[str] = (), agent_id: str = "", run_id: str = ""
    ) -> Forgotten:
        """Returns how many versions and uses ``forget`` would delete.

        Args:
            ids: Patterns that would be deleted before; their versions and uses are not counted.
        """
        ...

    def used_by(self, agent_id: str) -> list[StoredPattern]:
        """Returns the patterns that an agent has used, by age."""
        ...

    def statistics(self, project: str = "") -> BankStatistics:
        """Returns totals, averages and counts by group, of one project or of all."""
        ...


class PatternWriter(PatternReader, ProjectWriter, Protocol):
    """A session that also writes; its changes are committed together."""

    def insert(self, content: PatternContent) -> Inserted:
        """Writes a new pattern: its row and both indexes.

        Raises:
            ValueError: The embedding has another shape, is not finite, or has no direction.
        """
        ...

    def update(self, stored: StoredPattern, content: PatternContent, change: Change) -> None:
        """Replaces the content of a pattern and keeps the previous content as a version.

        Key, id, recorded uses and creation time stay the same; the version is incremented. Uses of
        the previous content are kept and count again when it returns. With a new embedding, the
        pattern is ``unembedded`` for every other encoder.

        Raises:
            ValueError: The embedding has another shape, is not finite, or has no direction.
        """
        ...

    def add_use(self, stored: StoredPattern, use: PatternUsageContext) -> None:
        """Appends one use of the present content and adds it to the counts of its agent."""
        ...

    def set_summary(self, key: int, summary: UseSummary) -> None:
        """Writes the counters, evidence, quality and trust of a pattern."""
        ...

    def delete(self, ids: Iterable[str]) -> int:
        """Deletes patterns with their uses, versions and embeddings; returns how many.

        Their words may stay in an index until ``tidy``.
        """
        ...

    def forget(
        self,
        *,
        ids: Sequence[str] = (),
        source: str = "",
        project: str = "",
        agent_id: str = "",
        run_id: str = "",
    ) -> Forgotten:
        """Deletes the remaining traces of a source, an agent or a run, and of deleted patterns.

        These are the versions they wrote, the agent's uses of other patterns (the caller must
        write the summaries of those patterns again) and rows that a repair set aside. The text
        index is rewritten, so that it holds no deleted term.
        """
        ...

    def unembedded(self, encoder: EncoderIdentity, limit: int) -> dict[int, TestPattern]:
        """Returns the oldest patterns, by key, that this encoder has not embedded."""
        ...

    def put_embedding(
        self, encoder: EncoderIdentity, key: int, embedding: Vector, text_hash: str
    ) -> None:
        """Keeps an embedding that is not searched before ``switch_encoder``.

        Raises:
            ValueError: The embedding has the wrong shape, is not finite, or is a zero vector.
        """
        ...

    def switch_encoder(self, encoder: EncoderIdentity) -> int:
        """Switches to an encoder and indexes its embeddings; returns how many.

        The embeddings of every other encoder are deleted: two vector spaces never mix. Later
        sessions raise ``EncoderMismatchError`` until ``open`` is called with this encoder.
        """
        ...

    def rebuild_text_index(self) -> None:
        """Rebuilds the full-text index from the rows."""
        ...


class PatternBackend(Protocol):
    """A place that stores one bank; safe to use from several threads."""

    @property
    def label(self) -> str:
        """Where the bank is stored, for messages: a path, ``:memory:``, an address."""
        ...

    @property
    def has_vectors(self) -> bool:
        """Whether embeddings can be searched; without, only the text leg answers."""
        ...

    @property
    def identity(self) -> EncoderIdentity:
        """The encoder of this bank's embeddings, as ``open`` was told or found.

        Raises:
            DatabaseError: The backend is not open.
        """
        ...

    def open(self, encoder: EncoderIdentity | None, default: EncoderIdentity | None = None) -> None:
        """Prepares the bank for sessions; idempotent. Rebuilds derived data of older versions.

        Args:
            encoder: The encoder to use; None for the one that the bank was embedded with.
            default: The encoder for a bank that has none yet; its first write adopts it.

        Raises:
            DatabaseError: The bank cannot be opened, or it has no encoder and none was given.
            EncoderMismatchError: The bank is embedded with another encoder than ``encoder``.
        """
        ...

    def reading(self, *, whole: bool = False) -> AbstractContextManager[PatternReader]:
        """Opens a session that reads.

        Args:
            whole: All patterns will be read, which may take longer than an answer may.

        Raises:
            DatabaseError: The backend is not open, or the bank cannot be read.
            EncoderMismatchError: Another process has re-embedded the bank.
        """
        ...

    def writing(self) -> AbstractContextManager[PatternWriter]:
        """Opens a session that writes; one at a time in all processes, the others wait.

        Raises:
            DatabaseError: The backend is not open, or the bank cannot be written.
            EncoderMismatchError: Another process has re-embedded the bank.
        """
        ...

    def version(self) -> Hashable:
        """Returns a token that differs after each change that any process commits, for caches."""
        ...

    def tidy(self) -> None:
        """Optimises the indexes, without the words of deleted patterns.

        A failure is logged and loses nothing.
        """
        ...

    def update_vector_file(self) -> int:
        """Applies pending changes to a vector index outside the database; returns how many."""
        ...

    def vector_statistics(self) -> VectorStatistics:
        """Returns the number and size of the vectors held outside the database."""
        ...

    def check(self) -> list[Problem]:
        """Returns every disagreement between rows and derived data."""
        ...

    def repair(self) -> int:
        """Sets damaged rows aside and rebuilds derived data; returns how many rows were set aside.

        Patterns whose embedding was damaged are ``unembedded`` afterwards.
        """
        ...

    def release(self) -> None:
        """Releases the resources of the calling thread; call it before the thread ends."""
        ...

    def close(self) -> None:
        """Finishes upkeep and closes what the backend opened; ``open`` works again afterwards.

        A database in memory that the backend opened itself is lost.
        """
        ...
