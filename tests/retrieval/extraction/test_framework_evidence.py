"""The framework of a test follows from the evidence in its project."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import ExtractedFile, extract_file

BASE_FIXTURES = """
    import { test as base, expect } from '@playwright/test';
    export const test = base.extend({ cart: async ({ page }, use) => { await use('c1'); } });
    export { expect };
    """
PAGE_TEST = "test('has title', async ({ page }) => { await page.goto('/'); });\n"
OWN_FIXTURES = "import { test, expect } from './fixtures';\n" + PAGE_TEST
BOTH = {"test": "jest", "test:e2e": "playwright test"}
PLAYWRIGHT = {"@playwright/test": "1"}


def _project(folder: Path, files: dict[str, object]) -> None:
    (folder / ".git").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(dedent(text))


def _extracted(folder: Path, name: str, files: dict[str, object]) -> ExtractedFile:
    _project(folder, files)
    return extract_file(folder / name)


def _frameworks(extracted: ExtractedFile) -> list[tuple[str, str]]:
    assert extracted.skipped is None, extracted.skipped
    return [(pattern.name, pattern.framework) for pattern in extracted.patterns]


PLAYWRIGHT_PROJECTS: dict[str, tuple[str, dict[str, object]]] = {
    "own fixtures": (
        "tests/a.spec.ts",
        {
            "tests/a.spec.ts": "import { test } from '../fixtures';\ntest('x', () => { run(); });",
            "fixtures.ts": BASE_FIXTURES,
            "package.json": {"scripts": {"test": "jest"}},
        },
    ),
    "own fixtures under a name of their own": (
        "tests/a.spec.ts",
        {
            "tests/a.spec.ts": (
                "import { shopTest } from '../shop';\n"
                "shopTest('x', { tag: '@a' }, async ({ shop }) => { await shop.buy(); });\n"
            ),
            "shop.ts": (
                "import base from '@playwright/test';\n"
                "export const shopTest = base.extend({ shop: async ({ page }, use) => {} });\n"
            ),
            "package.json": {"scripts": {"test": "vitest"}},
        },
    ),
    "own fixtures under a name of their own, in a block": (
        "tests/a.spec.ts",
        {
            "tests/a.spec.ts": (
                "import { adminIt } from '../shop';\n"
                "adminIt.describe('y', () => { adminIt('x', async (all) => { all.buy(); }); });\n"
            ),
            "shop.ts": "export { test as adminIt } from '@playwright/test';\n",
            "package.json": {"scripts": {"test": "jest"}},
        },
    ),
    "own fixtures two files further": (
        "tests/a.spec.ts",
        {
            "tests/a.spec.ts": "import { it } from '../lib/index.js';\nit('x', () => { run(); });",
            "lib/index.ts": "export { it } from './deep';",
            "lib/deep/index.ts": "export { test as it } from '@playwright/test';",
            "package.json": {"scripts": {"test": "vitest"}},
        },
    ),
    "own fixtures behind an alias of tsconfig.json": (
        "tests/a.spec.ts",
        {
            "tests/a.spec.ts": "import { test } from '@e2e/fix';\ntest('x', () => { run(); });",
            "tsconfig.json": '{ // paths\n"compilerOptions": {"paths": {"@e2e/*": ["./e2e/*"],}}}',
            "e2e/fix.ts": BASE_FIXTURES,
            "package.json": {"scripts": {"test": "vitest"}},
        },
    ),
    "fixtures that are missing, next to jest": (
        "e2e/a.spec.ts",
        {
            "e2e/a.spec.ts": OWN_FIXTURES,
            "package.json": {"scripts": BOTH, "devDependencies": PLAYWRIGHT},
        },
    ),
    "the folder of the configuration, next to vitest": (
        "checks/a.spec.ts",
        {
            "checks/a.spec.ts": "import { test } from '@org/fix';\ntest('x', () => { run(); });",
            "playwright.config.ts": "export default { testDir: './checks' };",
            "package.json": {"scripts": {"test": "vitest", "e2e": "playwright test"}},
        },
    ),
    "nothing but Playwright": (
        "tests/a.spec.js",
        {
            "tests/a.spec.js": (
                "const { test } = require('./my-test');\ntest('x', () => { run(); });"
            ),
            "playwright.config.js": "module.exports = {};",
            "package.json": {"devDependencies": PLAYWRIGHT},
        },
    ),
    "functions that only Playwright has": (
        "tests/a.spec.ts",
        {
            "tests/a.spec.ts": (
                "import { test } from '@org/fix';\n"
                "test('x', async () => { await test.step('y', async () => { run(); }); });"
            ),
            "package.json": {"scripts": {"test": "vitest"}},
        },
    ),
}


@pytest.mark.parametrize("project", PLAYWRIGHT_PROJECTS)
def test_extract_file_knows_playwright_behind_own_fixtures(tmp_path: Path, project: str) -> None:
    name, files = PLAYWRIGHT_PROJECTS[project]
    assert [found for _, found in _frameworks(_extracted(tmp_path, name, files))] == ["playwright"]


OTHERS: dict[str, tuple[str, str, dict[str, object]]] = {
    "cypress by its file name, next to jest": (
        "cypress",
        "cypress/e2e/login.cy.ts",
        {
            "cypress/e2e/login.cy.ts": "it('logs in', () => { loginPage.visit(); });",
            "cypress.config.ts": "export default {};",
            "package.json": {"scripts": {"test": "react-scripts test"}},
        },
    ),
    "cypress by the folder of its configuration": (
        "cypress",
        "checks/login.js",
        {
            "checks/login.js": "it('logs in', () => { loginPage.visit(); });",
            "cypress.config.ts": "export default { e2e: { specPattern: 'checks/**/*.js' } };",
            "package.json": {"scripts": {"test": "jest"}},
        },
    ),
    "a jest test next to Playwright": (
        "jest",
        "src/a.test.ts",
        {
            "src/a.test.ts": "test('x', () => { expect(1).toBe(1); });",
            "package.json": {"scripts": BOTH, "devDependencies": PLAYWRIGHT},
        },
    ),
    "vitest with own fixtures, next to Playwright": (
        "vitest",
        "tests/a.test.ts",
        {
            "tests/a.test.ts": (
                "import { test } from './own';\ntest('x', ({ page }) => { run(); });"
            ),
            "tests/own.ts": (
                "import { test as b } from 'vitest';\nexport const test = b.extend({});"
            ),
            "package.json": {"devDependencies": {**PLAYWRIGHT, "vitest": "3"}},
        },
    ),
    "the nearest package of a monorepo": (
        "mocha",
        "packages/a/a.test.js",
        {
            "packages/a/a.test.js": "it('x', () => { run(); });",
            "packages/a/package.json": {"name": "a", "scripts": {"test": "mocha"}},
            "package.json": {"scripts": {"test": "vitest"}},
        },
    ),
    "the files that jest names, next to mocha": (
        "jest",
        "packages/react/test/a.js",
        {
            "packages/react/test/a.js": "it('x', () => { run(); });",
            "jest.config.js": "export default { testMatch: ['<rootDir>/packages/react/**/*.js'] }",
            "package.json": {"scripts": {"test": "mocha && jest"}},
        },
    ),
    "not the files that jest does not name": (
        "mocha",
        "packages/core/test/a.js",
        {
            "packages/core/test/a.js": "it('x', () => { run(); });",
            "jest.config.js": "export default { testMatch: ['<rootDir>/packages/react/**/*.js'] }",
            "package.json": {"scripts": {"test": "jest && mocha"}},
        },
    ),
    "the roots of jest": (
        "jest",
        "web/a.test.js",
        {
            "web/a.test.js": "it('x', () => { run(); });",
            "jest.config.js": "module.exports = { roots: ['<rootDir>/web', '<rootDir>/app'] }",
            "package.json": {"scripts": {"test": "mocha && jest"}},
        },
    ),
    "the specs of mocha": (
        "mocha",
        "server/a.spec.js",
        {
            "server/a.spec.js": "it('x', () => { run(); });",
            ".mocharc.yml": "spec: server/**/*.spec.js\n",
            "package.json": {"scripts": {"test": "vitest run && mocha"}},
        },
    ),
    "the files of a command": (
        "mocha",
        "test/unit/a.js",
        {
            "test/unit/a.js": "it('x', () => { run(); });",
            "package.json": {"scripts": {"test": "jest", "unit": "mocha -r x 'test/unit/**/*.js'"}},
        },
    ),
    "the folder of a command": (
        "mocha",
        "test/unit/a.js",
        {
            "test/unit/a.js": "it('x', () => { run(); });",
            "package.json": {"scripts": {"test": "jest", "unit": "mocha --exit test/unit"}},
        },
    ),
    "a filter and a script are no programs": (
        "mocha",
        "a.test.js",
        {
            "a.test.js": "it('x', () => { run(); });",
            "package.json": {
                "scripts": {
                    "test": "pnpm --filter test-vitest test && npm run jest-e2e",
                    "test:unit": "mocha",
                }
            },
        },
    ),
}


@pytest.mark.parametrize("project", OTHERS)
def test_extract_file_knows_other_frameworks_next_to_playwright(
    tmp_path: Path, project: str
) -> None:
    framework, name, files = OTHERS[project]
    assert [found for _, found in _frameworks(_extracted(tmp_path, name, files))] == [framework]


def test_extract_file_takes_no_condition_for_a_playwright_test(tmp_path: Path) -> None:
    code = """
        import { test, expect } from '@playwright/test';
        test.use({ locale: 'de' });
        test.describe.configure({ mode: 'serial' });
        test.fixme(process.platform === 'win32', 'No fonts');
        test.skip(({ browserName }) => browserName === 'webkit', 'Not there');
        test.skip('a' + suffix === name, 'Not there');
        test.describe('checkout', () => {
          test.beforeEach('opens the page', async ({ page }) => {
            test.skip(browserName === 'webkit' && !CI, 'Payment frame is blocked there');
            test.slow(browserName === 'firefox', 'Slow in CI');
            test.fail(isOld, 'Broken');
          });
          test('pays', { tag: '@fast' }, async ({ page, cart }) => {
            await test.step('choose the card', async () => { await page.click('a'); });
            test.skip(cart === 'x', 'No cart');
          });
          test.skip('refunds', async ({ page }) => { await page.click('b'); });
          test.fixme('cancels ' + what, async ({ page }) => { await page.click('c'); });
        });
        """
    extracted = _extracted(tmp_path, "a.spec.ts", {"a.spec.ts": code})
    assert _frameworks(extracted) == [
        ("checkout \u203a pays", "playwright"),
        ("checkout \u203a refunds", "playwright"),
        ("checkout \u203a cancels what", "playwright"),
    ]


UNSUPPORTED: dict[str, tuple[str, int, str, str]] = {
    "own helper over uvu": (
        "uvu",
        1,
        "a.test.mjs",
        "import { test } from './helper.mjs';\ntest('x', () => { run(); });",
    ),
    "QUnit without imports": (
        "QUnit",
        2,
        "test/math.js",
        "QUnit.module('m', h => { QUnit.test('a', a => {}); QUnit.only('b', a => {}); });",
    ),
    "QUnit unpacked": (
        "QUnit",
        2,
        "test/old.test.js",
        "const { module, test, skip } = QUnit;\nmodule('old');\n"
        "test('a', function (assert) {});\nskip('b', function (assert) {});",
    ),
    "tap": (
        "tap",
        2,
        "test/a.js",
        "const t = require('tap');\nt.test('a', t => { t.test('b', t => {}); });",
    ),
    "tap in a condition": (
        "tap",
        1,
        "test/a.js",
        "if (isMainThread) {\n  const { test } = require('tap');\n  test('a', t => {});\n}",
    ),
    "Deno": (
        "Deno",
        2,
        "a.test.ts",
        "Deno.test('a', () => {});\nDeno.test({ name: 'b', fn() {} });",
    ),
    "TestCafe": (
        "TestCafe",
        1,
        "a.test.js",
        "fixture`Login`.page`x`;\ntest('a', async t => { await t.click('b'); });",
    ),
    "ward": (
        "ward",
        2,
        "tests/test_a.py",
        "from ward import test\n@test('a')\ndef _():\n    pass\n@test('b')\ndef _():\n    pass\n",
    ),
    "mamba": (
        "mamba",
        1,
        "specs/a_spec.py",
        (
            "from mamba import description, it\nwith description('x') as self:\n"
            "    with it('works'):\n        pass\n"
        ),
    ),
    "Robot Framework": (
        "Robot Framework",
        2,
        "login.robot",
        "*** Settings ***\nLibrary    X\n\n*** Test Cases ***\n"
        "Valid Login\n    Open    http://x\n\n# no\n"
        "Other\n    [Tags]    a\n\n*** Keywords ***\nOpen\n    Log    x\n",
    ),
    "tape by its own name": (
        "tape",
        2,
        "test/a.js",
        "const tape = require('tape');\ntape('a', (t) => { t.end(); });\n"
        "tape.only('b', () => {});\n",
    ),
    "TSTyche": (
        "TSTyche",
        1,
        "a.tst.ts",
        "import { expect, test } from 'tstyche';\n"
        "test('a', () => { expect<A>().type.toBe<B>(); });\n",
    ),
    "uvu behind a suite of the project": (
        "uvu",
        1,
        "a.test.ts",
        "import { suite } from './suite.js';\nconst test = suite();\n"
        "test('a', () => { run(); });\n",
    ),
    "a test function of the file": (
        "its own test()",
        2,
        "test/a.js",
        "const tasks = [];\nfunction test(title, run) {\n  tasks.push(title);\n"
        "  task(title, () => run());\n}\ntest('a', () => {});\ntest('b', () => {});\n",
    ),
    "an arrow function of the file": (
        "its own it()",
        1,
        "test/a.ts",
        "export const it = async (title: string, run: Run): Promise<void> => {\n"
        "  await run(title);\n};\nit('a', async () => {});\n",
    ),
    "suites of uvu": (
        "uvu",
        4,
        "a.test.js",
        "import { suite, suite as group, test as alone } from 'uvu';\nconst a = suite('a');\n"
        "a('x', () => {});\na.skip('y', () => {});\na.before(() => {});\na.run();\n"
        "const b = group('b');\nb('z', () => {});\nalone('w', () => {});\n",
    ),
    "a suite of a required uvu": (
        "uvu",
        2,
        "a.test.js",
        "const uvu = require('uvu');\nconst api = uvu.suite('a');\n"
        "api('x', () => {});\napi('y', async () => {});\n",
    ),
    "baretest": (
        "baretest",
        1,
        "a.test.js",
        "const cart = require('baretest')('cart');\ncart('x', () => {});\n",
    ),
    "tape under a name": (
        "tape",
        1,
        "a.test.js",
        "const check = require('tape');\ncheck('x', (t) => { t.end(); });\n",
    ),
    "tables of bun": (
        "bun:test",
        3,
        "a.test.ts",
        "import { test, it } from 'bun:test';\ntest.each([1])('x', (n) => {});\n"
        "it.if(isLinux)('y', () => {});\ntest('z', () => {});\n",
    ),
    "unpacked functions of Deno": (
        "Deno",
        2,
        "a_test.ts",
        "const { test, test: check } = Deno;\ntest('x', () => {});\ncheck('y', () => {});\n",
    ),
    "ward under a name": (
        "ward",
        2,
        "test_a.py",
        "from ward import test as check\n\n\n@check('a')\ndef _(): ...\n\n\n"
        "@check('b')\ndef _(): ...\n",
    ),
    "Gherkin in other languages": (
        "cucumber",
        4,
        "a.feature",
        "# language: de\nFunktionalit\u00e4t: a\n  Szenario: b\n  Szenariogrundriss: c\n"
        "  Beispiele:\n  Sc\u00e9nario: d\n  \u0421\u0446\u0435\u043d\u0430\u0440\u0438\u0439: e\n",
    ),
    "RSpec in braces": (
        "RSpec or Minitest",
        3,
        "a_spec.rb",
        "it { is_expected.to be }\nspecify('x') { }\n  fit 'y' do\n",
    ),
    "PHPUnit in comments": (
        "PHPUnit",
        3,
        "ATest.php",
        "<?php\n/** @test */\nfunction a() {}\n#[Test]\nfunction b() {}\n"
        "public function testC() {}\n",
    ),
    "Rust": ("cargo test", 2, "a_test.rs", "#[test]\nfn a() {}\n#[tokio::test]\nasync fn b() {}\n"),
    "Swift": ("XCTest or Swift Testing", 1, "ATests.swift", "class A { func testA() {} }\n"),
    "C++": ("GoogleTest, Catch2 or doctest", 2, "a_test.cc", "TEST(A, B) {}\nTEST_F(A, C) {}\n"),
    "Ginkgo in a line": (
        "Ginkgo",
        2,
        "a_test.go",
        'package a\n\nimport g "github.com/onsi/ginkgo/v2"\n\n'
        'var _ = g.Describe("a", func() { g.It("b", func() {}); g.FIt("c", func() {}) })\n',
    ),
    "TestNG in a line": (
        "TestNG",
        1,
        "ATest.java",
        "import org.testng.annotations.Test;\nclass ATest { @Test public void a() {} }\n",
    ),
    "cucumber": (
        "cucumber",
        2,
        "a.feature",
        "Feature: a\n  Scenario: b\n    Given c\n  Scenario Outline: d\n    Given <e>\n",
    ),
    "JUnit in Kotlin": (
        "JUnit in Kotlin",
        1,
        "ATest.kt",
        "class ATest {\n  @Test\n  fun `adds`() {}\n}\n",
    ),
    "Spock": (
        "Spock or JUnit in Groovy",
        1,
        "ASpec.groovy",
        "class ASpec extends Specification {\n  def 'adds'() {}\n}\n",
    ),
    "TestNG": (
        "TestNG",
        1,
        "ATest.java",
        "import org.testng.annotations.Test;\nclass ATest {\n  @Test\n  public void a() {}\n}\n",
    ),
    "JUnit 3": (
        "JUnit 3",
        1,
        "ATest.java",
        "import junit.framework.TestCase;\nclass ATest extends TestCase {\n"
        "  public void testA() {}\n}\n",
    ),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_extract_file_counts_the_tests_of_unsupported_frameworks(tmp_path: Path, case: str) -> None:
    framework, tests, name, code = UNSUPPORTED[case]
    helper = "export { test } from 'uvu';"
    suite = "import * as uvu from 'uvu';\nexport function suite() { return uvu.suite(); }"
    files: dict[str, object] = {name: code, "helper.mjs": helper, "suite.ts": suite}
    extracted = _extracted(tmp_path, name, files)
    assert extracted.patterns == ()
    assert extracted.unsupported is not None
    assert (extracted.unsupported.framework, extracted.unsupported.tests) == (framework, tests)
    assert extracted.skipped is not None
    assert extracted.skipped.reason == f"{framework} is not supported"


def test_extract_file_names_behave_if_the_steps_are_in_python(tmp_path: Path) -> None:
    files = {
        "features/login.feature": "Feature: login\n  Scenario: ok\n    Given a user\n",
        "features/steps/login.py": "from behave import given\n",
    }
    extracted = _extracted(tmp_path, "features/login.feature", dict(files))
    assert extracted.unsupported is not None
    assert (extracted.unsupported.framework, extracted.unsupported.tests) == ("behave", 1)


def test_extract_file_takes_no_quoted_code_for_a_framework(tmp_path: Path) -> None:
    code = "it('reports QUnit.test', () => { expect(lint('QUnit.test(1)')).toBe(1); });"
    assert _frameworks(_extracted(tmp_path, "a.test.js", {"a.test.js": code})) == [
        ("reports QUnit.test", "jest")
    ]


def test_extract_file_prefers_the_framework_whose_test_function_is_imported(tmp_path: Path) -> None:
    code = (
        "import { vi } from 'vitest';\nimport { it } from '@jest/globals';\nit('a', () => run());"
    )
    extracted = _extracted(tmp_path, "a.test.js", {"a.test.js": code})
    assert _frameworks(extracted) == [("a", "jest")]
    mixed = code.replace("vitest", "uvu").replace("vi ", "suite ")
    extracted = _extracted(tmp_path, "b.test.js", {"b.test.js": mixed})
    assert _frameworks(extracted) == [("a", "jest")]
