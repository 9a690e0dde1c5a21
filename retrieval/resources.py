"""What a bank needs to answer: its database, its encoder, its cache; each made when first used."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Hashable, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from ..models import DEFAULT_ENCODER, Encoder, create_encoder, identity_of
from ..schema import (
    Database,
    DatabaseError,
    Durability,
    EncoderIdentity,
    EncoderMismatchError,
    PatternMatch,
    encoder_in_use,
)
from .answer_cache import AnswerCache
from .ingest.reindex import rebuild_words
from .ranking.search import SearchRequest
from .storage.sqlite import PatternStore
from .text.tokens import WORDS_VERSION

__all__ = ["BankOpening", "OnDatabaseError"]

OnDatabaseError = Literal["raise", "memory"]

# The objects of a match beside its texts, and of an answer beside its matches, for the cache's own
# accounting; with them it is within a tenth of what tracemalloc counts (test_opening.py).
MATCH_OVERHEAD_BYTES = 780
ANSWER_OVERHEAD_BYTES = 800

_log = logging.getLogger("aqe")


class BankOpening:
    """Opens the parts of a bank once; safe to use from several threads.

    Args:
        given: An open database (never closed here), a path, or None for memory.
        encoder: The encoder to use; None for the one that the bank was embedded with.
    """

    def __init__(
        self,
        given: Database | str | Path | None,
        encoder: Encoder | None,
        *,
        on_database_error: OnDatabaseError,
        durability: Durability,
    ) -> None:
        self._given = given
        self._encoder = encoder
        self._on_database_error = on_database_error
        self._durability = durability
        self._lock = threading.RLock()
        self._store: PatternStore | None = None
        self._answers: AnswerCache[tuple[PatternMatch, ...]] | None = None

    def store(self) -> PatternStore:
        """Returns the store, opening and migrating the database on first use.

        Raises:
            DatabaseError: It cannot be opened, and ``on_database_error`` is ``raise``.
            EncoderMismatchError: It is embedded with another encoder.
        """
        with self._lock:
            if self._store is None:
                database = self._database()
                store = PatternStore(database, self._identity(database))
                _require_current_words(store)
                store.index_pending_vectors()
                self._store = store
            return self._store

    def answers(self) -> AnswerCache[tuple[PatternMatch, ...]]:
        """Returns the cache of answers."""
        with self._lock:
            if self._answers is None:
                self._answers = AnswerCache(self.store().database.content_version, _size_of)
            return self._answers

    def encoder(self) -> Encoder:
        """Returns the bank's encoder, loading it on first use.

        Raises:
            EncoderError: It cannot be loaded, or is not the one that the bank was embedded with.
        """
        identity = self.store().identity
        with self._lock:
            if self._encoder is None:
                encoder = create_encoder(identity.name)
                if identity_of(encoder) != identity:
                    raise EncoderMismatchError(
                        f"the bank is embedded with {identity}, here is {identity_of(encoder)};"
                        f" re-embed it: aqe patterns reindex --encoder {identity.name}",
                        expected=identity,
                        found=identity_of(encoder),
                    )
                self._encoder = encoder
            return self._encoder

    def use_encoder(self, encoder: Encoder) -> None:
        """Uses another encoder from now on, after the bank was embedded with it."""
        with self._lock:
            self._encoder = encoder

    def close(self) -> None:
        """Finishes what was written, closes what was opened here; the next use opens it again."""
        with self._lock:
            if self._store is not None:
                self._store.finish()
                if self._store.database is not self._given:
                    self._store.database.close()
            self._store = None
            self._answers = None

    def _database(self) -> Database:
        if isinstance(self._given, Database):
            return self._given
        if self._given is None:
            _log.warning("no database was given: patterns live in memory and are lost at exit")
            return Database(durability=self._durability)
        try:
            return Database(self._given, durability=self._durability)
        except DatabaseError as error:
            if self._on_database_error == "raise":
                raise
            warnings.warn(
                f"going on in memory, nothing will be kept: {error}", RuntimeWarning, stacklevel=2
            )
            return Database(durability=self._durability)

    def _identity(self, database: Database) -> EncoderIdentity:
        """Returns the identity of the encoder given, else of the bank's, else of the default."""
        if self._encoder is not None:
            return identity_of(self._encoder)
        with database.read() as connection:
            used = encoder_in_use(connection)
        return used[1] if used is not None else identity_of(create_encoder(DEFAULT_ENCODER))


def _require_current_words(store: PatternStore) -> None:
    """Makes the full-text index anew when another version of the word splitter made it."""
    with store.reading() as session:
        version = session.words_version()
    if version not in (None, WORDS_VERSION):
        rebuild_words(store)


def _size_of(question: Hashable, matches: Sequence[PatternMatch]) -> int:
    """Estimates the bytes that an answer holds in memory, with the text that asked for it."""
    total = sys.getsizeof(matches) + ANSWER_OVERHEAD_BYTES
    if isinstance(question, SearchRequest):
        context = question.context
        total += sum(sys.getsizeof(text) for text in (question.query, context.source_code))
        total += sum(sys.getsizeof(text) for text in (context.query, *context.keywords))
    for match in matches:
        pattern = match.pattern
        texts = (pattern.id, pattern.name, pattern.description, pattern.template, pattern.source)
        lists = (pattern.examples, pattern.tags, match.reasons, match.near_duplicates)
        total += MATCH_OVERHEAD_BYTES + sum(map(sys.getsizeof, chain(texts, *lists)))
    return total
