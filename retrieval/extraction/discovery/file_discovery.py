"""Finds test files, without installed and ignored code, safe against symbolic link loops."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ....schema.errors import AqeError
from ....schema.frameworks.declarations import Declarations, declarations, language_named
from ...text.source_language import language_of
from ..frameworks.foreign_files import is_foreign_test
from .checkout_choice import files_of_other_checkouts
from .ignored_files import ignored_files, is_top_level, tracked_files
from .imported_tests import imported_files
from .project_root import TEST_FOLDERS
from .pytest_settings import PytestSettings, find_pytest_settings, settings_in
from .runner_globs import RunnerGlobs, globs_in

__all__ = ["FoundFiles", "discover_test_files", "find_test_files", "require_paths"]

# Folders of installed or built code; one of ``_BUILT_FOLDERS`` is searched if git tracks its files.
_SKIPPED_FOLDERS = frozenset({"node_modules", "venv", "__pycache__", "bower_components"})
_BUILT_FOLDERS = frozenset({"dist", "build", "env"})
# What unittest and Django find; only with a class that has a base.
_UNITTEST_NAME = re.compile(r"test.*\.py\Z")
_DERIVED_CLASS = re.compile(rb"^class[ \t]+\w+[ \t]*\([ \t\n]*\w", re.MULTILINE)
_TEST_METHOD = re.compile(rb"^[ \t]+(?:async[ \t]+)?def[ \t]+test", re.MULTILINE)
# A JavaScript file that a test file imports needs a call with a title, or a choice of a function.
_TEST_MAKER_HINT = re.compile(
    rb"(?:^|[^.\w$])(?:it|test|specify)(?:\.\w{1,20}){0,3}[(`]\s{0,50}[\"'`\w]"
    rb"|\?\s{0,50}(?:it|test)(?:\.\w{1,20})?\s{0,50}:"
)
_NEVER = r"(?!)"
# A note of a release, ``1234.feature`` of towncrier, is no feature of Gherkin.
_GHERKIN_HINT = re.compile(
    rb"^\s*(?:Feature|Ability|Business Need|Rule)[ \t]*:|^\s*#[ \t]*language:", re.MULTILINE
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
    settings of the project's runner add files to the usual names, and so do the imports of test
    files: a base class with tests, and a function that makes tests, may be in a file of any name.

    Raises:
        AqeError: A path does not exist.
    """
    return list(discover_test_files(paths).files)


def require_paths(paths: Iterable[Path]) -> None:
    """Checks that there is something at each path.

    Raises:
        AqeError: A path does not exist.
    """
    for path in map(Path, paths):
        if not path.exists():
            raise AqeError(f"path to extract from does not exist: {path}; check the spelling")


def discover_test_files(paths: Sequence[Path]) -> FoundFiles:
    """Returns the test files under the paths, and the files that are left out.

    Raises:
        AqeError: A path does not exist.
    """
    found: dict[Path, Path] = {}
    left_out: dict[Path, Path] = {}
    require_paths(paths)
    for path in map(Path, paths):
        files = list(_candidates(path)) if path.is_dir() else [path]
        files += _imported_tests(files, path) if path.is_dir() else []
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


def _imported_tests(files: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Yields the files below a folder with tests that the test files import."""
    top = folder.resolve()
    for file in imported_files(files):
        resolved = file.resolve()
        inside = resolved.parts[len(top.parts) :] if resolved.is_relative_to(top) else ()
        is_installed = any(part in _SKIPPED_FOLDERS or part[0] == "." for part in inside)
        if inside and not is_installed and _holds(file, _imported_hint(file)):
            yield folder.joinpath(*inside)


def _imported_hint(file: Path) -> re.Pattern[bytes]:
    if language_of(file) == "python":
        return _names_of("python", declarations()).hint
    return _TEST_MAKER_HINT


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
        is_note = path.suffix == ".feature" and not _holds(path, _GHERKIN_HINT)
        return is_foreign_test(path.name) and not is_note
    names = _names_of(language, declarations())
    if names.excluded.fullmatch(path.name):
        return False
    if names.tests.fullmatch(path.name) or _is_configured(path, place, names.settings):
        return True
    # In a test folder, a file of any name is a candidate if its content hints at a test.
    may_be = place.inside or names.hinted.fullmatch(path.name) or _is_in_globs(path, place)
    if may_be and _holds(path, names.hint):
        return True
    return names.settings == "pytest" and _is_unittest_candidate(path)


class _FileNames(NamedTuple):
    """The names of the test files of a language, as its declaration has them."""

    tests: re.Pattern[str]
    hinted: re.Pattern[str]
    excluded: re.Pattern[str]
    hint: re.Pattern[bytes]
    settings: str


@lru_cache(maxsize=64)
def _names_of(language: str, known: Declarations) -> _FileNames:
    declared = language_named(language)
    frameworks = known.frameworks_of(language)
    tests = sorted({re.escape(name) for each in frameworks for name in each.forms.tests})
    hinted = [declared.hinted_names, *(each.hinted_names for each in frameworks)]
    return _FileNames(
        tests=re.compile(declared.test_names or _NEVER),
        hinted=re.compile("|".join(filter(None, hinted)) or _NEVER),
        excluded=re.compile(declared.excluded_names or _NEVER),
        hint=re.compile(declared.test_hint.replace("TESTS", "|".join(tests)).encode()),
        settings=declared.runner_settings,
    )


def _is_configured(path: Path, place: _Place, settings: str) -> bool:
    return settings == "pytest" and place.settings.collects_file(path)


def _is_in_globs(path: Path, place: _Place) -> bool:
    absolute = str(path.absolute()) if place.globs else ""
    return any(globs.names(absolute) for globs in place.globs)


def _is_unittest_candidate(path: Path) -> bool:
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
