"""Promise 41: nothing of a deleted text is left in the raw bytes of the file or its log."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.storage_values import Change
from aqe.schema import (
    ContextPart,
    Database,
    PatternUsageContext,
    Placeholder,
    Provenance,
    TestPattern,
)

SEED = 20261127
# Each in other texts of a pattern. The text index stores a word without the beginning that it
# shares with the word before, so the ends are searched for.
WORDS = [f"{start}ywumqo{end}" for start, end in zip("bcdfghjklm", "ptnrslvzkd", strict=True)]


def make(id: str, words: list[str], rng: random.Random, source: str) -> TestPattern:
    filler = " ".join(f"word{rng.randrange(400)}" for _ in range(rng.randrange(20, 120)))
    name, description, code, example, tag, helper, value, *_ = words
    return TestPattern(
        id=id,
        name=f"test {name} {id}",
        description=f"{filler} {description}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert {code}('{filler}')\n",
        examples=[f"assert {example}({rng.random()})"],
        tags=[tag, "common"],
        source=source,
        project="shop",
        context=[ContextPart(kind="helper", name=helper, code=f"def {helper}(): ...", origin="x")],
        placeholders=[Placeholder(name="p", value=value)],
    )


def plain(id: str, rng: random.Random) -> TestPattern:
    return make(id, [f"plain{rng.randrange(500)}" for _ in WORDS], rng, f"tests/good.py:{id[1:]}")


def fill(path: Path, rng: random.Random) -> None:
    """Stores what is to go between much else, with versions and uses, in many transactions."""
    with QEReasoningBank(path, encoder=HashingEncoder(32), durability="normal") as bank:
        bank.store_patterns(plain(f"p{number}", rng) for number in range(300))
        for number in range(6):
            bank.store_pattern(make(f"bad{number}", WORDS, rng, f"tests/bad.py:{number + 1}"))
            bank.store_pattern(plain(f"p{1000 + number}", rng))
        for number in range(6):
            changed = make(f"bad{number}", WORDS[::-1], rng, f"tests/bad.py:{number + 1}")
            bank.store_pattern(changed, change=Change(WORDS[7]), provenance=Provenance())
            bank.record_usage(
                f"bad{number}",
                PatternUsageContext(success=False, context=WORDS[8], error_message=WORDS[9]),
            )
        for size in (1, 40, 3, 80, 2):  # FTS5 keeps marks of deletions through such merges
            texts = [word for word in WORDS for _ in range(size)]
            bank.store_patterns(
                replace(
                    make(f"bad{number}", WORDS, rng, f"tests/bad.py:{number + 1}"),
                    description=" ".join(texts),
                )
                for number in range(6)
            )
        bank.store_patterns(plain(f"p{number}", rng) for number in range(2000, 2100))


def erase_free_space(path: Path) -> None:
    with Database(path) as database:
        assert database.erase_free_space()


def left(path: Path) -> set[str]:
    """Returns the words of which the last eight characters are in a file of the database."""
    data = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*")).lower()
    return {word for word in WORDS if word[-8:].encode() in data}


def command(*words: object) -> None:
    done = CliRunner().invoke(app, ["patterns", *map(str, words)])
    assert done.exit_code == 0, done.output


def delete_in_library(path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        for number in range(6):
            assert bank.delete_pattern(f"bad{number}")
    erase_free_space(path)


def delete_by_command(path: Path) -> None:
    for number in range(6):
        command("delete", f"bad{number}", "--yes", "--db", path)


def forget_by_command(path: Path) -> None:
    command("forget", "--source", "tests/bad.py", "--project", "shop", "--yes", "--db", path)


def import_by_command(path: Path) -> None:
    kept = path.with_name("kept.json")
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        patterns = [item for item in bank.list_patterns(limit=None) if item.id[0] == "p"]
    with QEReasoningBank(path.with_name("other"), encoder=HashingEncoder(32)) as other:
        other.store_patterns(patterns)
        other.export_patterns(kept)
    command("import", kept, "--replace", "--yes", "--db", path)


WAYS = {
    "delete": delete_by_command,
    "forget": forget_by_command,
    "import --replace": import_by_command,
    "library": delete_in_library,
}


@pytest.mark.parametrize("way", WAYS)
def test_no_byte_of_a_deleted_text_is_left(
    path: Path, way: str, sound: Callable[[Path], None], promise: Callable[..., None]
) -> None:
    fill(path, random.Random(SEED))
    assert left(path) == set(WORDS), "else the test could not fail"
    WAYS[way](path)
    assert left(path) == set()
    sound(path)
    promise(41, f"{len(WORDS)} words in every text of 6 patterns: 0 left", part=way, seed=SEED)


def test_a_pruned_test_leaves_no_byte(tmp_path: Path, path: Path) -> None:
    suite = tmp_path / "suite" / "test_sums.py"
    suite.parent.mkdir()
    kept = "".join(f"def test_{number}():\n    assert {number}\n\n\n" for number in range(50))
    gone = f'def test_{WORDS[0]}():\n    """About {WORDS[1]}."""\n    assert {WORDS[2]}(1)\n'
    suite.write_text(kept + gone)
    command("extract", suite.parent, "--db", path)
    assert left(path) == set(WORDS[:3])
    suite.write_text(kept)
    command("extract", suite.parent, "--prune", "--yes", "--db", path)
    assert left(path) == set()


def store_next(path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        bank.store_pattern(plain("p5000", random.Random(SEED)))
    erase_free_space(path)


def clean_up_by_command(path: Path) -> None:
    done = CliRunner().invoke(app, ["memory", "cleanup", "--vacuum", "--db", str(path)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("finish", [store_next, clean_up_by_command])
def test_words_that_a_killed_process_left_go_later(
    path: Path, finish: Callable[[Path], None]
) -> None:
    """The deletion is stored, and the text index was not rebuilt yet."""
    fill(path, random.Random(SEED))
    with Database(path) as database:
        bank = QEReasoningBank(database, encoder=HashingEncoder(32))
        for number in range(6):
            bank.delete_pattern(f"bad{number}")
    assert left(path), "else the test could not fail"
    finish(path)
    assert left(path) == set()
