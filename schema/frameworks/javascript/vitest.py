"""Declares vitest."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="vitest",
    languages=("javascript", "typescript"),
    rank=10,
    modules=r"vitest(?:/|\Z)|vite-plus/test\Z|@(?:effect|fast-check)/vitest",
    calls=r"vi\.(?:fn|mock|spyOn|doMock|hoisted|mocked|useFakeTimers|stub\w+)\b",
    dependencies=("vitest",),
    scripts=r"\bvitest\b",
    config_files=("vitest.config.*", "vitest.workspace.*"),
    shared_config_files=("vite.config.*",),
    forms=CallForms(
        tests=frozenset({"it", "test"}),
        blocks=frozenset({"describe", "suite"}),
        hooks=frozenset({"afterAll", "afterEach", "beforeAll", "beforeEach"}),
        test_modifiers=frozenset(
            {"concurrent", "each", "effect", "extend", "fails", "for", "if", "live", "only"}
            | {"prop", "runIf", "scoped", "scopedLive", "sequential", "skip", "skipIf", "todoIf"}
        ),
        block_modifiers=frozenset(
            {"concurrent", "each", "for", "only", "runIf", "sequential", "shuffle", "skip"}
            | {"skipIf"}
        ),
        tables=frozenset({"each", "for"}),
        skipping=frozenset({"skip", "skipIf"}),
        failing=frozenset({"fails"}),
    ),
    mocking_calls=r"vi\.(?:fn|mock|spyOn|doMock|mocked)\b",
    timer_calls=r"vi\.(?:useFakeTimers|advanceTimers\w*)",
)
