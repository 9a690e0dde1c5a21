"""Promise 8: a repair loses only what is unreadable, and a second one changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from aqe.maintenance import check_database, repair_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import DatabaseCorruptError, PatternUsageContext, TestPattern

DERIVED = {
    "words changed": "update patterns_fts_content set c0 = 'other words' where id = 3",
    "words' index cut": "delete from patterns_fts_data where id = "
    "(select max(id) from patterns_fts_data)",
    "words emptied": "delete from patterns_fts_data",
    "words gone": "drop table patterns_fts",
    "a word row gone": "delete from patterns_fts where rowid = 7",
    "a stray word row": "insert into patterns_fts (rowid, name) values (9999, 'ghost')",
    "embeddings zeroed": "update pattern_embeddings set embedding = zeroblob(length(embedding))"
    " where pattern_rowid < 5",
    "embeddings gone": "delete from pattern_embeddings where pattern_rowid > 50",
    "tags gone": "delete from pattern_tags",
    "bands gone": "delete from pattern_bands where pattern_rowid % 2",
    "counters changed": "update patterns set usage_count = 9 where pattern_rowid = 2",
    "signatures changed": "update patterns set signature = zeroblob(256)",
}
QUERIES = [f"adds numbers to {number}" for number in range(20)]


def fill(path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(
            TestPattern(
                id=f"p{number}",
                name=f"test_adds_{number}",
                category="unit",
                framework="pytest",
                language="python",
                template=f"def test_it():\n    assert add({number}, 1) == {number + 1}\n",
                tags=[f"tag{number % 5}"],
            )
            for number in range(60)
        )
        bank.record_usage("p1", PatternUsageContext(success=True, agent_id="a"))


def answers(path: Path) -> list[list[tuple[str, float]]]:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        return [
            [(match.pattern.id, round(match.score, 6)) for match in bank.find_pattern(query)]
            for query in QUERIES
        ]


def spoil(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


def test_repair_brings_back_what_is_derived(tmp_path: Path, promise: Callable[..., None]) -> None:
    whole, path = tmp_path / "whole.db", tmp_path / "spoilt.db"
    fill(whole)
    before = answers(whole)
    for name, sql in DERIVED.items():
        path.unlink(missing_ok=True)
        shutil.copy(whole, path)
        spoil(path, sql)
        assert check_database(path).problems, name
        assert repair_database(path, dry_run=True).after, name
        report = repair_database(path)
        assert report.before, name
        assert report.after == (), name
        assert report.quarantined == (), name
        assert answers(path) == before, name
        content = path.read_bytes()
        assert repair_database(path).before == (), name
        assert path.read_bytes() == content, name
    promise(8, f"{len(DERIVED)} kinds of damage: all answers back, a second run changed nothing")


def test_repair_sets_damaged_patterns_aside(path: Path) -> None:
    fill(path)
    spoil(path, "update patterns set template = template || ' ' where id = 'p1'")
    report = repair_database(path)
    assert report.quarantined == ("p1",)
    assert report.after == ()
    connection = apsw.Connection(str(path))
    kept = connection.execute("select pattern_id, content from repair_quarantine").fetchall()
    connection.close()
    assert [row[0] for row in kept] == ["p1"]
    assert "add(1, 1) == 2" in str(kept[0][1])
    assert '"agent_id":"a"' in str(kept[0][1])  # its use is kept too


@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_repair_of_lost_pages_keeps_all_that_is_readable(
    every: int, tmp_path: Path, promise: Callable[..., None]
) -> None:
    """Each page zeroed: the file is replaced by a sound one, the damaged one is kept."""
    whole, path = tmp_path / "whole.db", tmp_path / "spoilt.db"
    fill(whole)
    data = whole.read_bytes()
    pages = repaired = refused = complete = 0
    least = 60
    for page in range(1, len(data) // 4096, every):
        for old in tmp_path.glob("spoilt.db*"):
            old.unlink()
        path.write_bytes(data[: page * 4096] + bytes(4096) + data[(page + 1) * 4096 :])
        pages += 1
        if not check_database(path).problems:  # a page that was free
            repaired, complete = repaired + 1, complete + 1
            continue
        try:
            report = repair_database(path)
        except DatabaseCorruptError as error:
            assert "list of tables" in str(error)  # noqa: PT017
            refused += 1
            continue
        if report.after == ():
            repaired += 1
            # Where the page held the encoder's name, everything was re-embedded with the default.
            with QEReasoningBank(path) as bank:
                there = bank.get_statistics().patterns
            least, complete = min(least, there), complete + (there == 60)
        if report.kept is not None:
            assert report.kept.read_bytes()[: page * 4096] == data[: page * 4096]
    promise(
        8,
        f"{repaired} of {pages} files with a zeroed page repaired, {complete} of them with all 60"
        f" patterns (fewest {least}: the root of their table); {refused} without a list of tables"
        " sent to restore",
        part="pages",
    )
    assert repaired + refused == pages


def test_repair_sets_aside_what_belonged_to_a_lost_pattern(path: Path) -> None:
    fill(path)
    spoil(path, "pragma foreign_keys = off; delete from patterns where id = 'p1'")
    report = repair_database(path)
    assert report.after == ()
    connection = apsw.Connection(str(path))
    kept = connection.execute("select pattern_id, content from repair_quarantine").fetchall()
    assert connection.execute("select count(*) from pattern_usage").get == 0
    connection.close()
    assert [row[0] for row in kept] == ["p1"]
    assert '"pattern_usage"' in str(kept[0][1])
