"""Agents: their hooks, their roles, and that their memory never breaks their work."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqe.learning import (
    ROLES,
    BaseAgent,
    LearningEngine,
    QLearningConfig,
    TaskContext,
    create_agent,
    learning_switched_on,
    role_named,
)
from aqe.retrieval import QEReasoningBank
from aqe.schema import AgentAction, Task, TaskResult, TestPattern

TASK = Task(id="7", type="unit-test-generation", description="login form")
ALL_ROLES = (
    "test-generator test-executor coverage-analyzer quality-gate quality-analyzer code-complexity "
    "performance-tester security-scanner requirements-validator production-intelligence "
    "fleet-commander regression-risk-analyzer test-data-architect api-contract-validator "
    "flaky-test-hunter deployment-readiness visual-tester chaos-engineer"
).split()


def succeed(task: Task, context: TaskContext) -> TaskResult:
    return TaskResult(success=True)


def fail(task: Task, context: TaskContext) -> TaskResult:
    raise ValueError("got 17")


class GreedyEngine(LearningEngine):
    """An engine without chance, for tests of what follows from what."""

    def __init__(self, agent_id: str, path: Path) -> None:
        config = QLearningConfig(epsilon=0, epsilon_min=0)
        super().__init__(agent_id, path, config=config, rng=np.random.default_rng(1))


class BrokenBank:
    """A bank whose every method fails."""

    def find_matching_patterns(self, context: Any, limit: int = 10) -> Any:
        raise OSError("disk gone")

    def store_pattern(self, pattern: TestPattern, *, provenance: Any = None) -> Any:
        raise OSError("disk gone")

    def record_usage(self, id: str, context: Any) -> Any:
        raise OSError("disk gone")


def test_roles_are_the_eighteen_of_the_fleet() -> None:
    assert [role.name for role in ROLES] == ALL_ROLES
    for role in ROLES:
        assert role.responsibility.endswith(".")
        assert len(set(role.task_types)) == len(role.task_types) > 0
        assert len(set(role.strategies)) == len(role.strategies) > 1


@pytest.mark.parametrize("name", ALL_ROLES)
def test_every_role_does_a_task_and_learns(name: str, path: Path) -> None:
    role = role_named(name)
    with LearningEngine(name, path) as engine:
        agent = create_agent(name, succeed, engine=engine)
        result = agent.run(Task(type=role.task_types[0]))
        assert result.strategy in role.strategies
        assert engine.get_total_experiences() == 1


def test_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="chaos-engineer; got 'tester'"):
        create_agent("tester", succeed)
    with pytest.raises(TypeError, match="function"):
        create_agent("test-generator", "succeed")  # type: ignore[arg-type]


def test_agent_without_memory_takes_the_first_strategy() -> None:
    result = create_agent("test-generator", succeed).run(TASK)
    assert result.strategy == "example-based"
    assert result.execution_time_ms is not None


def test_agent_uses_in_a_new_process_what_it_learned_before(path: Path) -> None:
    """Learned under a stable name: the second engine is that of another run."""

    def only_boundaries(task: Task, context: TaskContext) -> TaskResult:
        return TaskResult(success=context.action.strategy == "boundary-values")

    with GreedyEngine("test-generator", path) as engine:
        agent = create_agent("test-generator", only_boundaries, engine=engine)
        for _ in range(30):
            agent.run(TASK)
    seen: list[TaskContext] = []

    def note(task: Task, context: TaskContext) -> TaskResult:
        seen.append(context)
        return only_boundaries(task, context)

    with GreedyEngine("test-generator", path) as engine:
        agent = create_agent("test-generator", note, engine=engine)
        assert agent.run(TASK).success
        assert agent.run(Task(type=TASK.type, complexity=0.9)).success  # a state never seen
    assert seen[0].recommendation is not None
    assert seen[0].recommendation.strategy == "boundary-values"
    assert seen[0].recommendation.basis == "state"
    assert seen[1].recommendation is not None
    assert seen[1].recommendation.basis == "task type"


def test_agent_records_the_exception_and_raises_it_again(path: Path) -> None:
    with LearningEngine("test-generator", path) as engine:
        agent = create_agent("test-generator", fail, engine=engine)
        with pytest.raises(ValueError, match="got 17"):
            agent.run(TASK)
        (failure,) = engine.get_failure_patterns()
        assert failure.pattern == "unit-test-generation : ValueError: got N"
        (experience,) = engine.export()["experiences"]
        assert experience.success is False
        assert experience.execution_time_ms is not None


def test_agent_follows_the_action_that_the_work_reports(path: Path) -> None:
    def other(task: Task, context: TaskContext) -> TaskResult:
        return TaskResult(success=True, action=AgentAction(strategy="my own"))

    with LearningEngine("test-generator", path) as engine:
        create_agent("test-generator", other, engine=engine).run(TASK)
        (experience,) = engine.export()["experiences"]
        assert (experience.strategy, experience.explored) == ("my own", None)


def test_result_that_is_none_is_a_mistake_and_not_a_failure(path: Path) -> None:
    with LearningEngine("test-generator", path) as engine:
        agent = create_agent("test-generator", lambda task, context: None, engine=engine)  # type: ignore[arg-type, return-value]
        with pytest.raises(TypeError, match="TaskResult"):
            agent.run(TASK)
        assert engine.get_total_experiences() == 0


def test_base_agent_cannot_do_anything_by_itself() -> None:
    with pytest.raises(NotImplementedError, match="perform_task"):
        BaseAgent("test-generator").run(TASK)


def test_agent_uses_and_feeds_a_real_bank(
    bank: QEReasoningBank, pattern: Callable[..., TestPattern], path: Path
) -> None:
    known = pattern("test_login_form_accepts_user", description="login form accepts a user")
    bank.store_pattern(known)
    fresh = pattern("test_logout", description="logout ends the session")

    def work(task: Task, context: TaskContext) -> TaskResult:
        context.use_pattern(context.patterns[0].pattern.id)
        context.use_pattern(context.patterns[0].pattern.id)
        return TaskResult(success=True, quality=0.9, coverage=0.7, pattern=fresh)

    with LearningEngine("test-generator", path.with_name("l.db")) as engine:
        agent = create_agent("test-generator", work, engine=engine, bank=bank)
        result = agent.run(TASK)
        assert agent.services.error is None
        assert result.patterns_used == (known.id,)
        assert engine.get_analytics().pattern_reuse_rate == 1.0
    used = bank.get_pattern(known.id)
    assert used is not None
    assert (used.usage_count, used.success_rate) == (1, 1.0)
    assert bank.get_usage(known.id)[0].agent_id == "test-generator"
    assert bank.get_pattern(fresh.id) is not None


@pytest.mark.parametrize(
    ("success", "quality", "kept"),
    [(True, 0.81, True), (True, 0.8, False), (True, None, False), (False, 0.9, False)],
)
def test_pattern_is_kept_only_when_good(
    bank: QEReasoningBank,
    pattern: Callable[..., TestPattern],
    success: bool,
    quality: float | None,
    kept: bool,
) -> None:
    fresh = pattern("test_logout")
    agent = create_agent(
        "test-generator",
        lambda task, context: TaskResult(success=success, quality=quality, pattern=fresh),
        bank=bank,
    )
    agent.run(TASK)
    assert (bank.get_pattern(fresh.id) is not None) is kept


def test_agent_keeps_nothing_without_a_pattern(bank: QEReasoningBank) -> None:
    create_agent(
        "test-generator", lambda task, context: TaskResult(success=True, quality=1.0), bank=bank
    ).run(TASK)
    assert bank.list_patterns() == []


def test_failing_work_counts_against_the_patterns_it_used(
    bank: QEReasoningBank, pattern: Callable[..., TestPattern]
) -> None:
    known = pattern("test_login_form")
    bank.store_pattern(known)

    def work(task: Task, context: TaskContext) -> TaskResult:
        context.use_pattern(known.id)
        raise RuntimeError("no browser")

    agent = create_agent("test-generator", work, bank=bank)
    with pytest.raises(RuntimeError):
        agent.run(TASK)
    (use,) = bank.get_usage(known.id)
    assert (use.success, use.error_message) == (False, "RuntimeError: no browser")


def test_agent_whose_memory_fails_does_its_work_and_warns_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = LearningEngine("test-generator", tmp_path)  # a folder: cannot be opened
    agent = create_agent(
        "test-generator",
        lambda task, context: TaskResult(success=True, patterns_used=("p",)),
        engine=engine,
        bank=BrokenBank(),
    )
    with caplog.at_level(logging.WARNING, logger="aqe.agents"):
        for _ in range(3):
            assert agent.run(TASK).success
    assert len(caplog.records) == 1
    assert "continues without it: OSError: disk gone" in caplog.text
    assert agent.services.error is not None


def test_agent_whose_memory_fails_still_raises_the_error_of_its_work(tmp_path: Path) -> None:
    agent = create_agent("test-generator", fail, engine=LearningEngine("x", tmp_path))
    with pytest.raises(ValueError, match="got 17"):
        agent.run(TASK)


def test_hooks_that_raise_do_not_break_the_task(caplog: pytest.LogCaptureFixture) -> None:
    class Clumsy(BaseAgent):
        def perform_task(self, task: Task, context: TaskContext) -> TaskResult:
            return TaskResult(success=True)

        def on_pre_task(self, task: Task) -> TaskContext:
            raise LookupError("pre")

        def on_post_task(self, task: Task, result: TaskResult, context: TaskContext) -> None:
            raise LookupError("post")

    with caplog.at_level(logging.WARNING, logger="aqe.agents"):
        result = Clumsy("quality-gate").run(TASK)
    assert result.strategy == "strict-thresholds"
    assert "cannot prepare a task" in caplog.text


@pytest.mark.parametrize("word", ["0", "false", "No", " off "])
def test_variable_switches_learning_off(word: str) -> None:
    assert not learning_switched_on({"AQE_LEARNING_ENABLED": word})
    assert learning_switched_on({"AQE_LEARNING_ENABLED": "1"})
    assert learning_switched_on({})


def test_agent_works_unchanged_with_learning_switched_off(
    path: Path, monkeypatch: pytest.MonkeyPatch, bank: QEReasoningBank
) -> None:
    monkeypatch.setenv("AQE_LEARNING_ENABLED", "0")
    with LearningEngine("test-generator", path.with_name("l.db")) as engine:
        agent = create_agent("test-generator", succeed, engine=engine, bank=bank)
        assert agent.run(TASK).strategy == "example-based"
        assert (agent.services.engine, agent.services.bank) == (None, None)
        assert engine.get_total_experiences() == 0
        create_agent("test-generator", succeed, engine=engine, learning=True).run(TASK)
        assert engine.get_total_experiences() == 1


def test_agent_works_unchanged_with_learning_disabled_in_the_database(path: Path) -> None:
    with GreedyEngine("test-generator", path) as engine:
        for _ in range(5):
            engine.learn_from_execution(TASK, TaskResult(success=True, action="boundary-values"))
        agent = create_agent("test-generator", succeed, engine=engine)
        assert agent.run(TASK).strategy == "boundary-values"
        engine.set_enabled(False)
        assert agent.run(TASK).strategy == "example-based"
        assert engine.get_total_experiences() == 6


async def async_succeed(task: Task, context: TaskContext) -> TaskResult:
    await asyncio.sleep(0)
    return TaskResult(success=True)


async def async_fail(task: Task, context: TaskContext) -> TaskResult:
    raise ValueError("got 17")


def test_coroutine_is_awaited(path: Path) -> None:
    with LearningEngine("test-generator", path) as engine:
        agent = create_agent("test-generator", async_succeed, engine=engine)
        assert asyncio.run(agent.run_async(TASK)).success
        with pytest.raises(TypeError, match="await run_async"):
            agent.run(TASK)
        failing = create_agent("test-generator", async_fail, engine=engine)
        with pytest.raises(ValueError, match="got 17"):
            asyncio.run(failing.run_async(TASK))
        assert engine.get_total_experiences() == 2


def test_function_that_returns_a_coroutine_is_awaited() -> None:
    agent = create_agent("test-generator", lambda task, context: async_succeed(task, context))
    assert asyncio.run(agent.run_async(TASK)).success


def test_subclass_with_a_coroutine_is_awaited() -> None:
    class Waiting(BaseAgent):
        async def perform_task(self, task: Task, context: TaskContext) -> TaskResult:
            return await async_succeed(task, context)

    assert asyncio.run(Waiting("test-generator").run_async(TASK)).success


def test_cancelled_task_teaches_nothing(path: Path) -> None:
    async def long(task: Task, context: TaskContext) -> TaskResult:
        await asyncio.sleep(60)
        return TaskResult(success=True)

    async def cancel(agent: BaseAgent) -> None:
        running = asyncio.create_task(agent.run_async(TASK))
        await asyncio.sleep(0.2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with LearningEngine("test-generator", path) as engine:
        asyncio.run(cancel(create_agent("test-generator", long, engine=engine)))
        assert engine.get_total_experiences() == 0


def test_memory_and_plain_work_never_block_the_event_loop() -> None:
    """A bank and a task that each take 0.2 s: the loop keeps ticking meanwhile."""
    threads: set[int] = set()

    class SlowBank(BrokenBank):
        def find_matching_patterns(self, context: Any, limit: int = 10) -> Any:
            threads.add(threading.get_ident())
            time.sleep(0.2)
            return ()

    def slow(task: Task, context: TaskContext) -> TaskResult:
        threads.add(threading.get_ident())
        time.sleep(0.2)
        return TaskResult(success=True)

    async def longest_pause() -> float:
        agent = create_agent("test-generator", slow, bank=SlowBank())
        running = asyncio.create_task(agent.run_async(TASK))
        worst, last = 0.0, time.monotonic()
        while not running.done():
            await asyncio.sleep(0.005)
            now = time.monotonic()
            worst, last = max(worst, now - last), now
        return worst

    assert asyncio.run(longest_pause()) < 0.15
    assert threading.get_ident() not in threads


def test_many_agents_in_one_program_lose_nothing(path: Path) -> None:
    async def together(engine: LearningEngine) -> None:
        agent = create_agent("test-generator", async_succeed, engine=engine)
        await asyncio.gather(*(agent.run_async(TASK) for _ in range(40)))

    with LearningEngine("test-generator", path) as engine:
        asyncio.run(together(engine))
        assert engine.get_total_experiences() == 40
        assert engine.get_q_learning_stats().updates == 40


def test_what_worked_for_an_agent_ranks_higher_for_the_same_query(
    bank: QEReasoningBank, pattern: Callable[..., TestPattern]
) -> None:
    """Outcomes reach the search through the agent's own hooks."""
    for letter in "ab":
        bank.store_pattern(pattern(f"test_login_{letter}", description="login form accepts a user"))
    query = "login form accepts a user"
    worse = bank.find_matching_patterns(query)[0].pattern.id

    def work(task: Task, context: TaskContext) -> TaskResult:
        chosen = task.context["use"]
        context.use_pattern(chosen)
        return TaskResult(success=chosen != worse)

    agent = create_agent("test-generator", work, bank=bank)
    better = bank.find_matching_patterns(query)[1].pattern.id
    for number in range(12):
        agent.run(Task(id=str(number), type="t", context={"use": (worse, better)[number % 2]}))
    assert agent.services.error is None
    first = bank.find_matching_patterns(query)[0]
    assert first.pattern.id == better
    assert first.pattern.usage_count == 6
