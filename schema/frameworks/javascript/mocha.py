"""Declares mocha."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="mocha",
    languages=("javascript", "typescript"),
    rank=40,
    modules=r"mocha\Z",
    table_modules=r"mocha-each\Z",
    assertions=r"expect\.(?:\w+\.)*(?:to|be|have|not)\.|assert(?:\.|\Z)|.*\.should\.|should\.",
    dependencies=("mocha", "karma-mocha", "@wdio/mocha-framework"),
    scripts=r"(?<![-\w])(?:electron-|ts-)?_?mocha(?:pack)?\b(?!-)",
    config_files=(".mocharc*", "test/mocha.opts"),
    manifest_keys=("mocha",),
    forms=CallForms(
        tests=frozenset({"it", "specify", "test", "xit", "xspecify"}),
        blocks=frozenset({"context", "describe", "suite", "xcontext", "xdescribe"}),
        hooks=frozenset(
            {"after", "afterEach", "before", "beforeEach", "setup", "suiteSetup"}
            | {"suiteTeardown", "teardown"}
        ),
        test_modifiers=frozenset({"only", "skip"}),
        block_modifiers=frozenset({"only", "skip"}),
        skipping=frozenset({"skip", "xit", "xspecify"}),
    ),
)
