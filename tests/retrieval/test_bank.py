"""The bank's records: stored, versioned, used, counted, listed and deleted."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.retrieval import Change, QEReasoningBank
from aqe.retrieval.quality.success_bound import evidence_of_agents, quality_with_use
from aqe.retrieval.text.pattern_text import embedded_text
from aqe.schema import (
    CATEGORIES,
    FRAMEWORKS,
    LANGUAGES,
    Database,
    DatabaseFullError,
    DatabaseOpenError,
    PatternNotFoundError,
    PatternSearchCriteria,
    PatternUsageContext,
    TestPattern,
    stable_id,
)
from aqe.schema.records.patterns import MAX_PATTERN_BYTES

Make = Callable[..., TestPattern]
TABLES = (
    "patterns",
    "pattern_tags",
    "pattern_usage",
    "pattern_versions",
    "pattern_embeddings",
    "patterns_fts",
)


def counts(bank: QEReasoningBank) -> dict[str, int]:
    with bank.database.read() as connection:
        return {table: connection.execute(f"select count(*) from {table}").get for table in TABLES}


# -- storing -------------------------------------------------------------------------------------


def test_store_creates_then_leaves_unchanged_then_updates(
    bank: QEReasoningBank, pattern: Make, encoder: Any
) -> None:
    one = pattern(source="a.py:3", tags=["Login"])
    assert bank.store_pattern(one).status == "created"
    assert bank.store_pattern(one).status == "unchanged"
    changed = bank.store_pattern(
        pattern(source="a.py:9", template="def test(): assert login()", framework="unittest")
    )
    assert changed.status == "created"  # another framework is another pattern
    result = bank.store_pattern(pattern(source="a.py:9", template="def test(): assert login()"))
    assert (result.status, result.id, encoder.texts) == ("updated", one.id, 3)
    stored = bank.get_pattern(one.id)
    assert stored is not None
    assert (stored.version, stored.source, stored.tags) == (2, "a.py:9", ())
    assert stored.created_at == one.created_at
    assert stored.updated_at > one.updated_at


def test_stored_pattern_is_returned_equal(bank: QEReasoningBank, pattern: Make) -> None:
    one = pattern(
        "Ünïcode \U0001f600 test",
        description="a\nb",
        examples=["x = 1\0", "y"],
        tags=["B", "a"],
        confidence=0.25,
        source="x.py:1",
        version=3,
    )
    bank.store_pattern(one)
    stored = bank.get_pattern(one.id)
    assert stored is not None
    for name in ("name", "description", "template", "examples", "tags", "confidence", "source"):
        assert getattr(stored, name) == getattr(one, name), name
    assert (stored.version, stored.created_at) == (3, one.created_at)
    assert stored.quality > 0


def test_a_move_is_noted_without_a_new_version(bank: QEReasoningBank, pattern: Make) -> None:
    one = pattern(id="a", source="x.py:1")
    bank.store_pattern(one)
    assert bank.store_pattern(pattern(id="a", source="y.py:20")).status == "unchanged"
    assert bank.store_pattern(pattern(id="a")).status == "unchanged"
    stored = bank.get_pattern("a")
    assert stored is not None
    assert (stored.source, stored.version) == ("y.py:20", 1)
    assert bank.get_version_history("a") == []


def test_order_of_tags_is_no_change(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern(tags=["a", "b"]))
    assert bank.store_pattern(pattern(tags=["b", "a"])).status == "unchanged"


def test_only_new_texts_are_embedded_in_batches(
    bank: QEReasoningBank, pattern: Make, encoder: Any
) -> None:
    done: list[int] = []
    many = [pattern(f"test number {n}", template=f"n = {n}") for n in range(600)]
    report = bank.store_patterns(many, progress=done.append)
    assert (report.created, len(report.results)) == (600, 600)
    assert encoder.batches == [256, 256, 88]
    assert sum(done) == 600
    done.clear()
    assert bank.store_patterns([*many, pattern("one more")], progress=done.append).created == 1
    assert (encoder.batches[3:], sum(done)) == ([1], 601)


def test_two_templates_of_one_name_are_two_patterns(bank: QEReasoningBank, pattern: Make) -> None:
    first, second = pattern("a", template="first()"), pattern("a", template="second()")
    report = bank.store_patterns([first, second, first])
    assert [result.status for result in report.results] == ["created", "created", "unchanged"]
    assert {each.template for each in bank.list_patterns()} == {"first()", "second()"}
    assert bank.store_pattern(replace(first, description="of the first")).status == "updated"
    extracted = pattern("b", source="tests/b.py:1")
    bank.store_pattern(extracted)
    again = pattern("b", source="tests/b.py:9", template="changed()")
    assert bank.store_pattern(again).status == "updated"


def test_a_pattern_of_an_earlier_version_keeps_its_id(bank: QEReasoningBank, pattern: Make) -> None:
    earlier = stable_id("python", "pytest", "", "a")
    bank.store_pattern(pattern("a", id=earlier, template="first()"))
    same = bank.store_pattern(pattern("a", template="first()"))
    assert (same.status, same.id) == ("unchanged", earlier)
    changed = pattern("a", template="first()", tags=["new"])
    assert bank.store_patterns([changed], dry_run=True).results[0].id == earlier
    assert (bank.store_pattern(changed).status, bank.get_statistics().patterns) == ("updated", 1)
    other = bank.store_pattern(pattern("a", template="second()"))
    assert (other.status, bank.get_statistics().patterns) == ("created", 2)
    assert other.id != earlier


def test_a_change_of_tags_alone_is_not_embedded_again(
    bank: QEReasoningBank, pattern: Make, encoder: Any
) -> None:
    bank.store_pattern(pattern())
    assert bank.store_pattern(pattern(tags=["new"], category="e2e")).status == "updated"
    assert encoder.texts == 1
    e2e = PatternSearchCriteria(category="e2e")
    with QEReasoningBank(bank.database, encoder=encoder) as fresh:  # its first search scans
        assert len(fresh.search("login", criteria=e2e, mode="vector")) == 1


def test_rejected_patterns_are_reported_in_their_place(path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, min_quality=0.5) as bank:
        poor = pattern("t", description="", template="x")
        rich = pattern(
            "test_user_can_log_in_with_password",
            description="Checks that a user with the right password is let in.",
            template=(
                "def test_user_can_log_in_with_password({{client}}):\n"
                "    user = make_user(name={{name}}, password={{password}})\n"
                "    response = {{client}}.post('/login', user)\n"
                "    assert response.status == 200\n"
                "    assert response.user == user\n"
            ),
        )
        report = bank.store_patterns([poor, rich, poor])
        assert [result.status for result in report.results] == ["rejected", "created", "rejected"]
        assert report.results[0].reason.startswith("quality must be >= 0.50, got 0.")
        assert counts(bank)["patterns"] == 1


def test_a_secret_is_redacted_before_anything_is_written(
    bank: QEReasoningBank, pattern: Make, path: Path
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"[:36]
    bank.store_pattern(pattern(template=f"token = '{secret}'", examples=[f"use('{secret}')"]))
    bank.close()
    for file in path.parent.iterdir():
        assert secret.encode() not in file.read_bytes()


def test_dry_run_tells_what_would_happen_and_writes_nothing(
    bank: QEReasoningBank, pattern: Make, encoder: Any
) -> None:
    bank.store_pattern(pattern("old", id="old"))
    before = counts(bank)
    report = bank.store_patterns(
        [
            pattern("old", id="old"),
            pattern("old", id="old", template="other"),
            pattern("new"),
            pattern("new"),
        ],
        dry_run=True,
    )
    assert [result.status for result in report.results] == [
        "unchanged",
        "updated",
        "created",
        "unchanged",
    ]
    assert (counts(bank), encoder.texts) == (before, 1)


def test_the_same_id_twice_in_a_batch_is_created_then_updated(
    bank: QEReasoningBank, pattern: Make
) -> None:
    report = bank.store_patterns([pattern(id="same"), pattern(id="same", template="x = 2")])
    assert [result.status for result in report.results] == ["created", "updated"]
    assert len(bank.get_version_history("same")) == 1
    assert counts(bank)["patterns"] == counts(bank)["pattern_embeddings"] == 1


def test_a_pattern_that_others_change_meanwhile_is_embedded_in_the_transaction(
    bank: QEReasoningBank, path: Path, pattern: Make, encoder: Any
) -> None:
    bank.store_pattern(pattern(id="same", template="first = 1"))

    def others_write(count: int) -> None:
        with QEReasoningBank(path, encoder=encoder) as other:
            other.store_pattern(pattern(id="same", template="second = 2"))

    report = bank.store_patterns(
        [pattern(id="same", template="first = 1", tags=["new"])], progress=others_write
    )
    assert report.updated == 1
    stored = bank.get_pattern(pattern(id="same").id)
    assert stored is not None
    assert (stored.template, stored.version) == ("first = 1", 3)
    best = bank.search("first", mode="vector")[0]
    assert best.vector_score is not None
    assert best.vector_score > 0
    with bank.database.read() as connection:
        blob = connection.execute("select embedding from pattern_embeddings").get
    assert blob == encoder.encode([embedded_text(stored)])[0].tobytes()


def test_a_pattern_that_redaction_makes_too_large_is_rejected_with_the_reason(
    bank: QEReasoningBank, pattern: Make
) -> None:
    code = "x = 'https://u:secretpw@h/'\n"
    large = pattern(description="", template=code * (MAX_PATTERN_BYTES // len(code)))
    report = bank.store_patterns([large, pattern("fits")])
    assert [result.status for result in report.results] == ["rejected", "created"]
    assert f"at most {MAX_PATTERN_BYTES} bytes, got" in report.results[0].reason


def test_nothing_to_store_writes_nothing(bank: QEReasoningBank, encoder: Any) -> None:
    assert bank.store_patterns([]).results == ()
    assert encoder.batches == []


def test_a_failure_in_the_middle_stores_nothing(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern("before"))
    before = counts(bank)
    bank.database.connection().execute(
        "create temp trigger fail before insert on main.pattern_embeddings"
        " when (select count(*) from pattern_embeddings) >= 50"
        " begin select raise(abort, 'the disk broke'); end"
    )
    many = [pattern(f"number {n}", tags=["x"]) for n in range(100)]
    with pytest.raises(Exception, match="the disk broke"):
        bank.store_patterns(many)
    assert counts(bank) == before
    bank.database.connection().execute("drop trigger fail")
    assert bank.store_patterns(many).created == 100


def test_a_failing_encoder_stores_nothing(
    bank: QEReasoningBank, pattern: Make, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(texts: list[str]) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(encoder, "encode", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        bank.store_pattern(pattern())
    assert bank.get_statistics().patterns == 0


def test_a_full_disk_keeps_what_was_there(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern("before"))
    before = counts(bank)
    connection = bank.database.connection()
    connection.pragma("max_page_count", connection.pragma("page_count") + 20)
    with pytest.raises(DatabaseFullError):
        bank.store_patterns([pattern(f"number {n}", template="x" * 5000) for n in range(200)])
    assert counts(bank) == before
    assert bank.find_pattern("before")[0].pattern.name == "before"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_quality": 1.5}, r"min_quality must be from 0 to 1, got 1\.5"),
        (
            {"on_database_error": "ignore"},
            "on_database_error must be one of raise, memory, got 'ignore'",
        ),
    ],
)
def test_bank_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        QEReasoningBank(**arguments)


# -- versions ------------------------------------------------------------------------------------


def test_versions_hold_the_content_before_each_change(bank: QEReasoningBank, pattern: Make) -> None:
    for number in range(1, 4):
        bank.store_pattern(
            pattern(id="same", template=f"v = {number}", tags=[f"t{number}"]),
            change=Change(f"change {number}", "tester"),
        )
    history = bank.get_version_history(pattern(id="same").id)
    assert [old.version_number for old in history] == [2, 1]
    assert [old.pattern.template for old in history] == ["v = 2", "v = 1"]
    assert [old.change_description for old in history] == ["change 3", "change 2"]
    assert {old.created_by for old in history} == {"tester"}
    assert history[1].pattern.tags == ("t1",)
    assert history[0].created_at > history[1].created_at


def test_restore_makes_an_earlier_content_a_new_version(
    bank: QEReasoningBank, pattern: Make
) -> None:
    id = pattern(id="same").id
    bank.store_pattern(pattern(id="same", template="first = 1", tags=["one"]))
    bank.store_pattern(pattern(id="same", template="second = 2"))
    bank.record_usage(id, PatternUsageContext(success=True))
    assert bank.restore_version(id, 1).status == "updated"
    restored = bank.get_pattern(id)
    assert restored is not None
    assert (restored.template, restored.tags, restored.version) == ("first = 1", ("one",), 3)
    assert restored.usage_count == 0  # the use was of the second content
    assert bank.restore_version(id, 2).status == "updated"
    again = bank.get_pattern(id)
    assert again is not None
    assert (again.template, again.usage_count, again.success_rate) == ("second = 2", 1, 1.0)
    changes = [version.change_description for version in bank.get_version_history(id)]
    assert changes[:2] == ["restored version 2", "restored version 1"]
    assert bank.find_pattern("second")[0].pattern.id == id


@pytest.mark.parametrize(("id", "version"), [("missing", 1), ("known", 7)])
def test_restore_of_what_is_not_there(
    bank: QEReasoningBank, pattern: Make, id: str, version: int
) -> None:
    bank.store_pattern(pattern(id="known"))
    with pytest.raises(PatternNotFoundError, match=f"'{id}' has no earlier version {version}"):
        bank.restore_version(id, version)


# -- deleting ------------------------------------------------------------------------------------


def test_delete_leaves_no_trace_in_any_table(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern("kept"))
    before = counts(bank)
    one = pattern("doomed", tags=["a", "b"])
    bank.store_pattern(one)
    bank.store_pattern(pattern("doomed", tags=["a", "c"]))
    bank.record_usage(one.id, PatternUsageContext(success=True))
    assert all(counts(bank)[table] > before[table] for table in TABLES)
    assert bank.delete_pattern(one.id) is True
    assert counts(bank) == before
    assert bank.delete_pattern(one.id) is False
    assert bank.get_pattern(one.id) is None
    assert [match.pattern.name for match in bank.find_pattern("doomed")] == ["kept"]
    with bank.database.read() as connection:
        assert connection.pragma("foreign_key_check") is None


def test_the_text_index_is_whole_after_changes(bank: QEReasoningBank, pattern: Make) -> None:
    rng = random.Random(7)
    for _ in range(200):
        name = f"test {rng.randrange(30)}"
        if rng.random() < 0.3:
            bank.delete_pattern(pattern(name).id)
        else:
            bank.store_pattern(pattern(name, template=f"x = {rng.randrange(5)}"))
    with bank.database.write() as connection:
        connection.execute("insert into patterns_fts(patterns_fts) values ('integrity-check')")
        drift = connection.execute(
            "select count(*) from patterns p left join patterns_fts f on f.rowid = p.pattern_rowid"
            " left join pattern_embeddings e on e.pattern_rowid = p.pattern_rowid"
            " where f.rowid is null or e.pattern_rowid is null"
        ).get
    totals = counts(bank)
    assert drift == 0
    assert totals["patterns"] == totals["patterns_fts"] == totals["pattern_embeddings"] > 5


# -- use -----------------------------------------------------------------------------------------


def test_record_usage_counts_incrementally(bank: QEReasoningBank, pattern: Make) -> None:
    one = pattern()
    bank.store_pattern(one)
    stored = bank.get_pattern(one.id)
    assert stored is not None
    base, successes = stored.quality, 0
    for number, success in enumerate([True, False, True, True, False], start=1):
        successes += success
        used = bank.record_usage(one.id, PatternUsageContext(success=success, task_id=str(number)))
        assert (used.usage_count, used.success_rate) == (number, successes / number)
        assert used.quality == pytest.approx(quality_with_use(base, successes, number))
    with bank.database.read() as connection:
        evidence = connection.execute("select evidence from patterns").get
    assert evidence == pytest.approx(evidence_of_agents([(3, 5)]))
    assert counts(bank)["pattern_usage"] == 5
    assert used.version == 1
    assert used.updated_at == one.updated_at


def test_record_usage_reads_no_other_usage_rows(bank: QEReasoningBank, pattern: Make) -> None:
    """The counters are kept, not counted: a statement that reads pattern_usage would scan it."""
    bank.store_pattern(pattern())
    statements: list[str] = []
    connection = bank.database.connection()
    connection.exec_trace = lambda cursor, sql, values: statements.append(sql) or True  # type: ignore[func-returns-value]
    bank.record_usage(pattern().id, PatternUsageContext(success=True))
    connection.exec_trace = None
    assert [sql for sql in statements if "from pattern_usage" in sql] == []
    assert sum("insert into pattern_usage" in sql for sql in statements) == 1


def test_a_changed_pattern_keeps_its_use_in_its_history(
    bank: QEReasoningBank, pattern: Make
) -> None:
    bank.store_pattern(pattern(id="same"))
    bank.record_usage(pattern(id="same").id, PatternUsageContext(success=False))
    bank.store_pattern(pattern(id="same", template="other = 1"))
    stored = bank.get_pattern(pattern(id="same").id)
    assert stored is not None
    assert (stored.usage_count, stored.success_rate) == (0, None)
    assert [use.success for use in bank.get_usage(pattern(id="same").id)] == [False]
    assert len(bank.get_usage(pattern(id="same").id)) == 1


def test_get_usage_is_newest_first_and_equal(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern())
    uses = [
        PatternUsageContext(
            success=number % 2 == 0,
            agent_id="a",
            task_id=str(number),
            project_id="p",
            execution_time_ms=float(number),
            coverage_achieved=0.5,
            context="c",
            error_message=None if number % 2 == 0 else "boom",
        )
        for number in range(5)
    ]
    for use in uses:
        bank.record_usage(pattern().id, use)
    assert bank.get_usage(pattern().id) == uses[::-1]
    assert bank.get_usage(pattern().id, limit=2) == uses[:2:-1]


def test_usage_of_an_unknown_pattern_is_refused(bank: QEReasoningBank) -> None:
    with pytest.raises(PatternNotFoundError, match="no pattern has the id 'x'; find one with"):
        bank.record_usage("x", PatternUsageContext(success=True))
    assert bank.get_usage("x") == []


def test_threads_recording_use_lose_nothing(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern())

    def work() -> None:
        for _ in range(25):
            bank.record_usage(pattern().id, PatternUsageContext(success=True))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = bank.get_pattern(pattern().id)
    assert stored is not None
    assert (stored.usage_count, counts(bank)["pattern_usage"]) == (100, 100)


# -- statistics and lists ------------------------------------------------------------------------


def test_statistics_of_an_empty_bank_say_no_data(bank: QEReasoningBank) -> None:
    statistics = bank.get_statistics()
    assert (statistics.patterns, statistics.uses, statistics.versions) == (0, 0, 0)
    assert statistics.average_quality is None
    assert statistics.average_confidence is None
    assert statistics.average_success_rate is None
    assert statistics.never_used_share is None
    assert statistics.by_category == statistics.by_framework == statistics.by_language == {}


def _filled(bank: QEReasoningBank, pattern: Make, count: int = 60) -> list[TestPattern]:
    rng = random.Random(11)
    patterns = [
        pattern(
            f"test {n}",
            category=rng.choice(CATEGORIES),
            framework=rng.choice(FRAMEWORKS),
            language=rng.choice(LANGUAGES),
            confidence=rng.random(),
            template="x\n" * rng.randrange(1, 30),
            tags=rng.sample(["API", "api", "db", "slow", "ui"], rng.randrange(4)),
        )
        for n in range(count)
    ]
    bank.store_patterns(patterns)
    for one in rng.sample(patterns, count // 3):
        for _ in range(rng.randrange(1, 6)):
            bank.record_usage(one.id, PatternUsageContext(success=rng.random() < 0.6))
    bank.store_pattern(replace(patterns[0], template="changed = 1"))
    return [found for one in patterns if (found := bank.get_pattern(one.id)) is not None]


def test_statistics_equal_a_naive_count(bank: QEReasoningBank, pattern: Make) -> None:
    stored = _filled(bank, pattern)
    statistics = bank.get_statistics()
    uses = sum(one.usage_count for one in stored)
    assert (statistics.patterns, statistics.uses) == (len(stored), uses)
    assert statistics.versions == sum(len(bank.get_version_history(one.id)) for one in stored) == 1
    assert statistics.average_quality == pytest.approx(
        sum(one.quality for one in stored) / len(stored)
    )
    assert statistics.average_confidence == pytest.approx(
        sum(one.confidence for one in stored) / len(stored)
    )
    successes = sum((one.success_rate or 0.0) * one.usage_count for one in stored)
    assert statistics.average_success_rate == pytest.approx(successes / uses)
    assert statistics.never_used_share == sum(one.usage_count == 0 for one in stored) / len(stored)
    for name, groups in (
        ("category", statistics.by_category),
        ("framework", statistics.by_framework),
        ("language", statistics.by_language),
    ):
        values = [getattr(one, name) for one in stored]
        assert groups == {value: values.count(value) for value in set(values)}
        assert list(groups) == sorted(groups, key=lambda value: (-groups[value], value))


def test_list_orders(bank: QEReasoningBank, pattern: Make) -> None:
    stored = _filled(bank, pattern)
    keys: dict[Any, Callable[[TestPattern], Any]] = {
        "quality": lambda one: (-one.quality, one.id),
        "usage": lambda one: (-one.usage_count, one.id),
        "created": lambda one: (-one.created_at.timestamp(), one.id),
        "evidence": lambda one: (
            -evidence_of_agents(
                []
                if one.success_rate is None
                else [(round(one.success_rate * one.usage_count), one.usage_count)]
            ),
            -one.quality,
            one.id,
        ),
    }
    for order, key in keys.items():
        expected = [one.id for one in sorted(stored, key=key)]
        listed = bank.list_patterns(order=order, limit=None)
        assert [one.id for one in listed] == expected, order
        assert [one.id for one in bank.list_patterns(order=order, limit=7)] == expected[:7]


def test_list_refuses(bank: QEReasoningBank) -> None:
    wrong: Any = "random"
    with pytest.raises(ValueError, match=r"order must be one of evidence, .*, got 'random'"):
        bank.list_patterns(order=wrong)
    for limit in (0, -1, 4097, True, 1.0):
        with pytest.raises(ValueError, match="limit must be from 1 to 4096"):
            bank.list_patterns(limit=limit)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="limit must be from 1 to 4096"):
            bank.get_usage("x", limit=limit)  # type: ignore[arg-type]


def test_tags_filter_is_case_insensitive_and_demands_all(
    bank: QEReasoningBank, pattern: Make
) -> None:
    stored = _filled(bank, pattern)
    for wanted in (["api"], ["API", "db"], ["Db", "UI", "api"], ["none"], ["api", "API"]):
        folded = {tag.casefold() for tag in wanted}
        expected = {one.id for one in stored if folded <= {tag.casefold() for tag in one.tags}}
        criteria = PatternSearchCriteria(tags=wanted)
        assert {one.id for one in bank.list_patterns(criteria, limit=None)} == expected, wanted
        for query in ("", "test changed"):
            found = bank.find_pattern(
                PatternSearchCriteria(tags=wanted, query=query), limit=len(stored)
            )
            assert {match.pattern.id for match in found} == expected, (wanted, query)


def test_search_by_tags_takes_any_and_puts_more_first(bank: QEReasoningBank, pattern: Make) -> None:
    stored = _filled(bank, pattern)
    found = bank.search_by_tags(["API", "db"], limit=len(stored))
    hits = [len({"api", "db"} & {tag.casefold() for tag in one.tags}) for one in found]
    assert hits == sorted(hits, reverse=True)
    assert {one.id for one in found} == {
        one.id for one in stored if {"api", "db"} & {tag.casefold() for tag in one.tags}
    }
    assert bank.search_by_tags([]) == bank.search_by_tags(["\ud800"]) == []
    assert len(bank.search_by_tags(["api"], limit=2)) == 2
    with pytest.raises(TypeError, match="tags must be a list of texts"):
        bank.search_by_tags("api")


# -- ids -----------------------------------------------------------------------------------------


def test_resolve_id_takes_a_unique_beginning(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_patterns([pattern(id=id) for id in ("abc", "abcd", "abd", "x~y".replace("~", "-"))])
    assert bank.resolve_id("abc") == "abc"  # whole, although another one begins with it
    assert bank.resolve_id("abcd") == "abcd"
    assert bank.resolve_id("x") == "x-y"
    with pytest.raises(PatternNotFoundError, match=r"several ids start with 'ab' \(abc, abcd, abd"):
        bank.resolve_id("ab")
    for unknown in ("", "zzz", "é", "\ud800", "%", "_"):
        with pytest.raises(PatternNotFoundError, match="no pattern has the id"):
            bank.resolve_id(unknown)


def test_strange_ids_find_nothing(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern())
    for id in ("", "\0", "\ud800", "x" * 100_000, "' or 1=1 --", "%"):
        assert bank.get_pattern(id) is None
        assert bank.delete_pattern(id) is False
        assert bank.get_version_history(id.replace("\ud800", "")) == []


def test_camel_case_names_of_the_design(bank: QEReasoningBank, pattern: Make) -> None:
    assert bank.storePattern(pattern()).status == "created"
    assert bank.findMatchingPatterns("login")[0].pattern.id == pattern().id
    assert bank.recordUsage(pattern().id, PatternUsageContext(success=True)).usage_count == 1
    assert bank.getStatistics().uses == 1


def test_the_rows_refuse_what_the_records_refuse(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern())
    for column, value in (
        ("category", "'smoke'"),
        ("quality", "1.5"),
        ("confidence", "-0.1"),
        ("success_count", "5"),
        ("tags", "'{}'"),
        ("examples", "'no json'"),
        ("context", "'{}'"),
        ("placeholders", "'no json'"),
        ("version", "0"),
        ("name", "''"),
        ("usage_count", "'many'"),
    ):
        with (
            pytest.raises(apsw.ConstraintError),
            apsw.Connection(bank.database.label) as connection,
        ):
            connection.execute(f"update patterns set {column} = {value}")


def test_without_create_a_missing_bank_is_an_error(path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match="no database at"):
        QEReasoningBank(path, create=False).get_statistics()
    assert not path.exists()
    Database(path).close()
    with QEReasoningBank(path, create=False) as bank:
        assert bank.get_statistics().patterns == 0
