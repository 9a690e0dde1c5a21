"""The bank does all that it offers over a backend without SQLite, and answers alike over both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aqe.models import identity_of
from aqe.retrieval import QEReasoningBank, SearchMode, SQLitePatternBackend
from aqe.retrieval.storage.storage_values import SORT_KEYS
from aqe.schema import (
    Database,
    DatabaseError,
    EncoderMismatchError,
    PatternMatch,
    PatternNotFoundError,
    PatternSearchContext,
    PatternSearchCriteria,
    PatternUsageContext,
    Provenance,
    TestPattern,
)

from .bank_content import MALLORY
from .memory_backend import MemoryPatternBackend, MemoryStorage

Make = Callable[..., TestPattern]
MODES: tuple[SearchMode, ...] = ("hybrid", "vector", "text")
LOGIN = "def test_login():\n    user = make_user()\n    assert user.login('secret')\n"
CART = "def test_cart():\n    cart = Cart()\n    cart.add(3)\n    assert cart.total == 3\n"


@pytest.fixture
def dict_bank(encoder: Any) -> Iterator[QEReasoningBank]:
    """A bank over the memory backend."""
    with QEReasoningBank(backend=MemoryPatternBackend(), encoder=encoder) as opened:
        yield opened


@pytest.fixture
def filled(dict_bank: QEReasoningBank, pattern: Make) -> QEReasoningBank:
    fill(dict_bank, pattern)
    return dict_bank


def fill(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_patterns(
        [
            pattern("user logs in", id="login", template=LOGIN, tags=["Auth"], source="t/a.py:1"),
            pattern("cart adds up", id="cart", template=CART, tags=["shop"], category="e2e"),
            pattern("login page renders", id="page", framework="jest", language="javascript"),
        ]
    )


def ids(matches: list[PatternMatch]) -> list[str]:
    return [match.pattern.id for match in matches]


# -- construction --------------------------------------------------------------------------------


def test_a_database_and_a_backend_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="got both"):
        QEReasoningBank(path, backend=MemoryPatternBackend())


def test_a_bank_elsewhere_has_no_database(dict_bank: QEReasoningBank) -> None:
    assert isinstance(dict_bank.backend, MemoryPatternBackend)
    with pytest.raises(DatabaseError, match=r"a bank in memory is not an SQLite.*use bank.backend"):
        _ = dict_bank.database


def test_a_given_sqlite_backend_has_its_database(encoder: Any) -> None:
    database = Database()
    bank = QEReasoningBank(backend=SQLitePatternBackend(database), encoder=encoder)
    assert bank.database is database


def test_a_bank_opened_again_finds_what_was_stored(pattern: Make, encoder: Any) -> None:
    backend = MemoryPatternBackend()
    with QEReasoningBank(backend=backend, encoder=encoder) as bank:
        fill(bank, pattern)
    with QEReasoningBank(backend=backend) as bank:  # its encoder is known by name
        assert bank.encoder_identity == identity_of(encoder)
        assert ids(bank.search("cart", limit=1)) == ["cart"]
    with pytest.raises(EncoderMismatchError):
        QEReasoningBank(backend=backend, encoder=type(encoder)(32)).initialize()


# -- storing and finding -------------------------------------------------------------------------


def test_store_creates_updates_and_leaves_alone(filled: QEReasoningBank, pattern: Make) -> None:
    cart = filled.get_pattern("cart")
    assert cart is not None
    copy = filled.store_pattern(pattern("a copy", id="copy", template=CART))
    assert (copy.status, copy.near_duplicate_of) == ("created", "cart")
    assert filled.store_pattern(cart).status == "unchanged"
    assert filled.store_pattern(pattern(id="cart", template="changed()")).status == "updated"
    assert filled.store_patterns([pattern(id="x")], dry_run=True).created == 1
    assert filled.get_pattern("x") is None
    assert filled.check() == []


def test_store_stream_yields_a_report_a_batch(dict_bank: QEReasoningBank, pattern: Make) -> None:
    batches = [[pattern(f"zebra {n}", id=f"p{n}-{k}") for k in range(4)] for n in range(5)]
    reports = list(dict_bank.store_stream(batches))
    assert [report.created for report in reports] == [4] * 5
    assert dict_bank.get_statistics().patterns == 20


@pytest.mark.parametrize("mode", MODES)
def test_search_in_each_mode(filled: QEReasoningBank, mode: SearchMode) -> None:
    assert ids(filled.search("cart adds up", limit=1, mode=mode)) == ["cart"]
    assert ids(filled.search("user logs in", limit=1, mode=mode)) == ["login"]


def test_search_without_words_is_by_evidence(filled: QEReasoningBank) -> None:
    filled.record_usage("cart", PatternUsageContext(success=True, agent_id="bob"))
    assert ids(filled.search(""))[0] == "cart"


def test_a_preference_lifts(filled: QEReasoningBank, pattern: Make) -> None:
    twin = pattern("cart adds up", id="twin", template=CART, framework="unittest")
    filled.store_pattern(twin)
    for framework, id in (("pytest", "cart"), ("unittest", "twin")):
        need = PatternSearchContext(query="cart", framework=framework)
        assert ids(filled.find_matching_patterns(need))[0] == id


def test_a_filter_excludes(filled: QEReasoningBank) -> None:
    assert ids(filled.find_pattern(PatternSearchCriteria(query="login", framework="jest"))) == [
        "page"
    ]
    assert ids(filled.find_pattern(PatternSearchCriteria(tags=["AUTH"]))) == ["login"]
    assert filled.find_pattern(PatternSearchCriteria(query="login", category="security")) == []


def test_lists_tags_and_ids(filled: QEReasoningBank) -> None:
    listed = filled.list_patterns(order="created", limit=None)
    assert sorted(pattern.id for pattern in listed) == ["cart", "login", "page"]
    assert [each.id for each in filled.search_by_tags(["AUTH", "none"])] == ["login"]
    assert filled.resolve_id("ca") == "cart"
    with pytest.raises(PatternNotFoundError):
        filled.resolve_id("unknown")


def test_similar_patterns_leave_out_the_pattern_itself(
    filled: QEReasoningBank, pattern: Make
) -> None:
    filled.store_pattern(pattern("cart adds up twice", id="cart2", template=CART))
    assert ids(filled.find_similar_patterns("cart", 1)) == ["cart2"]
    assert len(filled.find_similar_patterns("cart")) == 3


def test_near_identical_answers_make_room_for_others(
    filled: QEReasoningBank, pattern: Make
) -> None:
    filled.store_pattern(pattern("cart adds up", id="cart2", template=CART))
    first, second = filled.search("cart adds up", limit=2)
    assert {first.pattern.id, *first.near_duplicates} == {"cart", "cart2"}
    assert second.pattern.id not in ("cart", "cart2")


def test_the_answer_cache_forgets_after_a_write(filled: QEReasoningBank, pattern: Make) -> None:
    before = ids(filled.search("zebra", mode="text"))
    assert ids(filled.search("zebra", mode="text")) == before == []
    assert filled.get_cache_statistics().hits == 1
    filled.store_pattern(pattern("zebra", id="zebra"))
    assert ids(filled.search("zebra", mode="text")) == ["zebra"]
    assert filled.get_performance_metrics().count == 3


def test_the_answer_cache_hears_of_other_processes(pattern: Make, encoder: Any) -> None:
    storage = MemoryStorage()
    mine, others = (
        QEReasoningBank(backend=MemoryPatternBackend(storage), encoder=encoder) for _ in range(2)
    )
    assert mine.search("zebra", mode="text") == []
    others.store_pattern(pattern("zebra", id="zebra"))
    assert ids(mine.search("zebra", mode="text")) == ["zebra"]


class WordsAloneBackend(MemoryPatternBackend):
    """A place that cannot search embeddings."""

    has_vectors = False


def test_without_vectors_searches_go_by_words(pattern: Make, encoder: Any) -> None:
    with QEReasoningBank(backend=WordsAloneBackend(), encoder=encoder) as bank:
        fill(bank, pattern)
        queries = encoder.queries
        (match, *others) = bank.search("cart")
        assert (match.pattern.id, match.vector_score, others) == ("cart", None, [])
        assert encoder.queries == queries


# -- use, history, trust -------------------------------------------------------------------------


def test_use_becomes_evidence_and_changes_the_ranking(
    dict_bank: QEReasoningBank, pattern: Make
) -> None:
    dict_bank.store_patterns([pattern("zebra", id=id, template=f"{id}(1)") for id in "ab"])
    assert ids(dict_bank.search("zebra"))[0] == "a"
    for agent in ("ann", "bob", "eve"):
        dict_bank.record_usage("b", PatternUsageContext(success=True, agent_id=agent))
        dict_bank.record_usage("a", PatternUsageContext(success=False, agent_id=agent))
    assert ids(dict_bank.search("zebra")) == ["b", "a"]
    assert ids(dict_bank.search("")) == ["b", "a"]
    assert [use.agent_id for use in dict_bank.get_usage("b")] == ["eve", "bob", "ann"]


def test_versions_are_kept_and_restored(filled: QEReasoningBank, pattern: Make) -> None:
    filled.store_pattern(pattern("user logs in", id="login", template="changed()"))
    (version,) = filled.get_version_history("login")
    assert (version.version_number, version.pattern.template) == (1, LOGIN)
    assert filled.restore_version("login", 1).status == "updated"
    restored = filled.get_pattern("login")
    assert restored is not None
    assert (restored.template, restored.version) == (LOGIN, 3)


def test_delete_removes_a_pattern(filled: QEReasoningBank) -> None:
    assert filled.delete_pattern("cart")
    assert not filled.delete_pattern("cart")
    assert "cart" not in ids(filled.search("cart adds up"))


def test_an_agents_pattern_is_unproven_until_others_succeed(
    filled: QEReasoningBank, pattern: Make
) -> None:
    new = pattern("cart adds up", id="evil", template="cart = adds(up)")
    assert filled.store_pattern(new, provenance=MALLORY).status == "created"
    assert ids(filled.search("cart adds up"))[-1] == "evil"
    theirs = pattern(id="cart", template="evil()")
    assert filled.store_pattern(theirs, provenance=MALLORY).status == "rejected"
    for agent in ("ann", "bob"):
        filled.record_usage("evil", PatternUsageContext(success=True, agent_id=agent))
    assert "evil" in ids(filled.search("cart adds up"))[:2]
    assert filled.get_provenance("evil") == replace(MALLORY, trust="trusted")


def test_forget_removes_all_of_an_agent(filled: QEReasoningBank, pattern: Make) -> None:
    filled.store_pattern(pattern(id="evil"), provenance=MALLORY)
    filled.record_usage("cart", PatternUsageContext(success=True, agent_id="mallory"))
    assert filled.forget(agent_id="mallory", dry_run=True).patterns == ("evil",)
    report = filled.forget(agent_id="mallory")
    assert (report.patterns, report.versions, report.uses) == (("evil",), 0, 1)
    cart = filled.get_pattern("cart")
    assert cart is not None
    assert (cart.usage_count, filled.get_usage("cart")) == (0, [])
    assert filled.forget(source="t").patterns == ("login",)


# -- files and other encoders --------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["json", "jsonl", "yaml"])
def test_export_and_import_are_a_round_trip(
    filled: QEReasoningBank, tmp_path: Path, encoder: Any, suffix: str
) -> None:
    file = tmp_path / f"patterns.{suffix}"
    filled.record_usage("cart", PatternUsageContext(success=True, agent_id="bob"))
    assert filled.export_patterns(file) == 3
    with QEReasoningBank(backend=MemoryPatternBackend(), encoder=encoder) as other:
        assert other.import_patterns(file).created == 3
        imported = other.get_pattern("cart")
        assert imported is not None
        assert (imported.usage_count, imported.success_rate) == (0, None)  # used in another bank


def test_a_replacing_import_deletes_the_others(
    filled: QEReasoningBank, tmp_path: Path, pattern: Make
) -> None:
    file = tmp_path / "patterns.json"
    filled.export_patterns(file, criteria=PatternSearchCriteria(tags=["auth"]))
    assert filled.import_patterns(file, mode="replace", dry_run=True).deleted == 2
    report = filled.import_patterns(file, mode="replace")
    assert (report.unchanged, report.deleted) == (1, 2)
    assert [each.id for each in filled.list_patterns()] == ["login"]


def test_a_registry_is_a_round_trip(filled: QEReasoningBank, tmp_path: Path, encoder: Any) -> None:
    assert filled.save_to_registry(tmp_path) == 3
    with QEReasoningBank(backend=MemoryPatternBackend(), encoder=encoder) as other:
        assert other.load_from_registry(tmp_path).created == 3


def test_reindex_with_another_encoder(filled: QEReasoningBank, other_encoder: Any) -> None:
    done: list[int] = []
    report = filled.reindex(other_encoder, progress=done.append)
    assert (report.embedded, report.indexed, done) == (3, 3, [3])
    assert filled.encoder_identity == identity_of(other_encoder)
    assert ids(filled.search("cart adds up", limit=1, mode="vector")) == ["cart"]
    assert (filled.check(), filled.repair(), filled.update_vector_file()) == ([], 0, 0)


def test_statistics_are_of_the_bank(filled: QEReasoningBank) -> None:
    totals = filled.get_statistics()
    assert (totals.patterns, totals.by_category) == (3, {"unit": 2, "e2e": 1})
    assert filled.get_vector_statistics().rows == 0


# -- alike over both -----------------------------------------------------------------------------


def story(bank: QEReasoningBank, pattern: Make, folder: Path) -> list[object]:
    """Returns what the public API says while a small bank is filled, used and changed."""
    said: list[object] = []
    fill(bank, pattern)
    agent = Provenance(origin="agent", agent_id="bob", run_id="r")
    for new, author in (
        (pattern("a copy", id="copy", template=CART), None),
        (pattern("cart adds up", id="cart", template=CART, tags=["new"]), None),
        (pattern("of an agent", id="bob-s", source="t/b.py:2"), agent),
        (pattern("overwritten", id="cart"), agent),
        (pattern("user logs in", id="login", template=LOGIN, tags=["Auth"], source="t/c.py"), None),
    ):
        said.append(bank.store_pattern(new, provenance=author))
    for id, who, success in (("cart", "ann", True), ("cart", "bob", False), ("bob-s", "ann", True)):
        used = bank.record_usage(id, PatternUsageContext(success=success, agent_id=who))
        said.append((used.usage_count, used.success_rate, used.quality))
    said += [ids(bank.search(text, mode=mode, limit=2)) for text in ("cart", "") for mode in MODES]
    for criteria in (
        PatternSearchCriteria(framework="jest"),
        PatternSearchCriteria(tags=["NEW"]),
        PatternSearchCriteria(min_quality=0.5, category="unit"),
        PatternSearchCriteria(query="cart", language="python", min_confidence=0.5),
    ):
        said.append(set(ids(bank.find_pattern(criteria))))
    said += [bank.resolve_id("lo"), [each.id for each in bank.search_by_tags(["auth", "new"])]]
    said += [[each.id for each in bank.list_patterns(order=order)] for order in SORT_KEYS[1:3]]
    said.append(
        [(old.version_number, old.pattern.tags) for old in bank.get_version_history("cart")]
    )
    said += [bank.restore_version("cart", 1), bank.get_provenance("bob-s")]
    said.append([use.agent_id for use in bank.get_usage("cart")])
    said.append(bank.export_patterns(folder / "all.jsonl"))
    said += [bank.forget(agent_id="bob"), bank.forget(source="t"), bank.delete_pattern("page")]
    said += [bank.import_patterns(folder / "all.jsonl"), bank.get_statistics(), bank.check()]
    return said


def test_the_bank_says_the_same_over_both(
    dict_bank: QEReasoningBank, path: Path, pattern: Make, encoder: Any, tmp_path: Path
) -> None:
    with QEReasoningBank(path, encoder=encoder, durability="normal") as sqlite_bank:
        in_sqlite = story(sqlite_bank, pattern, tmp_path)
    in_memory = story(dict_bank, pattern, tmp_path)
    for place, (expected, found) in enumerate(zip(in_sqlite, in_memory, strict=True)):
        assert found == expected, place
