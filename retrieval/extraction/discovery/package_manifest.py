"""Reads the name of a package from its project file; nothing is run."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

__all__ = ["declared_name", "package_name"]

_MAX_BYTES: Final = 1024 * 1024
_GO_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_GO_VERSION = re.compile(r"/v\d+\Z")
_POM_PARENT = re.compile(r"<parent\b.*?</parent>|<!--.*?-->", re.DOTALL)
_POM_ARTIFACT = re.compile(r"<artifactId>\s*([^<\s]+)\s*</artifactId>")
_CFG_METADATA = re.compile(r"^\[metadata\]", re.MULTILINE)
_CFG_NAME = re.compile(r"^\[metadata\](?:\n(?!\[).*)*?\nname\s*=\s*(\S+)", re.MULTILINE)


def package_name(folder: Path) -> str:
    """Returns the name of the package that a project file in a folder declares; empty if none.

    A ``package.json`` without a name and a ``pyproject.toml`` that only configures tools declare
    none. Where the file has no name to read, it is the folder's.
    """
    return next(filter(None, (declared_name(f"{folder}/{name}") for name in _READERS)), "")


def declared_name(path: str) -> str:
    """Returns the name in a project file, or of its folder; empty if it declares none."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
        return ""
    return _name_in(path, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=1024)
def _name_in(path: str, stamp: tuple[int, int]) -> str:
    """Returns the name in a project file.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    file = Path(path)
    try:
        text = file.read_text("utf-8-sig", "replace")
    except OSError:
        return ""
    found = _READERS[file.name](text, file.parent.name)
    return found if isinstance(found, str) else ""


def _in_package_json(text: str, folder: str) -> object:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return content.get("name") if isinstance(content, dict) else ""


def _in_pyproject(text: str, folder: str) -> object:
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError):
        return ""
    tool = content.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    tables = (content.get("project"), poetry)
    return next(
        (table["name"] for table in tables if isinstance(table, dict) and "name" in table), ""
    )


def _in_setup_cfg(text: str, folder: str) -> object:
    found = _CFG_NAME.search(text)
    return found[1] if found else folder if _CFG_METADATA.search(text) else ""


def _in_go_mod(text: str, folder: str) -> object:
    found = _GO_MODULE.search(text)
    return _GO_VERSION.sub("", found[1]).rpartition("/")[2] if found else ""


def _in_pom(text: str, folder: str) -> object:
    found = _POM_ARTIFACT.search(_POM_PARENT.sub("", text))
    return found[1] if found else ""


def _of_folder(text: str, folder: str) -> object:
    return folder


_READERS: Final[dict[str, Callable[[str, str], object]]] = {
    "package.json": _in_package_json,
    "pyproject.toml": _in_pyproject,
    "setup.cfg": _in_setup_cfg,
    "setup.py": _of_folder,
    "go.mod": _in_go_mod,
    "pom.xml": _in_pom,
    "build.gradle": _of_folder,
    "build.gradle.kts": _of_folder,
}
