"""Embeds text with the default encoder: an int8 MiniLM tuned to test code, in this package."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ..schema import EncoderError
from .encoder import QueryEmbedding
from .onnx_model import MODEL_FILE, TOKENIZER_FILE, shared_model
from .text import as_texts, bounded, split_identifiers

if TYPE_CHECKING:
    from .vector import Vector

__all__ = ["MINILM_NAME", "MiniLMEncoder", "TextModel", "load_meanwhile"]

MINILM_NAME: Final = "aqe-minilm-tests"

_DIMENSION = 384
# bench/results/strength.md
_STRONG_COSINE = 0.43
_MAX_TOKENS = 256
# 32 characters for each token. Of 7,032 tests of numpy none needed more than 1,441 characters to
# fill its 256 tokens (median 2.9 for each), and a text of a megabyte costs as much as one of 8 KB.
_MAX_CHARS = 32 * _MAX_TOKENS
_SHA256 = {
    MODEL_FILE: "a0d09ebab73d07982dd10bc3596375455f3e63ca752efac470c72acd5869e51b",
    TOKENIZER_FILE: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
# A path, not importlib.resources: onnxruntime opens the file itself.
_PACKAGED = Path(__file__).parent / MINILM_NAME


class TextModel(Protocol):
    """A loaded model; may be called by any number of threads at once."""

    def embed(self, text: str) -> Vector:
        """Returns the unit vector of one text, ``(384,)`` float32."""
        ...

    def embed_pieces(self, text: str) -> QueryEmbedding:
        """Returns the unit vector of one text and those of its word pieces."""
        ...


class MiniLMEncoder:
    """``aqe-minilm-tests``: 384 dimensions, 256 tokens; the README in its folder is its card.

    Cheap to create; the model is loaded with the first text (about 0.15 s), once for each process
    whatever the number of encoders, and again in a child after a fork. Safe to use from several
    threads. The same text has the same vector on the same kind of CPU, whatever else is encoded.

    Args:
        folder: Where the model's files are, by default in this package.
        threads: Number of threads of ``encode``. Default: the CPUs of this process.
        model: Returns the loaded model; called for each text. Default: that of ``folder``.

    Raises:
        ValueError: ``threads`` is below 1.
    """

    def __init__(
        self,
        folder: Path = _PACKAGED,
        *,
        threads: int | None = None,
        model: Callable[[], TextModel] | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise ValueError(f"threads must be >= 1, got {threads}")
        self._model = model or partial(shared_model, folder, _MAX_TOKENS, _SHA256)
        self._threads = threads or _available_cpus()

    @property
    def name(self) -> str:
        """``aqe-minilm-tests``."""
        return MINILM_NAME

    @property
    def dimension(self) -> int:
        """384."""
        return _DIMENSION

    @property
    def revision(self) -> str:
        """The first 16 hex digits of the SHA-256 of the weights."""
        return _SHA256[MODEL_FILE][:16]

    @property
    def strong_cosine(self) -> float:
        """The cosine from which a document is about what a query asks for."""
        return _STRONG_COSINE

    def preload(self) -> None:
        """Loads the model, which the first text would load.

        Raises:
            EncoderError: The model's files are missing or damaged.
        """
        self._model()

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the embeddings of documents, ``(n, 384)`` float32, unit rows, in order.

        Raises:
            TypeError: ``texts`` is not a sequence of texts.
            EncoderError: The model's files are missing or damaged.
        """
        import numpy as np

        texts = as_texts(texts)
        embeddings = np.empty((len(texts), _DIMENSION), dtype=np.float32)
        if len(texts) == 0:
            return embeddings
        model = self._model()

        def embed_row(row: int) -> None:
            document = split_identifiers(bounded(texts[row], _MAX_CHARS))
            embeddings[row] = model.embed(document)

        _for_each_row(len(texts), min(self._threads, len(texts)), embed_row)
        return embeddings

    def encode_query(self, text: str) -> Vector:
        """Returns the embedding of a query as typed, ``(384,)`` float32 of unit length.

        Raises:
            TypeError: ``text`` is not text.
            EncoderError: The model's files are missing or damaged.
        """
        return self._model().embed(bounded(text, _MAX_CHARS))

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns the embedding of a query and those of its word pieces; see ``PieceEncoder``.

        Raises:
            TypeError: ``text`` is not text.
            EncoderError: The model's files are missing or damaged.
        """
        if not (isinstance(text, str) and text.isascii() and len(text) <= _MAX_CHARS):
            text = bounded(text, _MAX_CHARS)  # rare: most queries are short and ASCII
        return self._model().embed_pieces(text)


def load_meanwhile(folder: Path = _PACKAGED) -> threading.Thread:
    """Starts to load a model on another CPU; the first text waits for it, and reports a fault."""

    def load() -> None:
        with suppress(EncoderError):
            MiniLMEncoder(folder).preload()

    thread = threading.Thread(target=load, name="aqe-load")
    thread.start()
    return thread


def _available_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _for_each_row(count: int, threads: int, work: Callable[[int], None]) -> None:
    """Calls ``work`` once for each row below ``count``, in that many threads.

    Each thread takes the next row when it has finished one, so that a slow row delays no others.
    After an error or Ctrl-C, each thread stops after its current row.
    """
    if threads == 1:
        for row in range(count):
            work(row)
        return
    rows = iter(range(count))
    taking = threading.Lock()
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            with taking:
                row = next(rows, None)
            if row is None:
                return
            work(row)

    with ThreadPoolExecutor(threads, thread_name_prefix="aqe-encode") as pool:
        try:
            for future in as_completed([pool.submit(run) for _ in range(threads)]):
                future.result()
        finally:
            stopped.set()
