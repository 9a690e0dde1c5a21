"""Finds test files, without installed and generated code, safe against symbolic link loops."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ....schema.errors import AqeError
from ...text.source_language import language_of
from .project_root import TEST_FOLDERS

__all__ = ["find_test_files"]

_SKIPPED_FOLDERS = frozenset({"node_modules", "venv", "env", "__pycache__", "dist", "build"})
_PYTHON_TEST_NAME = re.compile(r"(?:test_.*|.*_test|tests?)\.py\Z")
_JAVASCRIPT_TEST_NAME = re.compile(
    r"(?:.*[.-])?(?:test|tests|spec|specs|cy|e2e)\.[cm]?[jt]sx?\Z", re.I
)
_DECLARATIONS = re.compile(r".*\.d\.[cm]?ts\Z")

# In a test folder, a file of any name is a candidate if its content hints at a test.
_PYTHON_TEST_HINT = re.compile(rb"^[ \t]*(?:async[ \t]+)?def[ \t]+test", re.MULTILINE)
_JAVASCRIPT_TEST_HINT = re.compile(
    rb"\b(?:f|x)?(?:it|test|specify)\b[\w.]{0,99}\s{0,99}[(`]|\.test\s{0,99}\("
)
_HINT_BYTES = 5 * 1024 * 1024


def find_test_files(paths: Sequence[Path]) -> list[Path]:
    """Returns the test files under the paths, sorted, each once.

    A file given by its path is included whatever its name. Folders are searched without ``.git``,
    ``node_modules``, virtual environments, ``__pycache__``, ``dist``, ``build`` and hidden folders,
    unless such a folder is given by its path.

    Raises:
        AqeError: A path does not exist.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise AqeError(f"path to extract from does not exist: {path}; check the spelling")
        for file in _candidates(path) if path.is_dir() else [path]:
            found.setdefault(file.resolve(), file)
    return sorted(found.values(), key=lambda file: (str(file.absolute()), str(file)))


def _candidates(folder: Path) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    inside_tests = any(part in TEST_FOLDERS for part in folder.absolute().parts[-3:])
    stack = [(folder, inside_tests)]
    while stack:
        current, inside = stack.pop()
        try:
            status = current.stat()
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            yield current  # extraction reports that it cannot be read
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue  # reached before, through a symbolic link
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            if _is_folder(entry):
                if not _is_skipped_folder(Path(entry.path)):
                    stack.append((Path(entry.path), inside or entry.name in TEST_FOLDERS))
            elif _is_candidate(Path(entry.path), inside):
                yield Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a broken or circular link


def _is_skipped_folder(folder: Path) -> bool:
    return (
        folder.name in _SKIPPED_FOLDERS
        or (folder.name.startswith("."))
        or (folder / "pyvenv.cfg").exists()
    )


def _is_candidate(path: Path, inside_tests: bool) -> bool:
    language = language_of(path)
    if language is None or _DECLARATIONS.match(path.name):
        return False
    if language == "python":
        if _PYTHON_TEST_NAME.match(path.name):
            return True
        return (inside_tests or path.name == "conftest.py") and _holds(path, _PYTHON_TEST_HINT)
    if _JAVASCRIPT_TEST_NAME.match(path.name):
        return True
    return inside_tests and _holds(path, _JAVASCRIPT_TEST_HINT)


def _holds(path: Path, hint: re.Pattern[bytes]) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return bool(hint.search(stream.read(_HINT_BYTES)))
    except OSError:
        return True  # extraction reports why it cannot be read
