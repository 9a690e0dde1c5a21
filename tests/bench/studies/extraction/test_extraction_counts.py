"""The comparison of extraction with independent counts, on small repositories."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqe.bench.studies.counters.babel_counter import FrameworkRule, count_javascript_tests
from aqe.bench.studies.counters.python_counter import NameRules, count_python_tests
from aqe.bench.studies.extraction.extraction_counts import (
    RepositoryRules,
    compare,
    extracted_tests,
    main,
)
from aqe.schema import AqeError

FILES = {
    "tests/__init__.py": "",
    "tests/base.py": """
import unittest

class ContractTests:
    def test_shared(self):
        assert 1

class Unused:
    def test_never(self):
        assert 1

class Base(unittest.TestCase):
    pass
""",
    "tests/test_cart.py": """
import pytest
from . import base
from .base import Base, ContractTests

@pytest.mark.usefixtures("db")
def test_total():
    assert 1

@pytest.fixture
def test_data():
    return 1

class TestFirst(ContractTests):
    x = 1

class Second(base.Base):
    def test_second(self):
        assert 1

    class Inner:
        def test_inner(self):
            assert 1

class TestBuilt:
    def __init__(self):
        self.x = 1

    def test_not_collected(self):
        assert 1

if True:
    class TestOff:
        __test__ = False

        def test_off(self):
            assert 1
""",
    "tests/test_broken.py": "def test_x(:\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    for name, code in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "add", "."], check=True)
    return folder


def test_count_python_tests_counts_each_test_where_it_is_defined(repository: Path) -> None:
    found = count_python_tests(repository, NameRules())
    assert [(test.path, test.title, test.framework) for test in found] == [
        ("tests/base.py", "test_shared", "pytest"),
        ("tests/test_cart.py", "test_total", "pytest"),
        ("tests/test_cart.py", "test_second", "unittest"),
    ]


def test_count_python_tests_follows_the_names_of_the_project(repository: Path) -> None:
    rules = NameRules(files=("base.py",), classes=("Un*",), functions=("test_n*",))
    found = count_python_tests(repository, rules)
    assert [test.title for test in found if test.framework == "pytest"] == ["test_never"]


def test_compare_names_missing_and_surplus_tests(repository: Path) -> None:
    result = compare(repository, RepositoryRules())
    assert result.missing == []
    assert [test.title for test in result.surplus] == []
    assert (result.judged, result.wrong) == (3, [])
    assert result.extracted.second_run == (0, 0)


def test_compare_asks_the_pytest_of_the_project(repository: Path) -> None:
    (repository / "tests/test_cart.py").write_text("def test_one():\n    assert 1\n")
    (repository / "tests/test_other.py").write_text("test_made = lambda: None\n")
    result = compare(repository, RepositoryRules(python=Path(sys.executable)))
    assert [test.title for test in result.missing] == ["<lambda>"]
    assert [test.title for test in result.counted] == ["test_one", "<lambda>"]


def test_main_prints_a_row_and_names_what_differs(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = repository / "rules.json"
    rules.write_text('{"shop": {"names": {"functions": ["test_total"]}}}', encoding="utf-8")
    assert main([str(repository), "--rules", str(rules)]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("| shop |")
    assert "surplus tests/base.py:5 [pytest] ContractTests.test_shared" in printed.err


def test_main_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "expected a git repository" in capsys.readouterr().err


def test_count_javascript_tests_says_how_to_get_babel(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(AqeError, match=r"npm install @babel/parser|found no `node`"):
        count_javascript_tests(repository, tmp_path)


def test_extracted_tests_measures_both_runs(repository: Path) -> None:
    (repository / "tests/a_test.feature").write_text(
        "Feature: a\n  Scenario: b\n", encoding="utf-8"
    )
    extracted = extracted_tests(repository)
    assert [test.title for test in extracted.tests] == [
        "ContractTests.test_shared",
        "test_total",
        "Second.test_second",
    ]
    assert extracted.unsupported == {"tests/a_test.feature": 1}
    assert extracted.lost == [("tests/test_broken.py", 1)]
    assert extracted.second_run == (0, 0)
    assert extracted.seconds > 0
    assert extracted.peak_mb > 10


JAVASCRIPT = """
import { test as base } from '@playwright/test';
const test = base.extend({});
test('buys', async ({ page }) => { await page.goto('/'); });
test.skip(isMobile, 'reason');
test.skip('later', async () => {});
test.each([[1]])('adds %i', (n) => { expect(n).toBe(1); });
test.describe('cart', () => { test.beforeEach(() => {}); test('empties', () => {}); });
const testIf = (condition) => condition ? test : test.skip;
testIf(true)('maybe', () => {});
function checks(title, run) { test(`checks ${title}`, run); }
checks('totals', () => {});
/x/.test('y');
test.todo('soon');
"""


@pytest.mark.skipif("AQE_BABEL" not in os.environ, reason="AQE_BABEL=FOLDER has @babel/parser")
def test_count_javascript_tests_resolves_names_by_scope(repository: Path) -> None:
    names = {"e2e/a.spec.ts": JAVASCRIPT, "src/b.test.js": "it('runs', () => {});\n", "c.js": "it("}
    for name, code in names.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(code, encoding="utf-8")
    subprocess.run(["git", "-C", str(repository), "add", "."], check=True)
    rules = [FrameworkRule("src/*", "jest")]
    found = count_javascript_tests(repository, Path(os.environ["AQE_BABEL"]), rules)
    assert [(test.line, test.framework) for test in found.tests] == [
        *((line, "playwright") for line in (4, 6, 7, 8, 10, 12)),
        (1, "jest"),
    ]
    assert list(found.errors) == ["c.js"]
