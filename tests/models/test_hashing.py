import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.models import HashingEncoder

TEXTS = ["def test_loginUser(): pass", "it('sorts users', () => {})", "", "a", "\ud800\0 ?!"]


def test_hashing_embeds_a_query_as_a_document() -> None:
    encoder = HashingEncoder(64)
    for text, row in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        np.testing.assert_array_equal(encoder.encode_query(text), row)


def test_hashing_of_text_without_words_is_a_fixed_direction() -> None:
    expected = np.eye(384, dtype=np.float32)[0]
    for text in ("", "  \n", "(){}[];", "\0"):
        np.testing.assert_array_equal(HashingEncoder().encode_query(text), expected)


def test_hashing_is_the_same_in_every_process() -> None:
    # Components measured once; Python's own hash() would change them with PYTHONHASHSEED.
    program = (
        "from aqe.models import HashingEncoder\n"
        "print(HashingEncoder(16).encode_query('login userName').round(5).tolist())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = str(HashingEncoder(16).encode_query("login userName").round(5).tolist()) + "\n"
    assert answers == {here}


def test_hashing_finds_split_identifiers_by_their_words_and_inflections() -> None:
    encoder = HashingEncoder()
    query = encoder.encode_query("login users")
    near, far = encoder.encode(["def test_loginUser(): pass", "matrix inversion is stable"]) @ query
    assert near > 0.3 > 0.1 > far


def test_hashing_is_unbiased_between_unrelated_texts() -> None:
    rng = np.random.default_rng(7)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 8)) for _ in range(400)]
    rows = HashingEncoder().encode([" ".join(words[at : at + 4]) for at in range(0, 400, 4)])
    cosines = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    assert abs(cosines.mean()) < 0.01
    assert cosines.std() < 2 / np.sqrt(384)


@pytest.mark.parametrize("dimension", [0, 7, 8193, -1])
def test_hashing_refuses_a_dimension_out_of_range(dimension: int) -> None:
    with pytest.raises(ValueError, match=f"from 8 to 8192, got {dimension}"):
        HashingEncoder(dimension)


@given(st.text(st.characters(codec=None)))
def test_hashing_gives_a_unit_vector_for_any_text(text: str) -> None:
    vector = HashingEncoder(8).encode_query(text)
    assert abs(float(vector @ vector) - 1) < 1e-5
