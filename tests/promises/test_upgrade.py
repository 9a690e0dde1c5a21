"""Promise 13: an upgrade keeps everything, happens once, and a newer file is not touched.

``fixtures/schema-N.db.gz`` is a database of schema version N with 12 patterns, a use and a version,
kept as data: what a released version wrote must open for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import apsw
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.quality.success_bound import evidence_of_agents
from aqe.schema import Database, Provenance, SchemaVersionError, schema_version
from aqe.schema.database.files import file_replacement
from aqe.schema.database.migrate import known_migrations

from .line_kill import kill_at_line

SEED = 20260923
FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("schema-*.db.gz"))
NEWEST = known_migrations()[-1].version
# The code between the old version and the new one; imported before lines are counted.
UPGRADE = (
    str(Path("database", "migrate.py")),
    Path(file_replacement.__file__).parent.name + os.sep,
)


def unpack(fixture: Path, path: Path) -> None:
    path.write_bytes(gzip.decompress(fixture.read_bytes()))


def opened(path: Path, result: Path) -> None:
    with Database(path) as database:
        result.write_text(str(database.migration.before))


def everything(path: Path) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        rows = connection.execute(
            "select id, name, template, tags, usage_count, version, content_hash from patterns"
            " order by id"
        ).fetchall()
        rows += connection.execute("select pattern_id, agent_id from pattern_usage").fetchall()
        rows += connection.execute("select pattern_id, snapshot from pattern_versions").fetchall()
        return rows
    finally:
        connection.close()


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_upgrade_by_three_processes(
    rounds: int,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    assert FIXTURES
    for fixture in FIXTURES:
        for number in range(rounds):
            path = tmp_path / f"{fixture.name}-{number}.db"
            unpack(fixture, path)
            before = everything(path)
            joined([forked(opened, path, tmp_path / f"r{number}") for number in range(3)])
            connection = apsw.Connection(str(path))
            steps = connection.execute("select count(*), max(version) from schema_migrations")
            assert steps.fetchall() == [(NEWEST, NEWEST)]
            connection.close()
            assert everything(path) == before
            sound(path)
            with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
                assert bank.find_pattern("adds numbers", limit=3)
    promise(
        13,
        f"{len(FIXTURES)} fixtures x {rounds} x 3 processes: each step once, all rows there",
        part="together",
    )


def test_a_newer_file_is_refused_untouched(path: Path, promise: Callable[..., None]) -> None:
    Database(path).close()
    connection = apsw.Connection(str(path))
    connection.execute(
        "insert into schema_migrations values (:version, 'later', 'x', 'now')",
        {"version": NEWEST + 1},
    )
    connection.pragma("user_version", NEWEST + 1)
    connection.close()
    before = hashlib.sha256(path.read_bytes()).digest()
    with pytest.raises(SchemaVersionError, match=r"made by a newer aqe"):
        Database(path)
    assert hashlib.sha256(path.read_bytes()).digest() == before
    promise(13, "a file of the next version refused, not a byte changed", part="newer")


@pytest.mark.parametrize("kills", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_a_killed_upgrade_is_old_or_new(
    kills: int,
    tmp_path: Path,
    forked: Callable[..., int],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    rng = random.Random(SEED)
    versions: dict[int, int] = {}
    for number in range(kills):
        path = tmp_path / f"killed-{number}.db"
        unpack(FIXTURES[0], path)
        before = everything(path)
        child = forked(opened, path, tmp_path / "killed")
        time.sleep(rng.uniform(0.005, 0.09))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        connection = apsw.Connection(str(path))
        version = schema_version(connection)
        connection.close()
        versions[version] = versions.get(version, 0) + 1
        Database(path).close()  # continues where the killed process stopped
        assert everything(path) == before
        sound(path)
    promise(
        13,
        f"{kills} kills: left at versions "
        + ", ".join(f"{version} ({count} x)" for version, count in sorted(versions.items()))
        + "; all upgraded whole by the next opener",
        part="killed",
        seed=SEED,
    )


def is_upgrade(code: CodeType) -> bool:
    return any(part in code.co_filename for part in UPGRADE)


def opened_until(path: Path, line: int) -> None:
    kill_at_line(line, is_upgrade)
    Database(path)
    sys.settrace(None)


@pytest.mark.parametrize("every", [37, pytest.param(1, marks=pytest.mark.slow)])
def test_an_upgrade_killed_at_every_line_is_old_or_new(
    every: int,
    tmp_path: Path,
    forked: Callable[..., int],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    """From the version before the last: a copy first, then one step, then its bookkeeping."""
    counts = {"old": 0, "new": 0}
    line = every
    while True:
        path = tmp_path / str(line) / "bank.db"
        path.parent.mkdir()
        unpack(FIXTURES[-2], path)
        before = everything(path)
        child = forked(opened_until, path, line)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 0:
            break
        assert code == -signal.SIGKILL
        counts[_left(path, before)] += 1
        with Database(path) as database:
            assert schema_version(database.connection()) == NEWEST
        assert everything(path) == before
        sound(path)
        line += every
    promise(
        13,
        f"{sum(counts.values())} kills: {counts['old']} old, {counts['new']} new, copies whole",
        part="killed at lines",
    )
    assert counts["old"]
    assert every > 1 or counts["new"]


def _left(path: Path, before: list[tuple[object, ...]]) -> str:
    """Returns what a kill left; with a step applied, the copy of the old file must be there."""
    connection = apsw.Connection(str(path))
    version = schema_version(connection)
    connection.close()
    if version < int(FIXTURES[-1].name[7]):
        return "old"
    (copy,) = path.parent.glob("bank.db.v*.backup")
    assert everything(copy) == before
    assert copy.stat().st_nlink == 1
    return "new"


# What a bank of schema 5 may hold since an import could claim uses and agents were not compared.
CLAIMS = """
update pattern_agent_counts set agent_id = 'Ann ' where agent_id = 'a';
update pattern_usage set agent_id = 'Ann ' where agent_id = 'a';
insert into pattern_usage (pattern_id, agent_id, task_id, project_id, context, success, used_at)
  values ('p1', 'ann', '', '', '', 1, '2999-01-01T00:00:00+00:00'),
         ('p2', 'bob', '', '', '', 1, '2000-01-01T00:00:00+00:00');
insert into pattern_agent_counts select pattern_rowid, 'ann', 1, 1 from patterns where id = 'p1';
insert into pattern_agent_counts select pattern_rowid, 'bob', 1, 1 from patterns where id = 'p2';
insert into pattern_agent_counts
  select pattern_rowid, '(imported)', 9007199254740993, 9007199254740993 from patterns
  where id = 'p3';
update patterns set usage_count = 2, success_count = 2 where id = 'p1';
update patterns set usage_count = 1, success_count = 1, evidence = 0.5 where id = 'p2';
update patterns set usage_count = 9007199254740993, success_count = 9007199254740993,
  evidence = 0.67, version = 9007199254740993 where id = 'p3';
update patterns set origin = 'agent', agent_id = 'mallory', trust = 'unproven', evidence = 0
  where id = 'p4';
update pattern_versions set agent_id = 'mallory',
  snapshot = json_set(snapshot, '$.usage_count', 9007199254740993, '$.version', 9007199254740993);
"""


def test_an_upgrade_counts_recorded_uses_alone(
    tmp_path: Path, sound: Callable[[Path], None]
) -> None:
    path = tmp_path / "bank.db"
    unpack(Path(__file__).parent / "fixtures" / "schema-5.db.gz", path)
    connection = apsw.Connection(str(path))
    connection.execute(CLAIMS)
    connection.close()
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        patterns = {pattern.id: pattern for pattern in bank.list_patterns()}
        assert {
            id: pattern.usage_count for id, pattern in patterns.items() if pattern.usage_count
        } == {"p1": 2}
        assert patterns["p3"].version == 1_000_000_000
        assert len(bank.get_usage("p2")) == 1  # of the content before
        (version,) = bank.get_version_history("p2")
        assert version.pattern.provenance == Provenance(origin="agent", agent_id="mallory")
        assert (version.pattern.version, version.pattern.usage_count) == (1_000_000_000, 0)
        assert bank.restore_version("p2", 1).status == "updated"
        assert bank.store_pattern(patterns["p3"]).status == "unchanged"
        evidence = dict(bank.database.connection().execute("select id, evidence from patterns"))
    assert evidence["p1"] == evidence_of_agents([(2, 2)])  # by one agent
    assert (evidence["p3"], evidence["p4"]) == (0.4, 0)
    sound(path)
