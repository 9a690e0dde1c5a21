"""JavaScript tests are found by the settings of their runner, and in helpers that make tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.retrieval.extraction import extract_file, find_test_files
from aqe.schema import CallForms, FrameworkDeclaration, declare, withdraw

from .suite_files import (
    JAVASCRIPT_TEST,
    found_files,
    make_files,
    names_in,
)

GLOBS = {
    "playwright.config.ts": "export default defineConfig({ testDir: './checks' });",
    "vitest.config.ts": "export default { test: { include: ['checks/**/*.ts', '!checks/x.ts'] } };",
    "jest.config.js": "x = { testMatch: ['<rootDir>/checks/**/?(*-)check.[jt]s?(x)'] };",
    "package.json": '{\n  "jest": {\n    "testMatch": ["**/checks/*.{js,ts}"]\n  }\n}\n',
    ".mocharc.yml": "ui: bdd\nspec:\n  - 'checks/**/*.ts'\n",
    "vitest.unit.config.ts": "export default { test: { include: ['checks/*-check.ts'] } };",
    "vite.config.ts": "export default { test: { include: ['checks/*-check.ts'] } };",
    "cypress.config.js": "module.exports = { e2e: { specPattern: 'checks/*-check.ts' } };",
}


@pytest.mark.parametrize("config", GLOBS)
def test_extraction_finds_files_where_the_runner_looks(tmp_path: Path, config: str) -> None:
    make_files(
        tmp_path,
        {
            config: GLOBS[config],
            "checks/login-check.ts": JAVASCRIPT_TEST,
            "checks/helper.ts": "export const a = 1;\n",
            "src/page.ts": JAVASCRIPT_TEST,
        },
    )
    assert found_files(tmp_path) == ["checks/login-check.ts"]


def test_extraction_reads_the_configuration_of_a_declared_framework(tmp_path: Path) -> None:
    files = {
        "ours.config.mjs": "export default { testMatch: ['checks/*.ts'] };",
        "package.json": '{\n  "ours": {\n    "files": ["more/*.ts"]\n  }\n}\n',
        "checks/login.ts": JAVASCRIPT_TEST,
        "more/cart.ts": JAVASCRIPT_TEST,
    }
    make_files(tmp_path, files)
    declare(
        FrameworkDeclaration(
            name="ours",
            languages=("javascript", "typescript"),
            config_files=("ours.config.*",),
            manifest_keys=("ours",),
            forms=CallForms(tests=frozenset({"it"})),
            mocking_calls=r"ours\.fake\Z",
            timer_calls=r"ours\.clock\Z",
        )
    )
    try:
        assert found_files(tmp_path) == ["checks/login.ts", "more/cart.ts"]
        code = "it('x', () => { ours.fake(a); ours.clock(5); });\n"
        (tmp_path / "checks" / "login.ts").write_text(code)
        (pattern,) = extract_file(tmp_path / "checks" / "login.ts").patterns
        assert {"mock", "fake-timers"} <= set(pattern.tags)
    finally:
        withdraw("ours")
    assert found_files(tmp_path) == []


def test_extraction_survives_globs_that_are_malformed(tmp_path: Path) -> None:
    make_files(
        tmp_path, {"jest.config.js": "x = { testMatch: ['a/(b', '[z-a]'] };", "a.test.js": "it"}
    )
    assert found_files(tmp_path) == ["a.test.js"]


def test_extraction_finds_names_of_jasmine_and_of_other_languages(tmp_path: Path) -> None:
    names = ("src/cartSpec.js", "main_test.ts", "a_test.go", "x.feature", "y.robot")
    others = {"x.feature": "Feature: x\n", "src/Spec.go": "", "latest.ts": "it"}
    make_files(tmp_path, dict.fromkeys(names, JAVASCRIPT_TEST) | others)
    assert found_files(tmp_path) == sorted(names)


MAKER = "export const check = (name, run) => {\n  it(name, () => { run(1); });\n};\n"
CALLER = "import { check } from './support/check';\ncheck('adds', (x) => add(x));\n"
MAKERS = {
    "a helper": {"a.test.js": CALLER, "support/check.js": MAKER},
    "a helper in TypeScript": {
        "a.test.ts": CALLER.replace("/check'", "/check.js'"),
        "support/check.ts": MAKER,
    },
    "a required helper": {
        "a.test.js": "const { check } = require('./support/check');\ncheck('a', () => {});\n",
        "support/check.js": MAKER,
    },
    "a helper behind an index": {
        "a.test.js": CALLER,
        "support/check/index.js": "export * from './one';\n",
        "support/check/one.js": MAKER,
    },
    "a helper that chooses": {
        "a.test.js": CALLER,
        "support/check.js": (
            "export const check = (name, run) => {\n  const testFn =\n    off\n      ? test.skip\n"
            "      : test;\n  testFn(name, () => { run(1); });\n};\n"
        ),
    },
}


@pytest.mark.parametrize("case", MAKERS)
def test_extraction_finds_helpers_that_make_tests(tmp_path: Path, case: str) -> None:
    make_files(tmp_path, MAKERS[case])
    patterns = [
        found for path in find_test_files([tmp_path]) for found in extract_file(path).patterns
    ]
    assert [pattern.name for pattern in patterns] == ["name"]


def test_extraction_takes_no_imported_code_for_tests(tmp_path: Path) -> None:
    code = "// run it (or not)\nexport const isA = (text) => /a/.test(text);\n"
    make_files(
        tmp_path, {"a.test.js": "import { isA } from './a';\nit('x', () => {});\n", "a.js": code}
    )
    assert found_files(tmp_path, tmp_path) == ["a.test.js"]


def test_extraction_finds_the_setup_that_playwright_runs_as_a_test(tmp_path: Path) -> None:
    setup = "import { test as setup } from '@playwright/test';\nsetup('logs in', async () => {});\n"
    make_files(tmp_path, {"e2e.setup.ts": setup, "jest.setup.ts": "beforeEach(() => {});\n"})
    assert found_files(tmp_path, tmp_path) == ["e2e.setup.ts"]
    assert names_in(tmp_path, "e2e.setup.ts") == ["logs in"]
