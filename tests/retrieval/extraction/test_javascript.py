"""Tests in JavaScript and TypeScript become patterns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import ExtractedFile, extract_file
from aqe.schema.records.patterns import TestPattern

Manifest = Mapping[str, object]


def _file(
    folder: Path, code: str, name: str = "sum.test.js", manifest: Manifest | None = None
) -> ExtractedFile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": "sample", **(manifest or {})}))
    path.write_text(dedent(code), "utf-8")
    return extract_file(path)


def _extract(
    folder: Path, code: str, name: str = "sum.test.js", manifest: Manifest | None = None
) -> list[TestPattern]:
    extracted = _file(folder, code, name, manifest)
    assert extracted.skipped is None, extracted.skipped
    return list(extracted.patterns)


def _names(patterns: list[TestPattern]) -> list[str]:
    return [pattern.name for pattern in patterns]


def test_extract_file_takes_the_describe_chain_and_hooks_along(tmp_path: Path) -> None:
    (pattern,) = _extract(
        tmp_path,
        """
        import { Calculator } from '../src/calculator';

        beforeAll(() => boot());

        describe('Calculator', () => {
          let calculator;
          const unused = 1;

          beforeEach(() => {
            calculator = new Calculator({ precision: 10 });
          });

          describe('add', function () {
            it('adds two numbers', async () => {
              // plain numbers
              expect(await calculator.add(20, 22)).toBe(42);
            });
          });
        });
        """,
    )
    assert pattern.name == "Calculator \u203a add \u203a adds two numbers"
    assert pattern.description == "adds two numbers"
    assert (pattern.framework, pattern.language) == ("jest", "javascript")
    assert pattern.confidence == pytest.approx(0.5)
    assert pattern.source == "sum.test.js:15"
    assert pattern.tags == ("async", "topic:sum")
    assert pattern.template == dedent(
        """\
        describe('Calculator', () => {

          let calculator;

          beforeEach(() => {
            calculator = new Calculator({ precision: {{precision}} });
          });

          describe('add', function () {

            it('adds two numbers', async () => {
              // plain numbers
              expect(await calculator.add({{add_arg}}, {{add_arg_2}})).toBe({{expected_add}});
            })
          })
        })"""
    )
    assert pattern.examples[0].startswith("it('adds two numbers', async () => {\n  // plain")


def test_extract_file_finds_every_way_to_write_a_test(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        it('plain', () => { expect(1).toBe(1); });
        test("double quotes", function () { expect(1).toBe(1); });
        it(`template ${kind}`, () => { expect(1).toBe(1); });
        it('a ' + kind + ' b', () => { expect(1).toBe(1); });
        it(kind, () => { expect(1).toBe(1); });
        it.only('only', () => {});
        it.skip('skip', () => {});
        xit('x', () => {});
        fit('f', () => {});
        it.concurrent.failing('failing', () => {});
        it('options last', () => {}, 500);
        it('options first', { retries: 2 }, () => {});
        it('wrapped', fakeAsync(() => {}));
        it('given', handler);
        it.each([[1, 2], [3, 4]])('table %i', (a, b) => { expect(a).toBe(b); });
        it.each`
          a | b
          ${1} | ${2}
        `('tagged $a', ({ a, b }) => { expect(a).toBe(b); });
        test.skipIf(process.env.CI)('conditional', () => {});
        it("it's \\"quoted\\"", () => {});
        for (const n of [1, 2]) { it('in a loop', () => {}); }
        describe.each([1, 2])('block %i', (n) => { it('inside', () => {}); });
        describe.skip('skipped block', () => { it('inside', () => {}); });
        describe('arrow', () => it('inside', () => {}));
        describe('shared', sharedTests);
        function sharedTests() { it('shared test', () => {}); }
        """,
    )
    names = _names(patterns)
    assert names == [
        "plain",
        "double quotes",
        "template ${kind}",
        "a kind b",
        "kind",
        "only",
        "skip",
        "x",
        "f",
        "failing",
        "options last",
        "options first",
        "wrapped",
        "given",
        "table %i",
        "tagged $a",
        "conditional",
        'it\'s "quoted"',
        "in a loop",
        "block %i \u203a inside",
        "skipped block \u203a inside",
        "arrow \u203a inside",
        "shared test",
    ]
    tags = {pattern.name: set(pattern.tags) for pattern in patterns}
    assert all("parametrized" in tags[name] for name in ("table %i", "tagged $a"))
    assert "parametrized" in tags["block %i \u203a inside"]
    assert all("skipped" in tags[n] for n in ("skip", "x", "conditional"))
    assert "skipped" in tags["skipped block \u203a inside"]
    assert "expected-failure" in tags["failing"]
    table = next(pattern for pattern in patterns if pattern.name == "table %i")
    assert "it.each({{cases}})('table %i'" in table.template


def test_extract_file_leaves_what_is_no_test(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        it.todo('later');
        it('pending');
        it();
        test(a, b);
        pattern.test('text', () => {});
        it.each([1, 2]);
        test.use({ locale: 'de' });
        test.beforeEach('hook', () => {});
        const test2 = test.extend({});
        test.step('step', () => {});
        other('x', () => {});
        (() => {})('x', () => {});
        it`tagged`;
        it({}, () => {});
        it(() => {});
        test.each`a`;
        test.skipIf(flag);
        getTests()('x', () => {});
        tests['it']('x', () => {});
        it.each([1]).a.b.c.d.e.f.g.h.i('x', () => {});
        it.unknown('x', () => {});
        """,
    )
    assert patterns == []


def test_extract_file_knows_aliases(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        import { test as check, describe as group, it as base } from 'vitest';
        export const withUser = base.extend({ user: null });
        const onLinux = process.platform === 'linux' ? base : base.skip;
        const only = isCI ? it : it.skip;
        const other = something.else;
        const block = describe.skip;
        const { a } = it;
        group('g', () => {
          check('one', () => {});
          withUser('two', ({ user }) => {});
          only('three', () => {});
          other('four', () => {});
        });
        block('h', () => { check('five', () => {}); });
        """,
    )
    assert _names(patterns) == ["g \u203a one", "g \u203a two", "g \u203a three", "h \u203a five"]
    assert {pattern.framework for pattern in patterns} == {"vitest"}
    assert "fixture:user" in patterns[1].tags


def test_extract_file_reads_ava(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        import anyTest from 'ava';
        import got from '../source';

        const test = anyTest as TestFn<Context>;

        test.before('start', async t => { t.context.x = 1; });
        test('title', async t => { t.is(await got('x'), 'abc'); });
        test.serial.failing('broken', t => { t.fail(); });
        test(t => { t.pass(); });
        test('macro', withServer, async (t, server) => { t.true(server); });
        test(macro, 1, 2);
        """,
        "test/http.ts",
    )
    assert _names(patterns) == ["title", "broken", "untitled", "macro"]
    assert {(p.framework, p.language) for p in patterns} == {("ava", "typescript")}
    assert "test.before('start'" in patterns[0].context[-1].code


def test_extract_file_reads_playwright(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        import { test, expect } from '@playwright/test';

        test.use({ locale: 'de' });

        test.describe.serial('shop', () => {
          test.beforeEach(async ({ page }) => { await page.goto('https://shop.example/'); });

          test('buys', async ({ page, request }) => {
            await page.locator('#buy').click();
            await page.fill('[name=email]', 'bob@example.org');
            await expect(page).toHaveURL('https://shop.example/done');
          });
        });
        test.fixme('later', async ({ page }: { page: Page }) => {});
        """,
        "e2e/shop.spec.ts",
    )
    assert _names(patterns) == ["shop \u203a buys", "later"]
    buys, later = patterns
    assert (buys.framework, buys.category) == ("playwright", "e2e")
    assert {"fixture:page", "fixture:request", "async"} <= set(buys.tags)
    # Filling it in would leave the longer URL as it is.
    assert "page.goto('https://shop.example/')" in buys.template
    assert "page.fill({{selector_2}}, {{email}})" in buys.template
    assert "toHaveURL({{expected_page_url}})" in buys.template
    assert {"skipped", "fixture:page"} <= set(later.tags)


def test_extract_file_reads_cypress(tmp_path: Path) -> None:
    (pattern,) = _extract(
        tmp_path,
        """
        context('Actions', () => {
          it('types', () => {
            cy.get('.email').type('bob@example.org').should('have.value', 'ann');
            cy.get('#x').and('be.visible');
          });
        });
        """,
        "cypress/e2e/actions.cy.js",
    )
    assert (pattern.framework, pattern.category) == ("cypress", "e2e")
    assert pattern.confidence == pytest.approx(0.85)
    assert "should('have.value', {{expected_value}})" in pattern.template
    assert "cy.get({{selector}}).type({{email}})" in pattern.template


FRAMEWORKS = {
    "import { it } from 'vitest'; it('x', () => {});": "vitest",
    "import { it } from '@jest/globals'; it('x', () => {});": "jest",
    "const { it } = require('mocha'); it('x', () => {});": "mocha",
    "const test = require('ava'); test('x', t => {});": "ava",
    "import 'jasmine'; it('x', () => {});": "jasmine",
    "import 'cypress'; it('x', () => {});": "cypress",
    "import * as vt from 'vitest'; it('x', () => {});": "vitest",
    "it('x', () => { cy.visit('/'); });": "cypress",
    "it('x', () => { const f = vi.fn(); });": "vitest",
    "it('x', () => { const f = jest.fn(); });": "jest",
    "it('x', () => { const f = jasmine.createSpy('f'); });": "jasmine",
    "it('x', () => { spyOn(a, 'b').and.returnValue(1); });": "jasmine",
    "it('x', () => { expect(1).toBe(1); });": "jest",
    "it('x', () => { expect(1).to.equal(1); });": "mocha",
    "it('x', () => { assert.equal(1, 1); });": "mocha",
    "it('x', () => { (1).should.equal(1); });": "mocha",
    "it('x', () => { run(); });": "jest",
}


@pytest.mark.parametrize("code", FRAMEWORKS)
def test_extract_file_tells_the_framework_from_imports_and_calls(tmp_path: Path, code: str) -> None:
    (pattern,) = _extract(tmp_path, code)
    assert pattern.framework == FRAMEWORKS[code]


@pytest.mark.parametrize(
    ("manifest", "files", "framework"),
    [
        ({"scripts": {"test": "vitest run"}}, [], "vitest"),
        ({"scripts": {"lint": "x", "test": "mocha --exit"}}, [], "mocha"),
        ({"scripts": {"test:unit": "jasmine"}}, [], "jasmine"),
        ({"scripts": {"test": "xo && ava"}}, [], "ava"),
        ({"devDependencies": {"ts-jest": "1"}}, [], "jest"),
        ({"devDependencies": {"karma-jasmine": "1"}}, [], "jasmine"),
        ({"jest": {}}, [], "jest"),
        ({"mocha": {}}, [], "mocha"),
        ({}, ["vitest.config.ts"], "vitest"),
        ({}, [".mocharc.yml"], "mocha"),
        ({}, ["test/mocha.opts"], "mocha"),
        ({}, ["spec/support/jasmine.json"], "jasmine"),
        ({"devDependencies": {"cypress": "1", "jest": "1"}}, [], "jest"),
        ({"scripts": "broken", "devDependencies": ["broken"]}, ["ava.config.js"], "ava"),
    ],
)
def test_extract_file_tells_the_framework_from_the_project(
    tmp_path: Path, manifest: dict[str, object], files: list[str], framework: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (pattern,) = _extract(tmp_path, "it('x', () => { run(); });", manifest=manifest)
    assert pattern.framework == framework
    assert pattern.confidence == pytest.approx(0.75)


def test_extract_file_gives_browser_frameworks_their_own_folders_only(tmp_path: Path) -> None:
    manifest = {"devDependencies": {"cypress": "1"}}
    (e2e,) = _extract(tmp_path, "it('x', () => { run(); });", "e2e/a.spec.js", manifest=manifest)
    (unit,) = _extract(tmp_path, "it('x', () => { run(); });", "src/a.spec.js", manifest=manifest)
    assert (e2e.framework, unit.framework) == ("cypress", "jest")


def test_extract_file_asks_the_projects_above_as_far_as_the_repository(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    inner = repository / "packages" / "inner"
    inner.mkdir(parents=True)
    (repository / ".git").mkdir()
    (repository / "package.json").write_text('{"scripts": {"test": "vitest"}}')
    (tmp_path / "package.json").write_text('{"scripts": {"test": "ava"}}')
    (pattern,) = _extract(inner, "it('x', () => { run(); });")
    assert pattern.framework == "vitest"
    (repository / "package.json").write_text("not json")
    (pattern,) = _extract(inner, "it('x', () => { run(); });")
    assert pattern.framework == "jest"
    assert pattern.confidence == pytest.approx(0.5)


def test_extract_file_stops_asking_at_node_modules(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"test": "vitest"}}')
    inner = tmp_path / "node_modules" / "inner"
    inner.mkdir(parents=True)
    (pattern,) = _extract(inner, "it('x', () => { run(); });")
    assert pattern.framework == "jest"


@pytest.mark.parametrize(
    ("code", "manifest", "reason"),
    [
        ("import { test } from 'uvu'; test('x', () => {});", {}, "uvu"),
        ("const test = require('tape'); test('x', (t) => {});", {}, "tape"),
        ("import { it } from 'bun:test'; it('x', () => {});", {}, "bun:test"),
        ("it('x', () => { run(); });", {"scripts": {"test": "c8 tape t.js"}}, "tap"),
    ],
)
def test_extract_file_refuses_frameworks_that_it_cannot_name(
    tmp_path: Path, code: str, manifest: dict[str, object], reason: str
) -> None:
    extracted = _file(tmp_path, code, manifest=manifest)
    assert extracted.patterns == ()
    assert extracted.skipped is not None
    assert extracted.skipped.reason == f"{reason} is not supported"
    assert extracted.skipped.path.endswith("sum.test.js")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.test.ts", "const x = <number>y;\nit('x', () => { expect(x as any).toBe(1); });"),
        ("a.test.tsx", "it('x', () => { render(<App id='a' />); });"),
        ("a.test.jsx", "it('x', () => { render(<App id='a'>text</App>); });"),
        ("a.test.js", "function f(x: number): string { return ''; }\nit('x', () => { f(1); });"),
        ("a.test.mjs", "import { x } from './x.mjs';\nit('x', async () => { await x(); });"),
        ("a.test.cts", "import x = require('x');\nit('x', () => { x(); });"),
    ],
)
def test_extract_file_finds_the_grammar_that_fits(tmp_path: Path, name: str, code: str) -> None:
    (pattern,) = _extract(tmp_path, code, name)
    assert pattern.name == "x"
    assert pattern.language == ("typescript" if "ts" in name.rpartition(".")[2] else "javascript")


def test_extract_file_skips_what_does_not_parse(tmp_path: Path) -> None:
    extracted = _file(tmp_path, "it('x', () => {\n  const = ;\n  }}} )(\n")
    assert extracted.patterns == ()
    assert extracted.skipped is not None
    assert extracted.skipped.reason.startswith("syntax error at line ")


def test_extract_file_keeps_tests_that_an_error_elsewhere_does_not_touch(tmp_path: Path) -> None:
    code = "const a = @@@;\n" + "".join(f"it('t{i}', () => {{ f({i}); }});\n" for i in range(5))
    patterns = _extract(tmp_path, code)
    assert len(patterns) >= 4


def test_extract_file_tags_what_a_test_does(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        const { load } = require('../lib/load');
        const request = require('supertest');
        const express = require('../');
        const { a: renamed, b } = require('pkg');
        const sub = require('other').sub;
        require('./setup');
        it('rejects', async () => { await expect(load()).rejects.toThrow('x'); });
        it('snapshot', () => { expect(renamed()).toMatchSnapshot(); });
        it('timers', () => { vi.useFakeTimers(); sub(); });
        it('spies', () => { const s = sinon.spy(); express(); });
        it('responds', (done) => { request(app).get('/').expect(200, done); });
        """,
    )
    tags = {pattern.name: set(pattern.tags) for pattern in patterns}
    assert {"async", "raises", "module:lib/load"} <= tags["rejects"]
    assert {"snapshot", "module:pkg"} <= tags["snapshot"]
    assert {"fake-timers", "module:other"} <= tags["timers"]
    assert {"mock", "module:express"} <= tags["spies"]
    responds = patterns[-1]
    assert responds.category == "integration"
    assert "expect({{expected_status}}, done)" in responds.template


def test_extract_file_cuts_long_names_the_same_way_each_time(tmp_path: Path) -> None:
    title = "a very long title " * 30
    code = f"describe('{title}', () => {{ it('{title}end', () => {{ f(); }}); }});"
    (first,) = _extract(tmp_path, code)
    (second,) = _extract(tmp_path, code)
    assert first.name == second.name
    assert len(first.name) == 200
    assert "\u2026" in first.name


def test_extract_file_redacts_titles_and_code(tmp_path: Path) -> None:
    token = "np" + "m_" + "aB3" * 12
    (pattern,) = _extract(tmp_path, f"it('uses {token}', () => {{ login('{token}'); }});")
    assert token not in repr(pattern)
    assert "<redacted:npm-token>" in pattern.name


def test_extract_file_names_placeholders_after_their_place(tmp_path: Path) -> None:
    (pattern,) = _extract(
        tmp_path,
        """
        it('names', () => {
          const user = { name: 'Bob', age: 33, 'quoted-key': 'value of it' };
          const list = ['a1x', 'b2x', 'c3x'];
          let total = -15.5;
          view.title = 'Heading';
          if (total === 99) { return 'early'; }
          send('application/json', './file/path.txt', '2024-01-31', '10.0.0.1', `text`);
          x['key'] = y[77];
          new Thing('first', `with ${user}`);
          'use strict';
          expect(list).toEqual(['a1x', 'b2x', 'c3x']);
        });
        """,
    )
    for expected in (
        "{ name: {{name}}, age: {{age}}, 'quoted-key': {{quoted_key}} }",
        "const list = {{list}};",
        "let total = {{total}};",
        "view.title = {{view_title}};",
        "total === {{total_2}}",
        "return {{returned}}",
        "send({{mime_type}}, {{path}}, {{date}}, {{ip_address}}, {{send_arg}})",
        "x['key'] = y[{{y_index}}]",
        "new Thing({{thing_arg}}, `with ${user}`)",
        "toEqual({{list}})",
    ):
        assert expected in pattern.template
