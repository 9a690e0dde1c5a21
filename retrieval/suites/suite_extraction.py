"""Extracts test suites into a bank, and settles what the bank has and the suites no longer have."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ...models import Encoder
from ...schema import StoreReport, TestPattern, utc_now
from ...schema.records.validation import require_framework
from ..extraction import ExtractedFile, discover_test_files, extract_file
from ..ingest.pipeline import store_stream
from ..ingest.writer import store_batch
from ..quality.scored_pattern import ScoredPattern, StorablePattern, pattern_of
from ..storage.backend import PatternBackend, PatternReader
from ..storage.storage_values import Change, PatternPlace, StoredPattern
from ..usage.trust import proven_summary
from .project_claims import ProjectClaims
from .successors import Succession, find_successions
from .suite_report import GoneTest, MovedTest, SuiteProgress, SuiteReport
from .vanished_tests import SeenTests, project_folders, vanished_tests

__all__ = ["SuiteOptions", "extract_suites"]

# Tests stored at once: a killed run loses at most three seconds of work, since one batch is written
# while the next is embedded.
BATCH_SIZE: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteOptions:
    """How to extract; see ``QEReasoningBank.extract``."""

    framework: str | None = None
    min_quality: float = 0.0
    prune: bool = False
    dry_run: bool = False


def extract_suites(
    backend: PatternBackend,
    encoder: Callable[[], Encoder],
    paths: Sequence[Path],
    options: SuiteOptions,
    progress: Callable[[SuiteProgress], None],
) -> SuiteReport:
    """Returns what happened to each file and test under the paths; see ``QEReasoningBank.extract``.

    Raises:
        ValueError: The framework is unknown.
        AqeError: A path does not exist.
        DatabaseError: The bank cannot be written.
    """
    if options.framework is not None:
        require_framework("framework", options.framework)
    started = time.perf_counter()
    extraction = _SuiteExtraction(backend, encoder, paths, options, progress)
    extraction.store()
    extraction.settle()
    extraction.report.seconds = time.perf_counter() - started
    return extraction.report


class _SuiteExtraction:
    """One extraction, step by step."""

    def __init__(
        self,
        backend: PatternBackend,
        encoder: Callable[[], Encoder],
        paths: Sequence[Path],
        options: SuiteOptions,
        progress: Callable[[SuiteProgress], None],
    ) -> None:
        found = discover_test_files(paths)
        self.report = SuiteReport(
            files=len(found.files), ignored=found.ignored, other_checkouts=found.other_checkouts
        )
        self._files = found.files
        self._backend = backend
        self._encoder = encoder
        self._options = options
        self._progress = progress
        self._claims = ProjectClaims(backend, dry_run=options.dry_run)
        self._seen = SeenTests.of(paths, found.files, found.ignored)
        self._files_of_batches: list[int] = []
        self._files_stored = 0
        self._unstored: dict[str, TestPattern] = {}  # of a dry run

    def store(self) -> None:
        """Stores what the files hold, batch by batch."""
        options = self._options
        if options.dry_run:
            for batch in self._batches():
                self._committed(
                    store_batch(
                        self._backend,
                        batch,
                        self._encoder,
                        min_quality=options.min_quality,
                        dry_run=True,
                    )
                )
            return
        for _ in store_stream(
            self._backend,
            self._batches(),
            self._encoder,
            min_quality=options.min_quality,
            committed=self._committed,
        ):
            pass

    def settle(self) -> None:
        """Settles what vanished: a test that moved leaves its history to its successor."""
        self._claims.adopt_rest()
        with self._backend.reading() as session:
            folders = project_folders(session.projects(), self._seen, self._claims.roots)
            places = {project: session.places(project) for project in folders}
            unsettled = self._unsettled(session, places)
            vanished = vanished_tests(places, folders, self._seen, self._options.framework)
            absent = session.get_many(vanished)
            gone = [stored for stored in absent if not _is_remnant(stored, unsettled)]
            new_ids = [*self._created(), *sorted(unsettled & self._seen.ids)]
            new = session.get_many(new_ids) if gone else []
        remnants = [stored.pattern.id for stored in absent if _is_remnant(stored, unsettled)]
        trial = [self._unstored[id] for id in self._created() if id in self._unstored]
        successions = find_successions(_patterns(gone), _first_versions(new) or trial)
        self._move(successions)
        moved = {succession.gone.id for succession in successions}
        left = [stored.pattern for stored in gone if stored.pattern.id not in moved]
        self.report.gone = [GoneTest.of(pattern) for pattern in left]
        self._let_go([pattern.id for pattern in left], remnants)

    def _created(self) -> list[str]:
        return [result.id for result in self.report.results if result.status == "created"]

    def _unsettled(
        self, session: PatternReader, places: Mapping[str, Sequence[PatternPlace]]
    ) -> set[str]:
        """Returns the tests that are new since a whole folder of their project was settled.

        An extraction that was killed has stored them, and has left their history to this one.
        """
        return {
            place.id
            for project in self._claims.roots
            if (settled := session.settled_at(project)) is not None
            for place in places[project]
            if place.created_at > settled
        }

    def _batches(self) -> Iterator[list[StorablePattern]]:
        """Yields batches of tests, and notes how many files each completes."""
        batch: list[StorablePattern] = []
        files_done = 0
        for path in self._files:
            batch += self._tests_of(path)
            files_done += 1
            while len(batch) >= BATCH_SIZE:
                whole = len(batch) == BATCH_SIZE
                self._files_of_batches.append(files_done if whole else files_done - 1)
                files_done = 0 if whole else 1
                yield batch[:BATCH_SIZE]
                batch = batch[BATCH_SIZE:]
        self._files_of_batches.append(files_done)
        yield batch

    def _tests_of(self, path: Path) -> list[StorablePattern]:
        """Reads a file; returns its tests to store."""
        extracted = extract_file(path, project_name=self._claims.name)
        self.report.add_file(extracted, self._options.framework)
        self._seen.add(extracted)
        adopted = self._claims.adopt(extracted)
        wanted = self._wanted(extracted)
        if self._options.dry_run and adopted:
            earlier = {id: earlier for earlier, id in adopted.items()}
            wanted = [_with_id(storable, earlier) for storable in wanted]
        if self._options.dry_run:
            self._unstored |= {pattern.id: pattern for pattern in map(pattern_of, wanted)}
        return wanted

    def _wanted(self, extracted: ExtractedFile) -> list[StorablePattern]:
        framework = self._options.framework
        return [
            storable
            for storable in extracted.storable
            if framework in (None, pattern_of(storable).framework)
        ]

    def _committed(self, report: StoreReport) -> None:
        """Adds what a batch came to; called once it is durable."""
        self.report.results += report.results
        self._files_stored += self._files_of_batches.pop(0)
        self._progress(
            SuiteProgress(self._files_stored, len(self.report.results), self.report.files)
        )

    def _move(self, successions: Sequence[Succession]) -> None:
        """Moves the history of tests to their successors."""
        if not successions:
            return
        heirs = {succession.new.id: succession.gone for succession in successions}
        self.report.moved = [
            MovedTest(earlier=GoneTest.of(gone), id=new.id, name=new.name, source=new.source or "")
            for gone, new in successions
        ]
        self.report.results = [
            replace(result, status="moved") if result.id in heirs else result
            for result in self.report.results
        ]
        if self._options.dry_run:
            return
        with self._backend.writing() as session:
            found = _by_id(session, [pattern.id for pair in successions for pattern in pair])
            for gone, new in successions:
                if {gone.id, new.id} <= found.keys():  # else another process was first
                    heir = found[new.id]
                    session.inherit(heir, found[gone.id], Change(f"moved from {gone.source}"))
                    session.set_summary(heir.key, proven_summary(session, heir))

    def _let_go(self, ids: Sequence[str], remnants: Sequence[str]) -> None:
        """Marks or deletes the tests that are gone, and deletes what nobody has seen."""
        options = self._options
        self.report.pruned = len(ids) if options.prune else 0
        if options.dry_run:
            return
        with self._backend.writing() as session:
            session.delete(remnants)
            if options.prune:
                self.report.pruned = session.delete(ids)
            else:
                session.set_gone(ids, utc_now())
            if self._seen.whole_folder:
                session.set_settled(list(self._claims.roots), utc_now())


def _is_remnant(stored: StoredPattern, unsettled: Collection[str]) -> bool:
    """Returns whether only a killed extraction has seen a pattern: it has no history."""
    pattern = stored.pattern
    return pattern.id in unsettled and pattern.version == 1 and not pattern.usage_count


def _first_versions(stored: Sequence[StoredPattern]) -> list[TestPattern]:
    """Returns the patterns that have no earlier versions, and so can take over those of others."""
    return [pattern for pattern in _patterns(stored) if pattern.version == 1]


def _patterns(stored: Sequence[StoredPattern]) -> list[TestPattern]:
    return [each.pattern for each in stored]


def _by_id(session: PatternReader, ids: Sequence[str]) -> dict[str, StoredPattern]:
    return {stored.pattern.id: stored for stored in session.get_many(ids)}


def _with_id(storable: StorablePattern, ids: Mapping[str, str]) -> StorablePattern:
    """Returns a test with the id that the bank has for it."""
    pattern = pattern_of(storable)
    renamed = replace(pattern, id=ids.get(pattern.id, pattern.id))
    if isinstance(storable, ScoredPattern):
        return ScoredPattern(renamed, storable.base_quality)
    return renamed
