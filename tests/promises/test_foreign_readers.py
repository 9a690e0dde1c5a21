"""Promise 40: any SQLite from 3.35 on reads the file, without an extension, also while aqe writes.

Python's own sqlite3 stands for all of them; older ones and other tools are tried by
``python -m aqe.bench.studies.storage.foreign_readers`` (bench/results/foreign_readers.md).
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    Database,
    PatternUsageContext,
    Task,
    TaskResult,
    TestPattern,
)

FIXTURES = Path(__file__).parent / "fixtures"


def make(number: int) -> TestPattern:
    return TestPattern(
        id=f"p{number}",
        name=f"test_adds_{number}",
        description="Adds whatever comes, quickly.",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert add({number}, 1) == {number + 1}\n",
        source=f"tests/test_sums.py:{number + 1}",
        project="shop",
    )


def fill(path: Path) -> None:
    """Writes a bank with all that wrote a format of FTS5 which SQLite before 3.42 refuses."""
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        bank.store_patterns(make(number) for number in range(40))
        bank.record_usage("p1", PatternUsageContext(success=True, agent_id="ann", task_id="t"))
        bank.store_pattern(make(3), change=None)
        bank.delete_pattern("p5")
        with LearningEngine("test-generator", bank.database) as engine:
            result = TaskResult(success=True, action=AgentAction(strategy="fast"))
            engine.learn_from_execution(Task(id="t", type="unit", description="sums"), result)


# Another SQLite in this process would drop the locks of ours (test_locks.py).
READER = """
import json, sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
def read_all():
    counts = {}
    names = "select name from sqlite_master where type in ('table', 'view')"
    for (name,) in connection.execute(names).fetchall():
        assert connection.execute(f'pragma table_xinfo("{name}")').fetchall()
        counts[name] = len(connection.execute(f'select * from "{name}"').fetchall())
    return counts
def answer(line):
    return read_all() if line == "read" else connection.execute(line).fetchall()
for line in sys.stdin:
    print(json.dumps(answer(line.strip())), flush=True)
"""


class ForeignReader:
    """Python's own sqlite3 in another process, with the file open."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", READER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, line: str) -> Any:
        """Returns the rows of a statement; for ``read``, the rows in every table and view."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def text_format(self) -> int:
        """Returns the format of the text index."""
        found = self.ask("select v from patterns_fts_config where k = 'version'")
        return int(found[0][0])

    def __enter__(self) -> ForeignReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


def test_a_foreign_sqlite_reads_every_table_and_view(
    path: Path, promise: Callable[..., None]
) -> None:
    fill(path)
    with ForeignReader(path) as reader:
        counts = reader.ask("read")
        assert counts["patterns"] == counts["v_patterns"] == counts["patterns_fts"] == 39
        assert counts["v_uses"] == counts["v_experiences"] == 1
        found = "select count(*) from patterns_fts where patterns_fts match 'adds'"
        assert reader.ask(found) == [[39]]
        assert reader.ask("pragma integrity_check") == [["ok"]]
        ((version,),) = reader.ask("select sqlite_version()")
    promise(40, f"SQLite {version}: {len(counts)} tables and views read")


def test_the_file_needs_no_sqlite_after_3_35_and_no_extension(path: Path) -> None:
    """What this SQLite could read and an older one could not."""
    fill(path)
    with ForeignReader(path) as reader:
        schema = reader.ask("select name, sql from sqlite_master where sql != ''")
        assert reader.text_format() == 4
    for name, sql in schema:
        assert not sql.lower().rstrip().endswith(("strict", "strict, without rowid")), name
        assert "->" not in sql, name  # 3.38
        assert "unixepoch" not in sql, name  # 3.38
    virtual = [sql for _, sql in schema if sql.lower().startswith("create virtual")]
    assert len(virtual) == 1
    assert "using fts5" in virtual[0]


@pytest.mark.parametrize("way", ["reindex", "repair", "forget", "import", "salvage"])
def test_no_rebuild_of_the_text_index_changes_its_format(path: Path, way: str) -> None:
    from aqe.maintenance import repair_database
    from aqe.schema.database.files.salvage import salvage_in_place

    fill(path)
    exported = path.with_name("patterns.json")
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        bank.export_patterns(exported)
        if way == "reindex":
            bank.reindex()
        elif way == "forget":
            bank.forget(source="tests/test_sums.py:7", project="shop")
        elif way == "import":
            bank.delete_pattern("p9")
            bank.import_patterns(exported, mode="replace")
        elif way == "repair":
            with bank.database.write() as connection:
                connection.execute("delete from patterns_fts where rowid = 2")
    if way == "repair":
        assert repair_database(path).after == ()
    elif way == "salvage":
        salvage_in_place(path)
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        bank.delete_pattern("p11")
    with ForeignReader(path) as reader:
        assert reader.text_format() == 4
        assert reader.ask("read")["v_patterns"]


def test_a_reader_sees_whole_states_while_aqe_writes(path: Path) -> None:
    fill(path)
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        with ForeignReader(path) as reader:
            reader.ask("begin")
            before = reader.ask("read")
            bank.store_patterns(make(number) for number in range(100, 120))
            bank.delete_pattern("p7")
            assert reader.ask("read") == before
            reader.ask("commit")
            assert reader.ask("read")["v_patterns"] == before["v_patterns"] + 19
        assert bank.check() == []


@pytest.mark.parametrize("with_vec", [True, False], ids=["sqlite-vec", "no sqlite-vec"])
@pytest.mark.parametrize("version", range(1, 8))
def test_an_upgrade_makes_an_earlier_file_readable(
    path: Path, version: int, with_vec: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(gzip.decompress((FIXTURES / f"schema-{version}.db.gz").read_bytes()))
    path.chmod(0o600)
    connection = apsw.Connection(str(path))
    connection.execute("delete from patterns_fts where rowid = 4")  # writes format 5
    assert dict(connection.execute("select k, v from patterns_fts_config"))["version"] == 5
    connection.execute(
        "insert into patterns_fts (rowid, name) select pattern_rowid, name from patterns"
        " where pattern_rowid = 4"
    )
    connection.close()
    if not with_vec:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    Database(path).close()
    with ForeignReader(path) as reader:
        assert reader.text_format() == 4
        counts = reader.ask("read")
        assert counts["v_patterns"] == counts["patterns_fts"] == 12
        assert not [name for name in counts if name.startswith("patterns_vec")]
        assert reader.ask("pragma integrity_check") == [["ok"]]


@pytest.mark.skipif(shutil.which("datasette") is None, reason="datasette is not installed")
def test_datasette_serves_the_views(path: Path) -> None:
    fill(path)
    url = f"/{path.stem}/v_patterns.json?_shape=array&_size=max"
    done = subprocess.run(
        ["datasette", "serve", str(path), "--get", url], capture_output=True, text=True, check=True
    )
    assert len(json.loads(done.stdout)) == 39


@pytest.mark.skipif(shutil.which("sqlite-utils") is None, reason="sqlite-utils is not installed")
def test_sqlite_utils_counts_every_table(path: Path) -> None:
    fill(path)
    done = subprocess.run(
        ["sqlite-utils", "tables", str(path), "--counts"],
        capture_output=True,
        text=True,
        check=True,
    )
    counts = {row["table"]: row["count"] for row in json.loads(done.stdout)}
    assert counts["patterns"] == counts["patterns_fts"] == 39
