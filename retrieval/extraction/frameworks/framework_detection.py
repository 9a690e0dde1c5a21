"""Which framework a test is written for, and how sure that is."""

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
from ..source_file import SourceFile, read_json_object

__all__ = [
    "FrameworkEvidence",
    "UnsupportedFrameworkError",
    "javascript_framework",
    "python_framework",
]

# Confidence that the pattern is what we say it is, by how the framework was told. The order is what
# matters: a name imported from the framework cannot mean another; a call like `cy.get` hardly can;
# a project may hold suites for several frameworks; a look-alike assertion is a guess.
IMPORTED = 0.95
CALLED = 0.85
INHERITED = 0.9
CONFIGURED = 0.75
ASSUMED = 0.5


class UnsupportedFrameworkError(AqeError):
    """The file's tests are for a framework that patterns cannot name; never leaves this package."""


@dataclass(frozen=True, slots=True)
class FrameworkEvidence:
    """A framework, and the confidence that it is the right one."""

    framework: Framework
    confidence: float


_IMPORTED_FRAMEWORKS: tuple[tuple[re.Pattern[str], Framework], ...] = (
    (re.compile(r"vitest(?:/|\Z)|vite-plus/test\Z|@effect/vitest"), "vitest"),
    (re.compile(r"@jest/globals\Z"), "jest"),
    (re.compile(r"@playwright/(?:test|experimental-ct-\w+)\Z|playwright/test\Z"), "playwright"),
    (re.compile(r"cypress(?:/|\Z)"), "cypress"),
    (re.compile(r"ava\Z"), "ava"),
    (re.compile(r"mocha\Z"), "mocha"),
    (re.compile(r"jasmine(?:-core)?\Z"), "jasmine"),
)
_UNSUPPORTED_MODULES = {
    "bun:test": "bun:test",
    "node:test": "node:test",
    "test": "node:test",
    "tap": "tap",
    "tape": "tape",
    "@tapjs/tap": "tap",
    "uvu": "uvu",
    "qunit": "QUnit",
    "brittle": "brittle",
    "zora": "zora",
    "lab": "lab",
    "@hapi/lab": "lab",
    "baretest": "baretest",
    "tap-spec": "tap",
    "testcafe": "TestCafe",
}
# Asked in this order: the first that a file calls decides. The last two are assertion styles.
_CALLED_FRAMEWORKS: tuple[tuple[re.Pattern[str], Framework, float], ...] = (
    (re.compile(r"cy\.|Cypress\."), "cypress", CALLED),
    (
        re.compile(r"vi\.(?:fn|mock|spyOn|doMock|hoisted|mocked|useFakeTimers|stub\w+)\b"),
        "vitest",
        CALLED,
    ),
    (re.compile(r"jest\.\w+"), "jest", CALLED),
    (
        re.compile(
            r"jasmine\.\w+|.*\.(?:and\.(?:returnValue|callFake|callThrough)|toHaveSize|withContext|toBeTrue|toBeFalse)\Z"
        ),
        "jasmine",
        CALLED,
    ),
)
_DEPENDENCIES: tuple[tuple[str, Framework], ...] = (
    ("vitest", "vitest"),
    ("jest", "jest"),
    ("ava", "ava"),
    ("mocha", "mocha"),
    ("jasmine", "jasmine"),
    ("jasmine-core", "jasmine"),
    ("karma-jasmine", "jasmine"),
    ("karma-mocha", "mocha"),
    ("ts-jest", "jest"),
    ("react-scripts", "jest"),
    ("@playwright/test", "playwright"),
    ("cypress", "cypress"),
)
_SCRIPTS: tuple[tuple[re.Pattern[str], Framework], ...] = (
    (re.compile(r"\bvitest\b"), "vitest"),
    (re.compile(r"\b(?:jest|react-scripts test)\b"), "jest"),
    (re.compile(r"\b_?mocha\b"), "mocha"),
    (re.compile(r"(?<![-\w])ava\b(?!\.)"), "ava"),
    (re.compile(r"\bjasmine\b"), "jasmine"),
    (re.compile(r"\bplaywright\b"), "playwright"),
    (re.compile(r"\bcypress\b"), "cypress"),
)
_UNSUPPORTED_SCRIPTS = (
    (re.compile(r"\bnode\b[^&|;]*\s--test\b|\bborp\b"), "node:test"),
    (re.compile(r"\bbun test\b"), "bun:test"),
    (re.compile(r"(?<![-\w])(?:tap|tape)\b"), "tap"),
    (re.compile(r"\bqunit\b"), "QUnit"),
    (re.compile(r"\buvu\b"), "uvu"),
)
_CONFIG_FILES: tuple[tuple[str, Framework], ...] = (
    ("vitest.config.*", "vitest"),
    ("vitest.workspace.*", "vitest"),
    ("jest.config.*", "jest"),
    (".mocharc*", "mocha"),
    ("test/mocha.opts", "mocha"),
    ("ava.config.*", "ava"),
    ("jasmine.json", "jasmine"),
    ("spec/support/jasmine.*", "jasmine"),
)
_BROWSER_FRAMEWORKS = frozenset({"playwright", "cypress"})
_EXPECT_CALL = re.compile(r"expect(?:\.\w+)*\.(?:not\.|resolves\.|rejects\.)*to[A-Z]\w*\Z")
_CHAI_CALL = re.compile(
    r"expect\.(?:\w+\.)*(?:to|be|have|not)\.|assert(?:\.|\Z)|.*\.should\.|should\."
)


def python_framework(
    style: TestStyle, imports: Iterable[Import], names: frozenset[str]
) -> FrameworkEvidence:
    """Tells pytest from unittest: methods of a TestCase are unittest's, the rest pytest's."""
    modules = {each.module.partition(".")[0] for each in imports}
    if style == "testcase":
        return FrameworkEvidence("unittest", IMPORTED if "unittest" in modules else INHERITED)
    if "pytest" in modules:
        return FrameworkEvidence("pytest", IMPORTED if "pytest" in names else CALLED)
    return FrameworkEvidence("pytest", CONFIGURED)


def javascript_framework(
    source: SourceFile, imports: Iterable[Import], calls: Iterable[str]
) -> FrameworkEvidence:
    """Tells the framework of a JavaScript or TypeScript file.

    Imports speak first, then calls that only one framework has, then the project's files, then the
    style of its assertions.

    Raises:
        UnsupportedFrameworkError: It imports one that patterns cannot name (``node:test``).
    """
    modules = [each.module for each in imports]
    for pattern, framework in _IMPORTED_FRAMEWORKS:
        if any(map(pattern.match, modules)):
            return FrameworkEvidence(framework, IMPORTED)
    for module in modules:
        if module in _UNSUPPORTED_MODULES:
            raise UnsupportedFrameworkError(f"{_UNSUPPORTED_MODULES[module]} is not supported")
    called = list(calls)
    for pattern, framework, confidence in _CALLED_FRAMEWORKS:
        if any(map(pattern.match, called)):
            return FrameworkEvidence(framework, confidence)
    return _project_framework(source) or _assumed_framework(called)


def _assumed_framework(calls: list[str]) -> FrameworkEvidence:
    if any(map(_EXPECT_CALL.match, calls)):
        return FrameworkEvidence("jest", ASSUMED)
    if any(map(_CHAI_CALL.match, calls)):
        return FrameworkEvidence("mocha", ASSUMED)
    return FrameworkEvidence("jest", ASSUMED)


def _project_framework(source: SourceFile) -> FrameworkEvidence | None:
    """Asks package.json and configuration files, from the test's folder up to two projects above.

    A browser framework owns the files under its own folders only: a project that has Cypress for
    its pages still runs its other tests with something else.
    """
    for folder in _folders_above(source):
        candidates = [
            *_from_scripts(folder),
            *_from_configuration(folder),
            *_from_dependencies(folder),
        ]
        for framework in candidates:
            if framework not in _BROWSER_FRAMEWORKS or _is_browser_file(source):
                return FrameworkEvidence(framework, CONFIGURED)
        _refuse_unsupported_scripts(folder)
    return None


def _refuse_unsupported_scripts(folder: Path) -> None:
    scripts = _scripts(folder)
    for pattern, name in _UNSUPPORTED_SCRIPTS:
        if any(pattern.search(text) for text in scripts.values()):
            raise UnsupportedFrameworkError(f"{name} is not supported")


def _folders_above(source: SourceFile) -> list[Path]:
    """Returns the test's folder and those above, through the root of a repository around it."""
    folders: list[Path] = []
    for folder in source.path.absolute().parents:
        if folder.name == "node_modules":
            break
        folders.append(folder)
        if (folder / ".git").exists():
            break
    return folders


def _is_browser_file(source: SourceFile) -> bool:
    parts = set(re.split(r"[/.]", source.relative_path.lower()))
    return bool(parts & {"cypress", "e2e", "cy", "playwright", "browser", "component"})


def _scripts(folder: Path) -> dict[str, str]:
    scripts = read_json_object(folder / "package.json").get("scripts")
    return {name: str(text) for name, text in scripts.items()} if isinstance(scripts, dict) else {}


def _from_scripts(folder: Path) -> list[Framework]:
    """Returns the frameworks that the scripts run, those of ``test`` first."""
    scripts = _scripts(folder)
    ordered = sorted(scripts, key=lambda name: (name != "test", not name.startswith("test"), name))
    return [
        framework
        for name in ordered
        for pattern, framework in _SCRIPTS
        if pattern.search(scripts[name])
    ]


def _from_configuration(folder: Path) -> list[Framework]:
    names = [*_listed(folder), *(f"test/{name}" for name in _listed(folder / "test"))]
    names += [f"spec/support/{name}" for name in _listed(folder / "spec" / "support")]
    found: list[Framework] = [
        framework for pattern, framework in _CONFIG_FILES if fnmatch.filter(names, pattern)
    ]
    manifest = read_json_object(folder / "package.json")
    named: list[Framework] = [
        framework for framework in ("jest", "ava", "mocha") if framework in manifest
    ]
    return found + named


def _from_dependencies(folder: Path) -> list[Framework]:
    manifest = read_json_object(folder / "package.json")
    names: set[str] = set()
    for section in ("devDependencies", "dependencies"):
        listed = manifest.get(section)
        names |= set(listed) if isinstance(listed, dict) else set()
    return [framework for name, framework in _DEPENDENCIES if name in names]


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # not there, or not ours to read: no evidence
