import hashlib
from pathlib import Path

import pytest

from aqe.models.snapshot import model_folder, weights_revision


def test_weights_revision_is_the_digest_of_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "config.json").write_text("{}")
    assert weights_revision(tmp_path) == hashlib.sha256(b"weights").hexdigest()[:16]


def test_weights_revision_changes_with_any_of_several_files(tmp_path: Path) -> None:
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"dense")
    before = weights_revision(tmp_path)
    assert before == weights_revision(tmp_path)
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"other")
    assert weights_revision(tmp_path) != before


def test_weights_revision_demands_safetensors(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(FileNotFoundError, match=r"no \*\.safetensors"):
        weights_revision(tmp_path)


def test_model_folder_is_the_folder_given(tmp_path: Path) -> None:
    assert model_folder(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["/no/such/folder", "a b", "..//x"])
def test_model_folder_refuses_what_is_neither_folder_nor_name(name: str) -> None:
    with pytest.raises((OSError, ValueError)):
        model_folder(name)
