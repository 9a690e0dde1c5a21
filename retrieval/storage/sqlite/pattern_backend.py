"""Opens sessions on a bank in SQLite and keeps its derived data up to date.

All SQL of the bank is in this folder.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from ....schema import (
    AqeError,
    Database,
    DatabaseError,
    Durability,
    EncoderIdentity,
    EncoderMismatchError,
    Problem,
)
from ...text.tokens import TOKENIZER_VERSION
from ..storage_values import VectorStatistics
from .bank_check import CHECK_DEADLINE_S, check_patterns
from .bank_repair import repair_bank
from .embedding_table import adopt_encoder, encoder_in_use
from .pattern_session import (
    SQLitePatternSession,
    record_tokenizer_version,
    tokenizer_version,
)
from .storage_tuning import StorageTuning
from .text_index import erase_deleted_text, has_deleted_text, merge_text_index
from .text_term_budget import TermBudget
from .vector_cache import EncoderRow, VectorCache
from .vector_file_build import check_vector_file, repair_vector_file, update_vector_file

__all__ = ["SQLitePatternBackend"]

_log = logging.getLogger("aqe")

# Reading 100,000 patterns takes about 3 s on a quiet machine.
WHOLE_BANK_DEADLINE_S = 300.0


class SQLitePatternBackend:
    """A bank in one SQLite file, or in memory; see ``PatternBackend``.

    Args:
        database: An open database, which is never closed here; a path, which ``open`` opens and
            ``close`` closes; or None for an in-memory bank.
        create: Whether ``open`` may create the file at a path.
        durability: Durability of a database that is opened here.
        tuning: Measured limits and thresholds.
    """

    def __init__(
        self,
        database: Database | str | Path | None,
        *,
        create: bool = True,
        durability: Durability = "full",
        tuning: StorageTuning | None = None,
    ) -> None:
        self._given = database
        self._create = create
        self._durability: Durability = durability
        self._tuning = tuning or StorageTuning()
        self._database: Database | None = None
        self._identity: EncoderIdentity | None = None
        self._wrote = False

    @property
    def database(self) -> Database:
        """The open database.

        Raises:
            DatabaseError: The backend is not open.
        """
        if self._database is None:
            raise DatabaseError("the bank's backend is not open; call open() first")
        return self._database

    @property
    def label(self) -> str:
        """The path of the file, or ``:memory:``."""
        return self.database.label

    @property
    def has_vectors(self) -> bool:
        """Whether sqlite-vec is loaded."""
        return self.database.has_vectors

    @property
    def identity(self) -> EncoderIdentity:
        """The encoder of this bank's embeddings.

        Raises:
            DatabaseError: The backend is not open.
        """
        if self._identity is None:
            raise DatabaseError("the bank's backend is not open; call open() first")
        return self._identity

    def open(self, encoder: EncoderIdentity | None, default: EncoderIdentity | None = None) -> None:
        """Opens and migrates the database; rebuilds derived data of earlier versions.

        Raises:
            DatabaseError: The database cannot be opened, or it has no encoder and none was given.
            EncoderMismatchError: The bank was embedded with a different encoder.
        """
        if self._database is None:
            self._open_database()
        if encoder is None:
            with self.database.read() as connection:
                used = encoder_in_use(connection)
            encoder = used.identity if used is not None else default
        if encoder is None:
            raise DatabaseError(f"{self.label} has no encoder yet; open it with one")
        self._identity = encoder
        self._rebuild_outdated_text_index()

    @contextmanager
    def reading(self, *, whole: bool = False) -> Iterator[SQLitePatternSession]:
        """Opens a session in which every query sees the same state of the bank.

        Raises:
            DatabaseError: The database cannot be read, or reading took too long.
            EncoderMismatchError: The bank was embedded with a different encoder.
        """
        deadline = {"deadline_s": WHOLE_BANK_DEADLINE_S} if whole else {}
        with self.database.read(**deadline) as connection:
            yield self._session(connection, encoder_in_use(connection), cache=self._cache)

    @contextmanager
    def writing(self) -> Iterator[SQLitePatternSession]:
        """Opens a session whose changes are committed together, or not at all.

        Raises:
            DatabaseError: The database cannot be written.
            EncoderMismatchError: The bank was embedded with a different encoder.
        """
        with self.database.write() as connection:
            used = encoder_in_use(connection) or self._adopt(connection)
            yield self._session(connection, used, cache=None)
            self._wrote = True

    def version(self) -> int:
        """Returns SQLite's ``data_version``, which changes with any commit of any process."""
        return self.database.content_version()

    def tidy(self) -> None:
        """Erases deleted text, merges the text index into one segment, updates the vector file.

        A failure is logged: everything is stored already, and searches work without it.
        """
        try:
            self._erase_deleted_text()
            merge_text_index(self.database, self._tuning)
            self.update_vector_file(min_changed=None)
        except (AqeError, OSError) as error:
            _log.warning("the indexes are not tidied up, searches continue: %s", error)

    def update_vector_file(self, *, min_changed: int | None = 1) -> int:
        """Updates the vector file where the bank is large enough to have one.

        Args:
            min_changed: Do nothing if fewer embeddings have changed; None for the tuning's value.

        Returns:
            Number of embeddings applied.
        """
        with self.reading(whole=True) as session:
            used = session.encoder
        if used is None:
            return 0
        return update_vector_file(
            self.database,
            used.rowid,
            used.identity.dimension,
            tuning=self._tuning,
            min_changed=min_changed,
        )

    def vector_statistics(self) -> VectorStatistics:
        """Returns the number and size of the vectors held outside the database."""
        return self._cache.statistics()

    def check(self) -> list[Problem]:
        """Returns every disagreement between rows and derived data."""
        with self.database.read(deadline_s=CHECK_DEADLINE_S) as connection:
            problems = check_patterns(connection, has_vectors=self.has_vectors)
            return [*problems, *check_vector_file(connection, self.database.path)]

    def repair(self) -> int:
        """Sets damaged rows aside and rebuilds derived data; returns how many were set aside."""
        problems = self.check()
        if all(problem.repair == "none" for problem in problems):
            return 0
        rows = [problem for problem in problems if problem.area != "vector_file"]
        quarantined: tuple[str, ...] = ()
        if any(problem.repair != "none" for problem in rows):
            with self.database.write() as connection:
                quarantined = repair_bank(connection, rows)
        repair_vector_file(self.database, tuning=self._tuning)
        return len(quarantined)

    def release(self) -> None:
        """Closes this thread's connection."""
        self.database.release()

    def close(self) -> None:
        """Tidies up after writes of single patterns; closes the database if it was opened here."""
        if self._database is None:
            return
        if self._wrote:  # batches tidy up themselves, single patterns leave it to this
            self._wrote = False
            self.tidy()
        if self._database is not self._given:
            self._database.close()
        self._database = None

    def _open_database(self) -> None:
        given = self._given
        database = given
        if not isinstance(database, Database):
            database = Database(database, create=self._create, durability=self._durability)
        self._cache = VectorCache(database.path, self._tuning)
        self._budget = TermBudget(self._tuning)
        self._has_vectors = database.has_vectors
        self._database = database

    def _session(
        self, connection: apsw.Connection, used: EncoderRow | None, *, cache: VectorCache | None
    ) -> SQLitePatternSession:
        """Builds a session for the bank's encoder, which is None while nothing was ever stored.

        Raises:
            EncoderMismatchError: The bank was embedded with a different encoder.
        """
        identity = self._identity
        if used is not None and used.identity != identity:
            raise EncoderMismatchError(
                f"the bank is embedded with {used.identity}, got {self.identity}; use that one, or"
                f" re-embed the bank: aqe patterns reindex --encoder {self.identity.name}",
                expected=used.identity,
                found=identity,
            )
        return SQLitePatternSession(
            connection,
            encoder=used,
            has_vectors=self._has_vectors,
            budget=self._budget,
            cache=cache,
            tuning=self._tuning,
        )

    def _adopt(self, connection: apsw.Connection) -> EncoderRow:
        """Adopts this bank's encoder in a database that has none."""
        record_tokenizer_version(connection)
        return EncoderRow(adopt_encoder(connection, self.identity), self.identity)

    def _erase_deleted_text(self) -> None:
        with self.database.read() as connection:
            pending = has_deleted_text(connection)
        if pending:
            with self.database.write() as connection:
                erase_deleted_text(connection)

    def _rebuild_outdated_text_index(self) -> None:
        """Rebuilds the text index if another version of the tokenizer built it."""
        with self.reading() as session:
            version = tokenizer_version(session.connection)
        if version not in (None, TOKENIZER_VERSION):
            with self.writing() as session:
                session.rebuild_text_index()
