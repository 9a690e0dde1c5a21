"""Promise 22: an agent that stores poison does not reach the answers of others."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    Database,
    PatternUsageContext,
    Provenance,
    Task,
    TaskResult,
    TestPattern,
)

SEED = 20260928
TOPICS = [
    f"{verb} {noun}"
    for verb in ("parse", "store", "validate", "retry", "render")
    for noun in ("user", "order", "invoice", "token", "report", "image", "email", "price")
] + [
    f"delete {noun}"
    for noun in "user order invoice token report image email price tag cart".split()
]
MALLORY = Provenance(origin="agent", agent_id="mallory", run_id="run-1")


def make(id: str, text: str, **fields: object) -> TestPattern:
    values = {
        "id": id,
        "name": f"test_{id}",
        "category": "unit",
        "framework": "pytest",
        "language": "python",
        "description": text,
        "template": f"def test_it():\n    assert run('{text}')",
    }
    return TestPattern(**(values | fields))  # type: ignore[arg-type]


def fill(bank: QEReasoningBank, rng: random.Random) -> None:
    """Stores eight honest patterns for each topic, and 200 that match the questions better."""
    for number, topic in enumerate(TOPICS):
        bank.store_patterns(
            make(f"good{number}-{copy}", f"{topic} number {copy} {rng.random():.6f}")
            for copy in range(8)
        )
    poison = [
        make(f"evil{number}", f"{TOPICS[number % len(TOPICS)]} " * 3 + f"evilmarker {number}")
        for number in range(200)
    ]
    assert bank.store_patterns(poison, provenance=MALLORY).created == 200


def poisoned(bank: QEReasoningBank) -> int:
    """Counts poisoned patterns among the first five answers to each honest question."""
    return sum(
        match.pattern.id.startswith("evil")
        for topic in TOPICS
        for match in bank.find_matching_patterns(topic, limit=5)
    )


def test_poisoning(path: Path, sound: Callable[[Path], None], promise: Callable[..., None]) -> None:
    rng = random.Random(SEED)
    with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
        fill(bank, rng)
        before = poisoned(bank)
        for _ in range(20):  # its own uses do not count, however many there are
            bank.record_usage("evil1", PatternUsageContext(success=True, agent_id="mallory"))
        boosted = poisoned(bank)
        overwritten = bank.store_pattern(make("good1-1", "evilmarker"), provenance=MALLORY)
        for agent in ("alice", "bob"):
            assert poisoned(bank) == 0
            bank.record_usage("evil2", PatternUsageContext(success=True, agent_id=agent))
        promoted = poisoned(bank)
        changed = bank.store_pattern(make("evil2", "evilmarker other"), provenance=MALLORY)
        engine = LearningEngine("mallory", bank.database)
        result = TaskResult(success=True, action=AgentAction(strategy="fast"))
        task = Task(id="t", type="unit", description="evilmarker")
        engine.learn_from_execution(task, result)
        bank.record_usage("good0-0", PatternUsageContext(success=False, agent_id="mallory"))
    sound(path)
    assert before == boosted == 0
    assert overwritten.status == changed.status == "rejected"
    assert promoted > 0, "two other agents have confirmed it"
    output = CliRunner().invoke(
        app, ["patterns", "forget", "--agent", "mallory", "--yes", "--db", str(path), "--json"]
    )
    report = json.loads(output.stdout)
    assert len(report["patterns"]) == 200
    assert report["uses"] >= 1
    assert report["experiences"] == 1
    content = path.read_bytes()
    log = path.with_name(path.name + "-wal")
    content += log.read_bytes() if log.exists() else b""
    assert b"evilmark" not in content
    assert traces(path) == 0
    sound(path)
    promise(
        22,
        f"{before} of 200 unproven in the top 5 of {len(TOPICS)} questions, {boosted} after 20"
        " successes of their own agent; overwriting refused; forget removed"
        f" {len(report['patterns'])} of 200, no byte of their text left",
        seed=SEED,
    )


TABLES = (
    "patterns",
    "pattern_usage",
    "pattern_versions",
    "pattern_agent_counts",
    "learning_history",
    "q_values",
    "learned_patterns",
)


def traces(path: Path) -> int:
    """Counts the agent's rows; only a learner's name and switch stay after a reset."""
    with Database(path) as database, database.read() as connection:
        return sum(
            int(connection.execute(f"select count(*) from {t} where agent_id = 'mallory'").get)
            for t in TABLES
        )


def test_forget_by_source_takes_a_folder_and_no_namesake(path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(
            [
                make("a", "one", source="tests/evil/test_a.py:3"),
                make("b", "two", source="tests/evil/deep/test_b.py:3"),
                make("c", "three", source="tests/evil_not/test_c.py:3"),
                make("d", "four"),
            ]
        )
        assert bank.get_provenance("a") == Provenance(origin="extracted")
        assert bank.get_provenance("d") == Provenance()
        assert set(bank.forget(source="tests/evil", dry_run=True).patterns) == {"a", "b"}
        assert set(bank.forget(source="tests/evil").patterns) == {"a", "b"}
        assert {pattern.id for pattern in bank.list_patterns()} == {"c", "d"}
        assert bank.forget(source="tests/evil").patterns == ()


def test_what_an_agent_wrote_and_a_person_took_over_is_trusted(path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(make("x", "mine"), provenance=MALLORY)
        assert bank.store_pattern(make("x", "reviewed and better")).status == "updated"
        assert bank.get_provenance("x") == Provenance()
        report = bank.forget(agent_id="mallory")
        assert (report.patterns, report.versions) == ((), 1)
        assert bank.get_version_history("x") == []
