"""Declares Cypress."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="cypress",
    languages=("javascript", "typescript"),
    rank=80,
    modules=r"cypress(?:/|\Z)",
    calls=r"cy\.|Cypress\.",
    dependencies=("cypress",),
    scripts=r"\bcypress (?:run|open)\b",
    config_files=("cypress.config.*", "cypress.json"),
    support_files=("cypress/support/*.js", "cypress/support/*.ts", "cypress/support/*.tsx"),
    file_names=r".*\.cy\.[cm]?[jt]sx?",
    own_files=True,
    folders=frozenset({"cypress", "e2e", "cy", "playwright", "browser", "component"}),
    category="e2e",
    forms=CallForms(
        tests=frozenset({"it", "specify", "xit", "xspecify"}),
        blocks=frozenset({"context", "describe", "xcontext", "xdescribe"}),
        hooks=frozenset({"after", "afterEach", "before", "beforeEach"}),
        test_modifiers=frozenset({"only", "skip"}),
        block_modifiers=frozenset({"only", "skip"}),
        skipping=frozenset({"skip", "xit", "xspecify"}),
    ),
)
