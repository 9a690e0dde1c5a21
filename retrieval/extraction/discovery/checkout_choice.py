"""Chooses one checkout of each project, where a search has found several."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ....schema.git_repository import find_repository
from .project_root import find_project_root

__all__ = ["files_of_other_checkouts"]


def files_of_other_checkouts(files: Iterable[Path]) -> set[Path]:
    """Returns the files of projects that are among the files twice, but for one checkout of each.

    A work tree inside another one holds the same tests under the same names, so both cannot be in
    a bank. The main work tree is kept; else the first by path length, then by name.
    """
    checkouts: dict[str, dict[Path, list[Path]]] = {}
    for folder, inside in _by_folder(files).items():
        root = find_project_root(folder / "x")
        checkouts.setdefault(root.key, {}).setdefault(root.folder, []).extend(inside)
    return {
        file
        for found in checkouts.values()
        for folder in sorted(found, key=_preference)[1:]
        for file in found[folder]
    }


def _by_folder(files: Iterable[Path]) -> dict[Path, list[Path]]:
    grouped: dict[Path, list[Path]] = {}
    for file in files:
        grouped.setdefault(file.absolute().parent, []).append(file)
    return grouped


def _preference(folder: Path) -> tuple[bool, int, str]:
    repository = find_repository(folder)
    is_linked = repository is not None and repository.is_linked
    return is_linked, len(folder.parts), str(folder)
