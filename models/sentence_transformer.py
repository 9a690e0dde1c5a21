"""Any sentence-transformers model, by name or folder; needs the extra ``embed``."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..schema import EncoderError
from .encoder import QueryEmbedding
from .snapshot import model_folder, weights_revision
from .text import as_text, as_texts, bounded, split_identifiers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from sentence_transformers import SentenceTransformer

# For a model without a limit of its own; and how many characters are read a token, see minilm.py.
_DEFAULT_MAX_TOKENS = 512
_CHARS_A_TOKEN = 32
# Cosine of a model's embedding to the mean of its pieces, where it is that mean.
MIN_MEAN = 0.999


class SentenceTransformerEncoder:
    """A sentence-transformers model; the model is loaded with the first use.

    A name is looked up in the local Hugging Face cache and downloaded if it is not there, unless
    ``HF_HUB_OFFLINE=1``. Code that comes with a model is never run. Calls from several threads
    wait for each other. After a fork, make a new encoder in the child.

    Args:
        name_or_folder: As in ``SentenceTransformer(name_or_folder)``.
        device: ``cpu``, ``cuda`` ...; by default a GPU if there is one.

    Raises:
        EncoderError: The extra is not installed.
    """

    def __init__(self, name_or_folder: str, device: str | None = None) -> None:
        if find_spec("sentence_transformers") is None:
            raise EncoderError(
                f"encoder {name_or_folder!r} needs the package sentence-transformers, "
                "which is not installed; run: pip install 'aqe[embed]'"
            )
        self._name = name_or_folder
        self._device = device
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """As given."""
        return self._name

    @property
    def dimension(self) -> int:
        """Length of each vector, asked of the model.

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

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Returns the embeddings of documents, ``(n, dimension)`` float32, unit rows, in order.

        A text's vector depends on its neighbours by rounding only (1e-6).

        Raises:
            TypeError: ``texts`` is not a sequence of texts.
            EncoderError: The model cannot be loaded.
        """
        return self._rows(as_texts(texts), query=False)

    def encode_query(self, text: str) -> npt.NDArray[np.float32]:
        """Returns the embedding of a query as typed, ``(dimension,)`` float32 of unit length.

        Raises:
            TypeError: ``text`` is not a text.
            EncoderError: The model cannot be loaded.
        """
        row: npt.NDArray[np.float32] = self._rows([as_text(text)], query=True)[0]
        return row

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns the embedding of a query and those of its word pieces; see ``PieceEncoder``.

        A model whose embedding is not the mean of its pieces tells none.

        Raises:
            TypeError: ``text`` is not a text.
            EncoderError: The model cannot be loaded.
        """
        import numpy as np

        loaded = self._load()
        text = bounded(as_text(text), loaded.max_chars)
        with self._lock:
            made = loaded.model.encode_query(text, output_value=None, show_progress_bar=False)
        whole = np.asarray(made["sentence_embedding"].cpu(), np.float32)
        whole /= np.linalg.norm(whole)
        states = np.asarray(made["token_embeddings"].cpu(), np.float32)
        tokens = loaded.model.tokenizer.convert_ids_to_tokens(made["input_ids"].tolist())
        mean = states.mean(axis=0)
        if mean.shape != whole.shape or mean @ whole < MIN_MEAN * np.linalg.norm(mean):
            return QueryEmbedding.without_pieces(whole)
        marks = set(loaded.model.tokenizer.all_special_tokens)
        inside = [place for place, token in enumerate(tokens) if token not in marks]
        vectors = states[inside] / np.linalg.norm(states[inside], axis=1, keepdims=True)
        return QueryEmbedding(whole, tuple(tokens[place] for place in inside), vectors)

    def _rows(self, texts: Sequence[str], *, query: bool) -> npt.NDArray[np.float32]:
        import numpy as np

        loaded = self._load()
        if not texts:
            return np.empty((0, loaded.dimension), dtype=np.float32)
        texts = [bounded(text, loaded.max_chars) for text in texts]
        if not query:
            texts = [split_identifiers(text) for text in texts]
        run = loaded.model.encode_query if query else loaded.model.encode_document
        with self._lock:  # the fast tokenizers inside refuse to be used by two threads
            rows = run(texts, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    def _load(self) -> _Loaded:
        if self._pid != os.getpid():
            raise EncoderError(
                f"encoder {self._name!r} belongs to process {self._pid}, got process "
                f"{os.getpid()}; make a new encoder after a fork"
            )
        with self._lock:
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
            "the Hugging Face cache or can be downloaded"
        ) from error
    max_tokens = model.max_seq_length or _DEFAULT_MAX_TOKENS
    dimension = model.encode_query("dimension").shape[0]
    return _Loaded(model, dimension, revision, max_tokens * _CHARS_A_TOKEN)
