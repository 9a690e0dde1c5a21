"""What moves patterns between a bank and files, and a bank to another encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from ..models import Encoder, identity_of
from ..schema import PatternSearchCriteria, Provenance, StoreReport, TestPattern
from .exchange.formats import (
    DEFAULT_LIMITS,
    FileFormat,
    encode_patterns,
    format_of,
    read_patterns,
    write_atomically,
)
from .exchange.registry import read_registry, write_registry
from .ingest.pipeline import store_stream
from .ingest.reindex import ReindexReport, reindex
from .ingest.writer import Change, store_batch
from .quality.scored_pattern import StorablePattern
from .resources import BankOpening

__all__ = ["BankFiles", "ImportMode", "Progress"]

ImportMode = Literal["merge", "replace"]
Progress = Callable[[int], None]


class BankFiles:
    """The part of the bank that takes in and gives out many patterns; see ``QEReasoningBank``."""

    _opening: BankOpening
    _min_quality: float

    def store_stream(
        self, batches: Iterable[Iterable[StorablePattern]], *, provenance: Provenance | None = None
    ) -> Iterator[StoreReport]:
        """Stores batches one after the other, each in one transaction; yields a report for each.

        The encoder is kept busy: while one batch is embedded, the next is taken from ``batches``
        and the one before is written. A report is yielded after its commit. What an iterator has
        not yielded when it is dropped may or may not be stored.
        """
        return store_stream(
            self._opening.store(),
            batches,
            self._opening.encoder,
            min_quality=self._min_quality,
            provenance=provenance,
        )

    def export_patterns(
        self,
        path: str | Path,
        *,
        file_format: FileFormat | None = None,
        criteria: PatternSearchCriteria | None = None,
    ) -> int:
        """Writes patterns to a file, whole or not at all; returns how many.

        Raises:
            InterchangeError: The file cannot be written or its format not be told.
        """
        path = Path(path)
        file_format = file_format or format_of(path)
        with self._opening.store().reading(whole=True) as session:
            patterns = [pattern for _, pattern in session.rows.each(criteria)]
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
            max_bytes, max_patterns: A larger file is refused.
            mode: ``merge`` keeps what the file does not name; ``replace`` deletes it, so that the
                bank holds the patterns of the file and nothing else.

        Raises:
            InterchangeError: The file is malformed; nothing was changed.
        """
        patterns = read_patterns(
            Path(path),
            file_format,
            limits=DEFAULT_LIMITS.with_bounds(max_bytes=max_bytes, max_patterns=max_patterns),
        )
        return self._import(patterns, mode, dry_run, progress)

    def save_to_registry(self, folder: str | Path) -> int:
        """Writes one YAML file a pattern into a folder, as a team keeps them in git.

        Returns how many. Files that are there already and have other names stay.

        Raises:
            InterchangeError: A file cannot be written.
        """
        with self._opening.store().reading(whole=True) as session:
            patterns = [pattern for _, pattern in session.rows.each()]
        return write_registry(Path(folder), patterns)

    def load_from_registry(self, folder: str | Path, *, dry_run: bool = False) -> StoreReport:
        """Stores the patterns of a registry folder, all or none.

        Raises:
            InterchangeError: The folder or one of its files cannot be read.
        """
        return self._import(read_registry(Path(folder)), "merge", dry_run, None)

    def reindex(
        self, encoder: Encoder | None = None, *, progress: Progress | None = None
    ) -> ReindexReport:
        """Rebuilds both indexes; with another encoder, embeds every pattern with it first."""
        store = self._opening.store()
        encoder = encoder or self._opening.encoder()
        report = reindex(store, encoder, identity_of(encoder), progress=progress)
        self._opening.use_encoder(encoder)
        return report

    def update_vector_file(self) -> int:
        """Takes every change into the file of vectors; returns how many embeddings that took.

        Banks up to 20,000 patterns have no such file. Others make it themselves when patterns are
        stored in batches; this is for those that grew one by one, or lost it.
        """
        return self._opening.store().update_vector_file(least_changed=1)

    def _import(
        self,
        patterns: Sequence[TestPattern],
        mode: ImportMode,
        dry_run: bool,
        progress: Progress | None,
    ) -> StoreReport:
        if mode not in ("merge", "replace"):
            raise ValueError(f"mode must be merge or replace, got {mode!r}")
        return store_batch(
            self._opening.store(),
            patterns,
            self._opening.encoder,
            min_quality=self._min_quality,
            change=Change("imported"),
            provenance=Provenance(origin="imported"),
            dry_run=dry_run,
            progress=progress,
            replace_all=mode == "replace",
        )
