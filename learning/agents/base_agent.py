"""Runs a task as an agent that retrieves patterns, chooses an action and learns."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ...schema import (
    AgentAction,
    LearningOutcome,
    PatternMatch,
    PatternSearchContext,
    PatternUsageContext,
    Provenance,
    StoreResult,
    StrategyRecommendation,
    Task,
    TaskResult,
)
from ...schema.records.validation import without_secrets
from ..decision.action_choice import ActionChoice
from ..engine import LearningEngine
from .agent_services import AgentServices, PatternBank
from .environment import learning_switched_on
from .roles import AgentRole, role_named

__all__ = ["BaseAgent", "Perform", "TaskContext", "create_agent"]

# The pattern of a result is stored if the quality of the result is above this.
KEEP_QUALITY = 0.8
MAX_PATTERNS = 5

Perform = Callable[[Task, "TaskContext"], TaskResult | Coroutine[Any, Any, TaskResult]]


@dataclass(slots=True)
class TaskContext:
    """The answers of engine and bank about a task, and the patterns used for it.

    Attributes:
        action: The action to take; work that takes another one says so in its result.
        explored: Whether the action is an exploration; None without an engine.
        patterns: Matching patterns of the bank, best first.
        recommendation: The recommended strategy and the reasons; None without an engine.
        used: Ids of the patterns used so far.
    """

    action: AgentAction
    explored: bool | None = None
    patterns: Sequence[PatternMatch] = ()
    recommendation: StrategyRecommendation | None = None
    used: list[str] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def use_pattern(self, pattern_id: str) -> None:
        """Notes the use of a pattern; the outcome of the task will be recorded for it."""
        if pattern_id not in self.used:
            self.used.append(pattern_id)

    def seconds(self) -> float:
        """Returns the seconds since the context was created."""
        return time.monotonic() - self._started


class BaseAgent:
    """An agent of a role. Subclasses do the work in ``perform_task``.

    Without engine and bank, or with learning switched off, it uses the first strategy of its role.
    A failing engine or bank causes one warning and never fails the task.

    Args:
        role: A role, or the name of one of the 18.
        engine: Its learning engine, whose ``agent_id`` should be the name of the role.
        bank: The bank that it searches and adds patterns to.
        learning: Overrides the environment variable AQE_LEARNING_ENABLED.

    Raises:
        ValueError: There is no role with that name.
    """

    def __init__(
        self,
        role: AgentRole | str,
        *,
        engine: LearningEngine | None = None,
        bank: PatternBank | None = None,
        learning: bool | None = None,
    ) -> None:
        self.role = role_named(role) if isinstance(role, str) else role
        on = learning_switched_on() if learning is None else learning
        self.services = AgentServices(
            self.role.name, engine=engine if on else None, bank=bank if on else None
        )

    def perform_task(
        self, task: Task, context: TaskContext
    ) -> TaskResult | Coroutine[Any, Any, TaskResult]:
        """Does the task and returns its result; may be a coroutine function.

        Raises:
            NotImplementedError: The subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define perform_task")

    def actions(self, task: Task) -> Sequence[AgentAction]:
        """Returns the possible actions for a task. Default: the strategies of the role."""
        return [AgentAction(strategy=strategy) for strategy in self.role.strategies]

    def search_context(self, task: Task) -> PatternSearchContext:
        """Returns the search of the bank for a task. Default: its type and description."""
        words = " ".join((task.type.replace("-", " "), task.description)).strip()
        return PatternSearchContext(query=words, keywords=tuple(task.required_capabilities))

    def run(self, task: Task) -> TaskResult:
        """Does a task; returns its result after learning from it.

        Raises:
            TypeError: ``perform_task`` is a coroutine (await ``run_async``) or returned no result.
            Exception: Whatever ``perform_task`` raised, after it was learned from.
        """
        context = self._prepare(task)
        try:
            result = self.perform_task(task, context)
        except Exception as error:
            self._failed(task, error, context)
            raise
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError(
                f"perform_task of {self.role.name} is a coroutine; await run_async instead"
            )
        return self._finish(task, _checked(result), context)

    async def run_async(self, task: Task) -> TaskResult:
        """Does a task without blocking the event loop; returns its result after learning from it.

        Raises:
            TypeError: ``perform_task`` returned no result.
            Exception: Whatever ``perform_task`` raised, after it was learned from.
        """
        import asyncio  # 70 ms that a plain program need not spend

        context = await asyncio.to_thread(self._prepare, task)
        try:
            if self._is_coroutine():
                result = self.perform_task(task, context)
            else:
                result = await asyncio.to_thread(self.perform_task, task, context)
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:  # a cancellation is not a failure of the task
            await asyncio.to_thread(self._failed, task, error, context)
            raise
        return await asyncio.to_thread(self._finish, task, _checked(result), context)

    def on_pre_task(self, task: Task) -> TaskContext:
        """Searches the bank, asks for a recommendation and chooses an action."""
        actions = self.actions(task)
        context = TaskContext(action=actions[0])
        engine, bank = self.services.engine, self.services.bank
        if bank is not None:
            wanted = self.search_context(task)
            context.patterns = self.services.attempt(
                "look up patterns",
                lambda: tuple(bank.find_matching_patterns(wanted, limit=MAX_PATTERNS)),
                (),
            )
        if engine is not None and _is_on(self.services, engine):
            context.recommendation = self.services.attempt(
                "ask for a strategy", lambda: engine.recommend_strategy(task, actions), None
            )
            choice = self.services.attempt(
                "choose an action", lambda: engine.choose_action(task, actions), None
            )
            if choice is not None:
                context.action = _action(choice, context.recommendation)
                context.explored = choice.explored
        return context

    def on_post_task(
        self, task: Task, result: TaskResult, context: TaskContext
    ) -> LearningOutcome | None:
        """Records the uses of patterns, stores a good new pattern, and learns.

        The pattern of a result is stored if the result succeeded with a quality above 0.8.
        """
        bank = self.services.bank
        if bank is not None:
            self._record_usage(bank, task, result, context)
            if result.success and (result.quality or 0.0) > KEEP_QUALITY:
                self._keep_pattern(bank, task, result)
        return self._learn(task, result, context)

    def on_task_error(self, task: Task, error: Exception, context: TaskContext) -> None:
        """Records that the task failed with an exception, and learns from it."""
        result = TaskResult(
            success=False,
            action=context.action,
            errors=(without_secrets(f"{type(error).__name__}: {error}")[:2000],),
            execution_time_ms=1000 * context.seconds(),
            patterns_used=tuple(context.used),
        )
        bank = self.services.bank
        if bank is not None:
            self._record_usage(bank, task, result, context)
        self._learn(task, result, context)

    def _is_coroutine(self) -> bool:
        return inspect.iscoroutinefunction(self.perform_task)

    def _prepare(self, task: Task) -> TaskContext:
        otherwise = TaskContext(action=self.actions(task)[0])
        return self.services.attempt("prepare a task", lambda: self.on_pre_task(task), otherwise)

    def _finish(self, task: Task, result: TaskResult, context: TaskContext) -> TaskResult:
        action = result.action or context.action
        used = tuple(dict.fromkeys((*result.patterns_used, *context.used)))
        complete = replace(result, action=action, patterns_used=used)
        if complete.execution_time_ms is None:
            complete = replace(complete, execution_time_ms=1000 * context.seconds())
        self.services.attempt(
            "learn from a result", lambda: self.on_post_task(task, complete, context), None
        )
        return complete

    def _failed(self, task: Task, error: Exception, context: TaskContext) -> None:
        self.services.attempt(
            "learn from an error", lambda: self.on_task_error(task, error, context), None
        )

    def _learn(
        self, task: Task, result: TaskResult, context: TaskContext
    ) -> LearningOutcome | None:
        engine = self.services.engine
        if engine is None:
            return None
        explored = context.explored if result.action == context.action else None
        return self.services.attempt(
            "learn from a task",
            lambda: engine.learn_from_execution(task, result, explored=explored),
            None,
        )

    def _record_usage(
        self, bank: PatternBank, task: Task, result: TaskResult, context: TaskContext
    ) -> None:
        usage = PatternUsageContext(
            success=result.success,
            agent_id=self.role.name,
            task_id=task.id,
            execution_time_ms=result.execution_time_ms,
            coverage_achieved=result.coverage,
            context=without_secrets(task.description)[:2000],
            error_message=result.errors[0] if result.errors else None,
        )
        for pattern_id in result.patterns_used:
            self.services.attempt(
                f"record the use of pattern {pattern_id}",
                partial(bank.record_usage, pattern_id, usage),
                None,
            )

    def _keep_pattern(
        self, bank: PatternBank, task: Task, result: TaskResult
    ) -> StoreResult | None:
        pattern = result.pattern
        if pattern is None:
            return None
        author = Provenance(
            origin="agent", agent_id=self.role.name, run_id=without_secrets(task.id)[:200]
        )
        return self.services.attempt(
            "store a pattern", lambda: bank.store_pattern(pattern, provenance=author), None
        )


class _FunctionAgent(BaseAgent):
    """An agent whose work is done by a function."""

    def __init__(
        self,
        role: AgentRole | str,
        perform: Perform,
        *,
        engine: LearningEngine | None,
        bank: PatternBank | None,
        learning: bool | None,
    ) -> None:
        super().__init__(role, engine=engine, bank=bank, learning=learning)
        self._perform = perform

    def perform_task(
        self, task: Task, context: TaskContext
    ) -> TaskResult | Coroutine[Any, Any, TaskResult]:
        return self._perform(task, context)

    def _is_coroutine(self) -> bool:
        return inspect.iscoroutinefunction(self._perform)


def create_agent(
    role: AgentRole | str,
    perform: Perform,
    *,
    engine: LearningEngine | None = None,
    bank: PatternBank | None = None,
    learning: bool | None = None,
) -> BaseAgent:
    """Returns an agent of a role whose work is the function ``perform(task, context)``.

    The function returns a ``TaskResult`` and may be a coroutine function. The other arguments are
    those of ``BaseAgent``.

    Raises:
        ValueError: There is no role with that name.
        TypeError: ``perform`` is not callable.
    """
    if not callable(perform):
        raise TypeError(f"perform must be a function, got {type(perform).__name__}")
    return _FunctionAgent(role, perform, engine=engine, bank=bank, learning=learning)


def _is_on(services: AgentServices, engine: LearningEngine) -> bool:
    """Returns whether learning is switched on in the database; False if that is unknown."""
    return services.attempt("check whether learning is on", engine.is_enabled, False)


def _action(choice: ActionChoice, recommendation: StrategyRecommendation | None) -> AgentAction:
    """Returns the action to take: the recommended one in a state never seen before."""
    if (
        not choice.explored
        and choice.state_visits == 0
        and recommendation is not None
        and recommendation.action is not None
    ):
        return recommendation.action
    return choice.action


def _checked(result: object) -> TaskResult:
    if not isinstance(result, TaskResult):
        raise TypeError(f"perform_task must return a TaskResult, got {type(result).__name__}")
    return result
