"""Promise 37: any row can be read, or deleted and found.

A row is damaged in each of its columns in turn, past what the table's own checks allow. Nothing
else in the bank suffers, ``delete`` and ``forget`` remove the row, ``aqe db check`` names it, and a
repair sets it aside or counts it again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.maintenance import check_database, repair_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AqeError,
    DatabaseCorruptError,
    PatternNotFoundError,
    PatternUsageContext,
    Provenance,
    TestPattern,
)

MALLORY = Provenance(origin="agent", agent_id="mallory", run_id="run-1")
OTHERS = {"p1", "p2", "p3"}

TEXTS = ("cast(x'ff41' as text)", "''")
DATES = (*TEXTS, "'yesterday'", "'0001-01-01T00:00:00+14:00'", "'99999-01-01T00:00:00Z'")
KINDS = (*TEXTS, "'xyz'")
LISTS = (*TEXTS, "'not json'", "'{}'", "'[1]'", "'\"x\"'")
SHARES = ("1e308", "-1.0", "9e999")
COUNTS = ("9007199254740993", "9223372036854775807", "-1")

# What breaks a column; the text of a source or an agent may be anything that is text.
PATTERNS = {
    "id": (*TEXTS, "'no id'", "'ÿ'"),
    "name": (*TEXTS, "printf('%.300c', 'x')"),
    "description": TEXTS[:1],
    "template": TEXTS[:1],
    "category": KINDS,
    "framework": KINDS,
    "language": KINDS,
    "origin": KINDS,
    "trust": KINDS,
    "examples": LISTS,
    "tags": LISTS,
    "confidence": SHARES,
    "quality": SHARES,
    "base_quality": SHARES,
    "evidence": SHARES,
    "success_count": COUNTS,
    "usage_count": COUNTS,
    "version": (*COUNTS, "0"),
    "source": TEXTS[:1],
    "agent_id": (*TEXTS[:1], "printf('%.300c', 'x')"),
    "run_id": TEXTS[:1],
    "content_hash": (*TEXTS, "printf('%.64c', 'x')"),
    "signature": ("x''", "x'00'", "zeroblob(255)"),
    "created_at": DATES,
    "updated_at": DATES,
}
HISTORY = {
    "pattern_usage": {
        "agent_id": TEXTS[:1],
        "task_id": TEXTS[:1],
        "context": TEXTS[:1],
        "error_message": TEXTS[:1],
        "execution_time_ms": ("-1.0", "9e999"),
        "coverage_achieved": SHARES,
        "used_at": DATES,
    },
    "pattern_agent_counts": {
        "agent_id": TEXTS[:1],
        "content_hash": ("'x'",),
        "success_count": COUNTS,
        "usage_count": COUNTS,
    },
    "pattern_versions": {
        "snapshot": (*TEXTS, "'{}'", "'[]'", "'{\"id\": 5}'"),
        "origin": KINDS,
        "trust": KINDS,
        "agent_id": (*TEXTS[:1], "printf('%.300c', 'x')"),
        "created_at": DATES,
    },
}


class Damage(NamedTuple):
    table: str
    column: str
    value: str

    def do(self, path: Path) -> None:
        key = {
            "patterns": "id",
            "pattern_agent_counts": "(select id from patterns p where p.pattern_rowid ="
            " pattern_agent_counts.pattern_rowid)",
        }.get(self.table, "pattern_id")
        connection = apsw.Connection(str(path))
        connection.pragma("foreign_keys", False)
        connection.pragma("ignore_check_constraints", True)
        connection.execute(
            f"update {self.table} set {self.column} = {self.value} where {key} = 'bad'"
        )
        assert connection.changes() == 1
        connection.close()


def every_damage() -> Iterator[Damage]:
    for column, values in PATTERNS.items():
        yield from (Damage("patterns", column, value) for value in values)
    for table, columns in HISTORY.items():
        for column, values in columns.items():
            yield from (Damage(table, column, value) for value in values)


def make(id: str, **fields: object) -> TestPattern:
    values = {
        "id": id,
        "name": f"test_{id}",
        "category": "unit",
        "framework": "pytest",
        "language": "python",
        "description": f"adds numbers for {id}",
        "template": f"def test_it():\n    assert add('{id}', 1) == 2\n",
        "tags": ["sums", id],
    }
    return TestPattern(**(values | fields))  # type: ignore[arg-type]


def opened(path: Path) -> QEReasoningBank:
    return QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank with three sound patterns and one to damage, which has a use and a version."""
    path = tmp_path_factory.mktemp("whole") / "bank.db"
    with opened(path) as bank:
        bank.store_patterns([make(id, source=f"ok/test_{id}.py:1") for id in sorted(OTHERS)])
        bank.store_pattern(make("bad", source="bad/test_bad.py:1"), provenance=MALLORY)
        changed = make("bad", source="bad/test_bad.py:1", template="def test_it():\n    pass")
        bank.store_pattern(changed, provenance=MALLORY)
        for id in ("bad", "p1"):
            bank.record_usage(id, PatternUsageContext(success=True, agent_id="ann"))
    return path


def others_answer(path: Path, folder: Path) -> None:
    """Fails if anything but the damaged row suffers."""
    with opened(path) as bank:
        for found in (
            [pattern.id for pattern in bank.list_patterns(limit=None)],
            [pattern.id for pattern in bank.list_patterns(order="usage")],
            [match.pattern.id for match in bank.search("adds numbers", mode="text")],
            [match.pattern.id for match in bank.search("adds numbers", group=False)],
            [match.pattern.id for match in bank.search("")],
            [pattern.id for pattern in bank.search_by_tags(["sums"])],
        ):
            assert set(found) >= OTHERS
        assert {match.pattern.id for match in bank.find_similar_patterns("p1")} >= OTHERS - {"p1"}
        assert bank.get_statistics().patterns == 4
        assert bank.export_patterns(folder / "all.jsonl") >= 3
        assert bank.save_to_registry(folder / "registry") >= 3
        assert bank.store_pattern(make("p1", description="changed")).status == "updated"
        assert (
            bank.store_pattern(make("p4", template="def test_it():\n    pass")).status == "created"
        )
        assert bank.record_usage("p2", PatternUsageContext(success=True)).usage_count == 1
        with suppress(DatabaseCorruptError, PatternNotFoundError):  # it says that it is damaged
            bank.record_usage("bad", PatternUsageContext(success=True, agent_id="ann"))
        assert {pattern.id for pattern in bank.list_patterns(limit=None)} >= OTHERS
        assert bank.delete_pattern("p4")


def is_readable(path: Path) -> bool:
    """Returns whether the API reads all of the damaged row."""
    with opened(path) as bank:
        try:
            pattern = bank.get_pattern("bad")
        except DatabaseCorruptError:
            return False
        history = len(bank.get_usage("bad")), len(bank.get_version_history("bad"))
        return pattern is not None and history == (1, 1)


def copied(whole: Path, path: Path, damage: Damage) -> Path:
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    shutil.copy(whole, path)
    damage.do(path)
    return path


def left_in(path: Path) -> int:
    connection = apsw.Connection(str(path))
    tables = ("patterns", "pattern_usage", "pattern_versions")
    keys = {"patterns": "id"}
    count = sum(
        int(
            connection.execute(
                f"select count(*) from {table} where cast({keys.get(table, 'pattern_id')} as blob)"
                ' not in (select cast(value as blob) from json_each(\'["p1","p2","p3"]\'))'
            ).get
        )
        for table in tables
    )
    connection.close()
    return count


def removed(path: Path, folder: Path, way: str, id: str) -> int:
    """Removes the damaged row in one of the ways; returns how many of its rows are left."""
    with opened(path) as bank:
        if way == "delete":
            assert bank.delete_pattern(id)
        elif way == "forget":
            bank.forget(agent_id="mallory", run_id="run-1", source="bad")
        else:
            sound = folder / "sound.jsonl"
            bank.export_patterns(sound)
            lines = [json.loads(line) for line in sound.read_text().splitlines()]
            kept = [json.dumps(line) for line in lines if line["id"] in OTHERS]
            sound.write_text("\n".join(kept), encoding="utf-8")
            assert bank.import_patterns(sound, mode="replace").deleted == 1
    return left_in(path)


def check_damage(whole: Path, folder: Path, damage: Damage) -> None:
    path = copied(whole, folder / "bank.db", damage)
    readable = is_readable(path)
    problems = check_database(path).problems
    assert problems or readable, f"{damage} is not found"
    others_answer(path, folder)
    id = "bad"
    if (damage.table, damage.column) == ("patterns", "id"):
        id = {"''": "", "'no id'": "no id", "'ÿ'": "ÿ"}.get(damage.value, "\udcffA")
    for way in ("delete", "forget", "replace"):
        copied(whole, path, damage)
        left = removed(path, folder, way, id)
        if id != "bad":  # its uses and versions still name the old id: a repair sets them aside
            assert repair_database(path).after == (), (damage, way)
            left = left_in(path)
        assert left == 0, (damage, way)
        assert check_database(path).problems == (), (damage, way)
    copied(whole, path, damage)
    report = repair_database(path)
    assert report.after == (), damage
    with opened(path) as bank:
        assert {pattern.id for pattern in bank.list_patterns()} >= OTHERS


@pytest.mark.parametrize(
    "step", [pytest.param(7, id="some"), pytest.param(1, id="every", marks=pytest.mark.slow)]
)
def test_a_row_damaged_in_any_column_harms_no_other(
    step: int, whole: Path, tmp_path: Path, promise: Callable[..., None]
) -> None:
    damages = list(every_damage())[::step]
    for damage in damages:
        check_damage(whole, tmp_path, damage)
    promise(
        37,
        f"{len(damages)} damages to {len({damage[:2] for damage in damages})} columns: all others"
        " answered, found by check unless readable, deleted, forgotten, replaced and repaired",
    )


def test_commands_name_a_damaged_row_and_go_on(whole: Path, tmp_path: Path) -> None:
    path = copied(whole, tmp_path / "bank.db", Damage("patterns", "usage_count", COUNTS[0]))

    def run(*arguments: str) -> tuple[int, str]:
        command = (*arguments, "--db", str(path))
        result = CliRunner().invoke(app, [*command])
        return result.exit_code, result.output + str(result.exception or "")

    for command in ("list", "stats", "search adds", "export -", "search"):
        assert run("patterns", *command.split())[0] == 0, command
    code, output = run("patterns", "show", "bad")
    assert (code, "aqe db repair" in output) == (1, True)
    assert run("patterns", "delete", "bad", "--yes") == (0, f"deleted bad\ndatabase: {path}\n")
    assert check_database(path).problems == ()


def test_a_damaged_id_is_not_stored_over(whole: Path, tmp_path: Path) -> None:
    path = copied(whole, tmp_path / "bank.db", Damage("patterns", "tags", "'[1]'"))
    with opened(path) as bank:
        result = bank.store_pattern(make("bad"))
        assert (result.status, "aqe db repair" in result.reason) == ("rejected", True)
        assert bank.store_patterns([make("bad")], dry_run=True).results == (result,)
        with pytest.raises(AqeError, match=r"aqe db repair"):
            bank.record_usage("bad", PatternUsageContext(success=True))
        file = tmp_path / "all.json"
        file.write_text(json.dumps([{**json.loads(_line("bad")), "name": "sound again"}]))
        assert bank.import_patterns(file, mode="replace", dry_run=True).created == 1
        report = bank.import_patterns(file, mode="replace")
        assert (report.created, report.deleted) == (1, 3)
        assert [pattern.name for pattern in bank.list_patterns()] == ["sound again"]
    assert check_database(path).problems == ()


def _line(id: str) -> str:
    return json.dumps(
        {
            "id": id,
            "name": id,
            "category": "unit",
            "framework": "pytest",
            "language": "python",
            "template": "def test_it(): pass",
        }
    )
