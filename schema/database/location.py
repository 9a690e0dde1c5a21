"""Finds the database file to use; every command searches in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DatabaseLocation", "locate_database"]

ENVIRONMENT_VARIABLE = "AQE_DB"
RELATIVE_PATH = Path(".aqe", "aqe.db")


@dataclass(frozen=True, slots=True)
class DatabaseLocation:
    """A path, and why it was chosen."""

    path: Path
    reason: str


def locate_database(
    explicit: str | None = None, *, environment: Mapping[str, str], folder: Path
) -> DatabaseLocation:
    """Returns the database file to use, whether or not it exists yet.

    It is the first of: ``explicit`` (``--db``), the variable ``AQE_DB``, ``.aqe/aqe.db`` in the
    nearest of ``folder`` and its parents that has one (as git finds ``.git``),
    ``folder/.aqe/aqe.db``.

    Args:
        explicit: A path given by the user; empty or None if there is none.
        environment: The environment variables.
        folder: The working folder, which relative paths start from.
    """
    if explicit:
        return DatabaseLocation(folder / Path(explicit).expanduser(), "--db")
    if from_environment := environment.get(ENVIRONMENT_VARIABLE):
        return DatabaseLocation(folder / Path(from_environment).expanduser(), ENVIRONMENT_VARIABLE)
    for parent in (folder, *folder.parents):
        candidate = parent / RELATIVE_PATH
        if candidate.is_file():
            return DatabaseLocation(candidate, f"found in {parent}")
    return DatabaseLocation(folder / RELATIVE_PATH, "default, new")
