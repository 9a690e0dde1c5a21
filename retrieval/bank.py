"""The pattern bank: stores test patterns in a database file and finds the right one again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ..models import Encoder, embed_query
from ..schema import (
    Database,
    Durability,
    EncoderIdentity,
    PatternMatch,
    PatternNotFoundError,
    PatternSearchContext,
    PatternSearchCriteria,
    PatternUsageContext,
    PatternVersion,
    Provenance,
    StoreReport,
    StoreResult,
    TestPattern,
)
from .answer_cache import CacheStatistics
from .bank_files import BankFiles, Progress
from .bank_trust import BankTrust
from .ingest.writer import Change, store_batch
from .lookup_times import LookupClock, PerformanceMetrics
from .quality.scored_pattern import StorablePattern
from .ranking.search import SearchMode, SearchRequest, search, search_similar
from .resources import BankOpening, OnDatabaseError
from .storage.sqlite import SORT_KEYS, BankStatistics, SortKey, VectorMemoryStatistics
from .text.pattern_text import context_query
from .text.tokens import has_words

__all__ = ["QEReasoningBank"]

# RELIABILITY section 2: vec0 takes no larger k.
MAX_LIMIT = 4096


class QEReasoningBank(BankFiles, BankTrust):
    """A bank of test patterns over one database.

    Safe to use from several threads. Every method initialises the bank when that was not done.

    Args:
        database: An open database, the path of one, or None to work in memory.
        encoder: Turns text into embeddings; by default the one that the bank was embedded with,
            ``aqe-minilm-tests`` for a new bank.
        min_quality: Patterns below it are rejected, with the reason, when they are stored.
        on_database_error: ``memory`` goes on in memory, with one warning, when the database cannot
            be opened; ``raise`` raises.
        durability: ``full`` survives a power cut, ``normal`` the death of the process.

    Raises:
        ValueError: ``min_quality`` is not from 0 to 1, or ``on_database_error`` is unknown.
    """

    def __init__(
        self,
        database: Database | str | Path | None = None,
        *,
        encoder: Encoder | None = None,
        min_quality: float = 0.0,
        on_database_error: OnDatabaseError = "raise",
        durability: Durability = "full",
    ) -> None:
        if not 0 <= min_quality <= 1:
            raise ValueError(f"min_quality must be from 0 to 1, got {min_quality}")
        if on_database_error not in ("raise", "memory"):
            raise ValueError(
                f"on_database_error must be 'raise' or 'memory', got {on_database_error!r}"
            )
        self._opening = BankOpening(
            database, encoder, on_database_error=on_database_error, durability=durability
        )
        self._min_quality = min_quality
        self._clock = LookupClock()

    # -- life ------------------------------------------------------------------------------------

    def initialize(self) -> Self:
        """Opens and migrates the database and loads the encoder; does nothing the second time.

        Raises:
            DatabaseError: The database cannot be opened and ``on_database_error`` is ``raise``.
            EncoderMismatchError: The bank was embedded with another encoder than the one given.
        """
        self._opening.encoder().encode_query("")
        return self

    def close(self) -> None:
        """Closes the database if the bank opened it."""
        self._opening.close()

    def __enter__(self) -> Self:
        return self.initialize()

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def database(self) -> Database:
        """The open database."""
        return self._opening.store().database

    @property
    def encoder_identity(self) -> EncoderIdentity:
        """The encoder of the bank, known without loading it."""
        return self._opening.store().identity

    # -- storing ---------------------------------------------------------------------------------

    def store_pattern(
        self,
        pattern: TestPattern,
        *,
        change: Change | None = None,
        provenance: Provenance | None = None,
    ) -> StoreResult:
        """Stores one pattern; returns after it is durable.

        Returns:
            What happened: created, updated (with a new version), unchanged, or rejected and why.
        """
        return self.store_patterns([pattern], change=change, provenance=provenance).results[0]

    def store_patterns(
        self,
        patterns: Iterable[StorablePattern],
        *,
        change: Change | None = None,
        provenance: Provenance | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> StoreReport:
        """Stores patterns in one transaction: all that are not rejected, or after an error none.

        Args:
            provenance: Who wrote the patterns; by default a person, or the file that they name.
                What an agent wrote is unproven: it stands behind all others in answers until two
                other agents have succeeded with it.
            dry_run: Report what would happen, write nothing.
            progress: Called with the number of patterns that were embedded since the last call.
        """
        return store_batch(
            self._opening.store(),
            patterns,
            self._opening.encoder,
            min_quality=self._min_quality,
            change=change,
            provenance=provenance,
            dry_run=dry_run,
            progress=progress,
        )

    def delete_pattern(self, id: str) -> bool:
        """Deletes a pattern with its use, versions and embeddings; returns whether it was there."""
        with self._opening.store().writing() as session:
            stored = session.rows.get(id)
            if stored is None:
                return False
            session.delete(stored.pattern_rowid)
            return True

    # -- finding ---------------------------------------------------------------------------------

    def find_matching_patterns(
        self, context: PatternSearchContext | str, limit: int = 10
    ) -> list[PatternMatch]:
        """Returns the patterns that fit an agent's need best, best first.

        What the context prefers lifts a match and never excludes one.
        """
        return self.search(context, limit=limit)

    def find_pattern(
        self, criteria: PatternSearchCriteria | str, limit: int = 10
    ) -> list[PatternMatch]:
        """Returns the patterns that meet all criteria, best first; without a query, by evidence."""
        if isinstance(criteria, str):
            criteria = PatternSearchCriteria(query=criteria)
        return self.search(criteria.query, criteria=criteria, limit=limit)

    def search(
        self,
        context: PatternSearchContext | str = "",
        *,
        criteria: PatternSearchCriteria | None = None,
        limit: int = 10,
        mode: SearchMode = "hybrid",
        group: bool = True,
    ) -> list[PatternMatch]:
        """Returns the best patterns, best first; ties are broken by age.

        Args:
            context: The query as text, or with preferences. Any text is legal; without a word in
                it, the patterns are ordered by evidence.
            criteria: Filters; its own query is not looked at.
            limit: 1 to 4096.
            mode: ``text`` is words alone and never loads the encoder, ``vector`` meaning alone;
                ``hybrid`` joins them with the rules.
            group: Let near-identical patterns make room for others.

        Raises:
            ValueError: ``limit`` is out of range or ``mode`` is unknown.
        """
        _require_limit(limit)
        if mode not in ("hybrid", "vector", "text"):
            raise ValueError(f"mode must be hybrid, vector or text, got {mode!r}")
        started = time.perf_counter()
        if isinstance(context, str):
            context = PatternSearchContext(query=context)
        request = SearchRequest(
            context_query(context),
            context,
            criteria or PatternSearchCriteria(),
            limit,
            mode,
            group,
        )
        matches, hit = self._opening.answers().get(request, lambda: self._answer(request))
        self._clock.add((time.perf_counter() - started) * 1000, cache_hit=hit)
        return list(matches)

    def get_pattern(self, id: str) -> TestPattern | None:
        """Returns the pattern with this id, or None."""
        with self._opening.store().reading() as session:
            stored = session.rows.get(id)
        return None if stored is None else stored.pattern

    def resolve_id(self, prefix: str) -> str:
        """Returns the one id that begins with ``prefix``, as git does for commits.

        Raises:
            PatternNotFoundError: No id begins with it, or several do.
        """
        with self._opening.store().reading() as session:
            known = prefix and prefix.isascii()  # as ids are
            ids = session.rows.ids_starting_with(prefix, 3) if known else []
        if prefix in ids or len(ids) == 1:
            return prefix if prefix in ids else ids[0]
        if not ids:
            raise PatternNotFoundError(
                f"no pattern has the id {prefix!r}; find one with: aqe patterns search TEXT"
            )
        raise PatternNotFoundError(
            f"several ids begin with {prefix!r} ({', '.join(ids)}); give more digits"
        )

    def search_by_tags(self, tags: Sequence[str], limit: int = 100) -> list[TestPattern]:
        """Returns patterns with at least one of the tags, those with more of them first.

        Raises:
            TypeError: ``tags`` is a single text.
            ValueError: ``limit`` is out of range.
        """
        if isinstance(tags, str):
            raise TypeError("tags must be a list of texts, got str")
        _require_limit(limit)
        with self._opening.store().reading() as session:
            return session.rows.with_any_tag(tags, limit)

    def find_similar_patterns(self, id: str, limit: int = 10) -> list[PatternMatch]:
        """Returns the patterns nearest in meaning to a stored one, which is left out.

        Raises:
            PatternNotFoundError: There is no pattern with this id.
            ValueError: ``limit`` is out of range.
        """
        _require_limit(limit)
        with self._opening.store().reading() as session:
            stored = session.rows.get(id)
            if stored is None:
                raise _not_found(id)
            return search_similar(session, stored, limit)

    def list_patterns(
        self,
        criteria: PatternSearchCriteria | None = None,
        *,
        order: SortKey = "quality",
        limit: int | None = 100,
    ) -> list[TestPattern]:
        """Returns the patterns that meet the criteria (their query aside) in the given order.

        Args:
            limit: 1 to 4096, or None for all.

        Raises:
            ValueError: ``limit`` is out of range or ``order`` is unknown.
        """
        if order not in SORT_KEYS:
            raise ValueError(f"order must be one of {', '.join(SORT_KEYS)}, got {order!r}")
        if limit is not None:
            _require_limit(limit)
        with self._opening.store().reading(whole=limit is None) as session:
            found = session.rows.select(
                criteria or PatternSearchCriteria(), order=order, limit=limit or -1
            )
        return [stored.pattern for stored in found]

    # -- use and history -------------------------------------------------------------------------

    def get_usage(self, id: str, limit: int = 20) -> list[PatternUsageContext]:
        """Returns the latest uses of a pattern, newest first.

        Raises:
            ValueError: ``limit`` is out of range.
        """
        _require_limit(limit)
        with self._opening.store().reading() as session:
            return session.uses.latest(id, limit)

    def get_version_history(self, id: str) -> list[PatternVersion]:
        """Returns the content of a pattern before each change of it, newest first."""
        with self._opening.store().reading() as session:
            return session.versions.all(id)

    def restore_version(self, id: str, version: int) -> StoreResult:
        """Makes an earlier content the current one, as a new version.

        Raises:
            PatternNotFoundError: There is no such pattern, or no such version of it.
        """
        history = self.get_version_history(id)
        wanted = next((old for old in history if old.version_number == version), None)
        if wanted is None:
            raise PatternNotFoundError(
                f"pattern {id!r} has no earlier version {version}; it has "
                f"{', '.join(str(old.version_number) for old in history) or 'none'}"
            )
        return self.store_pattern(wanted.pattern, change=Change(f"restored version {version}"))

    # -- statistics ------------------------------------------------------------------------------

    def get_statistics(self) -> BankStatistics:
        """Returns totals, averages and groups, counted from the rows."""
        with self._opening.store().reading() as session:
            return session.statistics()

    def get_performance_metrics(self) -> PerformanceMetrics:
        """Returns how long this object's look-ups took and how often the cache answered."""
        return self._clock.metrics()

    def get_cache_statistics(self) -> CacheStatistics:
        """Returns what the cache of answers holds."""
        return self._opening.answers().statistics()

    def get_vector_memory(self) -> VectorMemoryStatistics:
        """Returns what is held of vectors outside the database."""
        return self._opening.store().vector_memory()

    # -- inside ----------------------------------------------------------------------------------

    def _answer(self, request: SearchRequest) -> tuple[PatternMatch, ...]:
        store = self._opening.store()
        query = None
        words = has_words(request.query)
        if words and request.mode != "text" and store.database.has_vectors:
            query = embed_query(self._opening.encoder(), request.query)
        with store.reading() as session:
            return tuple(search(session, request, query))

    # The names that the design fixes.
    storePattern = store_pattern
    findMatchingPatterns = find_matching_patterns
    recordUsage = BankTrust.record_usage
    getStatistics = get_statistics


def _require_limit(limit: int) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit must be from 1 to {MAX_LIMIT}, got {limit!r}")


def _not_found(id: str) -> PatternNotFoundError:
    return PatternNotFoundError(f"no pattern has the id {id!r}; find one with search")
