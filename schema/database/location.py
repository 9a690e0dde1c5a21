"""Finds the database file to use; every command searches in the same order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..git_repository import find_repository

__all__ = ["BANK_FOLDER", "DatabaseLocation", "find_beside_bank", "locate_database"]

ENVIRONMENT_VARIABLE = "AQE_DB"
BANK_FOLDER = ".aqe"
RELATIVE_PATH = Path(BANK_FOLDER, "aqe.db")


@dataclass(frozen=True, slots=True)
class DatabaseLocation:
    """A path, and why it was chosen.

    Attributes:
        is_default: Whether it was not given, but searched for.
    """

    path: Path
    reason: str
    is_default: bool = False


def locate_database(
    explicit: str | None = None, *, environment: Mapping[str, str], folder: Path
) -> DatabaseLocation:
    """Returns the database file to use, whether or not it exists yet.

    It is the first of: ``explicit`` (``--db``); the variable ``AQE_DB``; ``.aqe/aqe.db`` in
    ``folder`` or the nearest folder above it, up to the top level of its git repository; in a
    linked work tree, the same of the main work tree; a new file, in the main work tree if this is
    a linked one, else in ``folder``.

    A bank in the home folder or the root folder is used only from that folder itself: it would
    catch every project below. No folder above them is searched.

    Args:
        explicit: A path given by the user; empty or None if there is none.
        environment: The environment variables.
        folder: The working folder, which relative paths start from.

    Raises:
        RuntimeError: A path begins with the home folder of an unknown user.
    """
    if explicit:
        return DatabaseLocation(folder / Path(explicit).expanduser(), "--db")
    if from_environment := environment.get(ENVIRONMENT_VARIABLE):
        return DatabaseLocation(folder / Path(from_environment).expanduser(), ENVIRONMENT_VARIABLE)
    home = _home(environment)
    search = _search(Path(os.path.abspath(folder)), home)
    for place in (*search.here, *search.in_main):
        if os.path.isfile(place / RELATIVE_PATH):
            return DatabaseLocation(place / RELATIVE_PATH, f"found in {place}", is_default=True)
    place = search.in_main[-1] if search.in_main else folder
    return DatabaseLocation(place / RELATIVE_PATH, _why_new(search, home), is_default=True)


def find_beside_bank(name: str, *, environment: Mapping[str, str], folder: Path) -> Path | None:
    """Returns the nearest ``.aqe/NAME`` of the folders that may hold the bank; None without one."""
    search = _search(Path(os.path.abspath(folder)), _home(environment))
    for place in (*search.here, *search.in_main):
        if os.path.isfile(place / BANK_FOLDER / name):
            return place / BANK_FOLDER / name
    return None


def _home(environment: Mapping[str, str]) -> str:
    return os.path.realpath(environment.get("HOME") or os.sep)


class _Search(NamedTuple):
    """The folders that may hold the bank, nearest first: of this work tree, and of its main one."""

    here: tuple[Path, ...]
    in_main: tuple[Path, ...]


def _search(folder: Path, home: str) -> _Search:
    repository = find_repository(folder)
    if repository is None:
        return _Search(tuple(_folders_up_to(None, folder, home)), ())
    here = tuple(_folders_up_to(repository.top, folder, home))
    if repository.main is None or not repository.is_linked:
        return _Search(here, ())
    same_place = repository.main / folder.relative_to(repository.top)
    return _Search(here, tuple(_folders_up_to(repository.main, same_place, home)))


def _folders_up_to(top: Path | None, folder: Path, home: str) -> Iterator[Path]:
    yield folder
    below = folder
    while below != top and os.path.realpath(below) != home:
        below = below.parent
        if os.path.realpath(below) in (home, os.sep):
            return
        yield below


def _why_new(search: _Search, home: str) -> str:
    """Returns where no bank was found."""
    reason = f"no {RELATIVE_PATH} in {search.here[0]}"
    if len(search.here) > 1:
        reason += f" or above it up to {search.here[-1]}"
    if search.in_main:
        reason += f", nor in its main work tree {search.in_main[-1]}"
    at_home = Path(home, RELATIVE_PATH)
    if Path(home) not in search.here and os.path.isfile(at_home):
        reason += f"; {at_home} is used only in that folder, or with --db"
    return reason
