"""Tests ``aqe memory``: shows disk use, frees space, keeps every pattern."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.cli import main as main_module
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.sqlite.disk_usage import clean_up, measure_disk_usage
from aqe.schema import Database, TestPattern


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "aqe.db"
    with QEReasoningBank(path, encoder=HashingEncoder()) as bank:
        bank.store_patterns(
            TestPattern(
                name=f"pattern {number}",
                description="d " * 500,
                category="unit",
                framework="pytest",
                language="python",
            )
            for number in range(120)
        )
        for _ in range(60):
            bank.delete_pattern(bank.list_patterns(limit=1)[0].id)
    return path


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["aqe", "memory", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    return int(ended.value.code or 0), capsys.readouterr().out


def test_stats_counts_tables_and_caches(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(monkeypatch, capsys, "stats", "--db", path, "--json")
    report: Any = json.loads(out)
    assert code == 0
    assert report["file"]["database_bytes"] == path.stat().st_size
    assert {"patterns", "patterns_fts", "pattern_embeddings"} <= {
        table["name"] for table in report["file"]["tables"]
    }
    assert sum(table["bytes"] for table in report["file"]["tables"]) <= path.stat().st_size
    assert report["process"]["answers"]["entries"] == 0
    assert report["process"]["sqlite_bytes"] > 0
    code, out = run(monkeypatch, capsys, "stats", "--db", path)
    assert code == 0
    assert "patterns_fts" in out
    assert "few enough to search in memory" in out


@pytest.mark.parametrize("columns", ["80", "120"])
def test_stats_lists_all_of_the_file_and_fits_the_terminal(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: Callable[[int], None],
    columns: str,
) -> None:
    terminal(int(columns))
    lines = run(monkeypatch, capsys, "stats", "--db", path)[1].splitlines()
    assert max(map(len, lines[1:])) <= 80, lines  # the first is the path
    sizes = {
        line.rsplit(None, 2)[0].rstrip(): float(line.rsplit(None, 2)[1])
        for line in lines
        if line.endswith("MB ") and "process" not in line
    }
    inside = sum(size for name, size in sizes.items() if name.startswith("   "))
    whole = sizes[" database"]
    # Each of some ten lines is rounded to 0.1 MB.
    assert inside == pytest.approx(whole, abs=0.05 * len(sizes) + 0.05), sizes
    assert {" write-ahead log", " vector file", "   free pages"} < set(sizes)


def test_stats_of_a_bank_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, capsys, "stats", "--db", tmp_path / "no.db")[0] == 1


def test_cleanup_gives_room_back_and_keeps_every_pattern(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = path.stat().st_size
    code, out = run(monkeypatch, capsys, "cleanup", "--vacuum", "--db", path, "--json")
    report = json.loads(out)
    assert code == 0
    assert path.stat().st_size < before
    assert report["after"]["free_bytes"] == 0
    assert report["after"]["wal_bytes"] == 0
    with QEReasoningBank(path, encoder=HashingEncoder()) as bank:
        assert bank.get_statistics().patterns == 60
        assert len(bank.search("pattern", limit=100)) == 60
    code, out = run(monkeypatch, capsys, "cleanup", "--db", path)
    assert code == 0
    assert "freed" in out or "grew" in out


# More than this many embeddings are kept in a vector file.
LARGE = 20_001
COPIES = f"""
create temp table numbers as
  with recursive counted (n) as (values (2) union all select n + 1 from counted where n < {LARGE})
  select n from counted;
insert into patterns (pattern_rowid, id, name, description, category, framework, language, template,
    examples, tags, confidence, quality, base_quality, evidence, content_hash, signature,
    created_at, updated_at)
  select n, 'copy' || n, name, description, category, framework, language, template, examples, tags,
    confidence, quality, base_quality, evidence, content_hash, signature, created_at, updated_at
  from patterns, numbers where pattern_rowid = 1;
insert into pattern_embeddings (pattern_rowid, encoder_rowid, embedding, text_hash)
  select n, encoder_rowid, embedding, text_hash
  from pattern_embeddings, numbers where pattern_rowid = 1;
"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Returns a bank with copies of one pattern, too large to be searched in memory."""
    path = tmp_path / "large.db"
    with QEReasoningBank(path, encoder=HashingEncoder(8)) as bank:
        bank.store_pattern(
            TestPattern(
                name="only", template="x", category="unit", framework="pytest", language="python"
            )
        )
    connection = apsw.Connection(str(path))
    connection.execute("begin; " + COPIES + "; commit")
    connection.close()
    return path


def test_cleanup_creates_a_missing_vector_file(
    large: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "the vector file is missing" in run(monkeypatch, capsys, "stats", "--db", large)[1]
    out = run(monkeypatch, capsys, "cleanup", "--db", large)[1]
    assert f"{LARGE:,} embeddings written to the vector file" in out
    assert f"{LARGE:,} in the vector file, 0 changed" in out


def test_cleanup_says_when_the_log_is_in_use(path: Path) -> None:
    with Database(path) as database, Database(path) as other, other.read() as reader:
        reader.execute("select count(*) from patterns").get  # noqa: B018
        database.connection().set_busy_timeout(10)
        with database.write() as connection:
            connection.execute("insert into bank_facts (key, value) values ('written', 'now')")
        assert clean_up(database).wal_busy


def test_file_memory_of_a_database_in_memory() -> None:
    memory = measure_disk_usage(Database(None))
    assert memory.wal_bytes == memory.vector_file_bytes == 0
    assert memory.database_bytes > 0
