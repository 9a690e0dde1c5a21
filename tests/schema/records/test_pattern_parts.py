"""Templates, placeholders and values: what is rendered is the code that a template was made of."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aqe.schema import Placeholder, TestPattern
from aqe.schema.records.pattern_parts import (
    escaped_code,
    filled_template,
    placeholder_names,
    placeholder_places,
    unescaped_code,
)

Make = Callable[..., TestPattern]
# Code made of the characters that a template gives a meaning to.
code = st.text(st.sampled_from("{}\\ax_1 \n\"'"), max_size=20)
names = st.from_regex(r"[a-z_]\w{0,5}", fullmatch=True)


@given(text=code | st.text(max_size=30))
@example(text="{{x}}")
@example(text=r"{\{x}} {{{{ {\\{")
def test_escaped_code_is_no_placeholder_and_returns_the_code(text: str) -> None:
    escaped = escaped_code(text)
    assert placeholder_names(escaped) == ()
    assert unescaped_code(escaped) == filled_template(escaped, {}) == text


@given(pieces=st.lists(st.tuples(code, names, code), max_size=6), end=code)
def test_filled_template_puts_each_value_in_its_place(
    pieces: list[tuple[str, str, str]], end: str
) -> None:
    values = {name: value for _, name, value in pieces}
    template = "".join(f"{escaped_code(text)}{{{{{name}}}}}" for text, name, _ in pieces)
    template += escaped_code(end)
    original = "".join(text + values[name] for text, name, _ in pieces) + end
    assert filled_template(template, values) == original
    assert list(placeholder_places(template)) == list(placeholder_names(template)) == list(values)


@given(lines=st.lists(st.lists(names, max_size=3), max_size=6))
def test_placeholder_places_are_the_lines_of_each(lines: list[list[str]]) -> None:
    template = "\n".join(" ".join(f"{{{{{name}}}}}" for name in line) for line in lines)
    found = [(name, number) for number, line in enumerate(lines, start=1) for name in line]
    places = placeholder_places(template)
    assert sorted(found) == sorted((name, line) for name in places for line in places[name])
    assert all(list(numbers) == sorted(numbers) for numbers in places.values())


def test_render_without_values_returns_the_original(pattern: Make) -> None:
    record = pattern(
        template="f({{a}}, {\\{b}}, {{c}}, {{a}})",
        placeholders=[Placeholder(name="a", value='"x"', places=[1, 1])],
    )
    assert record.render() == 'f("x", {{b}}, {{c}}, "x")'
    assert record.render(a="{{c}}", c=5) == "f({{c}}, {{b}}, 5, {{c}})"


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("python", ["True", "None", "1.5", "3", "'x'"]),
        ("javascript", ["true", "null", "1.5", "3", "'x'"]),
        ("typescript", ["true", "null", "1.5", "3", "'x'"]),
    ],
)
def test_render_writes_values_in_the_language(
    pattern: Make, language: str, texts: list[str]
) -> None:
    framework = "pytest" if language == "python" else "jest"
    record = pattern(template="{{a}}", language=language, framework=framework)
    assert [record.render(a=value) for value in (True, None, 1.5, 3, "'x'")] == texts


def test_render_refuses_what_it_cannot_write(pattern: Make) -> None:
    record = pattern(template="f({{name}}, {{size}})")
    message = "'nam' is no placeholder of this pattern; it has: name, size"
    with pytest.raises(ValueError, match=re.escape(message)):
        record.render(nam=5)
    with pytest.raises(ValueError, match="it has: none"):
        pattern(template="f()").render(name=5)
    with pytest.raises(TypeError, match="name must be code as text, a number, a bool or None, got"):
        record.render(name=[5])


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"role": "other"}, ValueError, "role must be"),
        ({"places": [0]}, ValueError, "places must be"),
        ({"value": 5}, TypeError, "value must be"),
    ],
)
def test_placeholder_refuses_wrong_fields(
    fields: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Placeholder(**{"name": "a", "value": "5"} | fields)  # type: ignore[arg-type]
