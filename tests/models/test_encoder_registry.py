"""An own encoder is found by its name: registered, installed, or given as MODULE:ATTRIBUTE."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aqe.models import HashingEncoder, create_encoder, encoder_named, register_encoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import EncoderError, TestPattern

Make = Callable[..., TestPattern]
MODULE = '''
from aqe.models import HashingEncoder

class Letters(HashingEncoder):
    """An encoder of somebody else."""

    name = "letters"

    def __init__(self):
        super().__init__(32)

made = Letters()
number = 7
'''
METADATA = "Metadata-Version: 2.1\nName: letters\nVersion: 1.0\n"


class Letters(HashingEncoder):
    """A wrapped encoder that counts its queries."""

    queries = 0

    @property
    def name(self) -> str:
        return "own-letters"

    def encode_query(self, text: str) -> npt.NDArray[np.float32]:
        type(self).queries += 1
        return super().encode_query(text)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed distributions: a real one, with its entry point."""
    folder = tmp_path / "site"
    info = folder / "letters-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "letters_module.py").write_text(MODULE)
    (info / "METADATA").write_text(METADATA)
    points = "letters = letters_module:Letters\nbroken = letters_module:Missing\n"
    (info / "entry_points.txt").write_text(f"[aqe.encoders]\n{points}")
    return folder


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The distribution on this process's path."""
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("letters_module", None)


def test_registered_encoder_reopens_its_bank(path: Path, pattern: Make) -> None:
    register_encoder("own-letters", Letters)
    with QEReasoningBank(path, encoder=Letters()) as bank:
        bank.store_pattern(pattern())
    with QEReasoningBank(path) as bank:
        assert bank.search("login")[0].pattern.name == "test_login_succeeds"
    with QEReasoningBank(encoder="own-letters") as bank:
        assert bank.encoder_identity.name == "own-letters"


def test_own_encoder_is_not_asked_at_the_start(path: Path) -> None:
    Letters.queries = 0
    with QEReasoningBank(path, encoder=Letters()):
        assert Letters.queries == 0


@pytest.mark.parametrize("name", ["hashing", "hashing:64", "aqe-minilm-tests", "", " "])
def test_register_encoder_refuses_names_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match=r"is an encoder of aqe|must not be empty"):
        register_encoder(name, Letters)


@pytest.mark.parametrize(("name", "factory"), [(3, Letters), ("x", 3), ("x", None)])
def test_register_encoder_refuses_wrong_types(name: Any, factory: Any) -> None:
    with pytest.raises(TypeError, match=r"must be text|must be a function or class"):
        register_encoder(name, factory)


def test_installed_encoder_is_found_by_its_entry_point(installed: Path) -> None:
    assert encoder_named("letters").name == create_encoder("letters").name == "letters"
    with pytest.raises(EncoderError, match=r"entry point of encoder 'broken' .* cannot be loaded"):
        create_encoder("broken")


@pytest.mark.parametrize("spec", ["letters_module:Letters", "letters_module:made"])
def test_module_attribute_is_an_encoder(installed: Path, spec: str) -> None:
    assert create_encoder(spec).dimension == 32


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("letters_module:nothing", "expected MODULE:ATTRIBUTE of an encoder that can be imported"),
        ("no_such_module:x", "expected MODULE:ATTRIBUTE of an encoder that can be imported"),
        ("letters_module:number", "must have name, dimension, revision, encode, encode_query"),
    ],
)
def test_module_attribute_that_is_no_encoder_is_refused(
    installed: Path, spec: str, message: str
) -> None:
    with pytest.raises(EncoderError, match=message) as caught:
        create_encoder(spec)
    assert "\n" not in str(caught.value)


def test_a_bank_imports_no_module_that_it_names(installed: Path) -> None:
    with pytest.raises(EncoderError):
        encoder_named("letters_module:Letters")
    assert "letters_module" not in sys.modules


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="it may be a model")
def test_an_encoder_that_is_not_known_says_where_encoders_come_from() -> None:
    with pytest.raises(EncoderError, match=r"register_encoder or the entry-point group aqe\.enc"):
        create_encoder("nobody-knows")


def test_encoder_that_returns_too_few_vectors_is_refused(path: Path, pattern: Make) -> None:
    class Short(Letters):
        def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            return super().encode(texts)[1:]

    message = r"'own-letters' must return an array of shape \(1, 384\) for 1 texts, got shape \(0"
    with (
        QEReasoningBank(path, encoder=Short()) as bank,
        pytest.raises(EncoderError, match=message) as caught,
    ):
        bank.store_pattern(pattern())
    assert "\n" not in str(caught.value)


def test_encoder_of_another_width_than_it_says_is_refused(path: Path, pattern: Make) -> None:
    class Narrow(Letters):
        def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            return super().encode(texts)[:, :5]

    message = r"embedding must be float32 of shape \(384,\), got float32 \(5,\)"
    with (
        QEReasoningBank(path, encoder=Narrow()) as bank,
        pytest.raises(ValueError, match=message),
    ):
        bank.store_pattern(pattern())


@pytest.mark.parametrize("way", ["installed", "given"])
def test_command_line_reopens_a_bank_of_an_own_encoder(
    way: str, site: Path, path: Path, pattern: Make, tmp_path: Path
) -> None:
    sys.path.insert(0, str(site))
    try:
        with QEReasoningBank(path, encoder="letters_module:Letters") as bank:
            bank.store_pattern(pattern())
    finally:
        sys.path.remove(str(site))
        sys.modules.pop("letters_module", None)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "letters_module.py").write_text(MODULE)
    given = [] if way == "installed" else ["--encoder", "letters_module:Letters"]
    paths = [*sys.path, *([str(site)] if way == "installed" else [])]
    done = subprocess.run(
        [sys.executable, "-m", "aqe", "patterns", "search", "login", "--db", str(path), *given],
        env={"PYTHONPATH": ":".join(paths), "COLUMNS": "100"},
        cwd=tmp_path / "work",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "test_login_succeeds" in done.stdout
