"""The study of other SQLite tools, as far as it needs nothing that is not installed."""

from __future__ import annotations

from pathlib import Path

from aqe.bench.studies.storage.foreign_readers import read_with_tools, write_bank


def test_the_first_reader_reads_every_view(tmp_path: Path) -> None:
    path = tmp_path / "bank.db"
    write_bank(path)
    reading = next(read_with_tools(path, tmp_path))
    assert reading.succeeded, reading.answer
    assert "45 tables and views" in reading.answer
    assert reading.answer.endswith("ok")


def test_a_tool_that_fails_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "bank.db"
    path.write_bytes(b"no database" * 100)
    reading = next(read_with_tools(path, tmp_path))
    assert not reading.succeeded
    assert "file is not a database" in reading.answer
