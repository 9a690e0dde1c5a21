"""Finds test files, without installed and ignored code, safe against symbolic link loops."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ....schema.errors import AqeError
from ...text.source_language import language_of
from ..frameworks.foreign_files import is_foreign_test
from .checkout_choice import files_of_other_checkouts
from .ignored_files import ignored_files, is_top_level, tracked_files
from .project_root import TEST_FOLDERS
from .pytest_settings import PytestSettings, find_pytest_settings, settings_in
from .runner_globs import RunnerGlobs, globs_in

__all__ = ["FoundFiles", "discover_test_files", "find_test_files"]

# Folders of installed or built code; one of ``_BUILT_FOLDERS`` is searched if git tracks its files.
_SKIPPED_FOLDERS = frozenset({"node_modules", "venv", "__pycache__", "bower_components"})
_BUILT_FOLDERS = frozenset({"dist", "build", "env"})
_PYTHON_TEST_NAME = re.compile(r"(?:test_.*|.*_test|tests?)\.py\Z")
# What unittest and Django find; only with a class that has a base.
_UNITTEST_NAME = re.compile(r"test.*\.py\Z")
_DERIVED_CLASS = re.compile(rb"^class[ \t]+\w+[ \t]*\([ \t\n]*\w", re.MULTILINE)
_TEST_METHOD = re.compile(rb"^[ \t]+(?:async[ \t]+)?def[ \t]+test", re.MULTILINE)
_JAVASCRIPT_TEST_NAME = re.compile(
    r"(?:.*[._-])?(?:test|tests|spec|specs|cy|e2e)\.[cm]?[jt]sx?\Z", re.I
)
_JASMINE_NAME = re.compile(r".*[a-z0-9](?:Spec|Test)\.[cm]?[jt]sx?\Z")
_DECLARATIONS = re.compile(r".*\.d\.[cm]?ts\Z")

# In a test folder, a file of any name is a candidate if its content hints at a test.
_PYTHON_TEST_HINT = re.compile(
    rb"^[ \t]*(?:async[ \t]+)?def[ \t]+test|^from[ \t]+(?:ward|mamba|vedro|testslide)\b",
    re.MULTILINE,
)
_JAVASCRIPT_TEST_HINT = re.compile(
    rb"\b(?:f|x)?(?:it|test|specify)\b[\w.]{0,99}\s{0,99}[(`]|\.test\s{0,99}\("
)
_HINT_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFiles:
    """The test files under some paths, and those that were left out.

    Attributes:
        files: The test files, sorted, each once.
        ignored: Files that would be tests, but git ignores them.
        other_checkouts: Files of a second checkout of a project, such as a work tree inside it.
    """

    files: tuple[Path, ...]
    ignored: tuple[Path, ...]
    other_checkouts: tuple[Path, ...]


class _Place(NamedTuple):
    """A folder that is searched, with what is known about it.

    Attributes:
        inside: Whether it is in a test folder.
        globs: Where the runners of the folders above say that tests are.
    """

    folder: Path
    inside: bool
    settings: PytestSettings
    globs: tuple[RunnerGlobs, ...]


@dataclass(slots=True)
class _Walk:
    """A search below a folder; folders of built code are kept for later."""

    built: list[_Place] = field(default_factory=list)


def find_test_files(paths: Sequence[Path]) -> list[Path]:
    """Returns the test files under the paths, sorted, each once.

    A file given by its path is included whatever its name. Folders are searched without ``.git``,
    ``node_modules``, virtual environments, ``__pycache__``, hidden folders, ``dist``, ``build`` and
    ``env`` unless git tracks their files, and without files that git ignores; a folder given by
    its path is searched nevertheless. Of two checkouts of one project, one is searched. The
    settings of the project's runner add files to the usual names.

    Raises:
        AqeError: A path does not exist.
    """
    return list(discover_test_files(paths).files)


def discover_test_files(paths: Sequence[Path]) -> FoundFiles:
    """Returns the test files under the paths, and the files that are left out.

    Raises:
        AqeError: A path does not exist.
    """
    found: dict[Path, Path] = {}
    left_out: dict[Path, Path] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise AqeError(f"path to extract from does not exist: {path}; check the spelling")
        files = list(_candidates(path)) if path.is_dir() else [path]
        ignored = _ignored_below(path, files) if path.is_dir() else set()
        for file in files:
            (left_out if file in ignored else found).setdefault(file.resolve(), file)
    ignored_only = [file for resolved, file in left_out.items() if resolved not in found]
    others = files_of_other_checkouts(found.values())
    return FoundFiles(
        files=_sorted(file for file in found.values() if file not in others),
        ignored=_sorted(ignored_only),
        other_checkouts=_sorted(others),
    )


def _sorted(files: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(sorted(files, key=lambda file: (str(file.absolute()), str(file))))


def _ignored_below(folder: Path, files: Sequence[Path]) -> set[Path]:
    """Returns the ignored files; none if git ignores the whole folder, since it was asked for."""
    inner_folder = [] if is_top_level(folder) else [folder]
    ignored = ignored_files([*inner_folder, *files], folder)
    is_asked_for = folder in ignored or (inner_folder and ignored.issuperset(files))
    return set() if is_asked_for else ignored


def _candidates(folder: Path) -> Iterator[Path]:
    """Yields the test files below a folder, and the folders that cannot be listed."""
    inside = any(part in TEST_FOLDERS for part in folder.absolute().parts[-3:])
    walk = _Walk()
    start = _Place(folder, inside, find_pytest_settings(folder / "x"), _globs_above(folder))
    yield from _files_below(start, walk)
    for place in walk.built:
        tracked = {file.absolute() for file in tracked_files(place.folder)}
        if tracked:
            files = _files_below(place, walk)
            yield from (file for file in files if file.absolute() in tracked)


def _globs_above(folder: Path) -> tuple[RunnerGlobs, ...]:
    globs: list[RunnerGlobs] = []
    for above in folder.absolute().parents:
        if (above / "package.json").exists():
            found = globs_in(above, [entry.name for entry in os.scandir(above)])
            globs += [found] if found else []
        if (above / ".git").exists():
            return tuple(globs)
    return ()  # no repository: the folders above belong to others


def _files_below(start: _Place, walk: _Walk) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    stack = [start]
    while stack:
        place = stack.pop()
        try:
            status = place.folder.stat()
            entries = sorted(os.scandir(place.folder), key=lambda entry: entry.name)
        except OSError:
            yield place.folder  # extraction reports that it cannot be read
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue  # reached before, through a symbolic link
        seen.add((status.st_dev, status.st_ino))
        here = _with_settings(place, [entry.name for entry in entries])
        for entry in entries:
            path = Path(entry.path)
            if not _is_folder(entry):
                if _is_candidate(path, here):
                    yield path
            elif not _is_skipped_folder(path):
                inner = here._replace(folder=path, inside=here.inside or entry.name in TEST_FOLDERS)
                (walk.built if entry.name in _BUILT_FOLDERS else stack).append(inner)


def _with_settings(place: _Place, names: list[str]) -> _Place:
    """Returns a place with the settings of the runners that are configured in its folder."""
    settings = settings_in(place.folder) or place.settings
    globs = globs_in(place.folder, names)
    return place._replace(settings=settings, globs=(*place.globs, globs) if globs else place.globs)


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


def _is_candidate(path: Path, place: _Place) -> bool:
    language = language_of(path)
    if language is None:
        return is_foreign_test(path.name)
    if _DECLARATIONS.match(path.name):
        return False
    if language == "python":
        return _is_python_candidate(path, place)
    if _JAVASCRIPT_TEST_NAME.match(path.name):
        return True
    if place.globs and any(globs.names(str(path.absolute())) for globs in place.globs):
        return _holds(path, _JAVASCRIPT_TEST_HINT)
    return (place.inside or bool(_JASMINE_NAME.match(path.name))) and _holds(
        path, _JAVASCRIPT_TEST_HINT
    )


def _is_python_candidate(path: Path, place: _Place) -> bool:
    if _PYTHON_TEST_NAME.match(path.name) or place.settings.collects_file(path):
        return True
    if (place.inside or path.name == "conftest.py") and _holds(path, _PYTHON_TEST_HINT):
        return True
    is_named = bool(_UNITTEST_NAME.match(path.name))
    return is_named and _holds(path, _DERIVED_CLASS) and _holds(path, _TEST_METHOD)


def _holds(path: Path, hint: re.Pattern[bytes]) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return bool(hint.search(stream.read(_HINT_BYTES)))
    except OSError:
        return True  # extraction reports why it cannot be read
