"""Tests of node:test are found in all their forms, and not confused with other runners'."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.retrieval.extraction import discover_test_files, extract_file
from aqe.schema import TestPattern

from .own_tags import own_tags

ARROW = " \u203a "


def _patterns(folder: Path, code: str, name: str = "a.test.mjs") -> tuple[TestPattern, ...]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    return extract_file(path).patterns


def _names(folder: Path, code: str, name: str = "a.test.mjs") -> list[str]:
    patterns = _patterns(folder, code, name)
    assert {pattern.framework for pattern in patterns} <= {"node:test"}
    return [pattern.name for pattern in patterns]


@pytest.mark.parametrize(
    "imported",
    [
        "import test from 'node:test';",
        "import { test } from 'node:test';",
        "import { it as test } from 'test';",
        "const test = require('node:test');",
        "const { test } = require('node:test');",
        "const test = require('node:test').test;",
        "const t = require('node:test');\nconst test = t.test;",
    ],
)
def test_extract_file_finds_node_test_by_its_import(tmp_path: Path, imported: str) -> None:
    code = f"{imported}\ntest('adds', () => {{ assert.equal(add(20, 30), 50); }});\n"
    (pattern,) = _patterns(tmp_path, code)
    assert (pattern.name, pattern.framework, pattern.confidence) == ("adds", "node:test", 0.95)


def test_extract_file_takes_members_of_the_imported_module(tmp_path: Path) -> None:
    code = (
        "import test, * as runner from 'node:test';\n"
        "test.describe('a', () => { test.it('b', () => { run(); }); });\n"
        "runner.suite('c', () => { runner.test('d', () => { run(); }); });\n"
    )
    assert _names(tmp_path, code) == [f"a{ARROW}b", f"c{ARROW}d"]


def test_extract_file_takes_subtests_with_the_test_around_them(tmp_path: Path) -> None:
    code = (
        "import test from 'node:test';\n"
        "test('outer', async (t) => {\n"
        "  const database = await open();\n"
        "  t.beforeEach(() => { database.clear(); });\n"
        "  await t.test('inner', async (tt) => {\n"
        "    await tt.test('innermost', () => { check(database); });\n"
        "  });\n"
        "  await other.test('no test', () => { run(); });\n"
        "});\n"
        "test('short', t => t.test('one', () => { run(); }));\n"
    )
    patterns = _patterns(tmp_path, code)
    assert [pattern.name for pattern in patterns] == [
        "outer",
        f"outer{ARROW}inner",
        f"outer{ARROW}inner{ARROW}innermost",
        "short",
        f"short{ARROW}one",
    ]
    template = patterns[2].template
    assert template.startswith("test('outer', async (t) => {")
    assert "const database = await open();" in template
    assert "t.beforeEach(() => { database.clear(); });" in template
    assert "await t.test('inner', async (tt) => {" in template
    assert template.endswith("    await tt.test('innermost', () => { check(database); })\n  })\n})")


def test_extract_file_takes_no_subtests_in_another_runner(tmp_path: Path) -> None:
    code = "import { test } from 'vitest';\ntest('a', (t) => { t.test('b', () => {}); });\n"
    assert [pattern.name for pattern in _patterns(tmp_path, code)] == ["a"]


def test_extract_file_marks_skipped_and_planned_tests(tmp_path: Path) -> None:
    code = (
        "import { describe, it, test } from 'node:test';\n"
        "test.skip('a', () => { run(); });\n"
        "test('b', { skip: 'no network' }, () => { run(); });\n"
        "test('c', { skip: false, timeout: 500 }, async () => { run(); });\n"
        "it.todo('d', () => { run(); });\n"
        "it.todo('planned');\n"
        "describe.skip('e', () => { it('f', () => { run(); }); });\n"
    )
    tags = {pattern.name: own_tags(pattern) for pattern in _patterns(tmp_path, code)}
    assert tags == {
        "a": ("skipped",),
        "b": ("skipped",),
        "c": ("async",),
        "d": (),
        f"e{ARROW}f": ("skipped",),
    }


def test_extract_file_keeps_hooks_placeholders_and_the_example(tmp_path: Path) -> None:
    code = (
        "import { beforeEach, describe, it } from 'node:test';\n"
        "describe('cart', () => {\n"
        "  beforeEach(() => { cart.clear(); });\n"
        "  it('adds an item', (t) => {\n"
        "    cart.add('apple', 25);\n"
        "    t.assert.strictEqual(cart.total, 25);\n"
        "  });\n"
        "});\n"
    )
    (pattern,) = _patterns(tmp_path, code)
    assert "beforeEach(() => { cart.clear(); });" in pattern.template
    assert "{{" in pattern.template
    assert pattern.examples[0].startswith("it('adds an item', (t) => {")
    asserting = pattern.quality
    (silent,) = _patterns(tmp_path, code.replace("t.assert.strictEqual", "t.diagnostic"))
    assert silent.quality < asserting


def test_extract_file_tells_a_mock_of_node_test_from_its_tests(tmp_path: Path) -> None:
    code = (
        "import { mock } from 'node:test';\nimport { it } from 'vitest';\n"
        "it('adds', () => { mock.method(a, 'b'); });\n"
    )
    assert [pattern.framework for pattern in _patterns(tmp_path, code)] == ["vitest"]


def test_extract_file_prefers_a_runner_with_globals_for_a_file_without_import(
    tmp_path: Path,
) -> None:
    scripts = '{"scripts": {"test": "node --test", "test:ui": "mocha ui"}}'
    (tmp_path / "package.json").write_text(scripts)
    code = "describe('a', () => { it('b', () => { run(); }); });\n"
    (pattern,) = _patterns(tmp_path, code)
    assert pattern.framework == "mocha"
    (tmp_path / "package.json").write_text('{"scripts": {"test": "node --test"}}')
    (pattern,) = _patterns(tmp_path, code)
    assert (pattern.framework, pattern.confidence) == ("node:test", 0.75)


def test_discover_test_files_finds_the_names_that_node_runs(tmp_path: Path) -> None:
    code = "import test from 'node:test';\ntest('a', () => { run(); });\n"
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "test-a.js").write_text(code)
    (tmp_path / "lib" / "test-utils.js").write_text("export const a = 1;\n")
    assert discover_test_files([tmp_path]).files == (tmp_path / "lib" / "test-a.js",)
