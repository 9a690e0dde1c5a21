"""Placeholders are named after the parameters of functions from other files of the project."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import extract_file


def _names(folder: Path, files: dict[str, str]) -> list[str]:
    """Returns the names of the placeholders in the first file."""
    for name, code in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(code))
    (pattern,) = extract_file(folder / next(iter(files))).patterns
    return [placeholder.name for placeholder in pattern.placeholders]


JAVASCRIPT = "it('x', () => { make('ann lee', 44); });\n"
MAKE = "export function make(owner: string, size: number) { return owner; }\n"
PROJECTS: dict[str, dict[str, str]] = {
    "a helper": {
        "a.test.ts": "import { make } from './help';\n" + JAVASCRIPT,
        "help.ts": MAKE,
    },
    "a helper under another name": {
        "a.test.ts": "import { create as make } from './help';\n" + JAVASCRIPT,
        "help.ts": MAKE.replace("make", "create"),
    },
    "a helper that is exported again": {
        "a.test.ts": "import { make } from './help';\n" + JAVASCRIPT,
        "help/index.ts": "export { make } from './make';\n",
        "help/make.ts": MAKE,
    },
    "a required helper": {
        "a.test.js": "const { make } = require('./help');\n" + JAVASCRIPT,
        "help.js": "function make(owner, size) { return owner; }\nmodule.exports = { make };\n",
    },
    "a helper behind a name of package.json": {
        "a.test.ts": "import { make } from '#help';\n" + JAVASCRIPT,
        "package.json": '{"imports": {"#help": "./lib/help.ts"}}',
        "lib/help.ts": MAKE,
    },
    "a helper behind a name of jest in package.json": {
        "a.test.ts": "import { make } from '@help';\n" + JAVASCRIPT,
        "package.json": '{"jest": {"moduleNameMapper": {"^@help$": "<rootDir>/lib/help"}}}',
        "lib/help.ts": MAKE,
    },
    "a helper behind a name of jest.config.js": {
        "a.test.ts": "import { make } from '#help';\n" + JAVASCRIPT,
        "jest.config.js": "exports.moduleNameMapper = { '^#help$': '<rootDir>/lib/help' };\n",
        "lib/help.ts": MAKE,
    },
    "a method of an imported class": {
        "a.test.ts": (
            "import { page } from './page';\nit('x', () => { page.make('ann lee', 44); });\n"
        ),
        "page.ts": "class P {\n  make(owner: string, size: number) { }\n}\n"
        "export const page = new P();\n",
    },
    "a command of Cypress": {
        "cypress/e2e/a.cy.ts": "it('x', () => { cy.make('ann lee', 44); });\n",
        "cypress/support/commands.ts": (
            "Cypress.Commands.add('make', (owner, size = 3) => { cy.log(owner); });\n"
        ),
    },
    "a command of Cypress with a subject": {
        "cypress/e2e/a.cy.ts": "it('x', () => { cy.get(it).make('ann lee', 44); });\n",
        "cypress/support/commands.ts": (
            "Cypress.Commands.add('make', { prevSubject: true }, (subject, owner, size) => {});\n"
        ),
    },
    "a function of Python": {
        "test_a.py": "from help import make\n\n\ndef test_x():\n    make('ann lee', 44)\n",
        "help.py": "def make(owner, size=3): ...\n",
    },
    "a function of Python that is exported again": {
        "tests/test_a.py": "from shop import make\n\n\ndef test_x():\n    make('ann lee', 44)\n",
        "shop/__init__.py": "from .inner import make\n",
        "shop/inner.py": "def make(owner, size=3): ...\n",
    },
    "a class of Python": {
        "test_a.py": "from help import Make\n\n\ndef test_x():\n    Make('ann lee', 44)\n",
        "help.py": "class Make:\n    def __init__(self, owner, *, size): ...\n",
    },
    "a function of Go": {
        "a_test.go": (
            'package a\n\nimport "testing"\n\n'
            "func make_(t *testing.T, owner string, size, n int) {}\n\n"
            'func TestX(t *testing.T) {\n\tmake_(t, "ann lee", 44)\n}\n'
        ),
    },
    "a method of Java": {
        "src/test/java/ATest.java": (
            "import org.junit.jupiter.api.Test;\nclass ATest {\n"
            "  Cart make(final String owner, int size, String... tags) throws Error {\n"
            "    return null;\n  }\n"
            '  @Test void x() { make("ann lee", 44); }\n}\n'
        ),
    },
}


@pytest.mark.parametrize("case", PROJECTS)
def test_placeholders_have_the_names_of_parameters(tmp_path: Path, case: str) -> None:
    assert _names(tmp_path, PROJECTS[case]) == ["owner", "size"]


def test_placeholders_follow_a_changed_helper(tmp_path: Path) -> None:
    files = dict(PROJECTS["a helper"])
    assert _names(tmp_path, files) == ["owner", "size"]
    files["help.ts"] = MAKE.replace("owner", "captain")
    assert _names(tmp_path, files) == ["captain", "size"]


def test_placeholders_keep_the_usual_names_of_well_known_methods(tmp_path: Path) -> None:
    files = {
        "a.test.ts": "import './help';\nit('x', () => { page.goto('home page'); });\n",
        "help.ts": "class P {\n  goto(where: string) { }\n}\n",
    }
    assert _names(tmp_path, files) == ["url"]


@pytest.mark.parametrize("size", [0, 300_000])
def test_placeholders_do_without_a_helper_that_cannot_be_read(tmp_path: Path, size: int) -> None:
    files = dict(PROJECTS["a helper"])
    files["help.ts"] += "/" * size
    if not size:
        os.symlink("missing.ts", tmp_path / "help.ts")
        del files["help.ts"]
    assert _names(tmp_path, files) == ["make_arg", "make_arg_2"]


STATEMENTS = {
    "user.type(box, 'abc')": "typed_text",
    "cy.get(box).type('abc')": "typed_text",
    "user.paste('abc')": "pasted_text",
    "user.selectOptions(box, 'abc')": "option",
    "page.type('#box', 'abc')": "selector typed_text",
    "screen.getByText('abc')": "text",
    "screen.getByRole('button')": "role",
    "cy.visit('/home')": "url",
    "cy.request('POST', '/api/users')": "http_method path",
    "cy.request('/api/users')": "url",
    "page.click('#send')": "selector",
    "const f = ({ kind = 'abc' }) => kind": "kind",
    "make(new File(['hello'], 'a.png'))": "content file_name",
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_placeholders_say_what_well_known_calls_take(tmp_path: Path, statement: str) -> None:
    names = _names(tmp_path, {"a.test.ts": f"it('x', () => {{ {statement}; }});\n"})
    assert " ".join(names) == STATEMENTS[statement]


def test_expected_values_of_go_are_not_named_after_the_test(tmp_path: Path) -> None:
    code = (
        'package a\n\nimport "testing"\n\nfunc TestX(t *testing.T) {\n'
        "\tassert.Equal(t, 71, cart.Total())\n}\n"
    )
    assert _names(tmp_path, {"a_test.go": code}) == ["expected_total"]
