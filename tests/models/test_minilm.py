import hashlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import numpy as np
import pytest

import aqe.models
from aqe.models import (
    HashingEncoder,
    MiniLMEncoder,
    QueryEmbedding,
    create_encoder,
    embed_query,
)
from aqe.models.minilm import load_meanwhile
from aqe.models.onnx_model import OnnxModel, shared_model
from aqe.models.vector import Vector
from aqe.schema import EncoderError

PACKAGED = Path(aqe.models.__file__).parent / "aqe-minilm-tests"
DOCUMENTS = [
    "def test_login_rejects_expired_token(client):\n    token = make_token(expires=-1)\n"
    "    assert client.get('/me', token=token).status_code == 401",
    "def testUploadsLargeFileInChunks(self):\n    chunks = list(self.store.uploadFile('big.bin', "
    "chunkSize=1024))\n    self.assertEqual(len(chunks), 8)",
    "it('sorts users by name', () => { expect(sortUsers([{name:'b'},{name:'a'}])[0].name)"
    ".toBe('a') })",
]
# Query, its document, their cosine on x86-64 with AVX-512 VNNI. Other CPUs multiply int8 with
# other rounding (the card: 0.993-0.995 to the float model), hence the tolerance.
GOLDEN = [
    ("expired token is refused", 0, 0.631),
    ("upload a big file in pieces", 1, 0.696),
    ("sort users alphabetically", 2, 0.648),
]
TOLERANCE = 0.03


@pytest.fixture(scope="module")
def encoder() -> MiniLMEncoder:
    return MiniLMEncoder()


@pytest.mark.parametrize(("query", "nearest", "cosine"), GOLDEN)
def test_minilm_finds_the_test_that_a_query_means(
    encoder: MiniLMEncoder, query: str, nearest: int, cosine: float
) -> None:
    cosines = encoder.encode(DOCUMENTS) @ encoder.encode_query(query)
    assert int(np.argmax(cosines)) == nearest
    assert cosines[nearest] == pytest.approx(cosine, abs=TOLERANCE)
    assert np.delete(cosines, nearest).max() < 0.2


def test_minilm_identity_is_that_of_the_packaged_weights(encoder: MiniLMEncoder) -> None:
    assert (encoder.name, encoder.dimension) == ("aqe-minilm-tests", 384)
    assert encoder.revision == "a0d09ebab73d0798"


def test_minilm_returns_the_pieces_of_a_query(encoder: MiniLMEncoder) -> None:
    query = embed_query(encoder, "parses theLoginToken")
    assert query.pieces == ("par", "##ses", "the", "##log", "##int", "##oke", "##n")
    assert query.piece_vectors.shape == (7, 384)
    np.testing.assert_allclose(np.linalg.norm(query.piece_vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(query.whole, encoder.encode_query("parses theLoginToken"))
    assert embed_query(encoder, "").piece_vectors.shape == (0, 384)


def test_an_encoder_without_pieces_returns_none() -> None:
    query = embed_query(HashingEncoder(), "login")
    np.testing.assert_array_equal(query.whole, HashingEncoder().encode_query("login"))
    assert query.pieces == ()
    assert query.piece_vectors.shape == (0, HashingEncoder().dimension)


def test_minilm_vector_does_not_depend_on_the_batch_the_order_or_the_threads() -> None:
    texts = [DOCUMENTS[0][: 9 * length] for length in range(16)] + DOCUMENTS
    alone = np.stack([MiniLMEncoder(threads=1).encode([text])[0] for text in texts])
    np.testing.assert_array_equal(MiniLMEncoder(threads=3).encode(texts), alone)
    np.testing.assert_array_equal(MiniLMEncoder().encode(texts[::-1])[::-1], alone)


def test_minilm_splits_identifiers_of_documents_only(encoder: MiniLMEncoder) -> None:
    split, joined = encoder.encode(["login User Name", "loginUserName"])
    np.testing.assert_array_equal(split, joined)
    as_typed = encoder.encode_query("loginUserName")
    assert float(as_typed @ split) < 0.99
    np.testing.assert_array_equal(encoder.encode_query("login User Name"), split)


def test_minilm_reads_256_tokens_not_the_128_set_in_the_tokenizer_file(
    encoder: MiniLMEncoder,
) -> None:
    head = "word " * 200  # 202 tokens with the two marks
    short, longer, cut, over = encoder.encode(
        [head, head + "matrix " * 20, head + "matrix " * 54, head + "matrix " * 54 + "user " * 99]
    )
    assert not np.array_equal(short, longer)
    np.testing.assert_array_equal(cut, over)


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\0", "\ud800", "a\udcffb", "🎉" * 300, "\u202e", "a" * 1_000_000]
)
def test_minilm_gives_a_finite_unit_vector_for_odd_texts(encoder: MiniLMEncoder, text: str) -> None:
    for vector in (encoder.encode([text])[0], encoder.encode_query(text)):
        assert vector.shape == (384,)
        assert vector.dtype == np.float32
        assert float(vector @ vector) == pytest.approx(1, abs=1e-5)


def test_minilm_reads_a_huge_text_in_bounded_time(encoder: MiniLMEncoder) -> None:
    small, huge = "login user " * 800, "login user " * 500_000
    encoder.encode([small])
    started = time.perf_counter()
    first = encoder.encode([small])
    middle = time.perf_counter()
    np.testing.assert_array_equal(encoder.encode([huge]), first)
    # Tokenising all 5.5 MB takes seconds; generous, because CI machines are shared.
    assert time.perf_counter() - middle < 10 * (middle - started) + 0.5


def test_minilm_of_no_texts_is_empty_and_loads_nothing(tmp_path: Path) -> None:
    assert MiniLMEncoder(tmp_path).encode([]).shape == (0, 384)


def test_minilm_refuses_a_single_text_and_other_types(encoder: MiniLMEncoder) -> None:
    with pytest.raises(TypeError, match="sequence of texts, got str"):
        encoder.encode("one text")
    with pytest.raises(TypeError, match="must be a str, got bytes"):
        encoder.encode_query(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads must be >= 1, got 0"):
        MiniLMEncoder(threads=0)


def test_minilm_loads_once_when_many_threads_come_first(tmp_path: Path) -> None:
    for path in PACKAGED.iterdir():
        shutil.copy(path, tmp_path)
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()
    }
    together = threading.Barrier(4)

    def first(_: int) -> OnnxModel:
        together.wait()
        return shared_model(tmp_path, 256, digests)

    with ThreadPoolExecutor(4) as pool:
        assert len({id(model) for model in pool.map(first, range(4))}) == 1


class _FailingModel:
    """Fails at the first text and counts how many texts it was given."""

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, text: str) -> Vector:
        self.calls += 1
        raise RuntimeError("device lost")

    def embed_pieces(self, text: str) -> QueryEmbedding:
        raise RuntimeError("device lost")


@pytest.mark.parametrize("threads", [1, 4])
def test_minilm_stops_a_bulk_at_the_first_error(threads: int) -> None:
    model = _FailingModel()
    encoder = MiniLMEncoder(threads=threads, model=lambda: model)
    with pytest.raises(RuntimeError, match="device lost"):
        encoder.encode(["text"] * 500)
    assert model.calls <= threads


def _encode_in_child(answers: "SimpleQueue[list[float]]") -> None:
    answers.put(create_encoder().encode(DOCUMENTS[:2])[1].tolist())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_minilm_works_in_a_child_forked_while_other_threads_encode(
    encoder: MiniLMEncoder,
) -> None:
    expected = encoder.encode(DOCUMENTS)[1]
    context = multiprocessing.get_context("fork")
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            encoder.encode(DOCUMENTS)

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        for _ in range(5):
            answers: SimpleQueue[list[float]] = context.SimpleQueue()
            child = context.Process(target=_encode_in_child, args=(answers,))
            child.start()
            child.join(60)
            assert child.exitcode == 0
            np.testing.assert_array_equal(np.array(answers.get(), dtype=np.float32), expected)
    finally:
        stop.set()
        busy.join()
    np.testing.assert_array_equal(encoder.encode(DOCUMENTS)[1], expected)


@pytest.mark.parametrize("name", ["model.int8.onnx", "tokenizer.json"])
def test_minilm_refuses_a_changed_file(tmp_path: Path, name: str) -> None:
    for path in PACKAGED.iterdir():
        shutil.copy(path, tmp_path)
    damaged = bytearray((tmp_path / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / name).write_bytes(damaged)
    with pytest.raises(EncoderError, match=f"{name} with SHA-256 .* reinstall aqe") as caught:
        MiniLMEncoder(tmp_path).encode_query("login")
    assert caught.value.path == tmp_path / name


def test_the_encoder_writes_nothing_below_the_home_folder(tmp_path: Path) -> None:
    code = "from aqe.models import MiniLMEncoder; MiniLMEncoder().encode_query('login')"
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    environment["PYTHONPATH"] = ":".join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_load_meanwhile_leaves_a_fault_to_the_first_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_meanwhile(tmp_path).join()
    assert capsys.readouterr().err == ""
    with pytest.raises(EncoderError, match="expected the model file"):
        MiniLMEncoder(tmp_path).encode_query("x")


def test_minilm_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"tokenizer\.json, got: No such file .* reinstall aqe"):
        MiniLMEncoder(tmp_path).encode(["login"])


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_minilm_says_which_library_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    for path in PACKAGED.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(EncoderError, match=f"needs onnxruntime and tokenizers, got: .*{library}"):
        MiniLMEncoder(tmp_path).encode_query("login")
