"""Defines what a storage backend of the pattern bank must do.

A backend is a place to store a bank: SQLite today (``sqlite/``). Everything above this file speaks
of patterns, queries and uses; how rows, a full-text index and a vector index are laid out, which
extension is loaded and how transactions are retried is the backend's own.

A session is one transaction. Reading sessions see one state of the bank; what a writing session
changed is committed as a whole when its block ends, or not at all. A thread has one session at a
time. A method that raises may have done part of its work: the error must leave the block, which
then changes nothing. Every backend passes the contract suite in ``tests/retrieval/storage/``.
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


class PatternReader(Protocol):
    """A session that reads: every method sees the same state of the bank."""

    def get_many(self, ids: Sequence[str]) -> list[StoredPattern]:
        """Returns the patterns that have these ids, by age; unknown ids are left out."""
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
            order: Ties are broken by id; those of ``evidence`` by quality first.
            limit: None for all.
            any_tag: Only patterns with at least one of these tags, in upper or lower case; those
                with more of them first.
        """
        ...

    def iterate(self, criteria: PatternSearchCriteria) -> Iterator[TestPattern]:
        """Yields every pattern that meets the criteria, by age, without holding all in memory."""
        ...

    def ids_with_prefix(self, prefix: str, limit: int | None = None) -> list[str]:
        """Returns the ids that begin with an ASCII prefix, in order; up to ``limit`` of them."""
        ...

    def candidates(
        self, query: SearchQuery, criteria: PatternSearchCriteria, *, depth: int, limit: int
    ) -> Candidates:
        """Returns the candidates of both legs for a query, after the filters.

        The best ``depth`` trusted patterns of each leg are among them, however many unproven ones
        rank between them; what one leg found is scored by the other too. No candidate violates the
        criteria, and none is missing because they were applied after a cut. A backend may end a
        leg at 4,096 candidates, unproven ones included. In a large bank it may retrieve by the
        rarest terms alone, and search vectors through an approximate index.

        Args:
            query: Its mode says which legs answer; BM25 of a ``text`` search is scaled for words
                alone.
            depth: Candidates of each leg.
            limit: Answers that are wanted: a ``text`` search finds that many if they exist.

        Raises:
            ValueError: The query's embedding has another shape, is not finite, or has no direction.
        """
        ...

    def embedding(self, key: int) -> Vector | None:
        """Returns the embedding of a pattern, ``(dim,)`` float32, as it was written.

        None where there is none, and where embeddings cannot be searched.
        """
        ...

    def embedded_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Returns, by pattern id, the hash of the text that the bank's encoder embedded."""
        ...

    def uses(self, id: str, limit: int) -> list[PatternUsageContext]:
        """Returns the latest uses of a pattern, newest first; at equal times by last recorded."""
        ...

    def agent_counts(self, key: int) -> list[AgentCount]:
        """Returns the uses of a pattern by agent, in order of the agents' ids.

        Those that an import claims are counted for ``IMPORTED_AGENT``.
        """
        ...

    def versions(self, id: str) -> list[PatternVersion]:
        """Returns the content of a pattern before each change, newest first."""
        ...

    def count_unproven(self, agent_id: str) -> int:
        """Returns how many unproven patterns an agent has."""
        ...

    def written_by(self, *, source: str = "", agent_id: str = "", run_id: str = "") -> list[str]:
        """Returns the ids of the patterns that came from a source, an agent, or a run, by age.

        Args:
            source: A file or folder: the path that a pattern's ``path:line`` is, or is in.
            agent_id: Empty for none, as are the others.
        """
        ...

    def used_by(self, agent_id: str) -> list[StoredPattern]:
        """Returns the patterns that an agent has used, by age."""
        ...

    def statistics(self) -> BankStatistics:
        """Returns totals, averages and groups, counted from the rows."""
        ...


class PatternWriter(PatternReader, Protocol):
    """A session that also writes; its changes are committed together."""

    def insert(self, content: PatternContent) -> Inserted:
        """Writes a new pattern into its row and both indexes.

        Uses that the summary counts are those of an import: they weigh as those of one agent,
        ``IMPORTED_AGENT``.

        Raises:
            ValueError: The embedding has another shape, is not finite, or has no direction.
        """
        ...

    def update(self, stored: StoredPattern, content: PatternContent, change: Change) -> None:
        """Replaces the content of a pattern, keeping the one before as a version.

        The key, the id, the recorded uses and the time of creation stay; the version grows by one.
        With a new embedding, the pattern is ``unembedded`` for every other encoder.

        Raises:
            ValueError: The embedding has another shape, is not finite, or has no direction.
        """
        ...

    def set_source(self, key: int, source: str) -> None:
        """Records where a pattern is now; no change of content."""
        ...

    def add_use(self, stored: StoredPattern, use: PatternUsageContext) -> None:
        """Appends one use and adds it to the counts of its agent."""
        ...

    def set_summary(self, key: int, summary: UseSummary) -> None:
        """Writes what the uses of a pattern add up to."""
        ...

    def delete(self, ids: Iterable[str]) -> int:
        """Deletes patterns with their uses, versions and embeddings; returns how many."""
        ...

    def forget(self, *, ids: Sequence[str] = (), agent_id: str = "", run_id: str = "") -> Forgotten:
        """Deletes the other traces of an agent or a run, and of patterns that were deleted.

        Earlier contents that they wrote, the agent's uses of other patterns (the summaries of
        those are the caller's to write again), rows that a repair set aside; no deleted word
        stays in the text index.
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
            ValueError: The embedding has another shape, is not finite, or has no direction.
        """
        ...

    def switch_encoder(self, encoder: EncoderIdentity) -> int:
        """Puts an encoder to use and indexes its embeddings; returns how many.

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
        """Where the bank is, as a person would name it: a path, ``:memory:``, an address."""
        ...

    @property
    def has_vectors(self) -> bool:
        """Whether embeddings can be searched here; without, searches go by words alone."""
        ...

    @property
    def identity(self) -> EncoderIdentity:
        """The encoder of this bank's embeddings, as ``open`` was told or found.

        Raises:
            DatabaseError: The backend is not open.
        """
        ...

    def open(self, encoder: EncoderIdentity | None, default: EncoderIdentity | None = None) -> None:
        """Prepares the bank for sessions; idempotent. Derived data of earlier versions is rebuilt.

        Args:
            encoder: The encoder to work with; None for the one that the bank was embedded with.
            default: The encoder of a bank that has none yet; adopted by its first write.

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
        """Brings what makes searches fast up to date after a batch; what fails is logged."""
        ...

    def update_vector_file(self) -> int:
        """Applies every change to a vector index kept outside the rows; returns how many."""
        ...

    def vector_statistics(self) -> VectorStatistics:
        """Returns what is held of vectors outside the database."""
        ...

    def check(self) -> list[Problem]:
        """Returns every disagreement between rows and what is derived from them."""
        ...

    def repair(self) -> int:
        """Sets damaged rows aside and rebuilds derived data; returns how many rows were set aside.

        Patterns that lost their embedding are left ``unembedded``.
        """
        ...

    def release(self) -> None:
        """Gives back what this thread holds, as a thread does before it ends."""
        ...

    def close(self) -> None:
        """Finishes upkeep and closes what the backend opened; ``open`` works again afterwards.

        A database in memory that the backend opened itself is lost.
        """
        ...
