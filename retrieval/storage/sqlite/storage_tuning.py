"""Defines the measured constants of the SQLite backend."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StorageTuning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageTuning:
    """What a search may spend, and when derived data is rebuilt (bench/results/latency.md).

    Attributes:
        tight_rows: A filter is tight when at most this many rows pass one of its parts: all rows
            that pass are then read and scored, which costs about 5 ms for this many.
        tight_share: Where a larger share of the bank passes, enough of the best do: they are
            fetched first and filtered afterwards.
        always_tight_rows: This few are always read, whatever their share.
        document_budget: Documents that all query terms together may retrieve, next to vectors.
        document_budget_alone: The same for a search by words alone.
        weighing_budget: Documents that all query terms together may score.
        min_documents: In a smaller bank, a term that most documents hold is kept. BM25 gives it
            no weight (FTS5: 0.000001), but it may be what makes a pattern an answer at all.
        max_known_terms: Terms whose document counts are kept in memory; 20,000 are about 3 MB.
        outdated_share: Counts are dropped when the bank has grown or shrunk by this share. They
            choose terms, they do not score.
        max_cached_vectors: Embeddings held in memory; 20,000 of 384 float32 are 30 MB, and a scan
            of them takes about 1 ms. A larger bank has a vector file.
        first_fetch: Neighbours first fetched under a loose filter; the next fetch takes
            ``fetch_growth`` times as many, until enough of them pass.
        max_fetched: Past this many, reading all rows that pass costs less than fetching on.
        min_rescored: Neighbours of the vector file that are rescored exactly at least: int8 moves
            a few of the first ten across a cut that is near.
        vector_file: Whether large banks get a vector file (needs usearch).
        min_changed: Changed embeddings that make it worth applying them to the vector file.
        changed_share: The same as a share of the bank; the larger of both counts.
        max_replaced: When a larger share of the file was replaced or removed, it is rebuilt,
            since usearch keeps the places of removed vectors.
        merge_share: The smaller segments of the text index are merged when together they have
            this share of the pages of the largest: a growing bank writes each page about 5 times.
        merge_pages: Pages merged in one transaction, about 0.1 s; others write in between.
    """

    tight_rows: int = 6_000
    tight_share: float = 1 / 6
    always_tight_rows: int = 1_000
    document_budget: int = 1_000
    document_budget_alone: int = 4_000
    weighing_budget: int = 25_000
    min_documents: int = 1_000
    max_known_terms: int = 20_000
    outdated_share: float = 0.02
    max_cached_vectors: int = 20_000
    first_fetch: int = 200
    fetch_growth: int = 4
    max_fetched: int = 4_096
    min_rescored: int = 24
    vector_file: bool = True
    min_changed: int = 2_000
    changed_share: float = 0.1
    max_replaced: float = 0.2
    merge_share: float = 0.25
    merge_pages: int = 1_000
