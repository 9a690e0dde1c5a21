import subprocess
import sys

import pytest

from aqe.models import DEFAULT_ENCODER, HashingEncoder, MiniLMEncoder, create_encoder, identity_of
from aqe.schema import EncoderIdentity

HEAVY = {"numpy", "onnxruntime", "tokenizers", "torch", "transformers", "sentence_transformers"}


def test_create_encoder_gives_the_packaged_model_by_default() -> None:
    assert isinstance(create_encoder(), MiniLMEncoder)
    assert create_encoder().name == DEFAULT_ENCODER


@pytest.mark.parametrize(("spec", "dimension"), [("hashing", 384), ("hashing:64", 64)])
def test_create_encoder_makes_a_hashing_encoder(spec: str, dimension: int) -> None:
    encoder = create_encoder(spec)
    assert isinstance(encoder, HashingEncoder)
    assert encoder.dimension == dimension


@pytest.mark.parametrize("spec", [DEFAULT_ENCODER, "hashing", "hashing:64"])
def test_create_encoder_takes_an_encoders_own_name(spec: str) -> None:
    assert create_encoder(spec).name == spec


@pytest.mark.parametrize("spec", ["", "  ", "hashing:", "hashing:x", "hashing:-8", "hashing:3"])
def test_create_encoder_refuses_a_malformed_spec(spec: str) -> None:
    with pytest.raises(ValueError, match=r"must not be empty|hashing:DIM|from 8 to 8192"):
        create_encoder(spec)


def test_identity_of_tells_encoders_apart() -> None:
    assert identity_of(HashingEncoder(64)) == EncoderIdentity("hashing:64", 64, "hashing-1")
    assert identity_of(create_encoder()) == EncoderIdentity(
        "aqe-minilm-tests", 384, "a0d09ebab73d0798"
    )


def test_models_import_and_default_encoder_load_nothing_heavy() -> None:
    program = (
        "import sys, aqe.schema\n"
        "before = set(sys.modules)\n"
        "from aqe.models import create_encoder, identity_of\n"
        "identity_of(create_encoder()), create_encoder('hashing')\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert HEAVY.isdisjoint(loaded), loaded
