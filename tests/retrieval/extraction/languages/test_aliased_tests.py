"""Tests behind aliases and wrappers, and in code that the grammars reject, are kept or named."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import ExtractedFile, extract_file


def _extract(folder: Path, name: str, code: str) -> ExtractedFile:
    (folder / name).write_text(dedent(code))
    return extract_file(folder / name)


def _names(extracted: ExtractedFile) -> list[str]:
    assert extracted.skipped is None, extracted.skipped
    return [pattern.name.rpartition(" \u203a ")[2] for pattern in extracted.patterns]


ALIASES = {
    "a choice": "const itIf = os === 'linux' ? it : it.skip;\nitIf('x', () => { run(); });",
    "a choice over lines": (
        "const itIf = CI === '1'\n  ? it\n  : it.skip\n\nitIf('x', () => { run() })"
    ),
    "a choice of choices, with a comment": (
        "const run = off\n  ? test.skip\n  : // only: see below\n    only\n    ? test.only\n"
        "    : test;\nrun('x', () => { go(); });"
    ),
    "a function of the same name around the global one": (
        "function it(title, fn) {\n  return global.it(title, () => fn());\n}\n"
        "it('x', () => { go(); });"
    ),
    "declared functions of the same names": (
        "declare function describe(any, Function): any\ndeclare function it(any, Function): any\n"
        "describe('y', () => { it('x', () => { run(); }); });"
    ),
    "a function of the same name around an import": (
        "import { test as base } from 'vitest';\n"
        "const test = (title, fn) => base(title, () => fn(1));\ntest('x', () => { go(); });"
    ),
    "no semicolons": "const a = 1\nconst itNow = it.only\nitNow('x', () => { run() })",
    "a factory": (
        "const maybe = (on: boolean) => (on ? test : test.skip);\n"
        "maybe(true)('x', () => { run(); });"
    ),
    "a factory function": (
        "function maybe(on) { return on ? test : test.skip; }\nmaybe(true)('x', () => { run(); });"
    ),
    "a wrapped function": "const itDb = withDatabase(it);\nitDb('x', async () => { run(); });",
    "a wrapper": (
        "function slow(name: string, fn: () => void) { it(name, fn, 60_000); }\n"
        "slow('x', () => { run(); });"
    ),
    "a wrapper around a function": (
        "const spec = (name, fn) => it(`s ${name}`, async () => { await fn(); });\n"
        "spec('x', async () => { run(); });"
    ),
    "a block wrapper": (
        "function both(name, fn) { describe(`${name} a`, fn); describe(`${name} b`, fn); }\n"
        "both('y', () => { it('x', () => { run(); }); });"
    ),
    "a namespace": "import * as V from 'vitest';\nV.describe('y', () => { V.it('x', () => {}); });",
    "a global object": "globalThis.it('x', () => { run(); });",
    "an imported name": "import { itBrowser } from './h';\nitBrowser('x', () => { run(); });",
    "an imported factory": "import { itIf } from './h';\nitIf(a)('x', () => { run(); });",
    "an imported block": (
        "import { describeDb } from './h';\ndescribeDb('y', () => { it('x', () => { run(); }); });"
    ),
    "a derived name in a block": (
        "describe('y', () => { const own = test.extend({ n: 3 });\n"
        "own('x', ({ n }) => { run(); }); });"
    ),
    "a property": "it.prop([fc.nat()])('x', (n) => { run(n); });",
    "a property of a record": "it.prop({ a: fc.nat() })('x', ({ a }) => { run(a); });",
    "a table of test.for": "test.for([[1, 2]])('x', ([a, b]) => { run(a, b); });",
    "a condition": "it.concurrent.skipIf(process.env.CI)('x', async () => { run(); });",
    "names unpacked from a namespace": (
        "import * as V from 'vitest';\nconst { it: its, describe: block } = V;\n"
        "block('y', () => { its('x', () => { run(); }); });"
    ),
    "names unpacked from a required module": (
        "const { test: base, describe: d, it: its = base } = require('node:test');\n"
        "d('y', () => { its('x', () => { run(); }); });"
    ),
    "names unpacked from a default export": (
        "const test = require('node:test');\nconst { it: its } = test;\nits('x', () => { run(); });"
    ),
    "names unpacked from the runner of the file": (
        "if (import.meta.vitest) {\n  const { it: should } = import.meta.vitest;\n"
        "  should('x', () => { run(); });\n}"
    ),
    "the runner of the file under a name": (
        "const v = import.meta.vitest;\nif (v) { v.test('x', () => { run(); }); }"
    ),
    "members of a module": (
        "const vitest = require('vitest');\nconst its = vitest.it, block = vitest.describe;\n"
        "block('y', () => { its('x', () => { run(); }); });"
    ),
    "an object of test functions": (
        "const its = { fast: it, slow: it.skip };\nits.fast('x', () => { run(); });"
    ),
    "a choice on the spot": "(process.env.CI ? it.skip : it)('x', () => { run(); });",
    "a type on the spot": "(it as any)('x', () => { run(); });",
    "a modifier in brackets": "it['only']('x', () => { run(); });",
    "an imported alias": (
        "import { it as its, describe as when } from 'vitest';\n"
        "when('y', () => { its('x', () => { run(); }); });"
    ),
    "an imported function with fixtures": (
        "import { dbTest } from './h';\ndbTest('x', ({ db }) => { run(db); });"
    ),
    "a nested typed table": (
        "test.each<Record<string, Array<Map<string, () => Set<A>>>>>`\n  w\n  ${2}\n`"
        "('x', () => { f(); });"
    ),
    "a typed table": (
        "test.each<{ w: number; o?: Map<string, A<B>> }>`\n  w\n  ${2}\n`('x', () => { f(); });"
    ),
    "a typed list": "test.each<Row[]>([[1]])('x', (row) => { run(row); });",
    "a typed import": (
        "test('x', () => {\n  mock(jest.requireActual<typeof import('../c')>(\n"
        "    '../c',\n  ));\n});"
    ),
    "variance": "interface P<in out T, out U = T> { a: T }\ntest('x', () => { run(); });",
    "using": "test('x', async () => { using a = open(1); await using b = open(2); run(a, b); });",
}


@pytest.mark.parametrize("case", ALIASES)
def test_extract_file_keeps_tests_behind_aliases(tmp_path: Path, case: str) -> None:
    extracted = _extract(tmp_path, "a.test.ts", ALIASES[case])
    assert _names(extracted) == ["x"]
    assert extracted.lost == ()


TABLES = {
    "jest-in-case": "import cases from 'jest-in-case';\ncases('x', o => { run(o); }, [{ a: 1 }]);",
    "jest-in-case with a modifier": (
        "const cases = require('jest-in-case');\n"
        "cases.only('x', o => { run(o); }, { b: { a: 1 } });"
    ),
    "jest-each": "import each from 'jest-each';\neach([[1]]).test('x', (a) => { run(a); });",
    "jest-each with a tagged table": (
        "const each = require('jest-each').default;\n"
        "each`a\n${1}`.it.only('x', ({ a }) => { run(a); });"
    ),
    "jest-each with a block": (
        "import each from 'jest-each';\n"
        "each([[1]]).describe('y', (a) => { it('x', () => { run(a); }); });"
    ),
    "mocha-each": "import forEach from 'mocha-each';\nforEach([1]).it('x', (a) => { run(a); });",
    "a name for it.each": "const each = it.each([[1]]);\neach('x', (a) => { run(a); });",
    "a name for describe.each": (
        "const each = describe.each([1]);\neach('y', (a) => { it('x', () => { run(a); }); });"
    ),
    "a function that returns it.each": (
        "const rows = (table) => it.each(table);\nrows([[1]])('x', (a) => { run(a); });"
    ),
    "a function that returns describe.each": (
        "function rows(table) { return describe.each(table); }\n"
        "rows([[1]])('y', (a) => { it('x', () => { run(a); }); });"
    ),
    "a function around it.each": (
        "function rows(title, table, fn) { it.each(table)(title, fn); }\n"
        "rows('x', [[1]], (a) => { run(a); });"
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_extract_file_takes_a_table_for_one_parametrized_test(tmp_path: Path, case: str) -> None:
    extracted = _extract(tmp_path, "a.test.ts", TABLES[case])
    assert _names(extracted) == ["x"]
    assert "parametrized" in extracted.patterns[0].tags
    assert extracted.patterns[0].framework == ("mocha" if "mocha" in case else "jest")


UNREAD = {
    "an own function": (
        "const test = (name, fn) => { queue.push([name, fn]); };\n"
        "it('x', () => { run(); });\ntest('y', () => { run(); });\n",
        [(3, "test() is a function of this file")],
    ),
    "an own function over lines, without semicolons": (
        "function test(name, fn)\n{\n  queue.push(name, fn)\n}\n"
        "it('x', () => { run() })\ntest('y', () => { run() })\n",
        [(6, "test() is a function of this file")],
    ),
    "an own function of a block": (
        "describe('d', () => {\n  const test = (name, fn) => { queue.push([name, fn]); };\n"
        "  test('y', () => { run(); });\n});\ntest('x', () => { run(); });\n",
        [(3, "test() is a function of this file")],
    ),
    "an imported function": (
        "import { check } from './h';\nit('x', () => { run(); });\n"
        "check('y', () => { expect(1).toBe(1); });\n",
        [(3, "check() is not known to declare a test")],
    ),
    "a title that is not first": (
        "import { check } from './h';\nit('x', () => { run(); });\ndescribe('d', () => {\n"
        "  check(db, 'y', async () => { assert.equal(1, 1); });\n});\n",
        [(4, "check() is not known to declare a test")],
    ),
    "a loop": (
        "import { check } from './h';\nit('x', () => { run(); });\n"
        "for (const a of rows) {\n  check(`y ${a}`, () => { expect(a).toBe(1); });\n}\n"
        "['a'].forEach((n) => { check(n + ' z', () => { expect(n).toBe(1); }); });\n"
        "['a'].forEach((n) => { check(`${n} z`, () => { expect(n).toBe(1); }); });\n",
        [
            (4, "check() is not known to declare a test"),
            (7, "check() is not known to declare a test"),
        ],
    ),
}


@pytest.mark.parametrize("case", UNREAD)
def test_extract_file_names_calls_that_look_like_tests(tmp_path: Path, case: str) -> None:
    code, lost = UNREAD[case]
    extracted = _extract(tmp_path, "a.test.js", code)
    assert _names(extracted) == ["x"]
    assert [(test.line, test.reason) for test in extracted.lost] == lost


NOT_UNREAD = {
    "an imported helper": ("import { runTest } from './h';\nrunTest('y', () => { return 1; });"),
    "a hook": "beforeEach('y', () => { expect(1).toBe(1); });",
    "a mock": "jest.mock('./y', () => ({ expect: 1 }));",
    "a step in a test": "it('z', () => { step('y', () => { expect(1).toBe(1); }); });",
    "a helper": "const f = () => { check('y', () => { expect(1).toBe(1); }); };",
    "a server": "app.get('/y', (request) => { expect(request.a).toBe(1); });",
    "a block of its own": "withApp('y', (app) => { it('z', () => { expect(app).toBe(1); }); });",
    "a call in a hook": "beforeAll(() => { act('y', () => { expect(1).toBe(1); }); });",
    "a call of nothing that asserts": "customise('y', () => { return 1; });",
}


@pytest.mark.parametrize("case", NOT_UNREAD)
def test_extract_file_takes_no_other_call_for_a_lost_test(tmp_path: Path, case: str) -> None:
    extracted = _extract(tmp_path, "a.test.js", "it('x', () => {});\n" + NOT_UNREAD[case])
    assert extracted.lost == ()
    assert "x" in _names(extracted)


NO_TESTS = {
    "a regular expression": "const re = /x/; re.test('abc');",
    "a method": "schema.test('is even', value => value % 2 === 0);",
    "a title without a function": "test('planned'); it('a', 'b'); test.skip('a', true);",
    "an imported block of unknown kind": (
        "import { testAll } from './h'; testAll('y', () => { other('x', () => {}); }, 3);"
    ),
    "a condition": "test.skip(a === 'b', 'reason'); test.slow(isOld, 'reason');",
}


@pytest.mark.parametrize("case", ["a regular expression", "a method", "a condition"])
def test_extract_file_takes_no_other_call_for_a_test(tmp_path: Path, case: str) -> None:
    assert _names(_extract(tmp_path, "a.test.ts", NO_TESTS[case])) == []


def test_extract_file_counts_a_wrapper_with_a_table_once(tmp_path: Path) -> None:
    code = (
        "function check(title, n) { it(title, () => { run(n); }); }\ncheck('a', 1);\ncheck('b', 2);"
    )
    assert _names(_extract(tmp_path, "a.test.js", code)) == ["title"]


@pytest.mark.parametrize(
    "head",
    [
        "class Box[T = int]:\n    pass\n",
        "def f[T = int](x: T) -> T:\n    return x\n",
        "type Pair[T = int, *Ts = *tuple[int, ...]] = tuple[T, *Ts]\n",
        "class Call[**P = [int, str], R: (int, str) = int](Base[P]):\n    pass\n",
        "class Box[\n    T = dict[str, int],\n    U = T,\n]:\n    pass\n",
    ],
)
def test_extract_file_keeps_tests_after_defaults_of_type_parameters(
    tmp_path: Path, head: str
) -> None:
    extracted = _extract(
        tmp_path, "test_a.py", head + "\n\ndef test_it():\n    assert f(10) == 20\n"
    )
    assert [pattern.name for pattern in extracted.patterns] == ["test_it"]
    assert (extracted.skipped, extracted.lost) == (None, ())


def test_extract_file_shows_the_code_as_it_is_written(tmp_path: Path) -> None:
    code = "def test_it():\n    class Box[T = int]:\n        pass\n    assert Box()\n"
    (pattern,) = _extract(tmp_path, "test_a.py", code).patterns
    assert "class Box[T = int]:" in pattern.examples[0]


FLOW = """
    /** @flow strict */
    import typeof TFoo from './foo';
    opaque type ID = string;
    declare var expect: { (v: unknown): Matcher, any(v: unknown): Other, ... };
    function f(x: ?string): {| +a: number |} { return { a: 1 }; }
    describe('flow', () => {
      it('casts', () => { const v = (f('x', () => {}): any); expect(v.a).toBe(1); });
      it('exact', () => { const o: {| a: number, b?: string |} = { a: 12 }; run(o.a, 12); });
      it('component', () => { component Foo(a: string, ...b: P) { return <A {...b} />; } });
      it('plain', () => { expect(add(20, 30)).toBe(50); });
      /*
      it('commented', () => {});
      */
    });
    """


def test_extract_file_names_each_test_that_it_does_not_understand(tmp_path: Path) -> None:
    extracted = _extract(tmp_path, "flow.test.js", FLOW)
    kept = _names(extracted)
    lost = [(test.line, test.code[:15]) for test in extracted.lost]
    assert sorted([*kept, "component"]) == ["casts", "component", "exact", "plain"]
    assert lost == [(10, "it('component',")]
    assert extracted.lost[0].path == str(tmp_path / "flow.test.js")
    assert extracted.lost[0].reason == "line 10 is not understood"


def test_extract_file_keeps_the_python_tests_that_an_error_does_not_touch(tmp_path: Path) -> None:
    code = (
        "def test_a():\n    assert 1\n\n\ndef test_b():\n"
        "    x = = 1\n\n\ndef test_c():\n    assert 3\n"
    )
    extracted = _extract(tmp_path, "test_a.py", code)
    kept = [pattern.name for pattern in extracted.patterns]
    assert kept == ["test_a", "test_c"]
    assert [(test.line, test.code) for test in extracted.lost] == [(5, "def test_b")]


def test_extract_file_names_the_tests_of_a_file_without_any_that_is_understood(
    tmp_path: Path,
) -> None:
    extracted = _extract(tmp_path, "test_a.py", "def test_(:\n    assert\n")
    assert extracted.patterns == ()
    assert extracted.skipped is not None
    assert [test.line for test in extracted.lost] == [1]
