"""Shows disk and memory use and frees disk space: ``aqe memory``."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from ...retrieval import QEReasoningBank
from ...retrieval.storage.sqlite.disk_usage import DiskUsage, clean_up, measure_disk_usage
from ..options import DatabaseOption, JsonOption, open_database
from ..output import counted, plain, print_json, stdout, table
from ..shell.command_class import command_app

app = command_app(
    "Show disk and memory use, and free disk space.\n\nExamples:\n    aqe memory stats"
)

MAX_SHOWN = 8


@app.command()
def stats(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show the size of the database, its tables and side files, and of this process's caches.

    Examples:
        aqe memory stats
    """
    with open_database(db) as database:
        usage = measure_disk_usage(database)
        bank = QEReasoningBank(database)
        answers, vectors = bank.get_cache_statistics(), bank.get_vector_statistics()
        if json:
            process = {
                "answers": msgspec.to_builtins(answers),
                "vectors": msgspec.to_builtins(vectors),
                "sqlite_bytes": database.sqlite_memory_bytes(),
            }
            facts = msgspec.to_builtins(usage)
            print_json({"database": database.label, "file": facts, "process": process})
            return
        _print_usage(database.label, usage)
        stdout().print(
            plain(
                f"process: {counted(answers.entries, 'answer')} cached ({_mb(answers.bytes)} of"
                f" {_mb(answers.budget_bytes)}), vectors {_mb(vectors.bytes)}, SQLite"
                f" {_mb(database.sqlite_memory_bytes())}"
            ),
            soft_wrap=True,
        )


@app.command()
def cleanup(
    db: DatabaseOption = None,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Also rewrite the file without its free pages.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Merge the full-text index, empty the WAL, update the vector file; no pattern is deleted.

    Examples:
        aqe memory cleanup --vacuum
    """
    with open_database(db) as database:
        indexed = QEReasoningBank(database).update_vector_file()
        done = clean_up(database, vacuum=vacuum)
        if json:
            report: dict[str, Any] = msgspec.to_builtins(done)
            print_json({"database": database.label, "vectors_indexed": indexed, **report})
            return
        _print_usage(database.label, done.after)
        freed = _on_disk(done.before) - _on_disk(done.after)
        text = f"freed {_mb(freed)}" if freed >= 0 else f"grew by {_mb(-freed)}"
        if indexed:
            text += f"; {counted(indexed, 'embedding')} written to the vector file"
        if done.wal_busy:
            text += "; the WAL could not be emptied because others were reading: try again later"
        stdout().print(plain(text), soft_wrap=True)


def _print_usage(label: str, usage: DiskUsage) -> None:
    stdout().print(plain(label), soft_wrap=True)
    lines = table("part", "size", right=("size",))
    lines.add_row("database", _mb(usage.database_bytes))
    tables = usage.tables or ()
    for table_size in tables[:MAX_SHOWN]:
        lines.add_row(plain(f"  {table_size.name}"), _mb(table_size.bytes))
    if rest := tables[MAX_SHOWN:]:
        lines.add_row(
            f"  {counted(len(rest), 'smaller table')}", _mb(sum(size.bytes for size in rest))
        )
    lines.add_row("  free pages", _mb(usage.free_bytes))
    lines.add_row("write-ahead log", _mb(usage.wal_bytes))
    lines.add_row("vector file", _mb(usage.vector_file_bytes))
    stdout().print(lines)
    stdout().print(plain(_vector_file_state(usage)), soft_wrap=True)


def _vector_file_state(usage: DiskUsage) -> str:
    if not usage.wants_vector_file:
        return "vectors: few enough to search in memory"
    if usage.vector_file_vectors is None or not usage.vector_file_bytes:
        return (
            "vectors: the vector file is missing and searches are slow; create it with:"
            " aqe memory cleanup"
        )
    return (
        f"vectors: {usage.vector_file_vectors:,} in the vector file,"
        f" {usage.vector_file_changes or 0:,} changed since"
    )


def _on_disk(usage: DiskUsage) -> int:
    return usage.database_bytes + usage.wal_bytes + usage.vector_file_bytes


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
