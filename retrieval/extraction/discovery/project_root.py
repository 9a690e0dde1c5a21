"""Finds the project that a test file belongs to, and that project's name and key."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ....schema.git_repository import GitRepository, find_repository
from .package_manifest import declared_name, package_name
from .remote_address import remote_address, remote_name

__all__ = ["TEST_FOLDERS", "ProjectRoot", "find_project_root", "read_json_object"]

# Folders whose files are tests whatever their names.
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "e2e", "cypress"})

_MAX_JSON_BYTES = 5 * 1024 * 1024
_ROOT_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_INSTALL_FOLDERS = frozenset({"site-packages", "dist-packages"})
_COMMENT = re.compile(r"(?P<string>\"(?:[^\"\\]|\\.)*\")|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_PROJECT_NAME = re.compile(r"^\s*name\s*=\s*[\"']?([\w.@/-]+)", re.MULTILINE)
_REMOTE_URL = re.compile(r"^\s*url\s*=\s*\S*?([\w.-]+?)(?:\.git)?/?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRoot:
    """The project of a file.

    Attributes:
        folder: What test paths are relative to.
        name: A name for people, equal on all machines: "react" or "repo/packages/react".
        key: What identifies it: the address of its git remote and the package's folder, as
            "host/owner/repo#packages/react". Without a remote it is ``place``.
        place: Where it is: the real path of its repository or folder and the package's folder, as
            "path:/folder#packages/react". It was the key before there was a remote.
        earlier_folder, earlier_name: The folder and name from which earlier versions derived ids.
    """

    folder: Path
    name: str
    key: str
    place: str
    earlier_folder: Path
    earlier_name: str


class _Identity(NamedTuple):
    folder: Path
    name: str
    key: str
    place: str


class _EarlierRoot(NamedTuple):
    folder: Path
    name: str


def find_project_root(path: Path) -> ProjectRoot:
    """Returns the project that a file belongs to.

    In a git repository it is the nearest package below the top level, or else the repository. All
    work trees of a repository are one project, and so are the clones of one remote; a submodule
    is a project of its own. Outside git it is the installed package, the nearest folder with a
    project file, or the nearest folder that is neither a test folder nor a Python package.
    """
    path = Path(os.path.abspath(path))
    folders = path.parents
    earlier = _earlier_root(folders)
    found = _installed(path) or _in_repository(folders) or _outside_git(folders)
    return ProjectRoot(
        folder=found.folder,
        name=found.name,
        key=found.key,
        place=found.place,
        earlier_folder=earlier.folder,
        earlier_name=earlier.name,
    )


def _installed(path: Path) -> _Identity | None:
    """Returns the installed package that a file is part of; the same in every environment."""
    folder = next((above for above in path.parents if above.name in _INSTALL_FOLDERS), None)
    if folder is None:
        return None
    name = path.relative_to(folder).parts[0].removesuffix(".py")
    return _Identity(folder, name, f"installed:{name}", f"installed:{name}")


def _in_repository(folders: Sequence[Path]) -> _Identity | None:
    """Returns the package in git that the folders, nearest first, are in."""
    repository = find_repository(folders[0])
    if repository is None:
        return None
    inside = itertools.takewhile(lambda folder: folder != repository.top, folders)
    package = next(filter(package_name, inside), repository.top)
    part = "" if package == repository.top else package.relative_to(repository.top).as_posix()
    place = os.path.realpath(repository.place)
    address = _address_of(repository) or place
    # A clone of a folder is called as it is called here, as the folder may be called anything.
    name = remote_name(place if address.startswith("/") else address) or "root"
    return _Identity(
        package, f"{name}/{part}" if part else name, _key(address, part), _key(place, part)
    )


def _address_of(repository: GitRepository) -> str:
    return remote_address(repository.origin, repository.main or repository.place)


def _outside_git(folders: Sequence[Path]) -> _Identity:
    folder = next((folder for folder in folders if _is_project(folder)), None)
    if folder is None:
        plain = (folder for folder in folders if not _is_part(folder))
        folder = next(plain, folders[0])
    key = _key(os.path.realpath(folder), "")
    return _Identity(folder, package_name(folder) or folder.name or "root", key, key)


def _key(address: str, part: str) -> str:
    # Most servers do not tell the case of a path apart, and people write both.
    subject = f"path:{address}" if address.startswith("/") else address.lower()
    return f"{subject}#{part}" if part else subject


def _is_project(folder: Path) -> bool:
    return bool(package_name(folder)) or any(
        os.path.exists(f"{folder}/{mark}") for mark in _ROOT_MARKERS
    )


def _is_part(folder: Path) -> bool:
    """Returns whether a folder is only a part of a project: of tests, or a Python package."""
    return folder.name in TEST_FOLDERS or os.path.exists(f"{folder}/__init__.py")


def _earlier_root(folders: Sequence[Path]) -> _EarlierRoot:
    """Returns the root by the rule of earlier versions, which derived ids from its name."""
    for folder in folders:
        if folder.name in _INSTALL_FOLDERS:
            return _EarlierRoot(folder, "")
    for folder in folders:
        if name := declared_name(f"{folder}/package.json"):
            return _EarlierRoot(folder, name)
        if any(os.path.exists(f"{folder}/{marker}") for marker in _ROOT_MARKERS):
            return _EarlierRoot(folder, _earlier_name(folder))
    folder = next((folder for folder in folders if not _is_part(folder)), folders[0])
    return _EarlierRoot(folder, folder.name)


def _earlier_name(folder: Path) -> str:
    """Returns the name from the project files, from the git remote, or of the folder."""
    sources = (
        ("pyproject.toml", _PROJECT_NAME),
        ("setup.cfg", _PROJECT_NAME),
        (".git/config", _REMOTE_URL),
    )
    for name, pattern in sources:
        try:
            match = pattern.search((folder / name).read_text("utf-8", "replace"))
        except OSError:
            continue  # no such file: try the next source
        if match:
            return match[1]
    return folder.name


def read_json_object(path: Path, *, with_comments: bool = False) -> dict[str, object]:
    """Returns the JSON object in a file, or an empty one.

    Args:
        with_comments: Whether comments and trailing commas are allowed, as in tsconfig.json.
    """
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            return {}
        raw = path.read_bytes()
        content = json.loads(_without_comments(raw) if with_comments else raw)
    except (OSError, ValueError, RecursionError):
        return {}  # a broken package.json is no reason to stop
    return content if isinstance(content, dict) else {}


def _without_comments(raw: bytes) -> str:
    text = raw.decode("utf-8-sig", "replace")
    bare = _COMMENT.sub(lambda match: match["string"] or " ", text)
    return re.sub(r",(\s*[}\]])", r"\1", bare)
