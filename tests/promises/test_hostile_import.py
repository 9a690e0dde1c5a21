"""Promise 23: a hostile file is refused quickly, in little memory, and changes no row."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import InterchangeError, TestPattern

GOOD = {
    "name": "test_good",
    "category": "unit",
    "framework": "pytest",
    "language": "python",
    "template": "def test_good(): ...",
}


def _bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join(['*' + before] * 9)}]")
    return "\n".join(lines)


def _with(**fields: object) -> str:
    return json.dumps([GOOD, GOOD | fields])


HOSTILE: dict[str, str | bytes] = {
    "alias-bomb.yaml": _bomb(),
    "alias.yaml": "patterns: [&a {name: x}, *a]",
    "deep.yaml": "[" * 3_000,
    "deep-block.yaml": "\n".join("  " * depth + "- " for depth in range(200)),
    "python-object.yaml": "!!python/object/apply:os.system ['touch /tmp/aqe-was-here']",
    "python-name.yaml": "!!python/name:os.system",
    "tab.yaml": "a:\n\t- b",
    "big.yaml": "x: " + "y" * (6 * 1024 * 1024),
    "dates.yaml": "- 2026-01-01",
    "scalar.yaml": "just text",
    "empty.yaml": "",
    "merge.yaml": "a: &a {name: x}\nb: {<<: *a}",
    "deep.json": "[" * 100_000,
    "deep-object.json": '{"a":' * 100_000,
    "nan.json": _with(confidence=0.5).replace("0.5", "NaN"),
    "infinity.json": _with(confidence=0.5).replace("0.5", "Infinity"),
    "huge-number.json": _with(confidence=0.5).replace("0.5", "9" * 5_000),
    "cut.json": json.dumps([GOOD])[:-5],
    "trailing.json": json.dumps([GOOD]) + "garbage",
    "text.json": '"text"',
    "number.json": "7",
    "null.json": "null",
    "binary.json": bytes(range(256)) * 40,
    "utf16.json": json.dumps([GOOD]).encode("utf-16"),
    "zeros.json": bytes(10_000),
    "gzip.json": b"\x1f\x8b\x08" + bytes(1_000),
    "sqlite.json": b"SQLite format 3\x00" + bytes(4_000),
    "unknown-field.json": _with(evil="x"),
    "dunder.json": _with(__class__="x"),
    "wrong-type.json": _with(name=7),
    "wrong-enum.json": _with(category="everything"),
    "long-name.json": _with(name="x" * 300),
    "path-id.json": _with(id="../../etc/passwd"),
    "absolute-id.json": _with(id="/etc/passwd"),
    "nul-id.json": _with(id="a\0b"),
    "big-pattern.json": _with(template="x" * 300_000),
    "many-tags.json": _with(tags=[str(number) for number in range(100)]),
    "negative.json": _with(usage_count=-1),
    "huge-count.json": _with(usage_count=10**30),
    "bad-line.jsonl": json.dumps(GOOD) + "\n{" + "\n",
    "many.jsonl": '{"name":"x"}\n' * 200_000,
    "long-line.jsonl": '{"name":"' + "x" * 10_000_000,
    "sparse.json": b"",  # extended to 60 MB below
}


def attempt(path: Path, file: Path, out: Path) -> None:
    """Imports a file; records the seconds and the additional memory that it took."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()  # the machine may be busy with other things
        with pytest.raises(InterchangeError) as caught:
            bank.import_patterns(file)
        seconds = time.process_time() - started
        assert "\n" not in str(caught.value)
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert [pattern.id for pattern in bank.list_patterns()] == ["old"]
    out.write_text(f"{seconds} {more}")


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_hostile_import(
    every: int,
    path: Path,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(TestPattern(id="old", **GOOD))  # type: ignore[arg-type]
    folder = tmp_path / "files"
    folder.mkdir()
    slowest = largest = 0.0
    chosen = dict(list(HOSTILE.items())[::every])
    for name, content in chosen.items():
        file = folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        if name == "sparse.json":
            os.truncate(file, 60 * 1024 * 1024)
        joined([forked(attempt, path, file, tmp_path / "out")])
        seconds, kilobytes = map(float, (tmp_path / "out").read_text().split())
        slowest, largest = max(slowest, seconds), max(largest, kilobytes / 1024)
        file.unlink()
    assert not Path("/tmp/aqe-was-here").exists()
    sound(path)
    promise(
        23,
        f"{len(chosen)} files refused, slowest {slowest:.2f} s of processor time, at most"
        f" {largest:.0f} MB more, rows unchanged",
    )
    assert slowest < 2
    assert largest < 200


def test_registry_files_stay_in_their_folder(tmp_path: Path) -> None:
    """Ids become file names: none points outside, none writes through a link."""
    ids = ["a/../../evil", "a/b/c", "x..", "con:1", "a@b+c", "A" * 128, "dots/....//x"]
    target = tmp_path / "target.txt"
    target.write_text("mine")
    registry = tmp_path / "deep" / "registry"
    registry.mkdir(parents=True)
    (registry / "linked.pattern.yaml").symlink_to(target)
    with QEReasoningBank(encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(
            TestPattern(**(GOOD | {"id": id, "name": f"test_{number}"}))  # type: ignore[arg-type]
            for number, id in enumerate([*ids, "linked"])
        )
        assert bank.save_to_registry(registry) == len(ids) + 1
    outside = [
        file for file in tmp_path.rglob("*") if file.is_file() and registry not in file.parents
    ]
    assert outside == [target]
    assert target.read_text() == "mine"


def test_limits_can_be_raised_and_lowered(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "three.jsonl"
    lines = [json.dumps(GOOD | {"name": f"test_{number}"}) for number in range(3)]
    file.write_text("\n".join(lines))
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        with pytest.raises(InterchangeError, match=r"at most 2 patterns, got 3; .* --max-patterns"):
            bank.import_patterns(file, max_patterns=2)
        with pytest.raises(InterchangeError, match=r"at most 10 bytes, got \d+; .* --max-bytes"):
            bank.import_patterns(file, max_bytes=10)
        with pytest.raises(InterchangeError, match="at most 1000 bytes, got 1001"):
            bank.import_patterns(Path("/dev/zero"), file_format="jsonl", max_bytes=1000)
        assert bank.import_patterns(file, max_patterns=3).created == 3
