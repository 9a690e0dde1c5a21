"""Opens the backend, encoder and answer cache of a bank on first use."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

from ..models import (
    DEFAULT_ENCODER,
    Encoder,
    QueryEmbedding,
    create_encoder,
    encoder_named,
    identity_of,
    query_embedder,
    strong_cosine_of,
)
from ..schema import (
    ClosedError,
    Database,
    DatabaseError,
    Durability,
    EncoderIdentity,
    EncoderMismatchError,
    PatternMatch,
)
from ..schema.database.fork_gate import turn
from .answer_cache import AnswerCache
from .ranking.search import SearchRequest
from .storage.backend import PatternBackend
from .storage.sqlite import SQLitePatternBackend, StorageTuning
from .storage.storage_values import SearchQuery
from .text.tokens import query_terms

__all__ = ["BankResources", "OnDatabaseError", "as_encoder"]

OnDatabaseError = Literal["raise", "memory"]

# Bytes of a match without its texts, and of an answer without its matches. With them the cache's
# estimate is within 10 % of what tracemalloc counts (test_resources.py).
MATCH_OVERHEAD_BYTES = 780
ANSWER_OVERHEAD_BYTES = 800

_DATABASE = (Database, str, Path)

_log = logging.getLogger("aqe")


class BankResources:
    """The parts of a bank, each opened once; safe to use from several threads.

    Attributes:
        answers: The answer cache; closing the bank empties it.

    Args:
        given: A backend or an open database, which are never closed here; a path; or None for an
            in-memory bank.
        create: Whether a database at a path may be created.
        encoder: The encoder to use; None for the one that the bank was embedded with.
        on_database_error: ``memory`` falls back to an in-memory database when opening fails.
        durability: Durability of a database that is opened here.
        tuning: Tuning of the SQLite backend.

    Raises:
        TypeError: ``given`` is something else.
    """

    def __init__(
        self,
        given: PatternBackend | Database | str | Path | None,
        encoder: Encoder | None,
        *,
        create: bool,
        on_database_error: OnDatabaseError,
        durability: Durability,
        tuning: StorageTuning | None,
    ) -> None:
        self._durability: Durability = durability
        self._tuning = tuning
        self._encoder = encoder
        self._on_database_error = on_database_error
        self._lock = threading.RLock()
        self._is_open = False
        self._is_closed = False
        self._in_memory = given is None
        self._holds_file = isinstance(given, (str, Path))
        # Without a cycle, a dropped bank is freed at once, not at some later moment of other work.
        version = partial(_version_of, weakref.ref(self))
        self.answers: AnswerCache[tuple[PatternMatch, ...]] = AnswerCache(version, _size_of)
        self._embed: Callable[[str], QueryEmbedding] | None = None
        if not (given is None or isinstance(given, _DATABASE) or hasattr(type(given), "reading")):
            raise TypeError(
                f"expected a database, the path of one or a backend, got {type(given).__name__}"
            )
        self._owns_backend = given is None or isinstance(given, _DATABASE)
        if given is None or isinstance(given, _DATABASE):
            given = SQLitePatternBackend(given, create=create, durability=durability, tuning=tuning)
        self._backend: PatternBackend = given

    def backend(self) -> PatternBackend:
        """Returns the backend, opening it on first use.

        Raises:
            ClosedError: The bank was closed.
            DatabaseError: It cannot be opened, and ``on_database_error`` is ``raise``.
            EncoderMismatchError: The bank was embedded with a different encoder.
        """
        if not self._is_open:
            self.refuse_closed()
            with turn(), self._lock:
                self._open()
        return self._backend

    def encoder(self) -> Encoder:
        """Returns the bank's encoder, loading it on first use.

        Raises:
            EncoderError: It cannot be loaded.
            EncoderMismatchError: The bank was embedded with a different encoder.
        """
        identity = self.backend().identity
        with turn(), self._lock:
            if self._encoder is None:
                encoder = encoder_named(identity.name)
                if identity_of(encoder) != identity:
                    raise EncoderMismatchError(
                        f"the bank is embedded with {identity}, got {identity_of(encoder)};"
                        f" re-embed it with: aqe patterns reindex --encoder {identity.name}",
                        expected=identity,
                        found=identity_of(encoder),
                    )
                self._encoder = encoder
            return self._encoder

    def preload(self) -> None:
        """Loads the encoder's model now, if it has one to load."""
        preload = getattr(self.encoder(), "preload", None)
        if preload is not None:
            preload()

    def query(self, request: SearchRequest) -> SearchQuery:
        """Returns a request's query, tokenised and embedded.

        It has no embedding if it contains no words, if the mode is ``text``, or if the backend
        cannot search embeddings.
        """
        terms = tuple(query_terms(request.text))
        if not terms or request.mode == "text":
            return SearchQuery(request.text, terms, mode=request.mode)
        if self._embed is None:
            if not self.backend().has_vectors:
                return SearchQuery(request.text, terms, mode=request.mode)
            self._embed = query_embedder(self.encoder())
        return SearchQuery(
            request.text,
            terms,
            self._embed(request.text),
            request.mode,
            strong_cosine_of(self.encoder()),
        )

    def use_encoder(self, encoder: Encoder) -> None:
        """Switches to an encoder that the bank has just been re-embedded with."""
        with turn(), self._lock:
            self._encoder = encoder
            self._embed = None

    def close(self) -> None:
        """Closes the backend unless it was given; idempotent."""
        with turn(), self._lock:
            self._is_closed = True
            if self._is_open and self._owns_backend:
                self._backend.close()
            self._is_open = False
            self._embed = None
            self.answers.clear()

    def refuse_closed(self) -> None:
        """Refuses to go on after ``close``.

        Raises:
            ClosedError: The bank was closed.
        """
        if self._is_closed:
            raise ClosedError("the bank was closed; make a new QEReasoningBank to go on")

    def description(self) -> str:
        """Returns where the bank is and how many patterns it has; opens nothing."""
        if not self._is_open:
            return "closed" if self._is_closed else "not open yet"
        with self._backend.reading() as session:
            count = session.statistics().patterns
        return f"{self._backend.label!r}, {count:,} pattern{'' if count == 1 else 's'}"

    def __del__(self) -> None:
        if getattr(self, "_is_open", False) and self._holds_file:
            warnings.warn(
                f"unclosed bank {self._backend.label}; close it, or use it in a with statement",
                ResourceWarning,
                stacklevel=1,
                source=self,
            )

    def _open(self) -> None:
        if self._is_open:  # another thread was first
            return
        if self._in_memory:
            _log.warning("no database was given: patterns live in memory and are lost at exit")
        given = None if self._encoder is None else identity_of(self._encoder)
        try:
            self._backend.open(given, _default_identity() if given is None else None)
        except EncoderMismatchError:
            raise
        except DatabaseError as error:
            if self._on_database_error == "raise":
                raise
            warnings.warn(
                f"falling back to an in-memory database; nothing will be saved: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
            self._backend = SQLitePatternBackend(
                None, durability=self._durability, tuning=self._tuning
            )
            self._backend.open(given, _default_identity() if given is None else None)
        self._is_open = True


def as_encoder(given: Encoder | str | None) -> Encoder | None:
    """Returns the encoder that was given, or is called so.

    Raises:
        ValueError: The name is malformed.
        EncoderError: There is no such encoder.
    """
    return create_encoder(given) if isinstance(given, str) else given


def _version_of(bank: weakref.ref[BankResources]) -> Hashable:
    resources = bank()
    return None if resources is None else resources.backend().version()


def _default_identity() -> EncoderIdentity:
    return identity_of(create_encoder(DEFAULT_ENCODER))


def _size_of(question: Hashable, matches: Sequence[PatternMatch]) -> int:
    """Returns an estimate of the bytes of an answer together with its question."""
    total = sys.getsizeof(matches) + ANSWER_OVERHEAD_BYTES
    if isinstance(question, SearchRequest):
        context = question.context
        total += sum(map(sys.getsizeof, (question.text, context.source_code, context.query)))
        total += sum(map(sys.getsizeof, context.keywords))
    for match in matches:
        pattern = match.pattern
        texts = (pattern.id, pattern.name, pattern.description, pattern.template, pattern.source)
        lists = (pattern.examples, pattern.tags, match.reasons, match.near_duplicates)
        parts = [(part.name, part.code, part.origin) for part in pattern.context]
        values = [(each.name, each.value) for each in pattern.placeholders]
        strings = chain(texts, *lists, *parts, *values)
        total += MATCH_OVERHEAD_BYTES + sum(map(sys.getsizeof, strings))
    return total
