"""Finds the tests that a bank has and the suites on disk no longer have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..extraction import ExtractedFile, ProjectRoot, find_project_root, project_folder
from ..quality.scored_pattern import pattern_of
from ..storage.storage_values import PatternPlace
from ..text.pattern_text import source_path

__all__ = ["SeenTests", "project_folders", "vanished_tests"]


@dataclass(slots=True)
class SeenTests:
    """What an extraction has seen.

    Attributes:
        paths: The files and folders that were to be read.
        files: The files that were found.
        ids: The ids of all tests in them.
        unread: Files that were not read to their end: their tests may still be there.
        ignored: Files that git ignores: their tests are left out.
    """

    paths: Sequence[Path]
    files: frozenset[Path]
    ignored: frozenset[Path]
    ids: set[str] = field(default_factory=set)
    unread: set[Path] = field(default_factory=set)

    def add(self, extracted: ExtractedFile) -> None:
        """Adds a file that was read."""
        self.ids.update(pattern_of(storable).id for storable in extracted.storable)
        if extracted.skipped or extracted.lost:
            self.unread.add(_absolute(extracted.path))

    def lacks(self, file: Path) -> bool:
        """Returns whether a test of this file, whose id was not seen, is gone for certain."""
        if not any(file.is_relative_to(path) for path in self.paths) or file in self.unread:
            return False
        # A file that is there was read, or was given by its path once: no folder's search finds it.
        return file in self.files or file in self.ignored or not file.exists()

    @property
    def whole_folder(self) -> bool:
        """Whether a folder was read, and not only single files."""
        return any(path.is_dir() for path in self.paths)

    @classmethod
    def of(cls, paths: Iterable[Path], files: Iterable[Path], ignored: Iterable[Path]) -> SeenTests:
        """Returns the start of an extraction of paths."""
        return cls(
            [_absolute(path) for path in paths],
            frozenset(map(_absolute, files)),
            frozenset(map(_absolute, ignored)),
        )


def vanished_tests(
    places: Mapping[str, Sequence[PatternPlace]],
    folders: Mapping[str, Sequence[Path]],
    seen: SeenTests,
    framework: str | None,
) -> list[str]:
    """Returns the ids of the patterns whose tests are gone, those that were gone before included.

    Args:
        places: Where the bank's patterns are from, by project.
        folders: Where these projects are, by name.
        framework: The only framework that was read; None for all.
    """
    return [
        place.id
        for project, found in places.items()
        for place in found
        if place.id not in seen.ids
        and framework in (None, place.framework)
        and any(seen.lacks(folder / source_path(place.source)) for folder in folders[project])
    ]


def project_folders(
    names: Mapping[str, str], seen: SeenTests, roots: Mapping[str, Sequence[ProjectRoot]]
) -> dict[str, list[Path]]:
    """Returns the folders of the bank's projects, by name, as far as they can be told.

    A package whose last test is gone is no root that was read: its folder follows from that of
    another package of its repository.

    Args:
        names: The names of the bank's projects by key.
        roots: The projects that were read, by name.
    """
    folders = {name: [root.folder for root in found] for name, found in roots.items()}
    given = [find_project_root(path / "_" if path.is_dir() else path) for path in seen.paths]
    near = [*(root for found in roots.values() for root in found), *given]
    for key, name in names.items():
        if name not in folders and (folder := project_folder(key, near)) is not None:
            folders[name] = [folder]
    return folders


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))
