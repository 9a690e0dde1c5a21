"""Judged sets from test suites."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.bench.quality.beir import JudgedSet, read_judged_set
from aqe.bench.studies.testsuites import (
    MAX_SHARED,
    SuiteTest,
    build_sets,
    half_of,
    judged_set,
    main,
    suite_tests,
)
from aqe.schema import AqeError

PYTHON = '''
import pytest

class TestCart:
    def test_total(self):
        """The total is the sum of prices. Taxes are left out.

        More about it.
        """
        cart = Cart([1, 2])
        assert cart.total == 3

    def test_short(self):
        """Too short."""
        assert Cart([]).total == 0

@pytest.mark.slow
def test_without_words():
    pass  # a comment after a statement
    # and one before the next
    assert Cart([5]).items == [5]

def test_nothing_but_words():
    """This test is still to be written by somebody."""
'''
TYPESCRIPT = """
import { describe, it, expect, test } from "vitest";
describe("Cart", () => {
  it("sums the \\"prices\\" of items", () => { expect(new Cart([1, 2]).total).toBe(3); });
  it("sums", () => { expect(new Cart([1]).total).toBe(1 as number); });
  it(`knows ${name} of its items`, () => { expect(new Cart([4]).names).toBe(name); });
  it(`keeps the order of items`, () => { expect(new Cart([2, 1]).items).toEqual([2, 1]); });
});
test.each([[1], [2]])("takes %i as a price", (price) => { expect(new Cart([price])).toBe(1); });
"""


@pytest.fixture
def python_project(tmp_path: Path) -> Path:
    root = tmp_path / "shop" / "tests"
    root.mkdir(parents=True)
    (root / "test_cart.py").write_text(PYTHON)
    return root.parent


@pytest.fixture
def javascript_project(tmp_path: Path) -> Path:
    root = tmp_path / "zod" / "tests"
    root.mkdir(parents=True)
    (root / "cart.test.ts").write_text(TYPESCRIPT)
    return root.parent


def test_python_docstring_is_the_query_and_not_in_the_code(python_project: Path) -> None:
    tests = {test.title: test for test in suite_tests("shop", python_project, "python")}
    assert set(tests) == {"test_total", "test_short", "test_without_words"}
    total = tests["test_total"]
    assert total.query == "The total is the sum of prices."
    assert total.code == (
        "def test_total(self):\n    cart = Cart([1, 2])\n    assert cart.total == 3"
    )
    assert tests["test_short"].query == tests["test_without_words"].query == ""
    assert tests["test_without_words"].code.startswith("@pytest.mark.slow\ndef ")


def test_javascript_title_is_the_query_and_not_in_the_code(javascript_project: Path) -> None:
    tests = suite_tests("zod", javascript_project, "javascript")
    assert [test.query for test in tests] == [
        'sums the "prices" of items',
        "",
        "keeps the order of items",
        "takes %i as a price",
    ]
    assert tests[0].code == 'it("", () => { expect(new Cart([1, 2]).total).toBe(3); })'
    assert tests[2].code.startswith("it(``, () =>")
    assert tests[3].code.startswith('test.each([[1], [2]])("", (price) =>')
    assert {test.title for test in tests} == {""}


def test_languages_do_not_mix(python_project: Path, javascript_project: Path) -> None:
    folder = python_project.parent
    assert len(suite_tests("both", folder, "python")) == 3
    assert len(suite_tests("both", folder, "javascript")) == 4


def suite(code: str, query: str = "", project: str = "a", title: str = "test_x") -> SuiteTest:
    return SuiteTest(project, title, f"def test_something_long():\n    {code}", query)


def texts(judged: JudgedSet) -> dict[str, set[str]]:
    """Returns the code of the relevant documents by the text of the query."""
    code = {
        document.id: " ".join(document.text.splitlines()[-1].split())
        for document in judged.documents
    }
    return {
        text: {code[document] for document in judged.relevant(id)}
        for id, text in judged.queries.items()
    }


def test_tests_of_one_text_are_one_document() -> None:
    judged = judged_set(
        "s",
        [
            suite("assert first()", "the first of these queries"),
            suite("assert   first()", "the second of these queries"),
            suite("assert two()", "the second of these queries"),
            suite("assert three()"),
        ],
    )
    assert len(judged.documents) == 3
    assert texts(judged) == {
        "the first of these queries": {"assert first()"},
        "the second of these queries": {"assert first()", "assert two()"},
    }


def test_what_many_tests_share_is_left_out() -> None:
    many = range(MAX_SHARED + 1)
    judged = judged_set(
        "s",
        [
            *[suite("assert common()", f"query of number {number}") for number in many],
            *[suite(f"assert other({number})", "regression test for a bug") for number in many],
            suite("assert own()", "a query of its own"),
            SuiteTest("a", "test_x", "pass", "a test that does nothing"),
        ],
    )
    assert texts(judged) == {"a query of its own": {"assert own()"}}
    assert len(judged.documents) == 1 + len(many), "the others stay, to be told apart from it"


def test_sample_is_even_complete_and_independent_of_order() -> None:
    tests = [suite(f"assert a({n})", f"the query of number {n}", "a") for n in range(30)]
    tests += [suite(f"assert b({n})", f"the demand of number {n}", "b") for n in range(6)]
    tests += [suite(f"assert twin({n})", f"the demand of number {n}", "c") for n in range(6)]
    tests += [suite(f"assert c({n})") for n in range(30)]
    judged = judged_set("s", tests, documents=40, queries=12)
    assert judged == judged_set("s", tests[::-1], documents=40, queries=12)
    assert len(judged.documents) == 40
    found = texts(judged)
    assert sum("query" in text for text in found) == 4
    for text, relevant in found.items():
        assert len(relevant) == (2 if "demand" in text else 1), "every relevant document is there"


def test_set_without_queries_is_refused() -> None:
    with pytest.raises(AqeError, match="s: expected tests with a docstring or title"):
        judged_set("s", [suite("assert first()")])


def test_projects_always_go_to_the_same_half() -> None:
    assert half_of("scipy") == half_of("vue") == "tuning"
    assert half_of("numpy") == half_of("zod") == "checking"
    halves = {half_of(f"project-{number}") for number in range(20)}
    assert halves == {"tuning", "checking"}


def test_sets_are_written_by_half(
    tmp_path: Path,
    python_project: Path,
    javascript_project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (python_project / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(python_project.parent)
    out = tmp_path / "out"
    arguments = [str(out), "--packages", "shop", "--js", str(javascript_project)]
    assert main(arguments) == 0
    half = half_of("shop")
    assert capsys.readouterr().out == (
        f"python-{half}: 3 documents, 1 queries, 1 pairs\n"
        "javascript-checking: 4 documents, 3 queries, 3 pairs\n"
    )
    assert sorted(folder.name for folder in out.iterdir()) == [
        "javascript-checking",
        f"python-{half}",
    ]
    assert texts(read_judged_set(out / "javascript-checking"))["keeps the order of items"]
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert main(arguments) == 0
    assert {path: path.read_bytes() for path in before} == before


def test_missing_package_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--packages", "no_such_package"]) == 1
    assert capsys.readouterr().err == (
        "error: package 'no_such_package' is not installed; give import names, e.g. sklearn\n"
    )


@pytest.mark.slow
def test_default_packages_give_both_halves(tmp_path: Path) -> None:
    made = build_sets(tmp_path, documents=50, queries=20)
    assert {judged.name for judged in made} <= {"python-tuning", "python-checking"}
    for judged in made:
        assert len(judged.queries) >= 20
        assert all(judged.relevant(id) for id in judged.queries)
