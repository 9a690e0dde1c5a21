"""The cache of answers: least recently used, within a budget, never stale."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aqe.retrieval import QEReasoningBank
from aqe.retrieval.answer_cache import AnswerCache
from aqe.schema import PatternSearchContext, PatternSearchCriteria, PatternUsageContext, TestPattern

Make = Callable[..., TestPattern]


class Version:
    """A content version that a test moves."""

    def __init__(self) -> None:
        self.now = 1

    def __call__(self) -> int:
        return self.now


def answers(version: Version, budget: int = 1000) -> AnswerCache[str]:
    return AnswerCache(version, lambda key, value: len(value), budget_bytes=budget)


def look_up(cache: AnswerCache[str], key: str, compute: Callable[[], str]) -> tuple[str, bool]:
    """Returns the answer, and whether it was kept."""
    hits = cache.statistics().hits
    return cache.get(key, compute), cache.statistics().hits > hits


# -- the cache alone -----------------------------------------------------------------------------


def test_an_answer_is_computed_once() -> None:
    cache, computed = answers(Version()), []

    def compute() -> str:
        computed.append(1)
        return "answer"

    assert look_up(cache, "a", compute) == ("answer", False)
    assert look_up(cache, "a", compute) == ("answer", True)
    assert computed == [1]
    statistics = cache.statistics()
    assert (statistics.hits, statistics.misses, statistics.entries) == (1, 1, 1)
    assert (statistics.bytes, statistics.budget_bytes) == (6, 1000)
    cache.clear()
    assert cache.statistics().entries == 0


def test_an_empty_answer_is_kept_too() -> None:
    cache = answers(Version())
    cache.get("a", str)
    assert look_up(cache, "a", str) == ("", True)


def test_another_version_drops_everything() -> None:
    version = Version()
    cache = answers(version)
    cache.get("a", lambda: "old")
    cache.get("b", lambda: "old")
    version.now += 1
    assert look_up(cache, "a", lambda: "new") == ("new", False)
    assert cache.statistics().entries == 1


def test_an_answer_computed_while_something_was_written_is_not_kept() -> None:
    version = Version()
    cache = answers(version)

    def compute() -> str:
        version.now += 1
        return "older than the write"

    assert look_up(cache, "a", compute)[1] is False
    assert look_up(cache, "a", lambda: "new") == ("new", False)


def test_an_answer_that_fails_is_not_kept() -> None:
    cache = answers(Version())
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: str(1 / 0))
    assert look_up(cache, "a", lambda: "right") == ("right", False)


def test_the_budget_evicts_the_least_recently_used() -> None:
    cache = answers(Version(), budget=300)
    for key in "abc":
        cache.get(key, lambda: "x" * 100)
    cache.get("a", str)  # now b is the oldest
    cache.get("d", lambda: "x" * 100)
    assert [look_up(cache, key, lambda: "x" * 100)[1] for key in "acd"] == [True] * 3
    assert look_up(cache, "b", lambda: "x" * 100)[1] is False
    assert cache.statistics().bytes <= 300


def test_an_answer_over_the_budget_is_given_but_not_kept() -> None:
    cache = answers(Version(), budget=10)
    assert look_up(cache, "a", lambda: "x" * 100) == ("x" * 100, False)
    assert cache.statistics().entries == 0


def test_answers_expire() -> None:
    cache: AnswerCache[str] = AnswerCache(Version(), lambda key, value: len(value), expiry_s=0.02)
    cache.get("a", lambda: "old")
    threading.Event().wait(0.05)
    assert look_up(cache, "a", lambda: "new") == ("new", False)


# -- in the bank ---------------------------------------------------------------------------------


def test_a_second_look_up_is_a_hit_and_any_difference_a_miss(
    bank: QEReasoningBank, pattern: Make, encoder: Any
) -> None:
    bank.store_pattern(pattern())
    first = bank.search("login")
    assert bank.search("login") == first
    assert encoder.queries == 1
    differences: tuple[Callable[[], object], ...] = (
        lambda: bank.search("login", limit=9),
        lambda: bank.search("login", mode="text"),
        lambda: bank.search("login", criteria=PatternSearchCriteria(category="unit")),
        lambda: bank.search("login", criteria=PatternSearchCriteria(min_quality=0.01)),
        lambda: bank.search(PatternSearchContext(query="login", language="python")),
        lambda: bank.search(PatternSearchContext(query="", keywords=["login"])),
    )
    for different in differences:
        different()
    metrics = bank.get_performance_metrics()
    assert (metrics.count, metrics.cache_hits, metrics.cache_hit_rate) == (8, 1, 1 / 8)
    assert bank.get_cache_statistics().entries == 7


def test_the_answer_given_is_the_callers_own(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern())
    bank.search("login").clear()
    assert len(bank.search("login")) == 1


def test_large_questions_count_against_the_budget(bank: QEReasoningBank, pattern: Make) -> None:
    """An answer is a few bytes, but the source file that asked for it may be a megabyte."""
    bank.store_pattern(pattern())
    for number in range(40):
        bank.search(PatternSearchContext(query=f"login {number}", source_code="#" * 1_000_000))
    statistics = bank.get_cache_statistics()
    assert statistics.bytes <= statistics.budget_bytes
    assert statistics.entries < 40


def test_own_writes_are_seen_at_once(bank: QEReasoningBank, pattern: Make) -> None:
    one = pattern("login one")

    def names() -> list[str]:
        return [match.pattern.name for match in bank.search("login")]

    def used() -> int:
        return bank.search("login")[0].pattern.usage_count

    assert names() == names() == []
    bank.store_pattern(one)
    assert names() == names() == ["login one"]
    bank.store_pattern(replace(one, template="login.changed()"))
    assert bank.search("login")[0].pattern.template == "login.changed()"
    assert used() == used() == 0
    bank.record_usage(one.id, PatternUsageContext(success=True))
    assert used() == 1
    bank.restore_version(one.id, 1)
    assert bank.search("login")[0].pattern.template == one.template
    bank.delete_pattern(one.id)
    assert names() == []


@pytest.mark.parametrize("memory", [False, True])
def test_answers_are_never_stale_under_random_work(
    bank: QEReasoningBank, memory_bank: QEReasoningBank, pattern: Make, memory: bool
) -> None:
    chosen = memory_bank if memory else bank
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng, alive = random.Random(seed), set()
    for _ in range(150):
        name = f"login {rng.randrange(6)}"
        if rng.random() < 0.4:
            chosen.delete_pattern(pattern(name).id)
            alive.discard(name)
        elif rng.random() < 0.6:
            chosen.store_pattern(pattern(name))
            alive.add(name)
        for _ in range(2):
            assert {match.pattern.name for match in chosen.search("login")} == alive


def test_another_bank_of_the_same_process_is_seen_at_once(
    bank: QEReasoningBank, path: Path, pattern: Make, encoder: Any
) -> None:
    with QEReasoningBank(path, encoder=encoder) as other:
        for number in range(5):
            assert len(bank.search("login")) == len(bank.search("login")) == number
            other.store_pattern(pattern(f"login {number}"))


def test_another_thread_is_seen_at_once(bank: QEReasoningBank, pattern: Make) -> None:
    for number in range(5):
        assert len(bank.search("login")) == len(bank.search("login")) == number
        thread = threading.Thread(target=bank.store_pattern, args=(pattern(f"login {number}"),))
        thread.start()
        thread.join()


def test_another_process_is_seen_at_once(
    bank: QEReasoningBank, path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    script = (
        "import sys\n"
        "from aqe import QEReasoningBank, TestPattern\n"
        "bank = QEReasoningBank(sys.argv[1])\n"
        "for line in sys.stdin:\n"
        "    bank.store_pattern(TestPattern(name=line.strip(), category='unit',\n"
        "        framework='pytest', language='python', template='login()'))\n"
        "    print('stored', flush=True)\n"
    )
    bank.store_pattern(
        TestPattern(
            name="login", category="unit", framework="pytest", language="python", template="x"
        )
    )
    process = start_python(script, path, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for number in range(1, 6):
        assert len(bank.search("login")) == len(bank.search("login")) == number
        process.stdin.write(f"login {number}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "stored\n"


# -- metrics -------------------------------------------------------------------------------------


def test_metrics_before_the_first_look_up_have_no_times(bank: QEReasoningBank) -> None:
    metrics = bank.get_performance_metrics()
    assert (metrics.count, metrics.cache_hits) == (0, 0)
    assert metrics.p50_ms is metrics.p95_ms is metrics.p99_ms is metrics.cache_hit_rate is None


def test_metrics_are_percentiles_of_the_latest_look_ups() -> None:
    cache = answers(Version())
    for number in range(15_000):
        cache.get(str(number % 3), lambda: "answer")
    metrics = cache.metrics()
    assert (metrics.count, metrics.cache_hits) == (15_000, 14_997)
    assert metrics.cache_hit_rate == pytest.approx(14_997 / 15_000)
    assert metrics.p50_ms is not None
    assert metrics.p95_ms is not None
    assert metrics.p99_ms is not None
    assert 0 < metrics.p50_ms <= metrics.p95_ms <= metrics.p99_ms < 1_000


def test_metrics_time_the_computation_and_not_what_failed() -> None:
    cache = answers(Version())
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: str(1 / 0))
    assert cache.metrics().count == 0

    def slowly() -> str:
        time.sleep(0.02)
        return "slow"

    cache.get("a", slowly)
    slow = cache.metrics().p50_ms
    assert slow is not None
    assert 20 <= slow < 2_000
