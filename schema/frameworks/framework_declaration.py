"""Defines what a framework declares: how its tests are recognised, written and judged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["CallForms", "EvidenceWeights", "FrameworkDeclaration", "unsupported_framework"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvidenceWeights:
    """The certainty (0..1) that a kind of evidence gives; the order matters.

    A name imported from a framework is conclusive (``unused``: the test itself uses none), one
    imported from the project's own fixtures and
    a call such as ``cy.get`` nearly so; a project may have suites for several frameworks; the style
    of an assertion is a guess.
    """

    imported: float = 0.95
    unused: float = 0.95
    inherited: float = 0.9
    followed: float = 0.9
    called: float = 0.85
    configured: float = 0.75
    assumed: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallForms:
    """The functions, methods or annotations that declare tests and what surrounds them.

    Attributes:
        tests: What declares a test.
        blocks: What opens a block of tests.
        hooks: What runs around tests.
        test_modifiers: What may follow the name of a test function: ``each`` of ``it.each``.
        block_modifiers: What may follow the name of a block function.
        tables: Modifiers and annotations that run a test for each row of a table.
        skipping: Those that leave a test out.
        failing: Those that expect a test to fail.
        subtests: Methods of the first parameter of a test that declare a test inside it.
        takes_default: Whether the default export of the framework's module declares a test.
        is_untitled: Whether a test needs no title.
    """

    tests: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()
    hooks: frozenset[str] = frozenset()
    test_modifiers: frozenset[str] = frozenset()
    block_modifiers: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    skipping: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    subtests: frozenset[str] = frozenset()
    takes_default: bool = False
    is_untitled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameworkDeclaration:
    r"""A test framework. Expressions match from the start of a text unless stated otherwise.

    Attributes:
        name: Its name in patterns, options and reports. The file of a supported one is named after
            it, other characters than letters and digits replaced by ``_``.
        languages: The languages of its tests; empty for a language that is not read.
        is_supported: Whether its tests are extracted. Otherwise they are named and counted.
        rank: The lowest decides where a file has equal evidence for several frameworks.
        weights: The certainty that each kind of evidence gives.
        modules: Expression of modules that its tests import.
        table_modules: Expression of modules whose default export runs a test for each row of a
            table.
        calls: Expression of dotted calls that no other framework has.
        companions: Expression of further modules that tests use whatever they test.
        fixtures: Arguments that only it passes to a test.
        styles: Styles of tests that are only its own: ``testcase``.
        assertions: Expression of the calls of its users' usual style of assertion, a guess where
            there is no other evidence.
        dependencies: Packages in package.json.
        scripts: Expression searched in the commands of package.json, from which the names of
            scripts and packages are removed before.
        config_files: Shell patterns of configuration files, as paths below the project.
        shared_config_files: As above, of other tools that may hold its settings too; no evidence.
        support_files: Shell patterns of files, as paths below the project, that define functions
            for its tests, which do not import them.
        manifest_keys: Its settings in package.json itself.
        file_names: Expression of whole file names that only it uses.
        hinted_names: Expression of whole file names of tests, if the content hints at a test.
        has_globals: Whether tests need no import of its functions.
        own_files: Whether it runs only files in folders of its own, beside another framework.
        folders: The names of these folders, and parts of the names of its files.
        category: The category of all its tests; empty if it depends on the test.
        forms: What declares tests.
        import_forms: What else does in a file that imports the framework.
        asserting_calls: Expression of dotted calls that assert, besides the names that are common
            to all frameworks.
        exact_calls: Expression of those that state the expected value.
        mocking_calls: Expression of dotted calls that replace code or watch its calls.
        timer_calls: Expression of dotted calls that set the time.
        code: Expression searched in the code of a file that imports nothing; for unsupported ones.
        test_code: Expression found in the code once for each test; for unsupported ones.
        suites: Functions that return a function that declares tests; for unsupported ones.
        section: Expression of the parts of a file that have its tests; empty for the whole file.
    """

    name: str
    languages: tuple[str, ...] = ()
    is_supported: bool = True
    rank: int = 100
    weights: EvidenceWeights = EvidenceWeights()
    modules: str = ""
    table_modules: str = ""
    calls: str = ""
    companions: str = ""
    fixtures: frozenset[str] = frozenset()
    styles: tuple[str, ...] = ()
    assertions: str = ""
    dependencies: tuple[str, ...] = ()
    scripts: str = ""
    config_files: tuple[str, ...] = ()
    shared_config_files: tuple[str, ...] = ()
    support_files: tuple[str, ...] = ()
    manifest_keys: tuple[str, ...] = ()
    file_names: str = ""
    hinted_names: str = ""
    has_globals: bool = True
    own_files: bool = False
    folders: frozenset[str] = frozenset()
    category: str = ""
    forms: CallForms = CallForms()
    import_forms: CallForms = CallForms()
    asserting_calls: str = ""
    exact_calls: str = ""
    mocking_calls: str = ""
    timer_calls: str = ""
    code: str = ""
    test_code: str = ""
    suites: frozenset[str] = frozenset()
    section: str = ""

    def serves_tests(self, module: str) -> bool:
        """Returns whether a module is the framework's, or one that its tests use anyway."""
        is_companion = bool(self.companions) and re.match(self.companions, module) is not None
        return is_companion or self.imports(module)

    def imports(self, module: str) -> bool:
        """Returns whether a module that a file imports belongs to the framework."""
        is_own = bool(self.modules) and re.match(self.modules, module) is not None
        return is_own or self.has_tables(module)

    def has_tables(self, module: str) -> bool:
        """Returns whether the default export of a module runs a test for each row of a table."""
        return bool(self.table_modules) and re.match(self.table_modules, module) is not None


def unsupported_framework(
    name: str,
    *languages: str,
    modules: str = "",
    code: str = "",
    scripts: str = "",
    file_names: str = "",
    test_code: str = "",
    suites: Iterable[str] = (),
    section: str = "",
) -> FrameworkDeclaration:
    """Returns the declaration of a framework whose tests are only counted.

    Args:
        languages: Those of its tests; none if files of its language are not parsed.
        modules, code, scripts, file_names, test_code, suites, section: As in
            ``FrameworkDeclaration``.
    """
    return FrameworkDeclaration(
        name=name,
        languages=languages,
        is_supported=False,
        modules=modules,
        code=code,
        scripts=scripts,
        file_names=file_names,
        test_code=test_code,
        suites=frozenset(suites),
        section=section,
    )
