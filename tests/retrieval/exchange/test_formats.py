"""Patterns written to a file are read back equal, and a malformed file changes nothing."""

from __future__ import annotations

import json
import resource
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aqe.retrieval import FileFormat, QEReasoningBank
from aqe.retrieval.exchange.formats import (
    FileLimits,
    decode_patterns,
    encode_patterns,
    format_of,
    pattern_from_builtins,
    read_patterns,
    write_atomically,
)
from aqe.schema import (
    CATEGORIES,
    FRAMEWORKS,
    LANGUAGES,
    ContextPart,
    InterchangeError,
    PatternSearchCriteria,
    Placeholder,
    TestPattern,
)
from aqe.schema.records.pattern_parts import CONTEXT_KINDS, PLACEHOLDER_ROLES

Make = Callable[..., TestPattern]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
any_text = st.text(st.characters(codec=None), max_size=40)  # lone surrogates too

contexts = st.builds(
    ContextPart, kind=st.sampled_from(CONTEXT_KINDS), name=any_text, code=any_text, origin=any_text
)
placeholders = st.builds(
    Placeholder,
    name=any_text,
    value=any_text,
    role=st.sampled_from(PLACEHOLDER_ROLES),
    places=st.lists(st.integers(1, 99), max_size=3),
)
patterns_strategy = st.lists(
    st.builds(
        TestPattern,
        name=any_text.filter(str.strip),
        category=st.sampled_from(CATEGORIES),
        framework=st.sampled_from(FRAMEWORKS),
        language=st.sampled_from(LANGUAGES),
        description=any_text,
        template=any_text.map(lambda text: text + "x"),
        examples=st.lists(any_text, max_size=3),
        tags=st.lists(any_text, max_size=3),
        confidence=st.floats(0, 1),
        quality=st.floats(0, 1),
        usage_count=st.integers(0, 2**53),
        version=st.integers(1, 2**53),
        source=st.none() | any_text,
        project=any_text,
        context=st.lists(contexts, max_size=2),
        placeholders=st.lists(placeholders, max_size=2),
        created_at=st.datetimes(),
    ),
    max_size=4,
)
AWKWARD = TestPattern(
    name="a\u2028b\x85c\x1c\x0b",
    category="unit",
    framework="pytest",
    language="python",
    description="yes\n- no\n: #\t'\"\r\n\x00\x1b\ufeff\ud800",
    template="{{x}}\r\r\n\u2029 \n\n",
    examples=["---\n...", " lead", "null", "1e3", "~", ""],
    tags=["&a", "*a", "!x", "2026-01-01", "0x1F"],
)


@pytest.mark.parametrize("file_format", FORMATS)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(patterns=patterns_strategy)
@example(patterns=[AWKWARD])
def test_what_is_encoded_is_decoded_equal(
    file_format: FileFormat, patterns: list[TestPattern]
) -> None:
    text = encode_patterns(patterns, file_format)
    assert decode_patterns(text, file_format, label="x") == patterns


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_is_written_to_a_file_is_read_back_equal(
    tmp_path: Path, file_format: FileFormat
) -> None:
    file = tmp_path / f"patterns.{file_format}"
    write_atomically(file, encode_patterns([AWKWARD], file_format))
    assert read_patterns(file) == [AWKWARD]
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("name", "file_format"),
    [
        ("a.json", "json"),
        ("a.JSONL", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.yaml", "yaml"),
        ("a.b.yml", "yaml"),
    ],
)
def test_format_is_told_from_the_name(name: str, file_format: FileFormat) -> None:
    assert format_of(Path(name)) == file_format


def test_an_unknown_suffix_is_refused() -> None:
    with pytest.raises(InterchangeError, match=r"must end in \.json, .* got a\.txt; or give the"):
        format_of(Path("a.txt"))


def test_shapes_of_a_document(pattern: Make) -> None:
    value = {"name": "a", "category": "unit", "framework": "jest", "language": "javascript"} | {
        "template": "x"
    }
    for document in ([value], {"patterns": [value]}, value):
        assert [p.name for p in decode_patterns(json.dumps(document), "json", label="x")] == ["a"]
    lines = f"\n{json.dumps(value)}\r\n\n{json.dumps(value | {'name': 'b'})}"
    assert [p.name for p in decode_patterns(lines, "jsonl", label="x")] == ["a", "b"]
    assert decode_patterns("", "jsonl", label="x") == []
    assert decode_patterns("[]", "json", label="x") == []


GOOD = '{"name":"a","category":"unit","framework":"pytest","language":"python","template":"x"}'


@pytest.mark.parametrize(
    ("text", "file_format", "message"),
    [
        ("", "json", "x must be JSON"),
        ("{", "json", "x must be JSON"),
        ("[" * 100_000, "json", "x must be JSON"),
        ("NaN", "json", "x must be JSON"),
        (f"[{GOOD[:-1]},\"quality\":NaN}}]", "json", "x must be JSON"),
        (f"[{GOOD[:-1]},\"quality\":Infinity}}]", "json", "x must be JSON"),
        (f"[{GOOD[:-1]},\"version\":{'9' * 5000}}}]", "json", "x(, pattern 1|) "),
        ("3", "json", "x must hold a list of patterns, got int"),
        ('"a"', "json", "x must hold a list of patterns, got str"),
        ('{"patterns": {}}', "json", "x must hold a list of patterns, got dict"),
        ("[1]", "json", "x, pattern 1: a pattern must be an object, got int"),
        (f"{GOOD}\n{{", "jsonl", "x, line 2 must be JSON"),
        (f"{GOOD}\n[]", "jsonl", "x, line 2: a pattern must be an object, got list"),
        (f"[{GOOD},{{}}]", "json", "x, pattern 2: not a pattern: required field 'name' is missing"),
        (f"[{GOOD[:-1]},\"evil\":1}}]", "json", "x, pattern 1: unknown field 'evil'"),
        (f"[{GOOD.replace('pytest', 'nose')}]", "json", "framework must be one of .*, got 'nose'"),
        (f"[{GOOD[:-1]},\"quality\":2}}]", "json", "quality must be from 0 to 1, got 2"),
        (f"[{GOOD[:-1]},\"id\":\"../x\"}}]", "json", r"id must be 1 to 128 letters.*'\.\./x'"),
        (f"[{GOOD[:-1]},\"tags\":\"ab\"}}]", "json", "not a pattern: .*tags"),
        ("a: [", "yaml", "x must be YAML"),
        ("- !!python/object/apply:os.system ['true']", "yaml", "x must be YAML"),
        ("a: &a [1]\nb: *a", "yaml", "x must not use YAML aliases"),
        ("[" * 1_000_000, "yaml", "x is nested too deeply"),
        ("\x00", "yaml", "x must be YAML"),
        (f"- {GOOD[:-1]}, quality: .nan}}", "yaml", "quality must be from 0 to 1, got nan"),
        ("- {1: 2}", "yaml", "x, pattern 1: unknown field '1'"),
        ("", "yaml", "x must hold a list of patterns, got NoneType"),
    ],
)  # fmt: skip
def test_a_malformed_document_is_one_clear_error(
    text: str, file_format: FileFormat, message: str
) -> None:
    with pytest.raises(InterchangeError, match=message) as caught:
        decode_patterns(text, file_format, label="x")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@settings(max_examples=300)
@given(st.binary(max_size=200) | any_text.map(lambda text: text.encode("utf-8", "surrogatepass")))
@pytest.mark.parametrize("file_format", FORMATS)
def test_any_bytes_are_patterns_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, file_format: FileFormat, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzzed"
    file.write_bytes(data)
    try:
        read_patterns(file, file_format)
    except InterchangeError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_a_yaml_alias_bomb_is_refused_at_once() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with pytest.raises(InterchangeError, match="must not use YAML aliases"):
        decode_patterns("\n".join(lines), "yaml", label="x")
    assert time.perf_counter() - started < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_limits(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f"{GOOD}\n{GOOD}\n")
    assert len(read_patterns(file)) == 2
    with pytest.raises(InterchangeError, match=r"a\.jsonl must hold at most 1 patterns"):
        read_patterns(file, limits=FileLimits(max_patterns=1))
    with pytest.raises(InterchangeError, match="at most 10 characters as YAML, got 11; use JSONL"):
        decode_patterns("- 123456789", "yaml", label="x", limits=FileLimits(max_yaml_chars=10))
    with pytest.raises(InterchangeError, match="x is nested too deeply"):
        decode_patterns("- [[1]]", "yaml", label="x", limits=FileLimits(max_yaml_depth=2))
    with pytest.raises(InterchangeError, match=r"must have at most 100 bytes, got 1\d\d"):
        read_patterns(file, limits=FileLimits(max_bytes=100))


def test_file_limits_keep_the_bounds_that_are_not_given() -> None:
    limits = FileLimits(max_yaml_depth=9).with_bounds(max_bytes=5)
    assert limits == FileLimits(max_bytes=5, max_yaml_depth=9)
    assert limits.with_bounds() == limits


def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match=r"cannot read .*a\.json: No such file"):
        read_patterns(tmp_path / "a.json")
    with pytest.raises(InterchangeError, match=r"cannot read .*: Is a directory"):
        read_patterns(tmp_path, "json")
    (tmp_path / "b.json").write_bytes(b'"\xff"')
    with pytest.raises(InterchangeError, match=r"b\.json must be UTF-8 text: invalid start byte"):
        read_patterns(tmp_path / "b.json")


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf[]")
    assert read_patterns(tmp_path / "a.json") == []


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "folder.json", tmp_path / "file" / "a.json"):
        with pytest.raises(InterchangeError, match="cannot write"):
            write_atomically(target, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]


def test_pattern_from_builtins_takes_what_msgspec_gives(pattern: Make) -> None:
    decoded = pattern_from_builtins(json.loads(GOOD) | {"created_at": "2026-01-02T03:04:05Z"})
    assert decoded.created_at.isoformat() == "2026-01-02T03:04:05+00:00"


# -- through the bank ----------------------------------------------------------------------------


@pytest.fixture
def filled(bank: QEReasoningBank, pattern: Make) -> QEReasoningBank:
    bank.store_patterns(
        [
            pattern(f"test {n}", category=category, tags=["Tag"], source=f"t.py:{n}")
            for n, category in enumerate(CATEGORIES)
        ]
    )
    bank.store_pattern(AWKWARD)
    return bank


def _content(bank: QEReasoningBank) -> list[tuple[Any, ...]]:
    return [
        (p.id, p.name, p.description, p.template, p.examples, p.tags, p.category, p.version)
        for p in sorted(bank.list_patterns(limit=None), key=lambda p: p.id)
    ]


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_export_imported_elsewhere_is_the_same_bank(
    filled: QEReasoningBank, memory_bank: QEReasoningBank, tmp_path: Path, file_format: FileFormat
) -> None:
    file = tmp_path / "out" / f"patterns.{file_format}"
    assert filled.export_patterns(file) == 6
    report = memory_bank.import_patterns(file)
    assert report.created == 6
    assert _content(memory_bank) == _content(filled)
    assert memory_bank.import_patterns(file).unchanged == 6
    assert filled.import_patterns(file).unchanged == 6
    assert stat.S_ISREG(file.stat().st_mode)


def test_an_export_can_be_filtered(filled: QEReasoningBank, tmp_path: Path) -> None:
    file = tmp_path / "e2e.txt"
    criteria = PatternSearchCriteria(category="e2e")
    assert filled.export_patterns(file, file_format="jsonl", criteria=criteria) == 1
    assert [p.category for p in read_patterns(file, "jsonl")] == ["e2e"]


def test_an_import_is_all_or_nothing(filled: QEReasoningBank, tmp_path: Path, encoder: Any) -> None:
    before, texts = _content(filled), encoder.texts
    file = tmp_path / "a.jsonl"
    file.write_text(f"{GOOD}\n{GOOD.replace('unit', 'smoke')}\n")
    for mode in ("merge", "replace"):
        with pytest.raises(InterchangeError, match="line 2: not a pattern"):
            filled.import_patterns(file, mode=mode)
    assert (_content(filled), encoder.texts) == (before, texts)


def test_replace_deletes_what_the_file_does_not_name(
    filled: QEReasoningBank, tmp_path: Path, pattern: Make
) -> None:
    kept = pattern("test 0", source="t.py:0", tags=["Tag"])
    file = tmp_path / "a.json"
    file.write_text(encode_patterns([kept, pattern("new")], "json"))
    trial = filled.import_patterns(file, mode="replace", dry_run=True)
    assert (trial.created, trial.unchanged, trial.deleted) == (1, 1, 5)
    assert filled.get_statistics().patterns == 6
    report = filled.import_patterns(file, mode="replace")
    assert (report.created, report.unchanged, report.deleted) == (1, 1, 5)
    assert {p.name for p in filled.list_patterns()} == {"test 0", "new"}
    for mode in ("text", "vector"):
        found = filled.search("test", mode=mode, limit=50)
        assert {match.pattern.name for match in found} <= {"test 0", "new"}


def test_replace_with_nothing_empties_the_bank(filled: QEReasoningBank, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    assert filled.import_patterns(tmp_path / "a.json", mode="merge").results == ()
    assert filled.import_patterns(tmp_path / "a.json", mode="replace").deleted == 6
    assert filled.get_statistics().patterns == 0


def test_an_import_tells_its_mode_and_progress(
    filled: QEReasoningBank, tmp_path: Path, pattern: Make
) -> None:
    file = tmp_path / "a.json"
    file.write_text(encode_patterns([pattern("test 0", source="t.py:0"), pattern("b")], "json"))
    done: list[int] = []
    report = filled.import_patterns(file, progress=done.append)
    assert (report.updated, report.created, sum(done)) == (1, 1, 2)
    id = report.results[0].id
    assert filled.get_version_history(id)[0].change_description == "imported"
    mode: Any = "overwrite"
    with pytest.raises(ValueError, match="mode must be merge or replace, got 'overwrite'"):
        filled.import_patterns(file, mode=mode)


# -- registry ------------------------------------------------------------------------------------

HOSTILE_IDS = [
    "a/../../../etc/passwd",
    "a/b/c",
    "C:/windows",
    "a:b",
    "x@y+z",
    "a.pattern.yaml",
    "A",
    "a" * 128,
    "a" + "/" * 127,
    "a..",
]


def test_a_registry_keeps_hostile_ids_inside_its_folder(
    bank: QEReasoningBank, memory_bank: QEReasoningBank, tmp_path: Path, pattern: Make
) -> None:
    folder = tmp_path / "outer" / "registry"
    bank.store_patterns([pattern(f"test {id[:9]}", id=id) for id in HOSTILE_IDS])
    assert bank.save_to_registry(folder) == len(HOSTILE_IDS)
    assert all(file.is_file() for file in folder.iterdir())
    assert len(list(folder.iterdir())) == len(HOSTILE_IDS)
    assert [path.name for path in folder.parent.iterdir()] == ["registry"]
    report = memory_bank.load_from_registry(folder)
    assert report.created == len(HOSTILE_IDS)
    assert _content(memory_bank) == _content(bank)


def test_a_registry_keeps_other_files_and_on_request_drops_those_of_deleted_patterns(
    bank: QEReasoningBank, tmp_path: Path, pattern: Make
) -> None:
    bank.store_patterns([pattern("one", id="one"), pattern("two", id="two")])
    bank.save_to_registry(tmp_path / "r")
    (tmp_path / "r" / "README.md").write_text("ours")
    bank.delete_pattern("one")
    kept = ["README.md", "one.pattern.yaml", "two.pattern.yaml"]
    assert bank.save_to_registry(tmp_path / "r") == 1
    assert sorted(file.name for file in (tmp_path / "r").iterdir()) == kept
    bank.save_to_registry(tmp_path / "r", prune=True)
    assert sorted(file.name for file in (tmp_path / "r").iterdir()) == [kept[0], kept[2]]


def test_a_registry_with_one_bad_file_loads_nothing(
    bank: QEReasoningBank, tmp_path: Path, pattern: Make
) -> None:
    bank.store_patterns([pattern("one", id="one"), pattern("two", id="two")])
    bank.save_to_registry(tmp_path / "r")
    bank.delete_pattern("one")
    (tmp_path / "r" / "two.pattern.yaml").write_text("name: [")
    with pytest.raises(InterchangeError, match=r"two\.pattern\.yaml must be YAML"):
        bank.load_from_registry(tmp_path / "r")
    assert bank.get_pattern("one") is None


def test_a_missing_registry_is_refused(bank: QEReasoningBank, tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match="a registry must be a folder, got"):
        bank.load_from_registry(tmp_path / "nothing")


def test_a_registry_can_be_tried_without_writing(
    bank: QEReasoningBank, tmp_path: Path, pattern: Make
) -> None:
    bank.store_pattern(pattern("one"))
    bank.save_to_registry(tmp_path / "r")
    bank.delete_pattern(pattern("one").id)
    assert bank.load_from_registry(tmp_path / "r", dry_run=True).created == 1
    assert bank.get_statistics().patterns == 0


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("placeholders", "x", r"expected a list, got text"),
        ("placeholders", [{"name": "a"}], r"placeholders\[0\]: required field 'value' is missing"),
        ("placeholders", [{"name": "a", "value": "5", "role": "x"}], r"'x' is not one of"),
        ("placeholders", [{"name": "a", "value": "5", "places": [0]}], r"places must be"),
        (
            "placeholders",
            [{"name": "a", "value": "5", "line": 1}],
            r"unknown field 'line' in the pl",
        ),
        ("context", {"kind": "helper"}, r"expected a list, got an object"),
        ("context", [5], r"context\[0\]: expected an object, got a whole number"),
        ("context", [{"kind": "other"}], r"'other' is not one of"),
        ("context", [{"kinds": "helper"}], r"unknown field 'kinds' in the context of a pattern"),
        ("project", 5, r"expected text, got a whole number"),
    ],
)
@pytest.mark.parametrize("file_format", FORMATS)
def test_nested_nonsense_is_refused_in_one_line(
    file_format: FileFormat, field: str, value: object, message: str
) -> None:
    text = json.dumps(json.loads(GOOD) | {field: value})
    with pytest.raises(InterchangeError, match=message) as error:
        decode_patterns(text, file_format, label="x")
    assert "\n" not in str(error.value)
