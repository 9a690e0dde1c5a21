"""Keeping the full-text index in one piece.

FTS5 writes what each transaction adds as a segment of its own, and a search looks for every word in
each of them. Its own merging lags behind: a bank of 1,000 patterns that was stored in batches had
16 segments, one of 100,000 had ten. In one segment they answer 18 and 13 % faster at p95
(bench/results/latency.md).
"""

from __future__ import annotations

from typing import Final

import apsw

from ....schema import Database

__all__ = ["merge_text_index", "segment_pages"]

# The smaller segments together, to the largest: a bank that grows by small steps writes each page
# about five times.
WORTHWHILE_SHARE: Final = 0.25
# Pages that one transaction merges, about 0.1 s: others write in between.
PAGES_AT_ONCE: Final = 1_000


def merge_text_index(database: Database) -> bool:
    """Makes one segment of all where that is worth it; returns whether it did."""
    with database.read() as connection:
        sizes = segment_pages(connection)
    if len(sizes) < 2 or sum(sizes[1:]) < WORTHWHILE_SHARE * sizes[0]:
        return False
    # A negative number begins, positive ones go on: section 6.8 of FTS5's documentation.
    pages = -PAGES_AT_ONCE
    while _merge(database, pages):
        pages = PAGES_AT_ONCE
    return True


def segment_pages(connection: apsw.Connection) -> list[int]:
    """Returns the number of pages of each segment, the largest first."""
    rows = connection.execute(
        "select count(*) as pages from patterns_fts_idx group by segid order by pages desc"
    )
    return [int(str(row[0])) for row in rows]


def _merge(database: Database, pages: int) -> bool:
    """Merges up to so many pages in one transaction; returns whether there may be more to do."""
    with database.write() as connection:
        before = connection.total_changes()
        connection.execute(
            "insert into patterns_fts (patterns_fts, rank) values ('merge', :pages)",
            {"pages": pages},
        )
        return connection.total_changes() - before >= 2
