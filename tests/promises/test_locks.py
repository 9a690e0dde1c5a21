"""Promise 17: no operation drops this process's locks on the live file.

A plain open() and close() of the file does so: POSIX locks belong to the process (sqlite.org,
"How to corrupt", 2.2), and another process would then remove the log in use.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.learning import LearningEngine
from aqe.maintenance import check_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    Database,
    PatternUsageContext,
    Task,
    TaskResult,
    TestPattern,
    back_up,
)

LOCKS = Path("/proc/locks")


def held(path: Path) -> bool:
    """Returns whether this process holds SQLite's shared lock on the file."""
    inode = str(path.stat().st_ino)
    for line in LOCKS.read_text().splitlines():
        fields = line.split()
        if fields[4] == str(os.getpid()) and fields[5].endswith(":" + inode):
            return True
    return False


def make(id: str, word: str = "locks") -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert {word}('{id}')\n",
        tags=["lock"],
    )


@pytest.mark.skipif(not LOCKS.exists(), reason="only Linux lists its locks")
def test_locks(path: Path, tmp_path: Path, promise: Callable[..., None]) -> None:
    database = Database(path)
    bank = QEReasoningBank(database, encoder=HashingEncoder(64))
    engine = LearningEngine("locker", database)
    result = TaskResult(success=True, action=AgentAction(strategy="fast"))
    file, registry = tmp_path / "out.jsonl", tmp_path / "registry"
    operations: list[Callable[[], object]] = [
        lambda: bank.store_pattern(make("a")),
        lambda: bank.store_patterns([make("b"), make("c")]),
        lambda: bank.store_pattern(make("a", "unlocks")),
        lambda: bank.get_pattern("a"),
        lambda: bank.find_pattern("locks"),
        lambda: bank.find_matching_patterns("locks"),
        lambda: bank.search("locks", mode="text"),
        lambda: bank.search_by_tags(["lock"]),
        lambda: bank.find_similar_patterns("a"),
        lambda: bank.list_patterns(),
        lambda: bank.resolve_id("a"),
        lambda: bank.record_usage("a", PatternUsageContext(success=True)),
        lambda: bank.get_usage("a"),
        lambda: bank.get_version_history("a"),
        lambda: bank.restore_version("a", 1),
        lambda: bank.get_statistics(),
        lambda: bank.get_performance_metrics(),
        lambda: bank.get_cache_statistics(),
        lambda: bank.export_patterns(file),
        lambda: bank.import_patterns(file),
        lambda: bank.import_patterns(file, dry_run=True),
        lambda: bank.save_to_registry(registry),
        lambda: bank.load_from_registry(registry),
        lambda: bank.reindex(),
        lambda: engine.learn_from_execution(Task(id="t", type="unit", description="d"), result),
        lambda: engine.get_analytics(),
        lambda: engine.get_patterns(),
        lambda: database.content_version(),
        lambda: Database(path).close(),
        lambda: back_up(path, tmp_path / "copy.db"),
        lambda: check_database(path),
        lambda: bank.delete_pattern("c"),
    ]
    bank.initialize()
    assert held(path)
    for number, operation in enumerate(operations):
        operation()
        assert held(path), f"operation {number} dropped the locks"
    path.open("rb").close()
    dropped = not held(path)
    database.close()
    promise(
        17,
        f"lock held after each of {len(operations)} operations; the test sees a drop: {dropped}",
    )
    assert dropped, "the test could not have seen it"
