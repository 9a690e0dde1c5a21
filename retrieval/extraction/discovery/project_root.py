"""Finds the project that a test file belongs to, and that project's name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["TEST_FOLDERS", "ProjectRoot", "find_project_root", "read_json_object"]

# Folders whose files are tests whatever their names.
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "e2e", "cypress"})

_MAX_JSON_BYTES = 5 * 1024 * 1024
_ROOT_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_INSTALL_FOLDERS = frozenset({"site-packages", "dist-packages"})
_COMMENT = re.compile(r"(?P<string>\"(?:[^\"\\]|\\.)*\")|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_PROJECT_NAME = re.compile(r"^\s*name\s*=\s*[\"']?([\w.@/-]+)", re.MULTILINE)
_REMOTE_URL = re.compile(r"^\s*url\s*=\s*\S*?([\w.-]+?)(?:\.git)?/?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProjectRoot:
    """The folder that test paths are relative to, and the project's name, equal on all machines."""

    folder: Path
    name: str


def find_project_root(path: Path) -> ProjectRoot:
    """Returns the project that a file belongs to.

    It is the nearest parent folder that is a package installation (``site-packages``) or has a
    project file; if there is none, the nearest that is neither a test folder nor a package.
    """
    folders = path.absolute().parents
    for folder in folders:
        if folder.name in _INSTALL_FOLDERS:
            return ProjectRoot(folder, "")
    for folder in folders:
        manifest = read_json_object(folder / "package.json")
        if isinstance(manifest.get("name"), str):
            return ProjectRoot(folder, str(manifest["name"]))
        if any((folder / marker).exists() for marker in _ROOT_MARKERS):
            return ProjectRoot(folder, _project_name(folder))
    for folder in folders:
        if folder.name not in TEST_FOLDERS and not (folder / "__init__.py").exists():
            return ProjectRoot(folder, folder.name)
    return ProjectRoot(folders[0], folders[0].name)


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


def _project_name(folder: Path) -> str:
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
