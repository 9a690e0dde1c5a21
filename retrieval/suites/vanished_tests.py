"""Finds the tests that a bank has and the suites on disk no longer have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..extraction import ExtractedFile, ProjectRoot, find_project_root
from ..quality.scored_pattern import pattern_of
from ..storage.backend import PatternReader
from ..text.pattern_text import source_path

__all__ = ["SeenTests", "vanished_tests"]


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

    @classmethod
    def of(cls, paths: Iterable[Path], files: Iterable[Path], ignored: Iterable[Path]) -> SeenTests:
        """Returns the start of an extraction of paths."""
        return cls(
            [_absolute(path) for path in paths],
            frozenset(map(_absolute, files)),
            frozenset(map(_absolute, ignored)),
        )


def vanished_tests(
    session: PatternReader,
    seen: SeenTests,
    roots: Mapping[str, Sequence[ProjectRoot]],
    framework: str | None,
) -> list[str]:
    """Returns the ids of the patterns whose tests are gone, those that were gone before included.

    Args:
        roots: Where the projects are that were read, by name.
        framework: The only framework that was read; None for all.
    """
    folders = _project_folders(session.projects(), seen.paths, roots)
    return [
        place.id
        for project, places in folders.items()
        for place in session.places(project)
        if place.id not in seen.ids
        and framework in (None, place.framework)
        and any(seen.lacks(folder / source_path(place.source)) for folder in places)
    ]


def _project_folders(
    names: Mapping[str, str], paths: Sequence[Path], roots: Mapping[str, Sequence[ProjectRoot]]
) -> dict[str, list[Path]]:
    """Returns the folders of the bank's projects, by name, as far as they can be told.

    A package whose last test is gone is no root that was read: its folder follows from that of
    another package of its repository.
    """
    folders = {name: [root.folder for root in found] for name, found in roots.items()}
    given = [find_project_root(path / "_" if path.is_dir() else path) for path in paths]
    tops = dict(_tops([*given, *(root for found in roots.values() for root in found)]))
    for key, name in names.items():
        address, _, part = key.partition("#")
        if name not in folders and address in tops:
            folders[name] = [tops[address] / part]
        elif name not in folders and key.startswith("path:"):
            folders[name] = [Path(address.removeprefix("path:")) / part]
    return folders


def _tops(roots: Iterable[ProjectRoot]) -> Iterator[tuple[str, Path]]:
    """Yields the top folder of each repository, by its part of the keys."""
    for root in roots:
        for key in (root.key, root.place):
            address, _, part = key.partition("#")
            depth = len(Path(part).parts)
            yield address, root.folder.parents[depth - 1] if depth else root.folder


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))
