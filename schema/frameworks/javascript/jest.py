"""Declares jest."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="jest",
    languages=("javascript", "typescript"),
    rank=20,
    modules=r"@jest/globals\Z|@fast-check/jest",
    table_modules=r"jest-(?:in-case|each)\Z",
    calls=r"jest\.\w+",
    assertions=r"expect(?:\.\w+)*\.(?:not\.|resolves\.|rejects\.)*to[A-Z]\w*\Z",
    dependencies=("jest", "ts-jest", "react-scripts"),
    scripts=(
        r"(?<![-\w])(?:jest\b(?!-)|(?:react-scripts|react-app-rewired|craco|tsdx|dts) test\b"
        r"|wp-scripts test-unit-js\b)"
    ),
    config_files=("jest.config.*",),
    manifest_keys=("jest",),
    forms=CallForms(
        tests=frozenset({"it", "test", "fit", "xit", "xtest"}),
        blocks=frozenset({"describe", "fdescribe", "xdescribe"}),
        hooks=frozenset({"afterAll", "afterEach", "beforeAll", "beforeEach"}),
        test_modifiers=frozenset({"concurrent", "each", "failing", "only", "prop", "skip"}),
        block_modifiers=frozenset({"each", "only", "skip"}),
        tables=frozenset({"each"}),
        skipping=frozenset({"skip", "xit", "xtest"}),
        failing=frozenset({"failing"}),
    ),
    mocking_calls=r"jest\.(?:fn|mock|spyOn|doMock|mocked)\b",
    timer_calls=r"jest\.(?:useFakeTimers|advanceTimers\w*)",
)
