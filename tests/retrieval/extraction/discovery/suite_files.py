"""Writes the files of a project, and returns what is found in them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

from aqe.retrieval.extraction import extract_file, find_test_files

__all__ = [
    "JAVASCRIPT_TEST",
    "PYTHON_TEST",
    "TESTCASE",
    "found_files",
    "make_files",
    "names_in",
    "run_git",
]

PYTHON_TEST = "def test_it():\n    assert 1\n"
TESTCASE = "class Views(TestCase):\n    def test_it(self):\n        self.assertTrue(1)\n"
JAVASCRIPT_TEST = "it('x', () => { expect(1).toBe(1); });\n"


def make_files(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(content))


def found_files(root: Path, *paths: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in find_test_files(paths or [root])]


def names_in(root: Path, name: str) -> list[str]:
    return [pattern.name for pattern in extract_file(root / name).patterns]


def run_git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout
