"""Checks that rows and the data derived from them agree.

The rows are authoritative; text index, tags, bands and counters are derived from them. A
row's ``content_hash`` shows whether it is still what was stored: SQLite does not notice a flipped
bit.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw
import numpy as np

from ....schema import Problem, TestPattern, unreadable
from ...text.minhash import bands, signature
from ...text.pattern_text import body_of, content_hash, embedded_text, text_hash
from ...text.tokens import TOKENIZER_VERSION
from ..readable_rows import FAULTS, one_line
from ..storage_values import StoredPattern
from ..use_summary import use_summary
from .embedding_table import encoder_in_use, from_blob
from .pattern_table import stored_at, stored_without_counters
from .text_index import index_columns
from .use_tables import agent_counts, agent_sums, unreadable_history, uses_by_agent

__all__ = ["CHECK_DEADLINE_S", "check_patterns", "count_patterns", "embedding_fault"]

# Every row is read and hashed: about 6,000 patterns per second.
CHECK_DEADLINE_S = 3_600.0
# Encoders return unit vectors; the norms of int8 models deviate by less than this.
NORM_TOLERANCE = 1e-2
TOLERANCE = 1e-9


def check_patterns(connection: apsw.Connection, *, has_vectors: bool) -> list[Problem]:
    """Returns every disagreement between rows, text index, embeddings and counters."""
    check = _Check(connection, has_vectors=has_vectors)
    check.bank()
    rowids: list[int] = []
    with unreadable(check.problems, "row", "salvage"):
        rowids = [row[0] for row in connection.execute("select pattern_rowid from patterns")]
    for rowid in rowids:
        check.pattern(rowid)
    check.strays(set(rowids))
    return check.problems


def count_patterns(connection: apsw.Connection) -> int:
    """Returns the number of stored patterns."""
    return int(connection.execute("select count(*) from patterns").get)


def embedding_fault(blob: bytes, hash: str, pattern: TestPattern, dimension: int) -> str:
    """Returns the fault of a stored embedding as text; empty if it is sound."""
    if hash != text_hash(embedded_text(pattern)):
        return "its embedding was computed from another text"
    if len(blob) != 4 * dimension:
        return f"its embedding must have {4 * dimension} bytes, got {len(blob)}"
    norm = float(np.linalg.norm(from_blob(blob)))
    return "" if abs(norm - 1) < NORM_TOLERANCE else "its embedding is not normalised"


class _Check:
    """A check of one bank, pattern by pattern, and the problems found so far."""

    def __init__(self, connection: apsw.Connection, *, has_vectors: bool) -> None:
        self.problems: list[Problem] = []
        self._connection = connection
        self._has_vectors = has_vectors
        self._encoder = self._dimension = 0
        self._broken: set[str] = set()

    def bank(self) -> None:
        """Checks the facts about the bank as a whole."""
        with unreadable(self.problems, "encoder", "salvage"):
            used = encoder_in_use(self._connection)
            if used is not None:
                self._encoder, self._dimension = used.rowid, used.identity.dimension
            version = self._fact("words_version")
            if version not in (None, TOKENIZER_VERSION):
                message = f"built by tokenizer version {version}, expected {TOKENIZER_VERSION}"
                self._note("words", message)
        if not self._has_vectors:
            message = (
                "sqlite-vec is missing or cannot be loaded: embeddings are stored, but searches use"
                " full text only; install it: pip install sqlite-vec"
            )
            self.problems.append(Problem("vectors", message, "none"))

    def pattern(self, rowid: int) -> None:
        """Checks one pattern and the data derived from it."""
        stored = self._stored(rowid)
        if stored is None:
            return
        pattern = stored.pattern
        if content_hash(pattern) != stored.content_hash:
            self.problems.append(
                Problem("row", "its content is not what was stored", "quarantine", pattern.id)
            )
            return
        with unreadable(self.problems, "history", "rebuild", pattern.id):
            for table, _, fault in unreadable_history(self._connection, pattern.id):
                self._note("history", f"a row of {table} cannot be read: {fault}", pattern.id)
        with unreadable(self.problems, "keys", "rebuild", pattern.id):
            self._keys(rowid, pattern)
        with unreadable(self.problems, "counters", "rebuild", pattern.id):
            self._counters(stored)
        self._unless_broken("words", lambda: self._text(rowid, pattern))
        with unreadable(self.problems, "embedding", "rebuild", pattern.id):
            self._embedding(rowid, pattern)

    def strays(self, rowids: set[int]) -> None:
        """Checks for index entries that belong to no pattern."""
        self._unless_broken(
            "words", lambda: self._stray("words", "select rowid from patterns_fts", rowids)
        )

    def _stored(self, rowid: int) -> StoredPattern | None:
        subject = f"row {rowid}"
        try:
            with unreadable(self.problems, "row", "salvage", subject):
                subject = str(
                    self._connection.execute(
                        "select id from patterns where pattern_rowid = :rowid", {"rowid": rowid}
                    ).get
                )
                return next(iter(stored_at(self._connection, [rowid])), None)
        except FAULTS as error:
            self._unreadable(rowid, subject, one_line(error))
        return None

    def _unreadable(self, rowid: int, subject: str, fault: str) -> None:
        """Records why a row cannot be read: its counters can be rebuilt, all else cannot."""
        try:
            stored_without_counters(self._connection, rowid)
        except FAULTS:
            message = f"is not a valid pattern: {fault}"
            self.problems.append(Problem("row", message, "quarantine", subject))
        else:
            self._note("counters", f"its counters are out of range: {fault}", subject)

    def _keys(self, rowid: int, pattern: TestPattern) -> None:
        own = signature(body_of(pattern))
        kept = self._connection.execute(
            "select signature from patterns where pattern_rowid = :rowid", {"rowid": rowid}
        ).get
        tags = self._connection.execute(
            "select tag from pattern_tags where pattern_rowid = :rowid", {"rowid": rowid}
        )
        found_tags = {row[0] for row in tags}
        numbers = self._connection.execute(
            "select band from pattern_bands where pattern_rowid = :rowid", {"rowid": rowid}
        )
        found_bands = {row[0] for row in numbers}
        if kept != own or found_bands != set(bands(own)):
            self._note("keys", "its signature does not match its code", pattern.id)
        if found_tags != {tag.casefold() for tag in pattern.tags}:
            self._note("keys", "its rows in pattern_tags do not match its tags", pattern.id)

    def _counters(self, stored: StoredPattern) -> None:
        counts = agent_counts(self._connection, stored.key)
        summary = use_summary(counts, base_quality=stored.base_quality, trust=stored.trust)
        if (
            stored.success_count != summary.success_count
            or stored.pattern.usage_count != summary.usage_count
            or abs(stored.evidence - summary.evidence) > TOLERANCE
            or abs(stored.pattern.quality - summary.quality) > TOLERANCE
        ):
            message = "its counters are not the sums of its agents' uses"
            self._note("counters", message, stored.pattern.id)
        if agent_sums(self._connection, stored.key) != uses_by_agent(
            self._connection, stored.pattern.id
        ):
            message = "the uses counted by agent are not those recorded"
            self._note("counters", message, stored.pattern.id)

    def _text(self, rowid: int, pattern: TestPattern) -> None:
        found = self._connection.execute(
            "select name, description, tags, code from patterns_fts where rowid = :rowid",
            {"rowid": rowid},
        ).fetchone()
        if found is None:
            self._note("words", "is missing from the text index", pattern.id)
        elif tuple(found) != index_columns(pattern):
            self._note(
                "words", "its entry in the text index does not match its content", pattern.id
            )

    def _embedding(self, rowid: int, pattern: TestPattern) -> None:
        row = self._connection.execute(
            "select embedding, text_hash from pattern_embeddings"
            " where pattern_rowid = :rowid and encoder_rowid = :encoder",
            {"rowid": rowid, "encoder": self._encoder},
        ).fetchone()
        if row is None:
            self._note("embedding", "has no embedding", pattern.id)
            return
        if fault := embedding_fault(row[0], row[1], pattern, self._dimension):
            self._note("embedding", fault, pattern.id)

    def _fact(self, key: str) -> str | None:
        value: str | None = self._connection.execute(
            "select value from bank_facts where key = :key", {"key": key}
        ).get
        return value

    def _stray(self, area: str, query: str, rowids: set[int]) -> None:
        strays = {row[0] for row in self._connection.execute(query)} - rowids
        if strays:
            self._note(area, f"{len(strays)} entries of the index belong to no pattern")

    def _unless_broken(self, area: str, check: Callable[[], None]) -> None:
        """Runs a check of an index, unless reading that index has failed before."""
        if area in self._broken:
            return
        known = len(self.problems)
        with unreadable(self.problems, area, "rebuild"):
            check()
        if self.problems[known:] and self.problems[-1].message.startswith("cannot be read"):
            self._broken.add(area)

    def _note(self, area: str, message: str, subject: str = "") -> None:
        self.problems.append(Problem(area, message, "rebuild", subject))
