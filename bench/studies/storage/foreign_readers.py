"""Reads a bank with other SQLite libraries and tools, old ones as well.

Run: ``python -m aqe.bench.studies.storage.foreign_readers --folder DIR``, with pip, npm, node and a
C compiler. It wrote ``bench/results/foreign_readers.md``.

Old versions of SQLite come from packages that contain them: the source in better-sqlite3 is
compiled and put under Python's own sqlite3, datasette and sqlite-utils; pysqlite3-binary, apsw and
sql.js are used as they are. Each table and view is read to the end, and the text index searched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ....learning import LearningEngine
from ....models import HashingEncoder
from ....retrieval import QEReasoningBank
from ....schema import AgentAction, PatternUsageContext, Task, TaskResult
from ...workload.generated_patterns import PatternGenerator

__all__ = ["Reading", "main", "read_with_tools", "write_bank"]

PATTERNS = 300
# Versions of better-sqlite3, whose sources are SQLite 3.35.2, 3.36.0, 3.37.2 and 3.38.2.
SOURCES = ("7.4.0", "7.4.5", "7.5.0", "7.5.1")
FEATURES = ("FTS5", "JSON1", "COLUMN_METADATA", "DESERIALIZE", "RTREE")
PYSQLITE = ("0.4.7.post8", "0.5.0", "0.5.4")
APSW = ("3.39.4.0", "3.42.0.1", "3.46.1.0")
SQL_JS = ("1.5.0", "1.8.0", "1.16.0")
TOOLS = ("datasette", "sqlite-utils")
DUCKDB = ("duckdb==1.5.5", "duckdb-extensions==1.5.5", "duckdb-extension-sqlite-scanner==1.5.5")

_READ = """
names = [n for n, in execute("select name from sqlite_master where type in ('table', 'view')")]
rows = sum(len(list(execute(f'select * from "{name}"'))) for name in names)
(words,), = execute("select count(*) from patterns_fts where patterns_fts match 'diora'")
(sound,), = execute("pragma integrity_check")
(version,), = execute("select sqlite_version()")
print(f"SQLite {version}: {len(names)} tables and views, {rows} rows, {words} by word, {sound}")
"""
_SQLITE3 = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
    "execute = lambda sql: connection.execute(sql).fetchall()\n" + _READ
)
_PYSQLITE = _SQLITE3.replace(
    "import sqlite3, sys", "import sys; from pysqlite3 import dbapi2 as sqlite3"
)
_APSW = (
    "import apsw, sys\n"
    "connection = apsw.Connection(sys.argv[1], flags=apsw.SQLITE_OPEN_READONLY)\n"
    "execute = lambda sql: connection.cursor().execute(sql).fetchall()\n" + _READ
)
_DUCKDB = """
import duckdb, duckdb_extensions, sys
duckdb_extensions.import_extension("sqlite_scanner")
connection = duckdb.connect()
connection.execute("load sqlite_scanner")
connection.execute(f"attach '{sys.argv[1]}' as bank (type sqlite, read_only)")
names = connection.execute("select table_name from duckdb_tables() where database_name = 'bank'"
    " union select view_name from duckdb_views() where database_name = 'bank'").fetchall()
rows = sum(len(connection.execute(f'select * from bank."{n}"').fetchall()) for n, in names)
print(f"DuckDB {duckdb.__version__}: {len(names)} tables and views, {rows} rows")
"""
# sql.js has no FTS5, and reads a copy without a log: https://sqlite.org/fileformat2.html#the_database_header
_SQL_JS = """
const fs = require('fs'), name = process.argv[1];
const wasmBinary = fs.readFileSync(require.resolve(name).replace(/[^\\/]*$/, 'sql-wasm.wasm'));
require(name)({wasmBinary}).then(SQL => {
  const bytes = fs.readFileSync(process.argv[2]);
  bytes[18] = bytes[19] = 1;
  const all = sql => new SQL.Database(bytes).exec(sql)[0]?.values ?? [];
  let rows = 0;
  const names = all("select name from sqlite_master where type in ('table', 'view')"
    + " and name != 'patterns_fts'").map(row => row[0]);
  for (const table of names) rows += all(`select * from "${table}"`).length;
  const [[sound]] = all('pragma integrity_check'), [[version]] = all('select sqlite_version()');
  const counts = `${names.length} tables and views without FTS5, ${rows} rows`;
  console.log(`SQLite ${version}: ${counts}, ${sound}`);
});
"""


class Reading(NamedTuple):
    """What a tool said of the file, or its error."""

    tool: str
    answer: str
    succeeded: bool


def write_bank(path: Path) -> None:
    """Writes a bank that has rows in every view and a deleted pattern."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(PatternGenerator(PATTERNS).patterns())
        first, second, *_ = bank.list_patterns(limit=2)
        bank.record_usage(first.id, PatternUsageContext(success=True, agent_id="ann"))
        bank.delete_pattern(second.id)
        with LearningEngine("test-generator", bank.database) as engine:
            result = TaskResult(success=True, action=AgentAction(strategy="fast"))
            engine.learn_from_execution(Task(id="t", type="unit", description="d"), result)


def read_with_tools(path: Path, folder: Path) -> Iterator[Reading]:
    """Yields what each tool says; tools are installed below ``folder``.

    Raises:
        subprocess.CalledProcessError: A tool cannot be installed.
    """
    yield _read("Python's sqlite3", [sys.executable, "-c", _SQLITE3, str(path)])
    if shell := shutil.which("sqlite3"):
        yield _read("sqlite3 shell", [shell, str(path), "select count(*) from v_patterns"])
    tools = _environment(folder / "tools", *TOOLS)
    yield from _read_with_datasette(path, tools, "", {})
    for version in SOURCES:
        library = _compiled(folder / f"source-{version}", version)
        loaded = {"LD_LIBRARY_PATH": str(library)}
        command = [str(tools / "python"), "-c", _SQLITE3, str(path)]
        yield _read(f"SQLite of better-sqlite3 {version}", command, loaded)
        if version == SOURCES[0]:
            yield from _read_with_datasette(path, tools, " on the first of these", loaded)
    yield from _read_with_packages(path, folder)


def _read_with_datasette(
    path: Path, tools: Path, what: str, variables: Mapping[str, str]
) -> Iterator[Reading]:
    url = f"/{path.stem}/v_patterns.json?_shape=array&_size=1"
    command = [str(tools / "datasette"), "serve", str(path), "--get", url]
    yield _read(f"datasette{what}", command, variables)
    command = [str(tools / "sqlite-utils"), "tables", str(path), "--counts", "--nl"]
    yield _read(f"sqlite-utils{what}", command, variables)


def _read_with_packages(path: Path, folder: Path) -> Iterator[Reading]:
    for version in PYSQLITE:
        python = _environment(folder / f"pysqlite-{version}", f"pysqlite3-binary=={version}")
        yield _read(f"pysqlite3-binary {version}", [f"{python}/python", "-c", _PYSQLITE, str(path)])
    for version in APSW:
        python = _environment(folder / f"apsw-{version}", f"apsw=={version}")
        yield _read(f"apsw {version}", [f"{python}/python", "-c", _APSW, str(path)])
    python = _environment(folder / "duckdb", *DUCKDB)
    yield _read("DuckDB", [f"{python}/python", "-c", _DUCKDB, str(path)])
    for version in SQL_JS:
        name = f"sql.js-{version}"
        _run(
            ["npm", "install", "--silent", "--prefix", str(folder), f"{name}@npm:sql.js@{version}"]
        )
        variables = {"NODE_PATH": str(folder / "node_modules")}
        yield _read(f"sql.js {version}", ["node", "-e", _SQL_JS, name, str(path)], variables)


def _read(tool: str, command: Sequence[str], variables: Mapping[str, str] | None = None) -> Reading:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **(variables or {})},
        timeout=300,
    )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    answer = lines[-1] if lines else f"exit code {done.returncode}"
    return Reading(tool, answer[:120], done.returncode == 0 and bool(lines))


def _environment(folder: Path, *packages: str) -> Path:
    """Returns the folder of commands of a virtual environment with these packages."""
    if not folder.exists():
        venv.create(folder, with_pip=True)
        _run([str(folder / "bin" / "pip"), "install", "--quiet", *packages])
    return folder / "bin"


def _compiled(folder: Path, version: str) -> Path:
    """Returns a folder with the SQLite library whose source is in a version of better-sqlite3."""
    if not (folder / "libsqlite3.so.0").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run(["npm", "pack", "--silent", f"better-sqlite3@{version}"], folder)
        for archive in (f"better-sqlite3-{version}.tgz", "package/deps/sqlite3.tar.gz"):
            if (folder / archive).exists():
                _run(["tar", "xzf", archive], folder)
        source = next(folder.rglob("sqlite3.c"))
        options = [f"-DSQLITE_ENABLE_{feature}" for feature in FEATURES]
        shared = ["-O1", "-fPIC", "-shared", "-Wl,-soname,libsqlite3.so.0"]
        libraries = ["-lpthread", "-ldl", "-lm"]
        target = ["-o", "libsqlite3.so.0", str(source)]
        _run(["cc", *shared, *options, *target, *libraries], folder)
    return folder


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a Markdown table of the readings; returns 1 if a tool could not read the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="Where to install the tools.")
    folder = parser.parse_args(arguments).folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bank.db"
    if not path.exists():
        write_bank(path)
    print("| tool | what it read |\n|---|---|")
    failed = 0
    for reading in read_with_tools(path, folder):
        answer = reading.answer.replace("|", "\\|")
        print(f"| {reading.tool} | {'' if reading.succeeded else 'FAILED: '}{answer} |", flush=True)
        failed += not reading.succeeded
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
