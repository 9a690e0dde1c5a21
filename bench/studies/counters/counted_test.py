"""Describes a test that an independent counter found."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ....schema.errors import AqeError

__all__ = ["CountedTest", "listed_files"]


class CountedTest(NamedTuple):
    """A test, where it starts, and its framework where the file itself says it; else empty."""

    path: str  # below the repository
    line: int
    title: str
    framework: str


def listed_files(repository: Path, suffixes: Iterable[str]) -> list[Path]:
    """Returns the files of a git repository that end in one of the suffixes and exist.

    Raises:
        AqeError: It is no git repository.
    """
    command = ["git", "-C", str(repository), "ls-files", "-z", "--recurse-submodules"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise AqeError(f"expected a git repository, found {repository}; clone one there")
    names = done.stdout.decode().split("\0")
    ends = tuple(suffixes)
    files = (repository / name for name in names if name.endswith(ends))
    return [file for file in files if file.is_file()]
