"""Detects the framework that a test is written for, with a certainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....schema.records.patterns import Framework
from ..code_facts import Import
from ..found_test import FoundTest, TestStyle
from ..source_file import SourceFile
from .framework_clues import (
    CALLS,
    CHAI_ASSERTION,
    JEST_ASSERTION,
    MODULES,
    PLAYWRIGHT_FIXTURES,
)
from .import_chain import followed_modules, imports_test_function
from .project_evidence import (
    browser_framework,
    folders_above,
    project_framework,
    project_frameworks,
    unsupported_script,
)
from .unsupported_frameworks import (
    JAVASCRIPT_FRAMEWORKS,
    UnsupportedFrameworkError,
    count_javascript_tests,
    unsupported_module,
    unsupported_python_framework,
)

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "DetectedFramework",
    "javascript_framework",
    "python_framework",
    "refuse_javascript_framework",
    "refuse_python_framework",
]

# Certainty by kind of clue; the order matters. A name imported from a framework is conclusive, one
# imported from the project's own fixtures and a call such as `cy.get` nearly so; a project may have
# suites for several frameworks; the style of an assertion is a guess.
IMPORTED = 0.95
INHERITED = 0.9
FOLLOWED = 0.9
CALLED = 0.85
CONFIGURED = 0.75
ASSUMED = 0.5


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


def refuse_python_framework(source: SourceFile, imports: Iterable[Import]) -> None:
    """Checks that a Python file is not for an unsupported framework.

    Raises:
        UnsupportedFrameworkError: It imports one, and has tests of it.
    """
    found = unsupported_python_framework(source, imports)
    if found is not None:
        raise found


def refuse_javascript_framework(source: SourceFile, root: Node, imports: Iterable[Import]) -> None:
    """Checks that a JavaScript or TypeScript file does not itself name an unsupported framework.

    Raises:
        UnsupportedFrameworkError: It imports one, itself or through the project's fixtures, or
            calls its global functions.
    """
    listed = tuple(imports)
    modules = [imported.module for imported in listed]
    if _framework_of(modules) is not None:
        return
    found = unsupported_module(modules)
    if found is None:
        code = source.code
        found = next(
            (row for row in JAVASCRIPT_FRAMEWORKS if row.code and row.code.search(code)), None
        )
    if found is None:
        followed = followed_modules(source.path, listed)
        found = unsupported_module(followed) if _framework_of(followed) is None else None
    if found is not None:
        tests = count_javascript_tests(root)
        if tests or unsupported_module(modules):
            raise UnsupportedFrameworkError(found.name, tests)


def javascript_framework(
    source: SourceFile,
    imports: Iterable[Import],
    calls: Iterable[str],
    tests: Sequence[FoundTest],
) -> DetectedFramework:
    """Returns the framework of a JavaScript or TypeScript file.

    Imports decide first, then those of the fixtures that it imports, then calls that only one
    framework has, then the file's name and folder, then the project's files, then the style of the
    assertions.

    Raises:
        UnsupportedFrameworkError: The project runs an unsupported framework (``node:test``).
    """
    listed, called = tuple(imports), list(calls)
    imports_test = imports_test_function(listed)
    framework = _framework_of(imported.module for imported in listed)
    if framework:
        return DetectedFramework(framework, IMPORTED)
    framework = _framework_of(followed_modules(source.path, listed))
    if framework:
        return DetectedFramework(framework, FOLLOWED)
    framework = _called_framework(source, called, tests, imports_test=imports_test)
    if framework:
        return DetectedFramework(framework, CALLED)
    framework = browser_framework(source, imports_test=imports_test) or project_framework(
        source, imports_test=imports_test
    )
    if framework:
        return DetectedFramework(framework, CONFIGURED)
    _refuse_unsupported_scripts(source, len(tests))
    return _assumed_framework(called)


def _framework_of(modules: Iterable[str]) -> Framework | None:
    """Returns the framework that one of the modules belongs to, or None."""
    listed = list(modules)
    for pattern, framework in MODULES:
        if any(map(pattern.match, listed)):
            return framework
    return None


def _called_framework(
    source: SourceFile, calls: list[str], tests: Sequence[FoundTest], *, imports_test: bool
) -> Framework | None:
    if imports_test and any(not PLAYWRIGHT_FIXTURES.isdisjoint(test.fixtures) for test in tests):
        known = {name for folder in folders_above(source) for name in project_frameworks(folder)}
        if "playwright" in known or not known:
            return "playwright"
    for pattern, framework in CALLS:
        if framework == "playwright" and not imports_test:
            continue  # it has no global functions
        if any(map(pattern.match, calls)):
            return framework
    return None


def _assumed_framework(calls: list[str]) -> DetectedFramework:
    if any(map(JEST_ASSERTION.match, calls)):
        return DetectedFramework("jest", ASSUMED)
    if any(map(CHAI_ASSERTION.match, calls)):
        return DetectedFramework("mocha", ASSUMED)
    return DetectedFramework("jest", ASSUMED)


def _refuse_unsupported_scripts(source: SourceFile, tests: int) -> None:
    """Checks that the nearest project with a runner does not run an unsupported framework.

    Raises:
        UnsupportedFrameworkError: It does.
    """
    for folder in folders_above(source):
        name = unsupported_script(folder)
        if name:
            raise UnsupportedFrameworkError(name, tests)
