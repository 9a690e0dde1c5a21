"""Finds the bank's name of each project, and gives patterns of earlier versions their project.

Earlier versions derived ids from the project's name alone and kept no project. A test that is read
again is recognised by the id that they derived for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from ...schema import TestPattern, stable_id
from ...schema.frameworks.declarations import language_named
from ..extraction import ExtractedFile, ProjectRoot, bank_project
from ..storage.backend import PatternBackend
from ..text.pattern_text import source_path

__all__ = ["ProjectClaims"]

# Tests of one name in a file that are tried; hardly any file has more.
_MAX_NAMESAKES: Final = 8


class ProjectClaims:
    """The projects of one extraction, and what earlier versions stored without a project.

    Args:
        dry_run: Write nothing.

    Attributes:
        roots: The projects that were claimed, by their name in the bank; a project may have
            several, in its work trees.
    """

    def __init__(self, backend: PatternBackend, *, dry_run: bool) -> None:
        self.roots: dict[str, list[ProjectRoot]] = {}
        self._backend = backend
        self._dry_run = dry_run
        self._names: dict[str, str] = {}
        with backend.reading() as session:
            self._known = session.projects()
            self._unclaimed = {place.id for place in session.places("")}

    def name(self, root: ProjectRoot) -> str:
        """Returns the bank's name of a project, which is recorded if it is new."""
        if root.key not in self._names:
            self._names[root.key] = self._claim(root)
        name = self._names[root.key]
        if root not in (roots := self.roots.setdefault(name, [])):
            roots.append(root)
        return name

    def adopt(self, extracted: ExtractedFile) -> dict[str, str]:
        """Gives the patterns of earlier versions of a file their ids of today and their project.

        Returns:
            Their ids of today, by the earlier ones.
        """
        ids = {
            earlier: id
            for id, earlier in extracted.earlier_ids.items()
            if earlier in self._unclaimed
        }
        if ids and extracted.root is not None:
            self._rename(ids, self.name(extracted.root))
        return ids

    def adopt_rest(self) -> None:
        """Gives what is left of these projects its project: patterns whose test is not there."""
        roots = {root.earlier_name: root for roots in self.roots.values() for root in roots}
        if not self._unclaimed or self._dry_run:
            return
        with self._backend.reading() as session:
            patterns = [stored.pattern for stored in session.get_many(sorted(self._unclaimed))]
        for root in roots.values():
            self._rename(_ids_in(root, self.name(root), patterns), self.name(root))

    def _claim(self, root: ProjectRoot) -> str:
        project = bank_project(root, self._known)
        if self._known.get(project.key) != project.name:
            self._known.pop(project.earlier_key, None)
            self._known[project.key] = project.name
            if not self._dry_run:
                with self._backend.writing() as session:
                    session.put_project(project.key, project.name)
        return project.name

    def _rename(self, ids: Mapping[str, str], project: str) -> None:
        self._unclaimed -= ids.keys()
        if self._dry_run:
            return
        with self._backend.writing() as session:
            taken = {stored.pattern.id for stored in session.get_many(list(ids.values()))}
            for stored in session.get_many(list(ids)):
                id, source = ids[stored.pattern.id], stored.pattern.source or ""
                if id == stored.pattern.id:
                    session.set_place(stored.key, source=source, project=project)
                elif id not in taken:
                    renamed = session.rename(stored, id)
                    session.set_place(renamed.key, source=source, project=project)


def _ids_in(root: ProjectRoot, project: str, patterns: Iterable[TestPattern]) -> dict[str, str]:
    """Returns, of the patterns that are of a project, the ids of today by the earlier ones."""
    ids: dict[str, str] = {}
    for pattern in patterns:
        path = source_path(pattern.source or "")
        place = _relative_path(root, path)
        names = tuple(pattern.name.split(language_named(pattern.language).separator))
        for number in map(str, range(_MAX_NAMESAKES)):
            earlier = stable_id(pattern.language, root.earlier_name, path, *names, number)
            if earlier == pattern.id and place is not None:
                ids[earlier] = stable_id(pattern.language, project, place, *names, number)
    return ids


def _relative_path(root: ProjectRoot, path: str) -> str | None:
    absolute = root.earlier_folder / Path(path)
    inside = absolute.is_relative_to(root.folder)
    return absolute.relative_to(root.folder).as_posix() if inside else None
