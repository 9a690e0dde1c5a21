"""Finds the files of a sentence-transformers model and identifies its weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["model_folder", "weights_revision"]

# The files of a model; weights only as safetensors, since a pickled *.bin can run code when loaded.
_MODEL_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]


def model_folder(name_or_folder: str) -> Path:
    """Returns the folder given, or that of the model's snapshot, downloaded if it is not there.

    Raises:
        OSError: The model is not in the cache and cannot be downloaded.
        ValueError: It is neither a folder nor a possible name.
    """
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    # As sentence-transformers reads names: "all-MiniLM-L6-v2" is one of its own.
    name = name_or_folder if "/" in name_or_folder else f"sentence-transformers/{name_or_folder}"
    return Path(snapshot_download(name, allow_patterns=_MODEL_FILES))


def weights_revision(folder: Path) -> str:
    """Returns 16 hex digits of the SHA-256 of the weights: of the file, or of the files' digests.

    Raises:
        FileNotFoundError: The folder has no weights as safetensors.
    """
    digests = []
    for path in sorted(folder.rglob("*.safetensors")):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    if not digests:
        raise FileNotFoundError(f"no *.safetensors in {folder}")
    whole = (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )
    return whole[:16]
