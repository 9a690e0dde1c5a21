"""Defines the measured limits and thresholds of the SQLite backend."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StorageTuning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageTuning:
    """Budgets of a search, and thresholds for updating derived data (bench/results/latency.md).

    Attributes:
        tight_rows: A filter is tight when at most this many rows pass one of its parts. All rows
            that pass a tight filter are read and scored, about 5 ms for this many.
        tight_share: A filter that a larger share of the bank passes is loose: the best rows are
            fetched first and filtered afterwards, since enough of them will pass.
        always_tight_rows: A filter that at most this many rows pass is tight whatever the share.
        document_budget: Documents that all query terms together may retrieve, next to vectors.
        document_budget_alone: The same for a search by the text leg alone.
        weighing_budget: Documents that all query terms together may score.
        min_documents: In smaller banks, terms that most documents contain are kept. BM25 gives them
            no weight (FTS5: 0.000001), but they may be the only terms that a pattern matches.
        max_known_terms: Terms whose document counts are kept in memory; 20,000 take about 3 MB.
        outdated_share: The counts are dropped when the bank has grown or shrunk by this share;
            they choose terms, they do not score.
        max_cached_vectors: Embeddings held in memory: 20,000 of 384 float32 take 30 MB and about
            1 ms to scan. A larger bank has a vector file.
        first_fetch: Neighbours fetched first under a loose filter; each further fetch is
            ``fetch_growth`` times as large, until enough of them pass.
        max_fetched: Above this many, reading all rows that pass costs less than fetching more.
        min_rescored: Minimum number of neighbours from the vector file that are rescored exactly:
            int8 rounding moves some of the first ten across a close cut.
        vector_file: Whether large banks get a vector file (needs usearch).
        min_changed: Number of changed embeddings that makes updating the vector file worthwhile.
        changed_share: The same as a share of the bank; the larger of the two applies.
        max_replaced: The vector file is rebuilt when a larger share of it was replaced or removed,
            since usearch does not free the space of removed vectors.
        merge_share: The smaller segments of the text index are merged when together they have
            this share of the pages of the largest: a growing bank writes each page about 5 times.
        merge_pages: Pages merged in one transaction, about 0.1 s; other writers get their turn in
            between.
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
