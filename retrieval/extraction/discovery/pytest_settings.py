"""Reads the settings by which a project's pytest finds tests; nothing is run."""

from __future__ import annotations

import configparser
import fnmatch
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

__all__ = ["DEFAULT_SETTINGS", "PytestSettings", "find_pytest_settings"]

_MAX_BYTES = 1024 * 1024
_MAX_FOLDERS = 40
# The files that pytest reads, the first that has a section for it; its own files need none.
_INI_SECTIONS: Final = (
    ("pytest.toml", ""),
    (".pytest.toml", ""),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", ""),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestSettings:
    """Which files, classes and functions of a project pytest collects.

    Each name is the start of a name, or a shell pattern, as in pytest.

    Attributes:
        folder: The folder of the configuration; None for the defaults.
        testpaths: Where files of ``python_files`` are tests; empty for everywhere.
    """

    folder: Path | None = None
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    python_classes: tuple[str, ...] = ("Test",)
    python_functions: tuple[str, ...] = ("test",)
    testpaths: tuple[str, ...] = ()

    def collects_file(self, path: Path) -> bool:
        """Returns whether the settings name a file, in ``testpaths`` if there are any."""
        if self.folder is None or not any(_fits_path(path, glob) for glob in self.python_files):
            return False
        if not self.testpaths:
            return True
        relative = os.path.relpath(path.absolute(), self.folder.absolute())
        return any(_is_below(relative, testpath) for testpath in self.testpaths)

    def collects_class(self, name: str) -> bool:
        """Returns whether the tests of a class with this name run."""
        return _fits(name, self.python_classes)

    def collects_function(self, name: str) -> bool:
        """Returns whether a function or method with this name is a test."""
        return _fits(name, self.python_functions)


DEFAULT_SETTINGS: Final = PytestSettings()


def find_pytest_settings(path: Path) -> PytestSettings:
    """Returns the settings of the nearest pytest configuration above a file, or the defaults."""
    for folder in list(path.absolute().parents)[:_MAX_FOLDERS]:
        settings = settings_in(folder)
        if settings is not None:
            return settings
        if (folder / ".git").exists():
            break
    return DEFAULT_SETTINGS


def settings_in(folder: Path) -> PytestSettings | None:
    """Returns the settings of a pytest configuration in a folder, or None if there is none."""
    for name, section in _INI_SECTIONS:
        try:
            status = os.stat(folder / name)
        except OSError:
            continue
        if status.st_size <= _MAX_BYTES:
            stamp = (status.st_mtime_ns, status.st_size)
            options = _options(str(folder / name), section, stamp)
            if options is not None:
                return _settings(folder, dict(options))
    return None


@lru_cache(maxsize=256)
def _options(
    path: str, section: str, stamp: tuple[int, int]
) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """Returns the options of a configuration file, or None without a section for pytest.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    try:
        text = Path(path).read_text("utf-8-sig", "replace")
        found = _ini_options(path, text, section) if section else _toml_options(path, text)
    except (OSError, tomllib.TOMLDecodeError, configparser.Error, RecursionError):
        return None  # pytest would refuse to run with it
    return None if found is None else tuple(found.items())


def _ini_options(path: str, text: str, section: str) -> dict[str, tuple[str, ...]] | None:
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(" #", "\t#"))
    parser.read_string(text)
    if not parser.has_section(section):
        return {} if path.endswith("pytest.ini") else None
    return {key: _words(value) for key, value in parser.items(section)}


def _toml_options(path: str, text: str) -> dict[str, tuple[str, ...]] | None:
    is_own = path.endswith("pytest.toml")
    content = tomllib.loads(text)
    outer = content if is_own else content.get("tool")
    table = outer.get("pytest") if isinstance(outer, dict) else None
    if not isinstance(table, dict):
        return {} if is_own else None
    options = table.get("ini_options", table)
    if not isinstance(options, dict):
        return None
    return {key: _words(value) for key, value in options.items()}


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(str, value))
    return tuple(re.findall(r"[^\s\"']+", value)) if isinstance(value, str) else ()


def _settings(folder: Path, options: dict[str, tuple[str, ...]]) -> PytestSettings:
    return PytestSettings(
        folder=folder,
        python_files=options.get("python_files") or DEFAULT_SETTINGS.python_files,
        python_classes=options.get("python_classes", DEFAULT_SETTINGS.python_classes),
        python_functions=options.get("python_functions", DEFAULT_SETTINGS.python_functions),
        testpaths=options.get("testpaths", ()),
    )


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(name, pattern)
        if set(pattern) & set("*?[")
        else name.startswith(pattern)
        for pattern in patterns
        if pattern
    )


def _fits_path(path: Path, glob: str) -> bool:
    if "/" not in glob:
        return fnmatch.fnmatchcase(path.name, glob)
    return fnmatch.fnmatchcase(path.absolute().as_posix(), f"*/{glob}")


def _is_below(relative: str, testpath: str) -> bool:
    parts = tuple(part for part in testpath.split("/") if part not in {"", "."})
    found = tuple(relative.split(os.sep))
    return len(found) >= len(parts) and all(
        fnmatch.fnmatchcase(name, part) for name, part in zip(found, parts, strict=False)
    )
