"""``aqe memory``: what the bank takes on disk, and the upkeep that gives room back."""

from __future__ import annotations

from typing import Annotated, Any

import apsw
import msgspec
import typer

from ..retrieval import QEReasoningBank
from ..retrieval.storage.sqlite import FileMemory, clean_up, file_memory
from .options import DatabaseOption, JsonOption, open_database
from .output import plain, print_json, stdout, table

app = typer.Typer(
    help="What the bank takes on disk and in memory, and its upkeep.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SHOWN_TABLES = 8


@app.command()
def stats(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show what lies in the database file and beside it, and what this process caches of it."""
    with open_database(db, must_exist=True) as database:
        memory = file_memory(database)
        bank = QEReasoningBank(database)
        answers, vectors = bank.get_cache_statistics(), bank.get_vector_statistics()
        if json:
            process = {
                "answers": msgspec.to_builtins(answers),
                "vectors": msgspec.to_builtins(vectors),
                "sqlite_bytes": apsw.memory_used(),
            }
            facts = msgspec.to_builtins(memory)
            print_json({"database": database.label, "file": facts, "process": process})
            return
        _print_memory(database.label, memory)
        stdout().print(
            plain(
                f"this process: {answers.entries:,} answers kept ({_mb(answers.bytes)} of"
                f" {_mb(answers.budget_bytes)}), vectors {_mb(vectors.bytes)}, SQLite"
                f" {_mb(apsw.memory_used())}"
            ),
            soft_wrap=True,
        )


@app.command()
def cleanup(
    db: DatabaseOption = None,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Also write the file anew without its free pages.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Merge the word index, empty the log, renew the file of vectors; deletes no knowledge."""
    with open_database(db, must_exist=True) as database:
        indexed = QEReasoningBank(database).update_vector_file()
        done = clean_up(database, vacuum=vacuum)
        if json:
            report: dict[str, Any] = msgspec.to_builtins(done)
            print_json({"database": database.label, "vectors_indexed": indexed, **report})
            return
        _print_memory(database.label, done.after)
        freed = _on_disk(done.before) - _on_disk(done.after)
        text = f"{_mb(freed)} given back to the disk" if freed >= 0 else f"grew by {_mb(-freed)}"
        if indexed:
            text += f"; {indexed} embeddings taken into the file of vectors"
        if done.wal_busy:
            text += "; others were reading, so the log could not be emptied: try again later"
        stdout().print(plain(text), soft_wrap=True)


def _print_memory(label: str, memory: FileMemory) -> None:
    stdout().print(plain(label), soft_wrap=True)
    lines = table("part", "size", right=("size",))
    lines.add_row("database", _mb(memory.database_bytes))
    tables = memory.tables or ()
    for one in tables[:SHOWN_TABLES]:
        lines.add_row(plain(f"  {one.name}"), _mb(one.bytes))
    if more := tables[SHOWN_TABLES:]:
        lines.add_row(f"  {len(more)} smaller tables", _mb(sum(one.bytes for one in more)))
    lines.add_row("  free pages", _mb(memory.free_bytes))
    lines.add_row("write-ahead log", _mb(memory.wal_bytes))
    lines.add_row("file of vectors, mapped", _mb(memory.vector_file_bytes))
    stdout().print(lines)
    stdout().print(plain(_vector_file_state(memory)), soft_wrap=True)


def _vector_file_state(memory: FileMemory) -> str:
    if not memory.wants_vector_file:
        return "vectors: few enough to be searched in memory"
    if memory.vector_file_vectors is None or not memory.vector_file_bytes:
        return "vectors: the file is missing, searches are slow; make it: aqe memory cleanup"
    return (
        f"vectors: {memory.vector_file_vectors:,} in the file,"
        f" {memory.vector_file_changes or 0:,} changed since"
    )


def _on_disk(memory: FileMemory) -> int:
    return memory.database_bytes + memory.wal_bytes + memory.vector_file_bytes


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
