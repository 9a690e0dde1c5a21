"""Placeholders are named after what their values are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from aqe.schema import Placeholder

from ..sample_file import extract_sample


def _placeholders(folder: Path, code: str, name: str) -> Sequence[Placeholder]:
    return extract_sample(folder, code, name)[-1].placeholders


# The names and roles of the placeholders in one statement.
PYTHON = {
    "assert total == 42": "expected_total:expected",
    "assert user.name == 'ann'": "expected_user_name:expected",
    "assert self.user.name == 'ann'": "expected_user_name:expected",
    "assert 'ann' in str(result.output)": "expected_result_output:expected",
    "assert data['name'] == 'ann'": "expected_data_name:expected",
    "assert len(items) == 42": "expected_items_length:expected",
    "assert load(x) == approx(4.5)": "expected_load:expected",
    "assert (await load())[0] == 'ann'": "expected_load:expected",
    "assert x.shape == (4, 5)": "expected_x_shape:expected",
    "assert x, 'it must hold'": "assertion_message:message",
    "assert f(x == 'win32')": "x:input",
    "if sys.platform == 'win32': pass": "sys_platform:input",
    "self.assertEqual(user.name, 'ann')": "expected_user_name:expected",
    "self.assertEqual('ann', user.name)": "expected_user_name:expected",
    "self.assertAlmostEqual(rate(), 4.5, 7, 'too far')": (
        "expected_rate:expected places:setting message:message"
    ),
    "assert_allclose(total, 4.5, rtol=1e-7)": "expected_total:expected rtol:setting",
    "assert_array_equal(make(), np.array([4, 5]))": "expected_make:expected",
    "assertNotIn('ann', names)": "unexpected_names:expected",
    "check.edges_equal(G.edges, [(3, 4)])": "expected_g_edges:expected",
    "send(to='ann@x.org', retries=5, message='hello')": (
        "to:input retries:setting message:message"
    ),
    "assert [r.tag for r in removals] == ['abc', 'def']": "expected_removals:expected",
    "x = 42": "x:input",
    "self.view.title = 'Head'": "view_title:input",
    "a, b = 33, 44": "a:input b:input",
    "x = np.zeros((3, 4))": "x:input",
    "x = np.array([3, 4], dtype='int8')": "x:input dtype:setting",
    "f(np.arange(3, 9))": "start:input stop:input",
    "y = x * 42 + 7": "x_factor:input x_offset:input",
    "f(x[42])": "x_index:input",
    "for name in ['ann', 'bob']: pass": "names:input",
    "define(33, z=55)": "width:input z:input",
    "Shape('big', 44)": "label:input size:input",
    "obj.twice('abc')": "twice_arg:input",
    "create_user('ann')": "user:input",
    "Version('1.2')": "version:input",
    "find_by_test_id('abc')": "test_id:target",
    "raise ValueError('too bad')": "error_message:message",
    "pytest.skip('no network')": "reason:message",
    "pytest.raises(ValueError, define, 33)": "width:input",
    "pytest.raises(ValueError, match='no such')": "match:input",
    "requests.get('https://x.org/a')": "url:target",
    "fetch('/etc/hosts')": "path:target",
    "fetch('10.0.0.1')": "ip_address:target",
    "call(lambda: 'ann')": "call_arg:input",
    "call(default=lambda: 'ann')": "default:input",
    "monkeypatch.setenv('HOME', 'nowhere')": "variable:input value:input",
    "run(textwrap.dedent('some text'))": "run_arg:input",
    "'%s and'.join(x)": "text:input",
    "run({'key': 'ann'})": "key:input",
    "run(33 if x else 44)": "run_arg:input run_arg_2:input",
    "x = y if z else -42": "x:input",
    "match x:\n        case 'ann': pass": "case:input",
    "import os; os.getenv('HOME')": "variable:input",
    "f = {'größe': 'ann'}": "gr_e:input",
    "f = {'键': 'ann'}": "value:input",
}
DEFINITIONS = """
import pytest

def define(width, height=(1, 2)): ...

def twice(a): ...

class Shape:
    def __init__(self, label, *, size): ...

class Other:
    def twice(self, b): ...
"""


@pytest.mark.parametrize("statement", PYTHON)
def test_python_placeholders_say_what_the_value_is(tmp_path: Path, statement: str) -> None:
    code = f"{DEFINITIONS}\nasync def test_a(self=None):\n    {statement}\n"
    found = _placeholders(tmp_path, code, "tests/test_sample.py")
    assert " ".join(f"{each.name}:{each.role}" for each in found) == PYTHON[statement]


JAVASCRIPT = {
    "expect(user.name).toBe('ann')": "expected_user_name:expected",
    "expect(await load()).not.toBe('ann')": "expected_load:expected",
    "expect(items).toHaveLength(5)": "expected_items_length:expected",
    "expect(send).toHaveBeenCalledWith('ann')": "expected_send_argument:expected",
    "expect(send).toHaveBeenCalledWith({ to: 'ann' })": "expected_to:expected",
    "expect(page).toHaveAttribute('href', 'ann')": (
        "attribute:input expected_page_attribute:expected"
    ),
    "expect(total === 42).toBe(true)": "expected_total:expected",
    "expect('abc').toBe(x)": "actual:input",
    "user.name.should.equal('ann')": "expected_user_name:expected",
    "assert.strictEqual(total, 42)": "expected_total:expected",
    "t.is(user.name, 'ann')": "expected_user_name:expected",
    "request(app).get(x).expect(404)": "expected_status:expected",
    "request(app).expect('hello')": "expected:expected",
    "cy.get('.item').should('have.text', 'ann')": "selector:target expected_text:expected",
    "cy.location('pathname').should('eq', 'ann')": "property:input expected_location:expected",
    "cy.get('.item').should('contain', 'ann')": "selector:target expected_text:expected",
    "screen.getByRole('button', { name: 'Send' })": "role:target name:input",
    "screen.findByTestId('send')": "test_id:target",
    "const x = new Set(['abc', 'def'])": "x:input",
    "const x = <a href=\"there\">{'text in'}</a>": "href:target a_text:input",
    "add({ name: 'ann' }, 42)": "name:input size:input",
    "make('ann')": "label:input",
    "const get = () => 'ann'": "get:input",
    "const o = { status() { return 404 } }": "status:input",
    "fn.mockImplementation(() => { return 'ann' })": "implementation:input",
    "run(() => { return 'ann' })": "returned:input",
    "switch (x) { case 'ann': break }": "case:input",
    "throw new TypeError('too bad')": "error_message:message",
    "dir.set('ltr')": "dir:input",
    "const x = signal('ltr')": "x:input",
    "expect(items.map(f)).toEqual(['abc', 'def'])": "expected_items:expected",
    "new Date(2026, 11, 25)": "year:input month:input day:input",
    "wait(500)": "milliseconds:setting",
    "await page.goto('/login')": "url:target",
    "run(x % 42)": "x_modulus:input",
    "run(x << 4, ...['abc', y])": "x_shift:input run_arg:input",
    "for (const name of ['ann', 'bob']) {}": "names:input",
    "class A { size = 42 }": "size:input",
    "let [a, b] = [33, 'x y']": "a_b:input",
}
FUNCTIONS = """
import { it, expect } from 'vitest';
function add({ name }, size: number) { if (x) {} }
class Thing { constructor(private label: string) {} }
const make = async (label = 5): Promise<void> => {};
"""


@pytest.mark.parametrize("statement", JAVASCRIPT)
def test_javascript_placeholders_say_what_the_value_is(tmp_path: Path, statement: str) -> None:
    code = f"{FUNCTIONS}\nit('works', async (t) => {{\n  {statement};\n}});\n"
    found = _placeholders(tmp_path, code, "a.test.tsx")
    assert " ".join(f"{each.name}:{each.role}" for each in found) == JAVASCRIPT[statement]
