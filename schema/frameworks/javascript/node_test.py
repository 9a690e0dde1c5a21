"""Declares node:test, the runner of Node.js itself."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

_SUFFIX: Final = r"\.[cm]?[jt]sx?"

DECLARED: Final = FrameworkDeclaration(
    name="node:test",
    languages=("javascript", "typescript"),
    rank=60,
    modules=r"(?:node:)?test\Z",
    scripts=r"\b(?:node|tsx)\b[^&|;]*\s--test\b|\bborp\b",
    dependencies=("borp",),
    # What `node --test` runs besides the usual names.
    hinted_names=rf"test-.*{_SUFFIX}",
    has_globals=False,
    forms=CallForms(
        tests=frozenset({"it", "test"}),
        blocks=frozenset({"describe", "suite"}),
        hooks=frozenset({"after", "afterEach", "before", "beforeEach"}),
        test_modifiers=frozenset({"only", "skip"}),
        block_modifiers=frozenset({"only", "skip"}),
        skipping=frozenset({"skip"}),
    ),
    import_forms=CallForms(
        test_modifiers=frozenset({"todo"}),
        block_modifiers=frozenset({"todo"}),
        subtests=frozenset({"test"}),
        takes_default=True,
        is_untitled=True,
    ),
    asserting_calls=r"t\.assert\.\w+\Z",
    exact_calls=r"t\.assert\.(?:\w*[eE]qual|snapshot|match|throws|rejects)\Z",
    mocking_calls=r"\w+\.mock\.(?:fn|getter|method|module|setter)\Z",
    timer_calls=r"(?:\w+\.)?mock\.timers\.",
)
