"""Trust is earned by uses of one content, and lost by no way of moving a pattern."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    CATEGORIES,
    InterchangeError,
    PatternUsageContext,
    Provenance,
    StoreResult,
    TestPattern,
    utc_now,
)

Make = Callable[..., TestPattern]
MALLORY = Provenance(origin="agent", agent_id="mallory", run_id="run-1")


def use(bank: QEReasoningBank, id: str, *agents: str, success: bool = True) -> None:
    for agent in agents:
        bank.record_usage(id, PatternUsageContext(success=success, agent_id=agent))


def trust_of(bank: QEReasoningBank, id: str) -> str:
    author = bank.get_provenance(id)
    assert author is not None
    return author.trust


def evidence_of(bank: QEReasoningBank, id: str) -> float:
    query = "select evidence from patterns where id = :id"
    with bank.database.read() as connection:
        return float(connection.execute(query, {"id": id}).get)


def file_of(folder: Path, *patterns: TestPattern, **changes: Any) -> Path:
    path = folder / "patterns.json"
    lines = [{**_fields(pattern), **changes} for pattern in patterns]
    path.write_text(json.dumps(lines), encoding="utf-8")
    return path


def _fields(pattern: TestPattern) -> dict[str, Any]:
    names = ("id", "name", "category", "framework", "language", "description", "template")
    fields = {name: getattr(pattern, name) for name in names}
    author = pattern.provenance
    if author is not None:
        kept = ("origin", "agent_id", "run_id", "trust")
        fields["provenance"] = {name: getattr(author, name) for name in kept}
    return fields


def imported(bank: QEReasoningBank, path: Path, **options: Any) -> StoreResult:
    """Imports a file, after a dry run that must say the same."""
    trial = bank.import_patterns(path, dry_run=True, **options)
    report = bank.import_patterns(path, **options)
    plain = [replace(result, near_duplicate_of=None) for result in report.results]
    assert (list(trial.results), trial.deleted) == (plain, report.deleted)
    return report.results[0]


# -- proof belongs to a content --------------------------------------------------------------------


def test_a_changed_content_starts_without_proof(bank: QEReasoningBank, pattern: Make) -> None:
    first = pattern(id="a")
    bank.store_pattern(first)
    use(bank, "a", "x", "y", "z")
    proven = evidence_of(bank, "a")
    bank.store_pattern(pattern(id="a", template="changed()"))
    changed = bank.get_pattern("a")
    assert changed is not None
    assert (changed.usage_count, evidence_of(bank, "a")) == (0, 0.4)
    use(bank, "a", "x", success=False)
    assert len(bank.get_usage("a")) == 4
    assert bank.store_pattern(first).status == "updated"  # A-B-A: its proof is valid again
    again = bank.get_pattern("a")
    assert again is not None
    assert (again.usage_count, again.success_rate, evidence_of(bank, "a")) == (3, 1.0, proven)
    bank.restore_version("a", 2)
    assert evidence_of(bank, "a") == 0.0
    assert bank.check() == []


def test_an_import_over_a_proven_pattern_inherits_nothing(
    bank: QEReasoningBank, pattern: Make, tmp_path: Path
) -> None:
    bank.store_pattern(pattern(id="a"))
    use(bank, "a", "x", "y", "z")
    path = file_of(tmp_path, pattern(id="a", template="evil()"))
    assert imported(bank, path).status == "updated"
    found = bank.get_pattern("a")
    assert found is not None
    assert (found.provenance, found.usage_count) == (Provenance(origin="imported"), 0)
    assert evidence_of(bank, "a") == 0.4
    bank.restore_version("a", 1)
    assert bank.get_provenance("a") == Provenance()
    assert evidence_of(bank, "a") > 0.7


def test_claimed_numbers_are_no_uses(bank: QEReasoningBank, pattern: Make, tmp_path: Path) -> None:
    claims = {"usage_count": 2**53, "success_rate": 1.0, "quality": 1.0, "version": 999}
    path = file_of(tmp_path, pattern(id="a"), **claims, updated_at="2999-01-01T00:00:00Z")
    assert imported(bank, path).status == "created"
    bank.store_pattern(replace(pattern(id="b"), usage_count=10**9, success_rate=1.0))
    bank.store_pattern(pattern(id="c", usage_count=10**9, success_rate=1.0), provenance=MALLORY)
    for id in "abc":
        found = bank.get_pattern(id)
        assert found is not None
        assert (found.usage_count, found.success_rate, found.quality < 0.9) == (0, None, True)
        assert found.updated_at <= utc_now()
        use(bank, id, "x")
    assert [pattern.usage_count for pattern in bank.list_patterns(order="usage")] == [1, 1, 1]
    assert bank.get_statistics().uses == 3
    reasons = [reason for match in bank.search("login") for reason in match.reasons]
    assert reasons.count("worked 1 of 1 times") == 3
    assert bank.check() == []


def test_uses_do_not_raise_the_quality_of_an_unproven_pattern(
    bank: QEReasoningBank, pattern: Make
) -> None:
    bank.store_pattern(pattern(id="evil"), provenance=MALLORY)
    before = bank.get_pattern("evil")
    use(bank, "evil", *["mallory"] * 9)
    after = bank.get_pattern("evil")
    assert before is not None
    assert after is not None
    assert (after.quality, after.usage_count) == (before.quality, 9)


# -- agents ----------------------------------------------------------------------------------------


def test_spellings_of_one_name_do_not_confirm_each_other(
    bank: QEReasoningBank, pattern: Make
) -> None:
    bank.store_pattern(pattern(id="evil"), provenance=MALLORY)
    use(bank, "evil", "Mallory", "mallory ", "mal\u200blory", "ann", "ANN", " ann\u00a0", "", " ")
    assert trust_of(bank, "evil") == "unproven"
    use(bank, "evil", "bob")
    assert trust_of(bank, "evil") == "trusted"


def test_forget_takes_back_the_proof_of_an_agent(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern(id="evil"), provenance=MALLORY)
    use(bank, "evil", "ann", "Bob")
    bank.store_pattern(pattern(id="ok"))
    use(bank, "ok", "bob")
    trial = bank.forget(agent_id="BOB ", dry_run=True)
    report = bank.forget(agent_id="BOB ")
    assert report == trial
    assert (report.patterns, report.uses) == ((), 2)
    assert trust_of(bank, "evil") == "unproven"
    assert bank.check() == []


def test_an_agent_owns_its_patterns_in_every_spelling(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern(id="a"), provenance=MALLORY)
    again = replace(MALLORY, agent_id="MALLORY")
    assert bank.store_pattern(pattern(id="a", template="x()"), provenance=again).status == "updated"
    other = replace(MALLORY, agent_id="ann")
    assert (
        bank.store_pattern(pattern(id="a", template="y()"), provenance=other).status == "rejected"
    )


def test_an_agent_does_not_move_what_others_wrote(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern(id="a", source="tests/a.py:1"))
    moved = pattern(id="a", source="evil.py:1")
    assert bank.store_pattern(moved, provenance=MALLORY).status == "unchanged"
    kept = bank.get_pattern("a")
    assert kept is not None
    assert kept.source == "tests/a.py:1"
    bank.store_pattern(moved)
    found = bank.get_pattern("a")
    assert found is not None
    assert found.source == "evil.py:1"


def test_the_limit_of_unproven_patterns_holds_for_imports_and_dry_runs(
    bank: QEReasoningBank, pattern: Make, tmp_path: Path
) -> None:
    many = [pattern(f"test_{number}", id=f"p{number}") for number in range(501)]
    trial = bank.store_patterns(many, provenance=MALLORY, dry_run=True)
    assert (trial.created, trial.rejected) == (500, 1)
    assert bank.store_patterns(many[:500], provenance=MALLORY).created == 500
    claimed = replace(many[500], provenance=replace(MALLORY, agent_id="Mallory"))
    result = imported(bank, file_of(tmp_path, claimed))
    assert (result.status, "fewer than 500" in result.reason) == ("rejected", True)
    nobody = replace(many[500], provenance=Provenance(trust="unproven"))
    assert imported(bank, file_of(tmp_path, nobody)).status == "created"


# -- trust travels ---------------------------------------------------------------------------------


def test_an_unproven_import_replaces_nothing_that_is_trusted(
    bank: QEReasoningBank, pattern: Make, tmp_path: Path
) -> None:
    bank.store_pattern(pattern(id="a"))
    evil = replace(pattern(id="a", template="evil()"), provenance=MALLORY)
    result = imported(bank, file_of(tmp_path, evil))
    assert (result.status, "--replace" in result.reason) == ("rejected", True)
    assert bank.store_pattern(evil).status == "rejected"
    assert imported(bank, file_of(tmp_path, evil), mode="replace").status == "updated"
    expected = replace(MALLORY, origin="imported")
    assert bank.get_provenance("a") == expected
    changed = replace(evil, template="other()")
    assert imported(bank, file_of(tmp_path, changed)).status == "updated"  # its author's own


def test_what_a_file_claims_never_raises_the_origin(
    bank: QEReasoningBank, pattern: Make, tmp_path: Path
) -> None:
    for origin in ("built-in", "human", "extracted", "imported"):
        claim = Provenance(origin=origin, agent_id="ann", run_id="r", trust="trusted")
        path = file_of(tmp_path, replace(pattern(id=origin), provenance=claim))
        assert imported(bank, path).status == "created"
        assert bank.get_provenance(origin) == replace(claim, origin="imported")


def test_a_stored_copy_keeps_its_author_and_is_never_more_trusted(
    bank: QEReasoningBank, pattern: Make
) -> None:
    bank.store_pattern(pattern(id="evil"), provenance=MALLORY)
    use(bank, "evil", "ann", "bob")
    proven = bank.get_pattern("evil")
    assert proven is not None
    assert proven.provenance == replace(MALLORY, trust="trusted")
    copy = replace(proven, id="copy")
    for author in (None, Provenance(), Provenance(origin="built-in")):
        bank.store_pattern(copy, provenance=author)
        assert bank.get_provenance("copy") == MALLORY
        bank.delete_pattern("copy")
    bank.store_pattern(replace(copy, provenance=None))  # a person vouches for it
    assert bank.get_provenance("copy") == Provenance()


def test_restored_versions_keep_author_and_trust(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern(id="a", template="evil()"), provenance=MALLORY)
    bank.store_pattern(pattern(id="a", template="reviewed()"))
    (version,) = bank.get_version_history("a")
    assert version.pattern.provenance == MALLORY
    assert bank.restore_version("a", 1).status == "updated"
    assert bank.get_provenance("a") == MALLORY
    assert bank.restore_version("a", 2).status == "updated"
    assert bank.get_provenance("a") == Provenance()


def test_a_merge_of_the_same_rows_changes_no_trust(
    bank: QEReasoningBank, pattern: Make, tmp_path: Path
) -> None:
    bank.store_pattern(pattern(id="a"))
    bank.store_pattern(pattern(id="b"), provenance=MALLORY)
    bank.store_pattern(pattern(id="c", template="c()"), provenance=MALLORY)
    use(bank, "c", "ann", "bob")
    before = {found.id: found.provenance for found in bank.list_patterns()}
    bank.export_patterns(tmp_path / "all.yaml")
    assert bank.import_patterns(tmp_path / "all.yaml").unchanged == 3
    assert {found.id: found.provenance for found in bank.list_patterns()} == before


def test_every_answer_says_who_wrote_it(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern(id="a", tags=["x"]))
    bank.store_pattern(pattern(id="evil", tags=["x", "y"]), provenance=MALLORY)
    answers = (
        [match.pattern for match in bank.search("login")],
        [match.pattern for match in bank.search("")],
        [match.pattern for match in bank.search("login", mode="text")],
        bank.search_by_tags(["x", "y"]),
    )
    for found in answers:
        assert [each.provenance for each in found] == [Provenance(), MALLORY]
    assert all("unproven" in bank.search(query)[1].reasons[-1] for query in ("login", ""))
    assert [match.pattern.provenance for match in bank.find_similar_patterns("a")] == [MALLORY]
    assert bank.get_statistics().unproven == 1


# -- whatever an import accepts ------------------------------------------------------------------

ANY_NUMBER = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**9, 10**9 + 1, 1e308, -0.0]),
)
ANY_TIME = st.one_of(
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00", "0001-01-01T00:00:00Z"]
    ),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "confidence": ANY_NUMBER | st.floats(0, 1),
        "quality": ANY_NUMBER | st.floats(0, 1),
        "success_rate": ANY_NUMBER | st.floats(0, 1),
        "usage_count": ANY_NUMBER,
        "version": ANY_NUMBER | st.integers(1, 9),
        "created_at": ANY_TIME,
        "updated_at": ANY_TIME,
        "name": st.text(),
        "description": st.text(),
        "tags": st.lists(st.text(max_size=9), max_size=3),
        "source": st.none() | st.text(max_size=20),
        "category": st.sampled_from([*CATEGORIES, "other"]),
        "provenance": st.fixed_dictionaries(
            {},
            optional={
                "origin": st.sampled_from(["human", "agent", "imported", "robot"]),
                "agent_id": st.text(max_size=9),
                "run_id": st.text(max_size=9),
                "trust": st.sampled_from(["trusted", "unproven", ""]),
            },
        ),
    },
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(fields=FIELDS, suffix=st.sampled_from(["json", "jsonl", "yaml"]))
def test_whatever_an_import_accepts_can_be_read_exported_and_deleted(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any], suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    given_fields = {
        "id": "any",
        "name": "any",
        "category": "unit",
        "framework": "pytest",
        "language": "python",
        "template": "any()",
    }
    path = folder / f"any.{suffix}"
    path.write_text(json.dumps(given_fields | fields), encoding="utf-8")
    with QEReasoningBank(encoder=HashingEncoder(8)) as bank:
        try:
            result = bank.import_patterns(path).results[0]
        except InterchangeError:
            return
        if result.status == "rejected":
            return
        use(bank, "any", "x")
        found = bank.get_pattern("any")
        assert found is not None
        assert (found.usage_count, found.version) == (1, fields.get("version", 1))
        assert bank.store_pattern(replace(found, template="new()", provenance=None)).status
        bank.restore_version("any", found.version)
        assert [each.id for each in bank.list_patterns()] == ["any"]
        assert bank.check() == []
        assert bank.export_patterns(folder / "out.json") == 1
        assert bank.import_patterns(folder / "out.json", mode="replace").unchanged == 1
        assert bank.delete_pattern("any")
        assert bank.check() == []
