"""Which database file is meant: the same order everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DatabaseLocation", "locate_database"]

ENVIRONMENT_VARIABLE = "AQE_DB"
RELATIVE_PATH = Path(".aqe", "aqe.db")


@dataclass(frozen=True, slots=True)
class DatabaseLocation:
    """An absolute path and why it was chosen."""

    path: Path
    reason: str


def locate_database(
    explicit: str | None = None, *, environment: Mapping[str, str], folder: Path
) -> DatabaseLocation:
    """Returns the database file to use, whether or not it exists yet.

    The first of: ``explicit`` (``--db``), the variable ``AQE_DB``, ``.aqe/aqe.db`` in the nearest
    of ``folder`` and its parents that has one (as git finds ``.git``), ``folder/.aqe/aqe.db``.
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
