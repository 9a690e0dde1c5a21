"""Embeds text with any sentence-transformers model; needs the extra ``embed``."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..schema import EncoderError
from ..schema.database.fork_gate import turn
from .encoder import QueryEmbedding
from .snapshot import model_folder, weights_revision
from .text import as_texts, bounded, split_identifiers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from .vector import Vector

__all__ = ["SentenceTransformerEncoder"]

# For a model without a limit of its own; and characters read for each token, as in minilm.py.
_DEFAULT_MAX_TOKENS = 512
_CHARS_A_TOKEN = 32
# Cosine of a model's embedding to the mean of its pieces, if it is that mean.
MIN_MEAN_COSINE = 0.999


class SentenceTransformerEncoder:
    """A sentence-transformers model, loaded on first use.

    A name is looked up in the local Hugging Face cache and downloaded if it is not there, unless
    ``HF_HUB_OFFLINE=1``. Code that comes with a model is never run. Calls from several threads
    wait for each other. After a fork, create a new encoder in the child.

    Args:
        name_or_folder: As in ``SentenceTransformer(name_or_folder)``.
        device: ``cpu``, ``cuda`` ...; by default a GPU if there is one.
        min_mean_cosine: Word pieces are returned only if the cosine of their mean to the embedding
            reaches this, that is if the model pools by the mean.

    Raises:
        EncoderError: The extra is not installed.
    """

    def __init__(
        self,
        name_or_folder: str,
        device: str | None = None,
        *,
        min_mean_cosine: float = MIN_MEAN_COSINE,
    ) -> None:
        if find_spec("sentence_transformers") is None:
            raise EncoderError(
                f"encoder {name_or_folder!r} needs the package sentence-transformers, "
                "which is not installed; run: pip install 'aqe[embed]'",
                encoder=name_or_folder,
            )
        self._name = name_or_folder
        self._device = device
        self._min_mean_cosine = min_mean_cosine
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """The name or folder, as given."""
        return self._name

    @property
    def dimension(self) -> int:
        """Length of each vector, read from the model.

        Raises:
            EncoderError: The model cannot be loaded.
        """
        return self._load().dimension

    @property
    def revision(self) -> str:
        """The first 16 hex digits of the SHA-256 of the weights.

        Raises:
            EncoderError: The model cannot be loaded.
        """
        return self._load().revision

    def preload(self) -> None:
        """Loads the model, which the first text would load.

        Raises:
            EncoderError: The model cannot be loaded.
        """
        self._load()

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the embeddings of documents, ``(n, dimension)`` float32, unit rows, in order.

        A text's vector depends on its neighbours by rounding only (1e-6).

        Raises:
            TypeError: ``texts`` is not a sequence of texts.
            EncoderError: The model cannot be loaded.
        """
        return self._rows(as_texts(texts), query=False)

    def encode_query(self, text: str) -> Vector:
        """Returns the embedding of a query as typed, ``(dimension,)`` float32 of unit length.

        Raises:
            TypeError: ``text`` is not text.
            EncoderError: The model cannot be loaded.
        """
        row: Vector = self._rows([text], query=True)[0]
        return row

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns the embedding of a query and those of its word pieces; see ``PieceEncoder``.

        A model whose embedding is not the mean of its pieces has none.

        Raises:
            TypeError: ``text`` is not text.
            EncoderError: The model cannot be loaded.
        """
        import numpy as np

        loaded = self._load()
        text = bounded(text, loaded.max_chars)
        with turn(), self._lock:
            output = loaded.model.encode_query(text, output_value=None, show_progress_bar=False)
        whole = np.asarray(output["sentence_embedding"].cpu(), np.float32)
        whole /= np.linalg.norm(whole)
        states = np.asarray(output["token_embeddings"].cpu(), np.float32)
        tokens = loaded.model.tokenizer.convert_ids_to_tokens(output["input_ids"].tolist())
        mean = states.mean(axis=0)
        if mean.shape != whole.shape or mean @ whole < self._min_mean_cosine * np.linalg.norm(mean):
            return QueryEmbedding.without_pieces(whole)
        marks = set(loaded.model.tokenizer.all_special_tokens)
        inside = [place for place, token in enumerate(tokens) if token not in marks]
        vectors = states[inside] / np.linalg.norm(states[inside], axis=1, keepdims=True)
        return QueryEmbedding(whole, tuple(tokens[place] for place in inside), vectors)

    def _rows(self, texts: Sequence[str], *, query: bool) -> Vector:
        import numpy as np

        loaded = self._load()
        if not texts:
            return np.empty((0, loaded.dimension), dtype=np.float32)
        texts = [bounded(text, loaded.max_chars) for text in texts]
        if not query:
            texts = [split_identifiers(text) for text in texts]
        run = loaded.model.encode_query if query else loaded.model.encode_document
        with turn(), self._lock:  # the fast tokenizers inside refuse to be used by two threads
            rows = run(texts, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    def _load(self) -> _Loaded:
        if self._pid != os.getpid():
            raise EncoderError(
                f"encoder {self._name!r} belongs to process {self._pid}, got process "
                f"{os.getpid()}; make a new encoder after a fork",
                encoder=self._name,
            )
        with turn(), self._lock:
            if self._loaded is None:
                self._loaded = _load(self._name, self._device)
            return self._loaded


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: SentenceTransformer
    dimension: int
    revision: str
    max_chars: int


def _load(name_or_folder: str, device: str | None) -> _Loaded:
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # before transformers is imported, which looks only then
    from sentence_transformers import SentenceTransformer

    try:
        folder = model_folder(name_or_folder)
        revision = weights_revision(folder)
        model = SentenceTransformer(
            str(folder),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise EncoderError(
            f"expected a sentence-transformers model with safetensors weights at "
            f"{name_or_folder!r}, got: {reason}; give the folder of a model, or a name that is in "
            "the Hugging Face cache or can be downloaded",
            encoder=name_or_folder,
        ) from error
    max_tokens = model.max_seq_length or _DEFAULT_MAX_TOKENS
    dimension = model.encode_query("dimension").shape[0]
    return _Loaded(model, dimension, revision, max_tokens * _CHARS_A_TOKEN)
