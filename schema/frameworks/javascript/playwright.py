"""Declares Playwright's test runner."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="playwright",
    languages=("javascript", "typescript"),
    rank=70,
    modules=(
        r"@playwright/(?:test|experimental-ct-\w+)\Z|playwright/test\Z|playwright-bdd\Z"
        r"|@nuxt/test-utils/playwright\Z|@chromatic-com/playwright\Z"
        r"|next/experimental/testmode/playwright"
    ),
    calls=r"test\.(?:step|use|info|setTimeout|describe\.(?:configure|serial|parallel))\Z",
    fixtures=frozenset({"page", "browser", "browserName", "request"}),
    dependencies=("@playwright/test",),
    scripts=r"\bplaywright(?:\.js)? test\b",
    config_files=("playwright.config.*", "playwright-ct.config.*"),
    file_names=r".*\.pw\.[cm]?[jt]sx?",
    hinted_names=r".*\.(?:setup|teardown)\.[cm]?[jt]sx?",
    has_globals=False,
    own_files=True,
    folders=frozenset({"cypress", "e2e", "cy", "playwright", "browser", "component"}),
    category="e2e",
    forms=CallForms(
        tests=frozenset({"test"}),
        hooks=frozenset({"afterAll", "afterEach", "beforeAll", "beforeEach"}),
        test_modifiers=frozenset({"extend", "fail", "fixme", "only", "skip", "slow"}),
        block_modifiers=frozenset({"configure", "fixme", "only", "parallel", "serial", "skip"}),
        skipping=frozenset({"fixme", "skip"}),
        failing=frozenset({"fail"}),
    ),
)
