"""Frameworks and languages are declared as data, and found by their names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe import schema
from aqe.retrieval.extraction import discover_test_files, extract_file
from aqe.schema import CallForms, FrameworkDeclaration, TestPattern, declarations, declare, withdraw
from aqe.schema.frameworks.declarations import (
    Declarations,
    framework_names,
    language_named,
    language_names,
    require_framework,
    require_language,
)

MADE_UP = FrameworkDeclaration(
    name="made:up",
    languages=("javascript", "typescript"),
    rank=5,
    modules=r"made-up\Z",
    companions=r"made-up-assertions",
    calls=r"made\.\w+\Z",
    dependencies=("made-up",),
    scripts=r"\bmade-up run\b",
    config_files=("made-up.config.*",),
    hinted_names=r"check-.*\.js",
    category="e2e",
    forms=CallForms(
        tests=frozenset({"check"}), blocks=frozenset({"group"}), hooks=frozenset({"prepare"})
    ),
    import_forms=CallForms(takes_default=True),
    asserting_calls=r"made\.proves\Z",
    exact_calls=r"made\.proves\Z",
)


@pytest.fixture
def made_up() -> Iterator[FrameworkDeclaration]:
    declare(MADE_UP)
    yield MADE_UP
    withdraw(MADE_UP.name)


def _frameworks(path: Path, code: str) -> list[tuple[str, str, float]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    patterns = extract_file(path).patterns
    return [(pattern.name, pattern.framework, pattern.confidence) for pattern in patterns]


def test_declare_makes_a_framework_known_everywhere(
    tmp_path: Path, made_up: FrameworkDeclaration
) -> None:
    code = (
        "import { check, group, prepare } from 'made-up';\n"
        "group('cart', () => {\n"
        "  prepare(() => { open(); });\n"
        "  check('pays with a card', () => { made.proves(total(), 42); });\n"
        "});\n"
    )
    (tmp_path / "check-cart.js").write_text(code)
    assert discover_test_files([tmp_path]).files == (tmp_path / "check-cart.js",)
    (pattern,) = extract_file(tmp_path / "check-cart.js").patterns
    assert (pattern.name, pattern.framework) == ("cart \u203a pays with a card", "made:up")
    assert (pattern.confidence, pattern.category) == (0.95, "e2e")
    assert "prepare(() => { open(); });" in pattern.template
    plain = extract_file(_copied(tmp_path, code.replace("made.proves", "made.does"))).patterns[0]
    assert plain.quality < pattern.quality  # it asserts nothing
    assert "made:up" in schema.FRAMEWORKS


def _copied(folder: Path, code: str) -> Path:
    path = folder / "check-copy.js"
    path.write_text(code)
    return path


@pytest.mark.parametrize(
    ("files", "certainty"),
    [
        ({"package.json": '{"devDependencies": {"made-up": "1"}}'}, 0.75),
        ({"package.json": '{"scripts": {"test": "made-up run"}}'}, 0.75),
        ({"made-up.config.js": ""}, 0.75),
        ({}, 0.85),
    ],
)
def test_declared_evidence_names_the_framework(
    tmp_path: Path, made_up: FrameworkDeclaration, files: dict[str, str], certainty: float
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    call = "" if files else "made.proves(1)"
    code = f"check('adds', () => {{ run({call}); }});\n"
    assert _frameworks(tmp_path / "a.test.js", code) == [("adds", "made:up", certainty)]


def test_the_default_export_of_a_declared_module_declares_a_test(
    tmp_path: Path, made_up: FrameworkDeclaration
) -> None:
    code = "import verify from 'made-up';\nverify('adds', () => { run(); });\n"
    assert _frameworks(tmp_path / "a.test.js", code) == [("adds", "made:up", 0.95)]


def test_declared_companions_are_no_subject_of_a_test(
    tmp_path: Path, made_up: FrameworkDeclaration
) -> None:
    code = (
        "import { check } from 'made-up';\nimport { proves } from 'made-up-assertions';\n"
        "import { total } from './cart';\ncheck('adds', () => { proves(total()); });\n"
    )
    path = tmp_path / "a.test.js"
    path.write_text(code)
    assert extract_file(path).patterns[0].tags == ("topic:a", "module:cart")


def test_withdraw_makes_a_framework_unknown(tmp_path: Path) -> None:
    declare(MADE_UP)
    withdraw("made:up")
    assert "made:up" not in framework_names()
    assert _frameworks(tmp_path / "a.test.js", "check('adds', () => { run(); });\n") == []
    withdraw("made:up")  # it is unknown already


def test_require_framework_lists_the_names() -> None:
    require_framework("framework", "pytest")
    with pytest.raises(ValueError, match=r"framework must be one of ava, .*, got 'made:up'"):
        require_framework("framework", "made:up")
    with pytest.raises(ValueError, match="framework must be one of"):
        require_framework("framework", None)
    with pytest.raises(ValueError, match="framework must be one of"):
        require_framework("framework", "tap")  # known, but not supported


def test_require_language_lists_the_names() -> None:
    require_language("language", "typescript")
    with pytest.raises(ValueError, match=r"language must be one of .*python.*, got 'cobol'"):
        require_language("language", "cobol")
    with pytest.raises(ValueError, match="language must be one of"):
        language_named("cobol")


@pytest.mark.parametrize("framework", framework_names())
def test_each_framework_makes_a_record_of_each_of_its_languages(framework: str) -> None:
    for language in declarations().framework(framework).languages:
        pattern = TestPattern(
            name="x", category="unit", framework=framework, language=language, template="y"
        )
        assert (pattern.framework, pattern.language) == (framework, language)


@pytest.mark.parametrize("name", language_names())
def test_each_language_writes_values_and_comments(name: str) -> None:
    language = language_named(name)
    pattern = TestPattern(
        name="x",
        category="unit",
        framework=language.default_framework,
        language=name,
        template="{{a}} {{b}} {{c}}",
    )
    rendered = pattern.render(a=True, b=False, c=None)
    assert rendered == f"{language.true} {language.false} {language.none}"


def test_declarations_refuse_a_name_that_is_taken() -> None:
    with pytest.raises(ValueError, match="each language and framework must be declared once"):
        declarations().with_framework(FrameworkDeclaration(name="pytest", languages=("python",)))


def test_declarations_refuse_an_unknown_language() -> None:
    with pytest.raises(ValueError, match="x is declared for the unknown language 'cobol'"):
        Declarations([], [FrameworkDeclaration(name="x", languages=("cobol",))])


def test_declarations_refuse_an_unknown_name() -> None:
    with pytest.raises(ValueError, match=r"framework must be one of .*, got 'x'"):
        declarations().framework("x")


def test_checking_a_name_reads_only_its_own_declaration() -> None:
    code = (
        "import sys\n"
        "from aqe.schema import PatternSearchCriteria\n"
        "PatternSearchCriteria(query='x')\n"
        "assert not any('schema.frameworks' in name for name in sys.modules)\n"
        "PatternSearchCriteria(framework='jest', language='typescript')\n"
        "assert not any(name.endswith(('.vitest', '.unittest')) for name in sys.modules"
        " if 'schema' in name)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
