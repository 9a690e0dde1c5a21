"""Patterns render as their original code, with other values in all places of a placeholder."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent, indent

import pytest

from aqe.schema import Placeholder, TestPattern

from ..sample_file import extract_sample


def _extract(folder: Path, code: str, name: str = "tests/test_sample.py") -> TestPattern:
    (pattern,) = extract_sample(folder, code, name)
    return pattern


def _values(pattern: TestPattern) -> dict[str, str]:
    return {placeholder.name: placeholder.value for placeholder in pattern.placeholders}


PYTHON = {
    "docstring": 'def test_a():\n    """Says {{x}}.\n\n    More."""\n    assert f(33) == "abc"',
    "braces of a template": 'def test_a():\n    assert render("{{ name }} {{x}}") == f"{{{a}}}"',
    "nested sets": "def test_a():\n    assert f({{33, y}}) == {{'abc': 77}}",
    "blank line in a text": 'def test_a():\n    assert f("""\n  x\n   \n""") == 44',
    "long table": "def test_a():\n    x = [\n        ('abc', 5),\n\n        ('d f', 6),\n    ]",
    "escaped braces": 'def test_a():\n    assert f("{\\\\{x}}") == "{\\\\\\\\{y}}"',
    "no literal": "def test_a():\n    assert f()",
    "decorated": '@pytest.mark.parametrize("a", [5, 6], ids=["five", "six"])\ndef test_a(a): ...',
    "signed": "def test_a():\n    assert f(-33, +44, 2 - 55, -x) == -66",
}


@pytest.mark.parametrize("name", PYTHON)
def test_render_returns_the_original_python(tmp_path: Path, name: str) -> None:
    pattern = _extract(tmp_path, f"import pytest\n\n\n{PYTHON[name]}\n")
    assert pattern.render() == PYTHON[name]


@pytest.mark.parametrize("margin", ["  ", "    ", "\t"])
def test_render_keeps_the_lines_of_a_text_in_a_class(tmp_path: Path, margin: str) -> None:
    method = (
        f"def test_a(self):\n{margin}text = '''\n  a\n\t\tb\nc\n'''\n{margin}assert text == f(33)"
    )
    code = (
        f"class TestA:\n\n{indent(method, margin, lambda line: line.startswith((margin, 'def')))}"
    )
    pattern = _extract(tmp_path, f"{code}\n")
    assert pattern.render() == code


def test_render_moves_a_class_to_the_left_without_its_texts(tmp_path: Path) -> None:
    code = """
        if FLAG:
            class TestA:
                def setup_method(self):
                    self.rows = [
                        55,
                        "x y",
                    ]

                def test_a(self):
                    text = '''
                    kept
                    '''
                    assert text
        """
    pattern = _extract(tmp_path, dedent(code))
    (whole,) = ast.parse(dedent(code)).body
    assert isinstance(whole, ast.If)
    assert ast.dump(ast.parse(pattern.render()).body[0]) == ast.dump(whole.body[0])
    assert "\n        self.rows = [\n            55,\n" in pattern.render()


JAVASCRIPT = {
    "react style": "it('a', () => {\n  f(<div style={{color}} title=\"a b\">{{x}.y}</div>)\n})",
    "tagged template": "it('a', () => {\n  f(gql`{ user(id: ${id}) }`);\n  f(css`color: red`);\n})",
    "handlebars": "it('a', () => {\n  expect(f('{{name}} {{#if x}}')).toBe(`{{{a}}}`);\n})",
    "four blanks": "it('a', () => {\n    const t = `\n  a\n      b`;\n    expect(t).toBe(33);\n})",
    "object": "it('a', () => {\n  f({a: {'b': 'c d'}});\n})",
    "regex": "it('a', () => {\n  expect(x).toMatch(/a{{2}}/);\n  f('a{{2}}b');\n})",
}


@pytest.mark.parametrize("name", JAVASCRIPT)
def test_render_returns_the_original_javascript(tmp_path: Path, name: str) -> None:
    code = JAVASCRIPT[name]
    pattern = _extract(tmp_path, f"import {{ it }} from 'vitest';\n\n{code};\n", "a.test.jsx")
    assert pattern.render() == code
    nested = f"describe('outer', () => {{\n    {code.replace(chr(10), chr(10) + '    ')};\n}});\n"
    pattern = _extract(tmp_path, f"import {{ it }} from 'vitest';\n\n{nested}", "a.test.jsx")
    assert f"    {code.replace(chr(10), chr(10) + '    ')}" in pattern.render()


def test_placeholders_have_value_role_and_places(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path,
        dedent(
            """
            def test_sign_up(client):
                user = sign_up(client, name="ann", retries=5)
                assert user.name == "ann"
                assert user.request_count <= 5
            """
        ),
    )
    assert pattern.placeholders == (
        Placeholder(name="name", value='"ann"', role="input", places=(2, 3)),
        Placeholder(name="retries", value="5", role="setting", places=(2,)),
        Placeholder(name="expected_user_request_count", value="5", role="expected", places=(4,)),
    )
    rendered = pattern.render(name='"bob"', retries=7)
    assert rendered.count('"bob"') == 2
    assert '"ann"' not in rendered
    assert "retries=7" in rendered
    assert "request_count <= 5" in rendered


def test_placeholders_twice_in_a_line_have_it_twice(tmp_path: Path) -> None:
    pattern = _extract(tmp_path, 'def test_a():\n    assert f("abc", g(name="abc"))\n')
    assert pattern.placeholders == (
        Placeholder(name="name", value='"abc"', role="input", places=(2, 2)),
    )


def test_template_too_large_for_its_values_has_no_placeholders(tmp_path: Path) -> None:
    body = "\n".join(f'    assert compute("value {n:06} {{x}}")' for n in range(8_000))
    pattern = _extract(tmp_path, f"def test_huge():\n{body}\n")
    assert pattern.placeholders == ()
    assert pattern.template.startswith('def test_huge():\n    assert compute("value 000000 {x}")')
    assert pattern.render() in f"def test_huge():\n{body}\n"
    assert pattern.render().endswith("\n")
