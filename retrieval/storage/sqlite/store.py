"""The seam between the bank and its database: all SQL of the bank stands in this folder.

A session is one transaction. What stands on the other side of a ``PatternSession`` could be
another database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import apsw

from ....schema import (
    AqeError,
    Database,
    EncoderIdentity,
    EncoderMismatchError,
    adopt_encoder,
    create_vector_index,
    encoder_in_use,
    known_encoder,
)
from ...exchange.formats import pattern_from_builtins
from ...text.tokens import WORDS_VERSION
from .filter_plan import RowFilters
from .pattern_history_tables import PatternUses, PatternVersions
from .pattern_table import PatternRows
from .pattern_trust_columns import PatternTrust
from .statistics import BankStatistics, count_statistics
from .text_index import TextLeg
from .text_index_merge import merge_text_index
from .text_term_budget import TermChoice
from .vector_cache import VectorMemory, VectorMemoryStatistics
from .vector_file_build import update_vector_file
from .vector_index import VectorLeg

__all__ = ["PatternSession", "PatternStore"]

_log = logging.getLogger("aqe")

# Reading 100,000 patterns takes about 3 s on a quiet machine.
WHOLE_BANK_DEADLINE_S = 300.0


@dataclass(frozen=True, slots=True)
class PatternSession:
    """The bank's tables inside one transaction."""

    connection: apsw.Connection
    rows: PatternRows
    uses: PatternUses
    versions: PatternVersions
    text: TextLeg
    vectors: VectorLeg
    trust: PatternTrust

    def delete(self, rowid: int) -> None:
        """Deletes a pattern from its table and both indexes, with its use and versions."""
        self.text.delete(rowid)
        self.vectors.delete(rowid)
        self.rows.delete(rowid)

    def statistics(self) -> BankStatistics:
        """Returns the totals over the bank."""
        return count_statistics(self.connection)

    def words_version(self) -> str | None:
        """Returns the version of the word splitter that the full-text index was made with."""
        version: str | None = self.connection.execute(
            "select value from bank_facts where key = 'words_version'"
        ).get
        return version

    def note_words_version(self) -> None:
        """Records that the full-text index was made with the present word splitter."""
        self.connection.execute(
            "insert into bank_facts (key, value) values ('words_version', :version)"
            " on conflict (key) do update set value = excluded.value",
            {"version": WORDS_VERSION},
        )


class PatternStore:
    """Opens sessions on a database for a bank that embeds with one encoder.

    Args:
        database: Where the bank lives; not closed by the store.
        identity: The bank's encoder. It is adopted by the first write into a bank without one.
    """

    def __init__(self, database: Database, identity: EncoderIdentity) -> None:
        self.database = database
        self.identity = identity
        self._memory = VectorMemory(database.path)
        self._term_choice = TermChoice()
        self._wrote = False

    @contextmanager
    def reading(self, *, whole: bool = False) -> Iterator[PatternSession]:
        """Gives a session in which every query sees the same state of the bank.

        Args:
            whole: All patterns are read, which may take longer than an answer may.

        Raises:
            EncoderMismatchError: The bank is embedded with another encoder.
        """
        deadline = {"deadline_s": WHOLE_BANK_DEADLINE_S} if whole else {}
        with self.database.read(**deadline) as connection:
            yield self._session(connection, writing=False)

    @contextmanager
    def writing(self) -> Iterator[PatternSession]:
        """Gives a session whose changes are committed together, or not at all.

        Raises:
            EncoderMismatchError: The bank is embedded with another encoder.
        """
        with self.database.write() as connection:
            if not self.database.has_vectors:
                connection.execute(
                    "insert into bank_facts (key, value) values ('vectors_pending', 'yes')"
                    " on conflict (key) do nothing"
                )
            yield self._session(connection, writing=True)
            self._wrote = True

    def index_pending_vectors(self) -> None:
        """Indexes what was written where sqlite-vec was missing, now that it is there."""
        question = "select 1 from bank_facts where key = 'vectors_pending'"
        with self.reading() as session:
            pending = session.connection.execute(question).get is not None
        if not (pending and self.database.has_vectors):
            return
        with self.writing() as session:
            if session.connection.execute(question).get is None:  # another process was first
                return
            create_vector_index(session.connection, self.identity.dimension)
            session.vectors.rebuild(session.rows.each())
            session.connection.execute("delete from bank_facts where key = 'vectors_pending'")

    def update_vector_file(self, *, least_changed: int | None = None) -> int:
        """Brings the file of vectors up to date where the bank is large enough to have one.

        Args:
            least_changed: Do nothing when fewer embeddings than this changed since; by default a
                tenth of the file, and 2,000 at least.

        Returns:
            How many embeddings were taken into the file.
        """
        with self.reading(whole=True) as session:
            row = self._encoder_row(session.connection, writing=False)
        if row is None:
            return 0
        return update_vector_file(
            self.database, row, self.identity.dimension, least_changed=least_changed
        )

    def tidy(self) -> None:
        """Brings what makes searches fast up to date: one segment of words, the file of vectors.

        What fails is logged: everything is stored, and searches go on.
        """
        try:
            merge_text_index(self.database)
            self.update_vector_file()
        except (AqeError, OSError) as error:
            _log.warning("the indexes are not tidied up, searches go on: %s", error)

    def finish(self) -> None:
        """Tidies up if this store wrote; for a bank that is closed.

        A batch does so by itself; patterns that are stored one by one do not wait for it.
        """
        if self._wrote:
            self._wrote = False
            self.tidy()

    def vector_memory(self) -> VectorMemoryStatistics:
        """Returns what is held of vectors outside the database."""
        return self._memory.statistics()

    @contextmanager
    def filling(self, identity: EncoderIdentity) -> Iterator[tuple[PatternSession, VectorLeg]]:
        """Gives a writing session and the embeddings of an encoder that is not yet in use."""
        with self.writing() as session:
            row = known_encoder(session.connection, identity)
            yield session, self._vectors(session.connection, row, identity, has_index=False)

    def switch_encoder(self, session: PatternSession, identity: EncoderIdentity) -> int:
        """Puts another encoder to use and indexes its embeddings; returns how many.

        The embeddings of every other encoder are deleted: two vector spaces never mix. The store
        uses it after the commit, once ``identity`` is set.
        """
        row = adopt_encoder(session.connection, identity, vector_index=self.database.has_vectors)
        vectors = self._vectors(
            session.connection, row, identity, has_index=self.database.has_vectors
        )
        vectors.forget_other_encoders()
        return vectors.rebuild(session.rows.each())

    def _session(self, connection: apsw.Connection, *, writing: bool) -> PatternSession:
        row = self._encoder_row(connection, writing=writing)
        has_index = self.database.has_vectors and row is not None
        filters = RowFilters(connection)
        return PatternSession(
            connection,
            PatternRows(connection),
            PatternUses(connection),
            PatternVersions(connection, pattern_from_builtins),
            TextLeg(connection, self._term_choice, filters),
            self._vectors(
                connection,
                row or 0,
                self.identity,
                has_index=has_index,
                memory=None if writing else self._memory,
                filters=filters,
            ),
            PatternTrust(connection),
        )

    def _encoder_row(self, connection: apsw.Connection, *, writing: bool) -> int | None:
        """Returns the row of the bank's encoder; None while nothing was ever stored."""
        used = encoder_in_use(connection)
        if used is None:
            if not writing:
                return None
            return adopt_encoder(connection, self.identity, vector_index=self.database.has_vectors)
        row, identity = used
        if identity != self.identity:
            raise EncoderMismatchError(
                f"the bank is embedded with {identity}, got {self.identity}; use that one, or"
                f" re-embed the bank: aqe patterns reindex --encoder {self.identity.name}",
                expected=identity,
                found=self.identity,
            )
        return row

    @staticmethod
    def _vectors(
        connection: apsw.Connection,
        row: int,
        identity: EncoderIdentity,
        *,
        has_index: bool,
        memory: VectorMemory | None = None,
        filters: RowFilters | None = None,
    ) -> VectorLeg:
        return VectorLeg(
            connection,
            row,
            identity.dimension,
            has_index=has_index,
            memory=memory,
            filters=filters,
        )
