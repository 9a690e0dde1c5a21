"""Stores test patterns and finds the ones that fit a need: the public face of retrieval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, get_args

from ..models import Encoder
from ..schema import (
    Database,
    DatabaseError,
    Durability,
    EncoderIdentity,
    PatternMatch,
    PatternSearchContext,
    PatternSearchCriteria,
    PatternUsageContext,
    PatternVersion,
    Problem,
    Provenance,
    StoreReport,
    StoreResult,
    TestPattern,
)
from ..schema.records.argument_types import checks_types
from ..schema.records.validation import as_share, require_one_of
from .answer_cache import CacheStatistics, PerformanceMetrics
from .exchange.formats import (
    DEFAULT_LIMITS,
    FileFormat,
    encode_patterns,
    format_of,
    read_patterns,
    write_atomically,
)
from .exchange.registry import read_registry, write_registry
from .ingest.earlier_version import restore_version
from .ingest.pipeline import store_stream
from .ingest.reindex import ReindexReport, reindex
from .ingest.writer import store_batch
from .quality.scored_pattern import StorablePattern
from .ranking.ranking_tuning import RankingTuning
from .ranking.search import (
    SearchRequest,
    require_limit,
    search,
    search_request,
    search_similar,
    without_query,
)
from .resources import BankResources, OnDatabaseError, as_encoder
from .storage.backend import PatternBackend
from .storage.pattern_lookup import find_stored, require_stored, resolved_id
from .storage.sqlite import SQLitePatternBackend, StorageTuning
from .storage.storage_values import (
    SORT_KEYS,
    BankStatistics,
    Change,
    SearchMode,
    SortKey,
    VectorStatistics,
)
from .usage.erasure import ForgetReport, forget
from .usage.trust import proven_summary

if TYPE_CHECKING:
    from .suites.suite_report import SuiteProgress, SuiteReport

__all__ = ["ImportMode", "Progress", "QEReasoningBank"]

ImportMode = Literal["merge", "replace"]
Progress = Callable[[int], None]

_NO_CRITERIA = PatternSearchCriteria()


@checks_types(but=("database", "min_quality", "limit"))
class QEReasoningBank:
    """A bank of test patterns over one storage backend.

    Safe to use from several threads. The first call of any method initialises the bank; after
    ``close`` they raise ``ClosedError``. Close it, best by a ``with`` statement: a bank that is
    dropped with its file open gives a ``ResourceWarning``. Wrong types raise ``TypeError``.

    Args:
        database: An open database, a path, or None for an in-memory bank: a SQLite backend.
        backend: The storage backend, instead of ``database``.
        encoder: An encoder, or what ``create_encoder`` takes. Default: the bank's; at first
            ``aqe-minilm-tests``.
        min_quality: Patterns below this quality are rejected when stored.
        create: Create the database if there is none at the path; if False, it is refused.
        on_database_error: If it cannot be opened: ``raise``, or ``memory`` to warn and use memory.
        durability: ``full`` survives a power cut, ``normal`` only the death of the process.
        storage_tuning: Tuning of the SQLite backend.
        ranking_tuning: Tuning of the ranking.

    Raises:
        TypeError: ``database``, ``backend`` or ``min_quality`` is of another type.
        ValueError: ``min_quality`` is not from 0 to 1, ``on_database_error`` is unknown, or both
            ``database`` and ``backend`` were given.
    """

    def __init__(
        self,
        database: Database | str | Path | None = None,
        *,
        backend: PatternBackend | None = None,
        encoder: Encoder | str | None = None,
        min_quality: float = 0.0,
        create: bool = True,
        on_database_error: OnDatabaseError = "raise",
        durability: Durability = "full",
        storage_tuning: StorageTuning | None = None,
        ranking_tuning: RankingTuning | None = None,
    ) -> None:
        min_quality = as_share("min_quality", min_quality)
        require_one_of("on_database_error", on_database_error, get_args(OnDatabaseError))
        if database is not None and backend is not None:
            raise ValueError("give either database or backend, got both")
        self._resources = BankResources(
            backend if backend is not None else database,
            as_encoder(encoder),
            create=create,
            on_database_error=on_database_error,
            durability=durability,
            tuning=storage_tuning,
        )
        self._min_quality = min_quality
        self._ranking = ranking_tuning or RankingTuning()

    def initialize(self) -> Self:
        """Opens and migrates the database and loads the encoder; idempotent.

        Raises:
            ClosedError: The bank was closed.
            DatabaseError: The database cannot be opened and ``on_database_error`` is ``raise``.
            EncoderMismatchError: The bank was embedded with a different encoder.
        """
        self._resources.preload()
        return self

    def close(self) -> None:
        """Closes the bank, and what it opened; a database or backend that was given stays open."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self.initialize()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"QEReasoningBank({self._resources.description()})"

    @property
    def backend(self) -> PatternBackend:
        """The open storage backend."""
        return self._resources.backend()

    @property
    def database(self) -> Database:
        """The open SQLite database.

        Raises:
            DatabaseError: The bank is not stored in SQLite.
        """
        backend = self.backend
        if not isinstance(backend, SQLitePatternBackend):
            raise DatabaseError(f"{backend.label} is not an SQLite database; use bank.backend")
        return backend.database

    @property
    def encoder_identity(self) -> EncoderIdentity:
        """The identity of the bank's encoder; does not load the encoder."""
        return self.backend.identity

    def store_pattern(
        self,
        pattern: TestPattern,
        *,
        change: Change | None = None,
        provenance: Provenance | None = None,
    ) -> StoreResult:
        """Stores one pattern; returns once it is durable.

        Returns:
            Whether it was created, updated (as a new version), unchanged, or rejected and why.
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
        """Stores patterns in one transaction; a rejected pattern does not affect the others.

        Args:
            provenance: Who wrote the patterns. Default: a person, or extraction for patterns with a
                source. Patterns by an agent are unproven: they rank behind all others until two
                other agents have succeeded with them. A pattern's own ``provenance`` is a claim,
                which can only lower its trust.
            dry_run: Report what would happen; write nothing.
            progress: Called with the number of patterns embedded since the last call.
        """
        return store_batch(
            self.backend,
            patterns,
            self._resources.encoder,
            min_quality=self._min_quality,
            change=change,
            provenance=provenance,
            dry_run=dry_run,
            progress=progress,
        )

    def store_stream(
        self, batches: Iterable[Iterable[StorablePattern]], *, provenance: Provenance | None = None
    ) -> Iterator[StoreReport]:
        """Stores batches in turn, each in one transaction; yields a report after each commit.

        While a batch is embedded, the next is taken from ``batches`` and the previous one written.
        If the iterator is dropped early, batches whose report was not yielded may be stored.
        """
        return store_stream(
            self.backend,
            batches,
            self._resources.encoder,
            min_quality=self._min_quality,
            provenance=provenance,
        )

    def extract(
        self,
        paths: Sequence[str | Path],
        *,
        framework: str | None = None,
        prune: bool = False,
        dry_run: bool = False,
        progress: Callable[[SuiteProgress], None] = lambda _: None,
    ) -> SuiteReport:
        """Stores the tests of files and folders; a second run stores only what changed.

        A test that was renamed or moved keeps its history; one that is gone ranks last.

        Args:
            prune: Delete the patterns of tests that are gone.
            progress: Called in another thread after each batch that is durable.

        Raises:
            ValueError: ``framework`` is unknown.
            AqeError: A path does not exist, or the bank cannot be written.
        """
        from .suites.suite_extraction import SuiteOptions, extract_suites  # loads the parsers

        options = SuiteOptions(
            framework=framework, min_quality=self._min_quality, prune=prune, dry_run=dry_run
        )
        places = [*map(Path, paths)]
        return extract_suites(self.backend, self._resources.encoder, places, options, progress)

    def delete_pattern(self, id: str) -> bool:
        """Deletes a pattern with all that belongs to it; its words leave the file on ``close``."""
        with self.backend.writing() as session:
            return session.delete([id]) > 0

    def find_matching_patterns(
        self, context: PatternSearchContext | str, limit: int = 10
    ) -> list[PatternMatch]:
        """Returns the patterns that best fit an agent's need, best first.

        Preferences in the context lift matches; they never exclude any.
        """
        return self.search(context, limit=limit)

    def find_pattern(
        self, criteria: PatternSearchCriteria | str, limit: int = 10
    ) -> list[PatternMatch]:
        """Returns the patterns that meet all criteria, best first; by evidence without a query."""
        wanted = PatternSearchCriteria(query=criteria) if isinstance(criteria, str) else criteria
        return self.search(criteria=wanted, limit=limit)

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
            context: The query as text, or as a context with preferences. Any text is valid; if it
                contains no words, patterns are ordered by evidence.
            criteria: Filters. Their query is used when the context has none.
            limit: 1 to 4096.
            mode: ``text`` uses the text leg alone and never loads the encoder, ``vector`` the
                vector leg alone; ``hybrid`` fuses both and applies the rules.
            group: Show one of several near-duplicates, to make room for other patterns.

        Raises:
            ValueError: ``limit`` is out of range, ``mode`` is unknown, or context and criteria
                have different queries.
        """
        require_limit(limit)
        request = search_request(context, criteria, limit, mode, group=group)
        return list(self._resources.answers.get(request, partial(self._answer, request)))

    def get_pattern(self, id: str) -> TestPattern | None:
        """Returns the pattern with this id, or None."""
        with self.backend.reading() as session:
            stored = find_stored(session, id)
        return None if stored is None else stored.pattern

    def resolve_id(self, prefix: str) -> str:
        """Returns the id that a unique prefix stands for, as git does for commits.

        Raises:
            PatternNotFoundError: No id starts with ``prefix``, or several do.
        """
        with self.backend.reading() as session:
            return resolved_id(session, prefix)

    def search_by_tags(self, tags: Sequence[str], limit: int = 10) -> list[TestPattern]:
        """Returns patterns that have at least one of the tags, most shared tags first.

        Raises:
            ValueError: ``limit`` is out of range.
        """
        require_limit(limit)
        with self.backend.reading() as session:
            found = session.select(_NO_CRITERIA, order="evidence", limit=limit, any_tag=list(tags))
        return [stored.pattern for stored in found]

    def find_similar_patterns(self, id: str, limit: int = 10) -> list[PatternMatch]:
        """Returns the patterns nearest in meaning to a stored one, without that one.

        Raises:
            PatternNotFoundError: No pattern has this id.
            ValueError: ``limit`` is out of range.
        """
        require_limit(limit)
        with self.backend.reading() as session:
            return search_similar(session, require_stored(session, id), limit, self._ranking)

    def list_patterns(
        self,
        criteria: PatternSearchCriteria | None = None,
        *,
        order: SortKey = "quality",
        limit: int | None = 10,
    ) -> list[TestPattern]:
        """Returns the patterns that meet the criteria, in the given order.

        Args:
            criteria: Filters without a query; to search, use ``find_pattern``.
            order: Best first; ties are broken by id.
            limit: 1 to 4096, or None for all.

        Raises:
            ValueError: ``limit`` is out of range, ``order`` is unknown, or the criteria have a
                query.
        """
        if order not in SORT_KEYS:
            raise ValueError(f"order must be one of {', '.join(SORT_KEYS)}, got {order!r}")
        if limit is not None:
            require_limit(limit)
        criteria = without_query(criteria)
        with self.backend.reading(whole=limit is None) as session:
            found = session.select(criteria, order=order, limit=limit)
        return [stored.pattern for stored in found]

    def record_usage(self, id: str, context: PatternUsageContext) -> TestPattern:
        """Records one use of a pattern; returns the pattern with its updated counters.

        Raises:
            PatternNotFoundError: No pattern has this id.
        """
        with self.backend.writing() as session:
            stored = require_stored(session, id)
            session.add_use(stored, context)
            session.set_summary(stored.key, proven_summary(session, stored))
            return session.patterns_of([stored.key])[stored.key]

    def get_provenance(self, id: str) -> Provenance | None:
        """Returns who wrote the current content of a pattern; None if there is no such pattern."""
        pattern = self.get_pattern(id)
        return None if pattern is None else pattern.provenance

    def forget(
        self,
        *,
        source: str = "",
        project: str = "",
        agent_id: str = "",
        run_id: str = "",
        dry_run: bool = False,
    ) -> ForgetReport:
        """Removes everything that came from a source, an agent or a run; see ``usage.erasure``.

        Args:
            source: A file or folder, as patterns name their source, of this project if one is
                given. A project alone is all of it.
            agent_id: What the agent wrote, and its uses of other patterns.

        Raises:
            ValueError: Nothing was given.
        """
        return forget(
            self.backend,
            source=source,
            project=project,
            agent_id=agent_id,
            run_id=run_id,
            dry_run=dry_run,
        )

    def get_usage(self, id: str, limit: int = 10) -> list[PatternUsageContext]:
        """Returns the latest uses of a pattern, newest first.

        Raises:
            ValueError: ``limit`` is out of range.
        """
        require_limit(limit)
        with self.backend.reading() as session:
            return session.uses(id, limit)

    def get_version_history(self, id: str) -> list[PatternVersion]:
        """Returns the earlier versions of a pattern, newest first."""
        with self.backend.reading() as session:
            return session.versions(id)

    def restore_version(self, id: str, version: int) -> StoreResult:
        """Restores an earlier version of a pattern, with its author; the result is a new version.

        It is as trusted as that version was, and uses of that content count as its proof again.

        Raises:
            PatternNotFoundError: There is no such pattern, or no such version of it.
        """
        return restore_version(
            self.backend, self._resources.encoder, id, version, min_quality=self._min_quality
        )

    def export_patterns(
        self,
        path: str | Path,
        *,
        file_format: FileFormat | None = None,
        criteria: PatternSearchCriteria | None = None,
    ) -> int:
        """Writes patterns to a file atomically; returns how many.

        Args:
            criteria: Filters without a query.

        Raises:
            ValueError: The criteria have a query.
            InterchangeError: The file cannot be written, or its extension names no format.
        """
        path = Path(path)
        file_format = file_format or format_of(path)
        with self.backend.reading(whole=True) as session:
            patterns = list(session.iterate(without_query(criteria)))
        write_atomically(path, encode_patterns(patterns, file_format))
        return len(patterns)

    def import_patterns(
        self,
        path: str | Path,
        *,
        file_format: FileFormat | None = None,
        mode: ImportMode = "merge",
        dry_run: bool = False,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        max_patterns: int | None = None,
    ) -> StoreReport:
        """Stores the patterns of a file, all or none.

        Args:
            mode: ``merge`` keeps patterns that are not in the file; ``replace`` deletes them.
            dry_run: Report what would happen; write nothing.
            max_bytes, max_patterns: Larger files are refused.

        Raises:
            InterchangeError: The file is malformed; nothing was changed.
            ValueError: ``mode`` is unknown.
        """
        if mode not in ("merge", "replace"):
            raise ValueError(f"mode must be merge or replace, got {mode!r}")
        patterns = read_patterns(
            Path(path),
            file_format,
            limits=DEFAULT_LIMITS.with_bounds(max_bytes=max_bytes, max_patterns=max_patterns),
        )
        return self._import(patterns, mode, dry_run=dry_run, progress=progress)

    def save_to_registry(self, folder: str | Path, *, prune: bool = False) -> int:
        """Writes one YAML file per pattern into a folder to keep in git; returns how many.

        Args:
            prune: Remove the registry files of patterns that are not in this bank.

        Raises:
            InterchangeError: A file cannot be written.
        """
        with self.backend.reading(whole=True) as session:
            patterns = list(session.iterate(_NO_CRITERIA))
        return write_registry(Path(folder), patterns, prune=prune)

    def load_from_registry(self, folder: str | Path, *, dry_run: bool = False) -> StoreReport:
        """Stores the patterns of a registry folder, all or none, as ``import_patterns`` does."""
        return self._import(read_registry(Path(folder)), dry_run=dry_run)

    def reindex(
        self, encoder: Encoder | str | None = None, *, progress: Progress | None = None
    ) -> ReindexReport:
        """Rebuilds both indexes; given another encoder, re-embeds every pattern first."""
        encoder = as_encoder(encoder) or self._resources.encoder()
        report = reindex(self.backend, encoder, progress=progress)
        self._resources.use_encoder(encoder)
        return report

    def update_vector_file(self) -> int:
        """Applies pending changes to the vector file of a large bank; returns how many."""
        return self.backend.update_vector_file()

    def check(self) -> list[Problem]:
        """Returns every disagreement between the bank's rows and what is derived from them."""
        return self.backend.check()

    def repair(self) -> int:
        """Sets damaged patterns aside, rebuilds derived data; returns how many were set aside."""
        quarantined = self.backend.repair()
        if any(problem.area == "embedding" for problem in self.backend.check()):
            self.reindex()
        return quarantined

    def get_statistics(self, project: str = "") -> BankStatistics:
        """Returns totals, averages and counts by group, of one project or of all."""
        with self.backend.reading() as session:
            return session.statistics(project)

    def get_performance_metrics(self) -> PerformanceMetrics:
        """Returns the look-up times of this object and how often its cache answered."""
        self._resources.refuse_closed()
        return self._resources.answers.metrics()

    def get_cache_statistics(self) -> CacheStatistics:
        """Returns the size and hit counts of the answer cache."""
        self._resources.refuse_closed()
        return self._resources.answers.statistics()

    def get_vector_statistics(self) -> VectorStatistics:
        """Returns the number and size of the vectors held outside the database."""
        return self.backend.vector_statistics()

    def _answer(self, request: SearchRequest) -> tuple[PatternMatch, ...]:
        query = self._resources.query(request)
        with self.backend.reading() as session:
            return tuple(search(session, request, query, self._ranking))

    def _import(
        self,
        patterns: Sequence[TestPattern],
        mode: ImportMode = "merge",
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> StoreReport:
        return store_batch(
            self.backend,
            patterns,
            self._resources.encoder,
            min_quality=self._min_quality,
            change=Change("imported"),
            provenance=Provenance(origin="imported"),
            dry_run=dry_run,
            progress=progress,
            replace_all=mode == "replace",
        )

    # Aliases that the specification fixes.
    storePattern = store_pattern  # noqa: N815
    findMatchingPatterns = find_matching_patterns  # noqa: N815
    recordUsage = record_usage  # noqa: N815
    getStatistics = get_statistics  # noqa: N815
