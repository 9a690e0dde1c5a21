"""Declares ava."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

_CALLS: Final = (
    r"t\.(?:.*\.)?(?:is|not|deepEqual|notDeepEqual|true|false|truthy|falsy|throws|throwsAsync"
    r"|notThrows|regex|like|snapshot|assert|pass|fail)\Z"
)

DECLARED: Final = FrameworkDeclaration(
    name="ava",
    languages=("javascript", "typescript"),
    rank=30,
    modules=r"ava\Z",
    dependencies=("ava",),
    scripts=r"(?<![-\w])ava\b(?!\.)",
    config_files=("ava.config.*",),
    manifest_keys=("ava",),
    has_globals=False,
    forms=CallForms(
        tests=frozenset({"test"}),
        hooks=frozenset({"after", "afterEach", "before", "beforeEach"}),
        test_modifiers=frozenset({"failing", "only", "serial", "skip"}),
        skipping=frozenset({"skip"}),
        failing=frozenset({"failing"}),
    ),
    import_forms=CallForms(takes_default=True, is_untitled=True),
    asserting_calls=_CALLS,
)
