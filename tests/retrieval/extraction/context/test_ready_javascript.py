"""The ready form of a JavaScript or TypeScript test has what its file defines for it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import extract_file
from aqe.schema import TestPattern

# File name, code, and the ready form of its first test.
CASES: dict[str, tuple[str, str, str]] = {
    "imports, with the names that are used": (
        "a.test.ts",
        """
        import type { Cart, Unused } from './types';
        import def, { add, sub as minus } from './sum';
        import * as path from 'node:path';
        import './setup';
        import other from './other';
        it('adds', () => { const cart: Cart = add(minus(1)); path.join(cart); });
        """,
        """\
        import type { Cart } from './types';
        import { add, sub as minus } from './sum';
        import * as path from 'node:path';
        import './setup';

        it('adds', () => { const cart: Cart = add(minus(1)); path.join(cart); })
        """,
    ),
    "require, mocks, hooks and helpers of the file": (
        "a.test.js",
        """
        'use strict';
        const { get, unused } = require('./api');
        const fs = require('fs');
        jest.mock('./api', () => ({ get: mockGet() }));
        function mockGet() { return SIZE; }
        const SIZE = 2;
        const UNUSED = 1;
        beforeEach(() => { jest.resetAllMocks(); });
        it.todo('later');
        describe('api', () => {
          let client;
          const options = {
            a: 1,
            b: 2,
            c: 0,
          };
          function start() { client = get(options); }
          beforeEach(start);
          afterEach(() => {});
          it('gets', () => { client.run(); });
          it('other', () => { fs.open(); });
        });
        """,
        """\
        // from a.test.js:2
        'use strict';

        const { get, unused } = require('./api');

        // from a.test.js:5
        jest.mock('./api', () => ({ get: mockGet() }));

        // from a.test.js:6
        function mockGet() { return SIZE; }

        // from a.test.js:7
        const SIZE = 2;

        // from a.test.js:9
        beforeEach(() => { jest.resetAllMocks(); });

        describe('api', () => {

          let client;

          const options = {
            a: 1,
            b: 2,
            c: 0,
          };

          function start() { client = get(options); }

          beforeEach(start);

          afterEach(() => {});

          it('gets', () => { client.run(); })
        })
        """,
    ),
    "a loop around tests, types and a pragma": (
        "a.test.ts",
        """
        /** @vitest-environment jsdom */
        import { it } from 'vitest';
        interface Case { name: string }
        type Unused = string;
        const cases: Case[] = [];
        cases.push({ name: 'b' });
        global.fetch = vi.fn();
        for (const { name } of cases) {
          it(`runs ${name}`, () => { name.trim(); });
        }
        """,
        """\
        /** @vitest-environment jsdom */

        import { it } from 'vitest';

        // from a.test.ts:4
        interface Case { name: string }

        // from a.test.ts:6
        const cases: Case[] = [];

        // from a.test.ts:7
        cases.push({ name: 'b' });

        // from a.test.ts:8
        global.fetch = vi.fn();

        for (const { name } of cases) {

          it(`runs ${name}`, () => { name.trim(); })
        }
        """,
    ),
    "tests that a function defines for its callers": (
        "a.test.js",
        """
        import { Both } from './both';
        runner('first', Both);
        function runner(name, Kind) {
          describe(name, () => {
            it('runs', () => { new Kind(); });
          });
        }
        """,
        """\
        import { Both } from './both';

        // from a.test.js:3
        runner('first', Both);

        function runner(name, Kind) {

          describe(name, () => {

            it('runs', () => { new Kind(); })
          })
        }
        """,
    ),
    "a test inside its source": (
        "a.test.ts",
        """
        export function add(a, b) { return a + b; }
        if (import.meta.vitest) {
          const { it, expect } = import.meta.vitest;
          it('adds', () => { expect(add(1, 1)).toBe(2); });
        }
        """,
        """\
        // from a.test.ts:2
        export function add(a, b) { return a + b; }

        if (import.meta.vitest) {

          const { it, expect } = import.meta.vitest;

          it('adds', () => { expect(add(1, 1)).toBe(2); })
        }
        """,
    ),
    "statements of every kind": (
        "a.test.ts",
        """
        import api = require('./api');
        declare global { var seen: number; }
        export const run = async () => api.go();
        export class Runner { }
        enum Kind { A, B }
        let total = 0;
        total += 1;
        if (total) { total = 2; }
        module.exports = {};
        test.use({ a: 1 });
        await api.start();
        const [first, { second: renamed }] = api.both;
        export { total };
        it('runs', () => { run(new Runner(), Kind.A, total, first, renamed); });
        """,
        """\
        import api = require('./api');

        // from a.test.ts:3
        declare global { var seen: number; }

        // from a.test.ts:4
        export const run = async () => api.go();

        // from a.test.ts:5
        export class Runner { }

        // from a.test.ts:6
        enum Kind { A, B }

        // from a.test.ts:7
        let total = 0;

        // from a.test.ts:8
        total += 1;

        // from a.test.ts:9
        if (total) { total = 2; }

        // from a.test.ts:11
        test.use({ a: 1 });

        // from a.test.ts:12
        await api.start();

        // from a.test.ts:13
        const [first, { second: renamed }] = api.both;

        it('runs', () => { run(new Runner(), Kind.A, total, first, renamed); })
        """,
    ),
    "React of the classic kind": (
        "a.test.jsx",
        """
        import React from 'react';
        it('shows', () => { render(<div />); });
        """,
        """\
        import React from 'react';

        it('shows', () => { render(<div />); })
        """,
    ),
    "calls of a function around the test that is named like one": (
        "a.test.js",
        """
        import { render } from './render';
        function testRender(kind) {
          it(`renders ${kind}`, () => { render(kind); });
        }
        testRender('html');
        it('is another', () => { render('x'); });
        """,
        """\
        import { render } from './render';

        // from a.test.js:6
        testRender('html');

        function testRender(kind) {

          it(`renders ${kind}`, () => { render(kind); })
        }
        """,
    ),
    "a module without imports of its own stays a module": (
        "a.test.tsx",
        """
        import { unused } from './other';
        it('shows', () => { render(<div />); });
        """,
        """\
        // from a.test.tsx:2
        export {};

        it('shows', () => { render(<div />); })
        """,
    ),
}


def _patterns(folder: Path, name: str, code: str) -> tuple[TestPattern, ...]:
    (folder / "package.json").write_text('{"name": "shop"}')
    path = folder / name
    path.write_text(dedent(code), encoding="utf-8")
    return extract_file(path).patterns


@pytest.mark.parametrize("case", CASES)
def test_ready_form_has_what_the_file_defines(tmp_path: Path, case: str) -> None:
    name, code, ready = CASES[case]
    assert _patterns(tmp_path, name, code)[0].ready() == dedent(ready)


def test_ready_form_says_what_is_left_out(tmp_path: Path) -> None:
    lines = "  run();\n" * 80
    code = f"function long() {{\n{lines}}}\nit('runs', () => {{ long(); }});\n"
    (pattern,) = _patterns(tmp_path, "a.test.js", code)
    assert pattern.ready().startswith("// left out: helper long (82 lines), a.test.js:1\n\nit(")


def test_ready_form_keeps_tests_of_both_branches_apart(tmp_path: Path) -> None:
    code = "if (a) { it('x', () => { b(); }); } else { it('y', () => { c(); }); }\n"
    first, second = _patterns(tmp_path, "a.test.js", code)
    assert " ".join(first.ready().split()) == "if (a) { it('x', () => { b(); }) }"
    assert second.ready() == "it('y', () => { c(); })\n"


def test_ready_form_takes_helpers_of_its_block_beside_long_setup(tmp_path: Path) -> None:
    lines = "  run();\n" * 50
    code = (
        f"import {{ run }} from './run';\nimport {{ ok }} from 'ok';\n"
        f"describe('all', () => {{\n  beforeEach(() => {{\n{lines}  }});\n"
        f"  function near() {{\n{lines}  return ok;\n  }}\n"
        "  it('runs', () => { near(); });\n});\n"
    )
    (pattern,) = _patterns(tmp_path, "a.test.js", code)
    opening = "import { run } from './run';\nimport { ok } from 'ok';\n\ndescribe('all', () => {\n"
    assert pattern.ready().startswith(opening)
    assert "  function near() {\n" in pattern.ready()
