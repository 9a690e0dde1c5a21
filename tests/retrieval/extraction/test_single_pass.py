"""A test file is read once on its way into the bank, and no secret gets through."""

from __future__ import annotations

import random
import string
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, FrameType

import numpy as np
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.extraction import extract_file, find_test_files
from aqe.retrieval.extraction.code_facts import CodeIndex
from aqe.retrieval.ingest.preparation import PreparedPattern, prepared
from aqe.retrieval.quality.score import score_quality
from aqe.retrieval.quality.scored_pattern import ScoredPattern, StorablePattern, pattern_of
from aqe.retrieval.storage.storage_values import Change
from aqe.retrieval.text.syntax_tree import parse
from aqe.schema import TestPattern
from aqe.schema.redaction.redaction import find_secrets, redact

SEED = 20261125
BASE62 = string.ascii_letters + string.digits
NUMPY_LINALG = Path(np.linalg.__file__).parent
# Put together at run time, so that no secret is in this file.
TOKEN = "gh" + "p_" + "".join(random.Random(SEED).choices(BASE62, k=36))
PASSWORD = "k9Qw3Zt7" + "Lm2Xc5Vb"


@dataclass(frozen=True)
class Passes:
    """How often code was parsed and text scanned for secrets."""

    parses: int
    scans: int


@contextmanager
def counted() -> Iterator[Callable[[], Passes]]:
    """Counts calls, with the profile hook of this thread and of those started within."""
    calls: Counter[CodeType] = Counter()
    counting = {parse.__code__, find_secrets.__code__}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in counting:
            calls[frame.f_code] += 1

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield lambda: Passes(calls[parse.__code__], calls[find_secrets.__code__])
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _file(folder: Path, name: str, code: str) -> Path:
    path = folder / name
    path.write_text(code, encoding="utf-8")
    return path


def _stored(storable: StorablePattern) -> TestPattern:
    result = prepared(storable, 0.0)
    assert isinstance(result, PreparedPattern)
    return result.pattern


def _texts(pattern: TestPattern) -> list[str]:
    texts = [pattern.name, pattern.description, pattern.template]
    context = [part.code for part in pattern.context]
    return [*texts, *pattern.examples, *pattern.tags, *context]


def test_a_real_suite_is_parsed_once_a_file_and_scanned_once_a_file_and_a_pattern() -> None:
    files = find_test_files([NUMPY_LINALG])
    bank = QEReasoningBank(encoder=HashingEncoder(16))
    Change()  # its own text is scanned once a process
    extract_file(files[0])  # as are conftest.py files
    with bank, counted() as passes:
        batches = (extract_file(file).storable for file in files)
        patterns = sum(report.created for report in bank.store_stream(batches))
    assert patterns > 100
    # The scan of a pattern covers the texts that are composed: name, description and tags.
    assert passes().scans == len(files) + patterns
    # A file that supports several of these, such as a conftest.py, is parsed once as well.
    assert len(files) <= passes().parses <= len(files) + 3


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("test_it.py", "def test_it():\n    assert add(1, 3) == 4\n"),
        ("it.test.js", "it('adds', () => { expect(add(1, 3)).toBe(4); });\n"),
        ("it.test.ts", "it('adds', () => { expect(add(1, 3) as number).toBe(4); });\n"),
        ("it.test.tsx", "it('adds', () => { expect(<Sum of={[1, 3]} />).toBe(4); });\n"),
    ],
)
def test_code_of_every_language_is_parsed_once(tmp_path: Path, name: str, code: str) -> None:
    path = _file(tmp_path, name, code)
    with counted() as passes:
        (storable,) = extract_file(path).storable
        _stored(storable)
    assert passes() == Passes(parses=1, scans=2)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        # The example reads as a template, or its types could be taken for JSX.
        ("test_it.py", "def test_it():\n    assert fill('{{name}}') == 'a' * 3\n"),
        ("it.test.ts", "it('casts', () => { expect(<any>add(1, 3)).toBe(4); });\n"),
    ],
)
def test_code_that_parses_differently_alone_is_parsed_alone(
    tmp_path: Path, name: str, code: str
) -> None:
    path = _file(tmp_path, name, code)
    with counted() as passes:
        (storable,) = extract_file(path).storable
        _stored(storable)
    assert passes().parses == 2


def test_a_pattern_from_elsewhere_is_parsed_and_scanned_once() -> None:
    pattern = replace(
        pattern_of(extract_file(find_test_files([NUMPY_LINALG])[0]).storable[0]), id="own"
    )
    bank = QEReasoningBank(encoder=HashingEncoder(16))
    with bank, counted() as passes:
        bank.store_pattern(pattern)
    assert passes() == Passes(parses=1, scans=1)


def test_quality_from_the_tree_of_the_file_is_that_of_the_code_alone() -> None:
    for file in find_test_files([NUMPY_LINALG]):
        extracted = extract_file(file)
        for storable in extracted.storable:
            assert isinstance(storable, ScoredPattern)
            assert storable.base_quality == score_quality(storable.pattern).total
        assert [pattern.quality for pattern in extracted.patterns] == [
            score_quality(pattern).total for pattern in extracted.patterns
        ]


def _indented(code: str, depth: int) -> str:
    """Returns a test method with this body, indented by ``depth``."""
    return f"class TestIt:\n{' ' * depth}def test_it(self):\n{code}"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("test_plain.py", f'def test_it():\n    use("{TOKEN}")\n'),
        ("test_comment.py", f"def test_it():\n    go()  # {TOKEN}\n"),
        ("test_doc.py", f'def test_it():\n    """Uses {TOKEN}."""\n    assert go() == 3\n'),
        # Two lines of a docstring become one line of the description.
        ("test_wrapped.py", f'def test_it():\n    """Sends Bearer\n    {PASSWORD}"""\n    go()\n'),
        # Too far from its name as indented in the file, close enough at the left margin.
        ("deep.test.js", f"describe('a', () => {{\n{' ' * 8}it('b', () => {{\n{' ' * 10}use({{"
         f" password:\n{' ' * 12}'{PASSWORD}' }});\n{' ' * 8}}});\n}});\n"),
        # Without its quotes, a title may read as an assignment.
        ("title.test.js", f"it('password = \\'{PASSWORD}\\'', () => {{ go(3); }});\n"),
        ("joined.test.js", f"it('token ' + x + '=' + \"'{PASSWORD}'\", () => {{ go(3); }});\n"),
        ("tagged.test.js", f"it('x', () => {{ go({{ '{TOKEN}': 'abc' }}); }});\n"),
    ],
)  # fmt: skip
def test_no_secret_reaches_what_is_stored(tmp_path: Path, name: str, code: str) -> None:
    (storable,) = extract_file(_file(tmp_path, name, code)).storable
    pattern = _stored(storable)
    for text in _texts(pattern):
        assert redact(text) == text
        assert TOKEN not in text
    assert pattern == _stored(pattern_of(storable))


def test_redaction_of_a_file_equals_redaction_of_its_pieces(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    print("seed", SEED)
    redacted = 0
    for number in range(200):
        depth = rng.randrange(1, 14)
        gap = rng.choice(["", " ", "\n" + " " * rng.randrange(0, 24)])
        value = "".join(rng.choices(BASE62, k=20)) + "9aB"
        line = f'{" " * (depth + 2)}use({{"api_key":{gap}"{value}"}})\n'
        path = _file(tmp_path, f"test_{number}.py", _indented(line, depth))
        (storable,) = extract_file(path).storable
        pattern = _stored(storable)
        assert pattern == _stored(pattern_of(storable)), (gap, depth)
        redacted += not any(value in text for text in _texts(pattern))
    assert 0 < redacted < 200  # a name too far from its value does not make it a secret


def test_facts_of_a_function_are_those_inside_it() -> None:
    root = parse(b"def a():\n    x.load(y)\n\ndef b():\n    z(1)[0].save()\n", "python").root_node
    index = CodeIndex(root)
    first, second = root.named_children
    assert index.facts([first]).calls == ("x.load",)
    assert index.facts([first]).names == {"a", "x", "load", "y"}
    assert index.facts([second, first]).calls == ("z.save", "z", "x.load")
    assert index.calls == ("x.load", "z.save", "z")


def test_facts_of_a_call_leave_out_the_longer_chain_that_starts_with_it() -> None:
    root = parse(b"it('adds', () => add(1)).timeout(5)\n", "javascript").root_node
    outer = root.named_children[0].named_children[0]
    member = outer.child_by_field_name("function")
    assert member is not None
    inner = member.child_by_field_name("object")
    assert inner is not None
    index = CodeIndex(root)
    assert index.facts([outer]).calls == ("it.timeout", "it", "add")
    assert index.facts([inner]).calls == ("it", "add")


def test_facts_keep_the_names_of_long_and_of_called_callees() -> None:
    long = "a" * 150
    code = f"{long}.{long}(1)\nf(1).g(2)\nf(3).g(4)\n".encode()
    index = CodeIndex(parse(code, "python").root_node)
    assert index.calls == (f"{long}.{long}", "f.g", "f", "f.g", "f")
