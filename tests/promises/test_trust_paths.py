"""Promise 36: trust is earned and travels; no way of moving a pattern gives it any.

Unproven patterns, proven ones and files with every kind of claim go through each way that a pattern
can take. What arrives is no more trusted than what left, without evidence, behind trusted patterns,
and still found by ``forget``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, Provenance, TestPattern

SEED = 20261125
MALLORY = Provenance(origin="agent", agent_id="mallory", run_id="run-1")
# Counters, ratings and dates that a file may claim, and how it may spell the author.
CLAIMS: tuple[dict[str, Any], ...] = (
    {},
    {"usage_count": 10**6, "success_rate": 1.0},
    {"usage_count": 2**53, "success_rate": 1.0, "quality": 1.0, "confidence": 1.0},
    {"created_at": "2999-01-01T00:00:00Z", "updated_at": "2999-01-01T00:00:00Z", "version": 999},
)
AUTHORS: tuple[dict[str, str], ...] = (
    {},
    {"origin": "human"},
    {"origin": "built-in"},
    {"origin": "extracted"},
    {"origin": "imported", "agent_id": " MALLORY\u200b"},
)
Open = Callable[[str], QEReasoningBank]
Way = Callable[[QEReasoningBank, Open, Path], QEReasoningBank]


def make(number: int, *, evil: bool) -> TestPattern:
    marker = "# evilmarker\n    " if evil else ""
    code = f"def test_topic_{number}():\n    {marker}assert topic({number}) == {number * 7}\n"
    return TestPattern(
        id=f"{'evil' if evil else 'good'}{number}",
        name=f"test_topic_{number}",
        category="unit",
        framework="pytest",
        language="python",
        description=f"checks topic {number}",
        template=code,
        tags=["topic"],
        source=f"tests/test_{number}.py:1" if number % 2 else None,
    )


def fill(bank: QEReasoningBank, count: int) -> None:
    """Stores trusted patterns, and as many unproven ones that match the same questions."""
    bank.store_patterns(make(number, evil=False) for number in range(count))
    bank.store_patterns((make(number, evil=True) for number in range(count)), provenance=MALLORY)
    for number in range(0, count, 4):  # its own uses, under every name
        for agent in ("mallory", "Mallory", "mallory "):
            bank.record_usage(f"evil{number}", PatternUsageContext(success=True, agent_id=agent))


def by_file(suffix: str, mode: Any = "merge") -> Way:
    def way(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
        file = folder / f"all.{suffix}"
        bank.export_patterns(file)
        target = opened("target")
        trial = target.import_patterns(file, mode=mode, dry_run=True)
        report = target.import_patterns(file, mode=mode)
        assert (trial.created, trial.rejected) == (report.created, report.rejected)
        return target

    return way


def by_registry(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    bank.save_to_registry(folder / "registry")
    target = opened("target")
    target.load_from_registry(folder / "registry")
    return target


def by_two_hops(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    bank.export_patterns(folder / "one.jsonl")
    between = opened("between")
    between.import_patterns(folder / "one.jsonl")
    between.save_to_registry(folder / "two")
    target = opened("target")
    target.load_from_registry(folder / "two")
    between.close()
    return target


def by_copy(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    target = opened("target")
    target.store_patterns(bank.list_patterns(limit=None), provenance=Provenance(origin="built-in"))
    return target


def by_stream(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    target = opened("target")
    for _ in target.store_stream([bank.list_patterns(limit=None)]):
        pass
    return target


def by_command(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    file = folder / "all.json"
    bank.export_patterns(file)
    target = opened("target")
    target.delete_pattern(target.store_pattern(make(0, evil=False)).id)  # adopts the encoder
    command = ["patterns", "store", str(file), "--db", target.backend.label]
    assert CliRunner().invoke(app, command).exit_code == 0
    return target


def by_version(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    evil = [pattern for pattern in bank.list_patterns(limit=None) if pattern.id.startswith("evil")]
    for pattern in evil:
        changed = replace(pattern, description="other", provenance=None)
        assert bank.store_pattern(changed, provenance=MALLORY).status == "updated"
        assert bank.restore_version(pattern.id, pattern.version).status == "updated"
    return bank


def by_reviewed_version(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    evil = [pattern for pattern in bank.list_patterns(limit=None) if pattern.id.startswith("evil")]
    for pattern in evil:
        assert bank.store_pattern(replace(pattern, template="ok()", provenance=None)).status
        assert bank.restore_version(pattern.id, pattern.version).status == "updated"
    return bank


def by_same_bank(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    bank.export_patterns(folder / "same.jsonl")
    assert bank.import_patterns(folder / "same.jsonl").updated == 0
    return bank


def by_claims(claim: int) -> Way:
    def way(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
        file = folder / "claims.jsonl"
        bank.export_patterns(file)
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for line in lines:
            if line["id"].startswith("evil"):
                line.update(CLAIMS[claim % len(CLAIMS)])
                line["provenance"].update(AUTHORS[claim % len(AUTHORS)])
        file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        target = opened("target")
        target.import_patterns(file)
        return target

    return way


def over_trusted(bank: QEReasoningBank, opened: Open, folder: Path) -> QEReasoningBank:
    """Imports the unproven patterns over trusted ones that have their ids."""
    bank.export_patterns(folder / "over.json")
    target = opened("target")
    evil = [pattern for pattern in bank.list_patterns(limit=None) if pattern.id.startswith("evil")]
    reviewed = [replace(pattern, template="reviewed()", provenance=None) for pattern in evil]
    target.store_patterns(reviewed)
    report = target.import_patterns(folder / "over.json")
    assert report.rejected == len(evil)
    for pattern in evil:
        kept = target.get_pattern(pattern.id)
        assert kept is not None
        assert kept.template == "reviewed()"
    target.import_patterns(folder / "over.json", mode="replace")
    return target


WAYS: dict[str, Way] = {
    **{suffix: by_file(suffix) for suffix in ("json", "jsonl", "yaml")},
    "replace": by_file("jsonl", "replace"),
    "registry": by_registry,
    "two hops": by_two_hops,
    "copy": by_copy,
    "stream": by_stream,
    "store": by_command,
    "version": by_version,
    "reviewed version": by_reviewed_version,
    "same bank": by_same_bank,
    "over trusted": over_trusted,
    **{f"claims {number}": by_claims(number) for number in range(len(CLAIMS) * len(AUTHORS))},
}


def gained(bank: QEReasoningBank, count: int) -> int:
    """Returns how many unproven patterns have gained trust, evidence, a use or a rank."""
    found = 0
    evil = [pattern for pattern in bank.list_patterns(limit=None) if pattern.id.startswith("evil")]
    assert len(evil) == count
    with bank.database.read() as connection:
        evidence = dict(connection.execute("select id, evidence from patterns"))
    for pattern in evil:
        author = pattern.provenance
        assert author is not None
        uses = 3 if len(bank.get_usage(pattern.id)) == 3 else 0  # only where they were recorded
        found += author.trust != "unproven" or evidence[pattern.id] != 0
        found += pattern.usage_count > uses or author.origin not in ("agent", "imported")
        assert author.agent_id.strip(" \u200b").casefold() == "mallory"
        assert author.run_id == "run-1"
    for query in ("", *(f"checks topic {number}" for number in range(0, count, 8))):
        matches = bank.search(query, limit=2 * count, group=False)
        kinds = [match.pattern.id.startswith("evil") for match in matches]
        found += kinds != sorted(kinds)
    return found


@pytest.mark.parametrize("count", [16, pytest.param(300, marks=pytest.mark.slow)])
def test_no_way_gives_trust(count: int, tmp_path: Path, promise: Callable[..., None]) -> None:
    failed = {}
    for number, (name, way) in enumerate(WAYS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()

        def opened(stem: str, folder: Path = folder) -> QEReasoningBank:
            path = folder / f"{stem}.db"
            return QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal")

        with opened("origin") as bank:
            fill(bank, count)
            arrived = way(bank, opened, folder)
            failed[name] = gained(arrived, count)
            assert arrived.check() == []
            assert len(arrived.forget(agent_id="Mallory").patterns) == count, name
            assert arrived.forget(run_id="run-1").patterns == ()
            arrived.close()
    assert failed == dict.fromkeys(WAYS, 0)
    promise(
        36,
        f"{count} unproven patterns x {len(WAYS)} ways and claims: {sum(failed.values())} gained"
        " trust, evidence, uses or rank; all of them found by forget afterwards",
        seed=SEED,
    )
