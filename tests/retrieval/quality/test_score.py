"""Better tests have higher quality, and equal content has equal quality."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.retrieval.quality.score import QualityScore, score_quality
from aqe.schema.records.patterns import Framework, Language, TestPattern

GOOD = """\
def test_total_includes_reduced_tax_for_books(cart):
    cart.add("book", price={{price}})
    cart.ship_to({{country}})
    total = cart.total()
    assert total == {{expected_total}}
    assert cart.tax == {{expected_tax}}
"""


def _pattern(
    template: str,
    *,
    name: str = "test_total_includes_reduced_tax_for_books",
    description: str = "Books are sold with the reduced rate of tax.",
    tags: tuple[str, ...] = ("fixture:cart", "module:shop", "raises", "mark:slow"),
    examples: tuple[str, ...] = (),
    language: Language = "python",
    framework: Framework = "pytest",
    usage_count: int = 0,
    success_rate: float = 0.0,
) -> TestPattern:
    return TestPattern(
        name=name,
        description=description,
        category="unit",
        framework=framework,
        language=language,
        template=template,
        examples=examples,
        tags=tags,
        usage_count=usage_count,
        success_rate=success_rate,
    )


def _score(template: str, **fields: object) -> QualityScore:
    return score_quality(_pattern(template, **fields))  # type: ignore[arg-type]


def test_score_quality_is_the_mean_of_four_components_while_unused() -> None:
    score = _score(GOOD)
    components = (score.readability, score.completeness, score.specificity, score.reusability)
    assert score.success is None
    assert score.total == pytest.approx(sum(components) / 4, abs=1e-3)
    assert score.total > 0.85


def test_score_quality_counts_success_once_the_pattern_was_used() -> None:
    unused = _score(GOOD)
    good = _score(GOOD, usage_count=3, success_rate=1.0)
    bad = _score(GOOD, usage_count=3, success_rate=0.0)
    assert (good.success, bad.success) == (1.0, 0.0)
    assert bad.total < unused.total < good.total
    assert good.total - bad.total == pytest.approx(0.2, abs=1e-3)


WORSE = {
    "asserts nothing": (
        "completeness",
        "def test_x(cart):\n    cart.add('book', price={{price}})\n",
    ),
    "nested 4 deep": (
        "readability",
        "def test_x(a):\n"
        "    for b in a:\n        if b:\n            while b:\n                with b:\n"
        "                    assert b == {{expected}}\n",
    ),
    "long: 60 statements": (
        "readability",
        "def test_x(a):\n" + "    a.go()\n" * 59 + "    assert a == {{expected}}\n",
    ),
    "30 unexplained numbers": (
        "readability",
        "def test_x(a):\n    assert a == [" + ", ".join(str(n + 10) for n in range(30)) + "]\n",
    ),
    "most assertions state no exact value": (
        "specificity",
        "def test_x(a):\n    a.go({{speed}})\n    assert a\n    assert a.ok\n    assert a.b\n",
    ),
    "no single focus: 25 assertions": (
        "specificity",
        "def test_x(a):\n" + "    assert a == {{expected}}\n" * 25,
    ),
    "depends on time, randomness or one machine": (
        "reusability",
        "def test_x(a):\n    time.sleep(5)\n    assert a.read('/home/bob/x') == {{expected}}\n",
    ),
    "no template": ("reusability", ""),
}


@pytest.mark.parametrize("reason", WORSE)
def test_score_quality_says_what_is_worse(reason: str) -> None:
    component, template = WORSE[reason]
    good, worse = _score(GOOD), _score(template)
    assert getattr(worse, component) < getattr(good, component)
    assert worse.total < good.total
    assert reason in worse.reasons


def test_score_quality_says_when_names_come_from_elsewhere() -> None:
    names = ", ".join(f"helper{index}" for index in range(25))
    score = _score(f"def test_x():\n    assert f({names}) == {{{{expected}}}}\n")
    assert "26 names come from elsewhere" in score.reasons
    assert score.reusability < _score(GOOD).reusability


def test_score_quality_prefers_words_over_a_bare_name() -> None:
    bare = _score(GOOD, name="test_it", description="it", tags=())
    assert bare.completeness < _score(GOOD).completeness
    assert bare.specificity < _score(GOOD).specificity
    assert {"no description beyond its name", "a name that says little"} <= set(bare.reasons)


def test_score_quality_counts_an_acronym_with_its_word_as_one_word() -> None:
    # As the qualities that banks hold were scored: another split would contradict them.
    acronym, one_word, two_words = (
        _score(GOOD, name=name).total
        for name in ("TestSVDSolver", "TestSvdsolver", "TestSvdSolver")
    )
    assert acronym == one_word < two_words


def test_score_quality_prefers_telling_placeholders() -> None:
    vague = GOOD.replace("{{price}}", "{{value_1}}").replace("{{country}}", "{{ship_to_arg}}")
    assert _score(vague).reusability < _score(GOOD).reusability
    many = GOOD + "".join(f"    cart.add({{{{item{index}x}}}})\n" for index in range(30))
    assert _score(many).reusability < _score(GOOD).reusability


def test_score_quality_values_parameters_and_marks_down_skipped_tests() -> None:
    plain = _score(GOOD, tags=("a", "b", "c", "d"))
    fixture = _score(GOOD, tags=("fixture:cart", "b", "c", "d"))
    table = _score(GOOD, tags=("parametrized", "b", "c", "d"))
    skipped = _score(GOOD, tags=("skipped", "b", "c", "d"))
    assert skipped.reusability < plain.reusability < fixture.reusability < table.reusability


def test_score_quality_judges_prose_by_its_words() -> None:
    short = "Retry the request once. Expect the second answer."
    prose = _score("", description=short)
    rambling = _score("", description="and then " * 80)
    assert rambling.readability < prose.readability
    assert 0 < prose.total < _score(GOOD).total


JAVASCRIPT = {
    "matcher": ("jest", "it('x', () => { go(); expect(total(3)).toBe({{expected}}); });"),
    "awaited": (
        "vitest",
        "it('x', async () => { go(); await expect(f()).resolves.toEqual({{e}}) });",
    ),
    "chai": ("mocha", "it('x', () => { go(); expect(total(3)).to.equal({{expected}}); });"),
    "should": ("mocha", "it('x', () => { go(); total(3).should.equal({{expected}}); });"),
    "supertest": (
        "mocha",
        "it('x', (d) => { go(); request(app).get('/').expect({{status}}, d); });",
    ),
    "ava": ("ava", "test('x', t => { go(); t.is(total(3), {{expected}}); });"),
    "assert": ("mocha", "it('x', () => { go(); assert.strictEqual(total(3), {{expected}}); });"),
}


@pytest.mark.parametrize("style", JAVASCRIPT)
def test_score_quality_knows_assertions_of_every_style(style: str) -> None:
    framework, template = JAVASCRIPT[style]
    for language in ("javascript", "typescript"):
        score = _score(template, language=language, framework=framework)
        assert "asserts nothing" not in score.reasons
        assert "most assertions state no exact value" not in score.reasons


@pytest.mark.parametrize(
    "line", ["self.assertEqual(a, b)", "np.testing.assert_equal(a, b)", "self._check_all(a)"]
)
def test_score_quality_knows_assertions_of_python(line: str) -> None:
    assert "asserts nothing" not in _score(f"def test_x(self):\n    a.go()\n    {line}\n").reasons


def test_score_quality_looks_at_the_example_rather_than_the_template() -> None:
    silent = "def test_x():\n    go()\n"
    assert "asserts nothing" in _score(GOOD, examples=(silent,)).reasons


def test_score_quality_reads_through_code_that_does_not_parse() -> None:
    score = _score("def test_x(:\n  {{a}} ((( \n")
    assert 0 <= score.total <= 1


def test_score_quality_takes_less_than_a_millisecond_for_a_typical_test() -> None:
    pattern = _pattern(GOOD)
    score_quality(pattern)
    best = min(_seconds(pattern) for _ in range(20))
    assert best < 0.001


def _seconds(pattern: TestPattern) -> float:
    started = time.perf_counter()
    score_quality(pattern)
    return time.perf_counter() - started


@given(
    st.text(max_size=200),
    st.text(max_size=80),
    st.sampled_from(["python", "javascript", "typescript"]),
    st.floats(0, 1),
    st.integers(0, 5),
)
def test_score_quality_stays_within_bounds_and_is_pure(
    template: str, description: str, language: Language, success_rate: float, usage_count: int
) -> None:
    pattern = replace(
        _pattern(GOOD, language=language),
        template=template,
        description=f"x{description}",
        usage_count=usage_count,
        success_rate=success_rate,
    )
    score = score_quality(pattern)
    assert score == score_quality(pattern)
    for value in (score.readability, score.completeness, score.specificity, score.reusability):
        assert 0 <= value <= 1
    assert 0 <= score.total <= 1
