"""Detects the framework that a test is written for, with a certainty."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ....schema.frameworks.declarations import declarations, language_named
from ....schema.frameworks.framework_declaration import FrameworkDeclaration
from ....schema.records.patterns import Framework
from ..code_facts import CodeFacts, Import
from ..found_test import FoundTest
from ..source_file import SourceFile
from .import_chain import followed_modules, imports_test_function
from .project_evidence import (
    folders_above,
    own_file_framework,
    project_framework,
    project_frameworks,
    unsupported_script,
)
from .unsupported_frameworks import UnsupportedFrameworkError, count_tests

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["DetectedFramework", "Detector", "framework_detector", "refuse_unsupported"]


@dataclass(frozen=True, slots=True)
class DetectedFramework:
    """A framework, and the certainty (0..1) of the guess."""

    framework: Framework
    certainty: float


Detector: TypeAlias = Callable[[FoundTest, CodeFacts], DetectedFramework]


def refuse_unsupported(source: SourceFile, root: Node, imports: Sequence[Import]) -> None:
    """Checks that a file does not itself name an unsupported framework.

    Raises:
        UnsupportedFrameworkError: It imports one, itself or through the project's fixtures, or
            calls its global functions.
    """
    known = declarations().frameworks_of(source.language)
    supported = [each for each in known if each.is_supported]
    others = [each for each in known if not each.is_supported]
    named = _imported(others, imports)
    if _test_imported(supported, imports) is not None:
        return
    if named is not None and named.test_code:
        tests = count_tests(named, source.code, imports=imports)
        if tests:
            raise UnsupportedFrameworkError(named.name, tests)
        return
    if _imported(supported, imports) is not None:
        return
    found = named or _called_globally(others, source.code)
    if found is None and language_named(source.language).has_packages:
        followed = followed_modules(source.path, imports)
        found = _of_modules(others, followed) if not _of_modules(supported, followed) else None
    if found is not None:
        tests = count_tests(found, source.code, root, imports)
        if tests or named is not None:
            raise UnsupportedFrameworkError(found.name, tests)


def framework_detector(
    source: SourceFile,
    imports: Sequence[Import],
    calls: Sequence[str],
    tests: Sequence[FoundTest],
) -> Detector:
    """Returns a function that returns the framework of each test of a file.

    The style of a test decides first, then imports, then those of the project's own fixtures, then
    calls that only one framework has, then the file's name and folder, then the project's files,
    then the style of the assertions.

    Raises:
        UnsupportedFrameworkError: The project runs an unsupported framework.
    """
    known = [each for each in declarations().frameworks_of(source.language) if each.is_supported]
    by_style = {style: each for each in known for style in each.styles}
    imported = _imported([each for each in known if not each.styles], imports)
    styled = all(test.style in by_style for test in tests)
    if imported is not None:
        found = DetectedFramework(imported.name, imported.weights.imported)
    elif not styled:
        found = _without_import(source, known, imports, calls, tests)
    modules = [each.module for each in imports]
    inherited = {name for name, each in by_style.items() if not _of_modules([each], modules)}
    aliases = _aliases(imported, imports) if imported is not None else frozenset()

    def detect(test: FoundTest, facts: CodeFacts) -> DetectedFramework:
        own = by_style.get(test.style)
        if own is not None:
            is_inherited = test.style in inherited
            weights = own.weights
            return DetectedFramework(
                own.name, weights.inherited if is_inherited else weights.imported
            )
        if imported is not None and aliases.isdisjoint(facts.names):
            return DetectedFramework(imported.name, imported.weights.unused)
        return found

    return detect


def _without_import(
    source: SourceFile,
    known: list[FrameworkDeclaration],
    imports: Sequence[Import],
    calls: Sequence[str],
    tests: Sequence[FoundTest],
) -> DetectedFramework:
    language = language_named(source.language)
    if language.has_packages:
        imports_test = imports_test_function(imports)
        followed = _of_modules(known, followed_modules(source.path, imports))
        if followed is not None:
            return DetectedFramework(followed.name, followed.weights.followed)
        called = _called(source, known, calls, tests, imports_test=imports_test)
        if called is not None:
            return DetectedFramework(called.name, called.weights.called)
        configured = own_file_framework(source, imports_test=imports_test) or project_framework(
            source, imports_test=imports_test
        )
        if configured is not None:
            return DetectedFramework(configured.name, configured.weights.configured)
        _refuse_unsupported_scripts(source, len(tests))
    assumed = next((each for each in known if _any_match(each.assertions, calls)), None)
    assumed = assumed or declarations().framework(language.default_framework)
    return DetectedFramework(assumed.name, assumed.weights.assumed)


def _imported(
    frameworks: Sequence[FrameworkDeclaration], imports: Sequence[Import]
) -> FrameworkDeclaration | None:
    """Returns the framework that a file imports; first the one whose test function it imports."""
    modules = [found.module for found in imports]
    return _test_imported(frameworks, imports) or _of_modules(frameworks, modules)


def _test_imported(
    frameworks: Sequence[FrameworkDeclaration], imports: Sequence[Import]
) -> FrameworkDeclaration | None:
    for framework in frameworks:
        declaring = framework.forms.tests | framework.forms.blocks
        if any(found.name in declaring and framework.imports(found.module) for found in imports):
            return framework
    return None


def _of_modules(
    frameworks: Sequence[FrameworkDeclaration], modules: Sequence[str]
) -> FrameworkDeclaration | None:
    return next((each for each in frameworks if any(map(each.imports, modules))), None)


def _called_globally(
    frameworks: Sequence[FrameworkDeclaration], code: bytes
) -> FrameworkDeclaration | None:
    return next(
        (each for each in frameworks if each.code and re.search(each.code.encode(), code)), None
    )


def _any_match(expression: str, texts: Iterable[str]) -> bool:
    return bool(expression) and any(map(re.compile(expression).match, texts))


def _aliases(framework: FrameworkDeclaration, imports: Sequence[Import]) -> frozenset[str]:
    """Returns the names that a file imports from a framework."""
    return frozenset(found.alias for found in imports if framework.imports(found.module))


def _called(
    source: SourceFile,
    frameworks: Sequence[FrameworkDeclaration],
    calls: Sequence[str],
    tests: Sequence[FoundTest],
    *,
    imports_test: bool,
) -> FrameworkDeclaration | None:
    usable = [each for each in frameworks if each.has_globals or imports_test]
    for framework in usable:
        if any(not framework.fixtures.isdisjoint(test.fixtures) for test in tests):
            known = {
                each.name for folder in folders_above(source) for each in project_frameworks(folder)
            }
            if framework.name in known or not known:
                return framework
    # The calls of a framework that runs only files of its own are in no other framework's files.
    usable.sort(key=lambda each: not each.own_files)
    return next((each for each in usable if _any_match(each.calls, calls)), None)


def _refuse_unsupported_scripts(source: SourceFile, tests: int) -> None:
    """Checks that the nearest project with a runner does not run an unsupported framework.

    Raises:
        UnsupportedFrameworkError: It does.
    """
    for folder in folders_above(source):
        name = unsupported_script(folder)
        if name:
            raise UnsupportedFrameworkError(name, tests)
