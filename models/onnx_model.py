"""Runs an ONNX sentence encoder: verified, loaded once for each process, shared by all threads.

Each run takes one text. Dynamic int8 quantisation takes the scale of its activations from the
whole input tensor, so in a padded batch a text's vector depends on its neighbours (cosine to its
single run: 0.985 at worst, 0.994 on average, 400 tests of numpy), and the same bank embedded twice
would not be the same. Runs of one text are deterministic and cost no more: one thread did 63
texts/s one by one and 46-64 in batches. On 2 cores, two threads that share a session of one
intra-op thread did 126 texts/s, a session of two intra-op threads 87 (103 spinning) one by one and
76-124 in batches (one pass each on a machine with some other load; a second pass of the 126, under
more, did 73).
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from ..schema import EncoderError
from .encoder import QueryEmbedding

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

    from .vector import Vector

__all__ = ["MODEL_FILE", "TOKENIZER_FILE", "OnnxModel", "shared_model"]

MODEL_FILE = "model.int8.onnx"
TOKENIZER_FILE = "tokenizer.json"

# The states of the last layer: their mean, normalised, is the embedding. The file names only the
# embedding as an output. A serialised message may be continued (protobuf: "last one wins" for
# single fields, repeated ones are joined), so these bytes after the file's own name a second one:
# ModelProto.graph (7), GraphProto.output (12), ValueInfoProto.name (1).
STATES = "/m/encoder/layer.5/output/LayerNorm/LayerNormalization_output_0"
EMBEDDING = "embedding"

_REMEDY = "reinstall aqe, or choose the encoder 'hashing'"


class OnnxModel:
    """A tokenizer and a session, which any number of threads may use at once.

    Args:
        tokenizer: Set to truncate, not to pad.
        session: Inputs ``input_ids`` and ``attention_mask``, int64 ``(1, tokens)``; output
            ``(1, dimension)`` float32, normalised.
    """

    def __init__(self, tokenizer: Tokenizer, session: InferenceSession) -> None:
        self._tokenizer = tokenizer
        self._session = session

    def embed(self, text: str) -> Vector:
        """Returns the unit vector of one text, ``(dimension,)`` float32."""
        import numpy as np

        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        outputs = self._session.run([EMBEDDING], feed)
        vector: Vector = outputs[0][0]
        return vector

    def embed_pieces(self, text: str) -> QueryEmbedding:
        """Returns the unit vector of one text and those of its word pieces; costs the same."""
        import numpy as np

        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        vector, states = (output[0] for output in self._session.run([EMBEDDING, STATES], feed))
        inside = slice(1, len(encoding.tokens) - 1)  # between [CLS] and [SEP]
        vectors = states[inside] / np.linalg.norm(states[inside], axis=1, keepdims=True)
        return QueryEmbedding(vector, tuple(encoding.tokens[inside]), vectors)


# One model for each process and folder, because it takes about 50 MB and is never written to.
_models: dict[Path, OnnxModel] = {}
_loading = threading.Lock()
_left_to_parent: list[dict[Path, OnnxModel]] = []


def _forget_after_fork() -> None:
    """Lets the child load its own models: another thread may have held a lock at the fork.

    The parent's objects are kept alive, because destroying them would take their locks.
    """
    global _models, _loading
    _left_to_parent.append(_models)
    _models, _loading = {}, threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)


def shared_model(folder: Path, max_tokens: int, sha256: Mapping[str, str]) -> OnnxModel:
    """Returns this process's model of the folder, loading it on the first call.

    Args:
        folder: Holds ``MODEL_FILE`` and ``TOKENIZER_FILE``.
        max_tokens: Longer texts are truncated.
        sha256: The digest, in hex, that each of the two files must have.

    Raises:
        EncoderError: A file is missing or not the one expected, or onnxruntime or tokenizers
            cannot be imported.
    """
    model = _models.get(folder)
    if model is not None:
        return model
    with _loading:
        if folder not in _models:
            _models[folder] = _load(folder, max_tokens, sha256)
        return _models[folder]


def _load(folder: Path, max_tokens: int, sha256: Mapping[str, str]) -> OnnxModel:
    """Loads the session on another CPU meanwhile: hashing and onnxruntime release the GIL."""
    with ThreadPoolExecutor(1, thread_name_prefix="aqe-load") as pool:
        session = pool.submit(_session, folder / MODEL_FILE, sha256[MODEL_FILE])
        tokenizer = _tokenizer(folder / TOKENIZER_FILE, sha256[TOKENIZER_FILE], max_tokens)
        return OnnxModel(tokenizer, session.result())


def _tokenizer(path: Path, sha256: str, max_tokens: int) -> Tokenizer:
    content = _verified(path, sha256)
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _not_installed(path, error) from error
    tokenizer: Tokenizer = Tokenizer.from_buffer(content)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _session(path: Path, sha256: str) -> InferenceSession:
    content = _verified(path, sha256)
    # From 1.32 on it sends events over the network and writes an identifier below the home folder.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise _not_installed(path, error) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # parallel over texts instead, see above
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: stderr belongs to the caller
    session = onnxruntime.InferenceSession(
        content + _named_output(STATES), options, providers=["CPUExecutionProvider"]
    )
    # Kept by onnxruntime for a change of providers, which never happens: 21 MB of memory.
    session._model_bytes = None
    return session


def _not_installed(path: Path, error: ImportError) -> EncoderError:
    return EncoderError(
        f"the default encoder needs onnxruntime and tokenizers, got: {error}; {_REMEDY}",
        path=path.parent,
    )


def _named_output(name: str) -> bytes:
    """Returns the bytes that, appended to a model, turn a value of its graph into an output."""
    message = name.encode()
    for field in (1, 12, 7):
        message = bytes([field << 3 | 2, len(message)]) + message
    return message


def _verified(path: Path, expected: str) -> bytes:
    """Returns the content of a file; refuses one without the expected SHA-256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EncoderError(
            f"expected the model file {path}, got: {error.strerror}; {_REMEDY}", path=path
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise EncoderError(
            f"expected {path} with SHA-256 {expected[:16]}..., got {found[:16]}...; {_REMEDY}",
            path=path,
        )
    return content
