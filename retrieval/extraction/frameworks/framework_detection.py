"""Detects the framework that a test is written for, with a certainty."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ....schema.errors import AqeError
from ....schema.records.patterns import Framework
from ..code_facts import Import
from ..found_test import TestStyle
from ..project_root import read_json_object
from ..source_file import SourceFile
from .framework_clues import (
    BROWSER_FOLDERS,
    BROWSER_FRAMEWORKS,
    CALLS,
    CHAI_ASSERTION,
    CONFIG_FILES,
    DEPENDENCIES,
    JEST_ASSERTION,
    MANIFEST_KEYS,
    MODULES,
    SCRIPTS,
    UNSUPPORTED_MODULES,
    UNSUPPORTED_SCRIPTS,
)

__all__ = [
    "DetectedFramework",
    "UnsupportedFrameworkError",
    "javascript_framework",
    "python_framework",
]

# Certainty by kind of clue; the order matters. A name imported from a framework is conclusive, a
# call such as `cy.get` nearly so; a project may have suites for several frameworks; the style of an
# assertion is a guess.
IMPORTED = 0.95
CALLED = 0.85
INHERITED = 0.9
CONFIGURED = 0.75
ASSUMED = 0.5


class UnsupportedFrameworkError(AqeError):
    """A test is for an unsupported framework; never leaves this package."""


@dataclass(frozen=True, slots=True)
class DetectedFramework:
    """A framework, and the certainty (0..1) of the guess."""

    framework: Framework
    certainty: float


def python_framework(
    style: TestStyle, imports: Iterable[Import], names: frozenset[str]
) -> DetectedFramework:
    """Returns unittest for the methods of a TestCase, pytest for every other test."""
    modules = {imported.module.partition(".")[0] for imported in imports}
    if style == "testcase":
        return DetectedFramework("unittest", IMPORTED if "unittest" in modules else INHERITED)
    if "pytest" in modules:
        return DetectedFramework("pytest", IMPORTED if "pytest" in names else CALLED)
    return DetectedFramework("pytest", CONFIGURED)


def javascript_framework(
    source: SourceFile, imports: Iterable[Import], calls: Iterable[str]
) -> DetectedFramework:
    """Returns the framework of a JavaScript or TypeScript file.

    Imports decide first, then calls that only one framework has, then the project's files, then
    the style of the assertions.

    Raises:
        UnsupportedFrameworkError: The file is for an unsupported framework (``node:test``).
    """
    modules = [imported.module for imported in imports]
    for pattern, framework in MODULES:
        if any(map(pattern.match, modules)):
            return DetectedFramework(framework, IMPORTED)
    for module in modules:
        if module in UNSUPPORTED_MODULES:
            raise UnsupportedFrameworkError(f"{UNSUPPORTED_MODULES[module]} is not supported")
    called = list(calls)
    for pattern, framework in CALLS:
        if any(map(pattern.match, called)):
            return DetectedFramework(framework, CALLED)
    return _project_framework(source) or _assumed_framework(called)


def _assumed_framework(calls: list[str]) -> DetectedFramework:
    if any(map(JEST_ASSERTION.match, calls)):
        return DetectedFramework("jest", ASSUMED)
    if any(map(CHAI_ASSERTION.match, calls)):
        return DetectedFramework("mocha", ASSUMED)
    return DetectedFramework("jest", ASSUMED)


def _project_framework(source: SourceFile) -> DetectedFramework | None:
    """Returns the framework that the nearest package.json or configuration file names.

    A browser framework applies only to files in its own folders: a project that tests its pages
    with Cypress runs its other tests with another framework.

    Raises:
        UnsupportedFrameworkError: The nearest folder uses an unsupported framework.
    """
    for folder in _folders_above(source):
        candidates = [
            *_from_scripts(folder),
            *_from_configuration(folder),
            *_from_dependencies(folder),
        ]
        for framework in candidates:
            if framework not in BROWSER_FRAMEWORKS or _is_browser_file(source):
                return DetectedFramework(framework, CONFIGURED)
        _refuse_unsupported_scripts(folder)
    return None


def _refuse_unsupported_scripts(folder: Path) -> None:
    scripts = _scripts(folder)
    for pattern, name in UNSUPPORTED_SCRIPTS:
        if any(pattern.search(text) for text in scripts.values()):
            raise UnsupportedFrameworkError(f"{name} is not supported")


def _folders_above(source: SourceFile) -> list[Path]:
    """Returns the test's folder and its parents, up to the root of the repository."""
    folders: list[Path] = []
    for folder in source.path.absolute().parents:
        if folder.name == "node_modules":
            break
        folders.append(folder)
        if (folder / ".git").exists():
            break
    return folders


def _is_browser_file(source: SourceFile) -> bool:
    return not BROWSER_FOLDERS.isdisjoint(re.split(r"[/.]", source.relative_path.lower()))


def _scripts(folder: Path) -> dict[str, str]:
    scripts = read_json_object(folder / "package.json").get("scripts")
    return {name: str(text) for name, text in scripts.items()} if isinstance(scripts, dict) else {}


def _from_scripts(folder: Path) -> list[Framework]:
    """Returns the frameworks that the scripts run, that of ``test`` first."""
    scripts = _scripts(folder)
    ordered = sorted(scripts, key=lambda name: (name != "test", not name.startswith("test"), name))
    return [
        framework
        for name in ordered
        for pattern, framework in SCRIPTS
        if pattern.search(scripts[name])
    ]


def _from_configuration(folder: Path) -> list[Framework]:
    """Returns the frameworks with a configuration file, or settings in package.json."""
    names = [*_listed(folder), *(f"test/{name}" for name in _listed(folder / "test"))]
    names += [f"spec/support/{name}" for name in _listed(folder / "spec" / "support")]
    configured = [framework for glob, framework in CONFIG_FILES if fnmatch.filter(names, glob)]
    manifest = read_json_object(folder / "package.json")
    return configured + [framework for framework in MANIFEST_KEYS if framework in manifest]


def _from_dependencies(folder: Path) -> list[Framework]:
    manifest = read_json_object(folder / "package.json")
    names: set[str] = set()
    for section in ("devDependencies", "dependencies"):
        listed = manifest.get(section)
        names |= set(listed) if isinstance(listed, dict) else set()
    return [framework for name, framework in DEPENDENCIES if name in names]


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # missing or not permitted: no clue
