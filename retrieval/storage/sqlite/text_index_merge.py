"""Merges the full-text index into one segment.

Each transaction adds a segment, and a search looks up every term in each segment. FTS5's automatic
merging lags behind: a bank of 1,000 patterns stored in batches had 16 segments, one of 100,000 had
ten. Merged into one segment, they answer 18 and 13 % faster at p95
(bench/results/latency.md).
"""

from __future__ import annotations

import apsw

from ....schema import Database
from .storage_tuning import StorageTuning

__all__ = ["merge_text_index", "segment_pages"]


def merge_text_index(database: Database, tuning: StorageTuning) -> bool:
    """Merges all segments into one if that is worthwhile; returns whether it did."""
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
