"""The learning engine: turns the outcome of every task into a better choice next time."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..schema import (
    AgentAction,
    Database,
    Experience,
    FailurePattern,
    LearnedPattern,
    LearningAnalytics,
    LearningFeedback,
    LearningOutcome,
    StrategyRecommendation,
    Task,
    TaskResult,
    TaskState,
    utc_now,
)
from .analytics import analyse
from .config import QLearningConfig
from .decision.action_choice import (
    ActionChoice,
    QLearningStats,
    as_actions,
    as_state,
    choose,
    statistics,
)
from .decision.recommendation import recommend
from .decision.remedies import with_suggestions
from .improvement.retention import archive_history
from .outcome.experience import experience_of, storable_text
from .outcome.keys import action_key, state_key, task_type_of
from .q_learning.history_fold import TrackedLearner
from .q_learning.policies import policy_named
from .q_learning.q_learner import QLearner
from .storage.sqlite.agent_table import AgentRow
from .storage.sqlite.store import LearningRows, LearningStore

__all__ = ["LearningEngine"]

MAX_ID_CHARS = 200


class LearningEngine:
    """What one kind of agent has learned, kept in a database.

    Opened on first use; may be used from several threads. Several processes may learn for the
    same agent at once.

    Args:
        agent_id: The stable name of a role such as ``test-generator``, never one made up anew by
            each process: what one run learns, the next run uses.
        database: An open database, the path of one, or None to learn in memory.
        config: How to learn; it is recorded with every experience.
        rng: Draws of ``select_action``; give a seeded one for repeatable choices.
        clock: Gives the current time, with its time zone.

    Raises:
        ValueError: ``agent_id`` is empty or too long.
        TypeError: ``agent_id`` is no text.
    """

    def __init__(
        self,
        agent_id: str,
        database: Database | str | Path | None = None,
        *,
        config: QLearningConfig | None = None,
        rng: np.random.Generator | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        if not isinstance(agent_id, str):
            raise TypeError(f"agent_id must be text, got {type(agent_id).__name__}")
        if not agent_id.strip() or len(agent_id) > MAX_ID_CHARS:
            raise ValueError(
                f"agent_id must have 1 to {MAX_ID_CHARS} characters, got {agent_id[:40]!r}"
            )
        self.agent_id = storable_text(agent_id)
        self.config = QLearningConfig() if config is None else config
        self._database = database
        self._rng = np.random.default_rng() if rng is None else rng
        self._clock = utc_now if clock is None else clock
        self._policy = policy_named(self.config.policy)
        self._tracked = TrackedLearner(self.agent_id)
        self._opened: LearningStore | None = None
        self._lock = threading.RLock()

    def initialize(self) -> None:
        """Opens the database, loads the Q-table and replays what is newer; idempotent.

        Raises:
            DatabaseError: The database cannot be opened or read.
        """
        with self._lock:
            if self._opened is None:
                with self._reading(long=True) as rows:
                    self._follow(rows)

    def close(self) -> None:
        """Closes the database if it was opened here; the engine opens it again when used."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None
                self._tracked.distrust()

    def learn_from_execution(
        self,
        task: Task,
        result: TaskResult,
        feedback: LearningFeedback | None = None,
        *,
        explored: bool | None = None,
        experience_id: str | None = None,
    ) -> LearningOutcome:
        """Learns from how a task went; returns only after the experience is durable.

        Args:
            result: Its ``action`` says what was done; without one there is nothing to learn about.
            explored: Whether the action was an exploration; None when that is not known.
            experience_id: Makes a repeated call harmless: a known experience is not learned twice.

        Raises:
            TypeError: ``task`` or ``result`` is of another type.
            ValueError: ``result`` has no action.
            DatabaseError: The experience was not written. An error of the commit itself leaves
                that open; give an ``experience_id`` to try again.
        """
        experience = experience_of(
            task,
            result,
            feedback,
            agent_id=self.agent_id,
            experience_id=experience_id or uuid.uuid4().hex,
            explored=explored,
            timestamp=self._now(),
        )
        with self._writing() as rows:
            return self._learn(rows, experience, known=experience_id is not None)

    def recommend_strategy(
        self, state: TaskState | Task, actions: Sequence[AgentAction | str] | None = None
    ) -> StrategyRecommendation:
        """Returns what to do in a state, how sure that is, and why.

        Args:
            actions: What may be recommended; None for anything that was tried before.
        """
        state = as_state(state)
        offered = None if actions is None else as_actions(actions)
        task_type = task_type_of(state)
        with self._reading() as rows:
            return recommend(
                self._follow(rows).table,
                state_key(state),
                task_type,
                records=rows.patterns.for_task_type(self.agent_id, task_type),
                trial=rows.standing.trial(self.agent_id, task_type),
                actions=offered,
            )

    def select_action(
        self, state: TaskState | Task, actions: Sequence[AgentAction | str]
    ) -> AgentAction:
        """Returns one of the actions, as the configured policy chooses.

        Raises:
            ValueError: There are no actions.
        """
        return self.choose_action(state, actions).action

    def choose_action(
        self, state: TaskState | Task, actions: Sequence[AgentAction | str]
    ) -> ActionChoice:
        """Returns the choice of ``select_action`` with what is known about it.

        Raises:
            ValueError: There are no actions.
        """
        offered = as_actions(actions)
        key = state_key(as_state(state))
        with self._reading() as rows:
            learner = self._follow(rows)
            return choose(
                learner.table,
                key,
                offered,
                policy=self._policy,
                epsilon=self._epsilon(learner),
                rng=self._rng,
            )

    def get_analytics(self, time_range: str = "7d") -> LearningAnalytics:
        """Returns totals, averages, trend and patterns of a time range (``7d``, ``4w``, ``all``).

        Raises:
            ValueError: ``time_range`` is of another form.
        """
        with self._reading() as rows:
            return analyse(rows, agent_id=self.agent_id, time_range=time_range, now=self._now())

    def get_patterns(self, task_type: str | None = None) -> list[LearnedPattern]:
        """Returns what works, most certain first."""
        name = None if task_type is None else task_type_of(TaskState(task_type=task_type))
        with self._reading() as rows:
            return rows.patterns.learned(self.agent_id, task_type=name)

    def get_failure_patterns(self, task_type: str | None = None) -> list[FailurePattern]:
        """Returns what fails, most frequent first, with what did succeed instead."""
        name = None if task_type is None else task_type_of(TaskState(task_type=task_type))
        with self._reading() as rows:
            return with_suggestions(rows, rows.patterns.failures(self.agent_id, task_type=name))

    def get_q_value(self, state: TaskState | Task, action: AgentAction | str) -> float | None:
        """Returns Q(state, action); None when the action was never taken there."""
        (offered,) = as_actions([action])
        with self._reading() as rows:
            table = self._follow(rows).table
            row = table.state_index(state_key(as_state(state)))
            column = table.action_index(action_key(offered))
            if row is None or column is None or not table.visit_count(row, column):
                return None
            return table.value(row, column)

    def get_q_learning_stats(self) -> QLearningStats:
        """Returns size and spread of the Q-table."""
        with self._reading() as rows:
            learner = self._follow(rows)
            return statistics(learner.table, epsilon=self._epsilon(learner))

    def get_exploration_rate(self) -> float:
        """Returns epsilon as it is now."""
        with self._reading() as rows:
            return self._epsilon(self._follow(rows))

    def get_total_experiences(self) -> int:
        """Returns how many experiences were recorded, archived ones too."""
        with self._reading() as rows:
            agent = rows.agents.get(self.agent_id)
            return 0 if agent is None else agent.experience_count

    def is_enabled(self) -> bool:
        """Returns whether learning is switched on, for this agent and for all."""
        with self._reading() as rows:
            agent = rows.agents.get(self.agent_id)
            return rows.agents.all_enabled() and (agent is None or agent.enabled)

    def set_enabled(self, enabled: bool) -> None:
        """Switches learning on or off for this agent; every process follows."""
        if not isinstance(enabled, bool):
            raise TypeError(f"enabled must be True or False, got {enabled!r}")
        with self._writing() as rows:
            rows.agents.add(self.agent_id, at=self._now().isoformat())
            rows.agents.set_enabled(self.agent_id, enabled)

    def flush(self) -> None:
        """Writes the Q-values that changed since the last batch; none of them is at risk before."""
        with self._writing() as rows:
            agent = rows.agents.get(self.agent_id)
            if agent is not None:
                learner = self._tracked.follow(rows, agent)
                self._tracked.store_values(rows, learner, at=self._now().isoformat())

    def reset(self, *, confirm: bool = False) -> int:
        """Forgets everything this agent has learned; returns how many experiences that were.

        Raises:
            ValueError: ``confirm`` is not True.
        """
        if confirm is not True:
            raise ValueError("reset deletes all that the agent has learned; pass confirm=True")
        with self._writing() as rows:
            agent = rows.agents.get(self.agent_id)
            if agent is None:
                return 0
            rows.agents.reset(self.agent_id, at=self._now().isoformat())
            return agent.experience_count

    def archive(self, *, keep: int) -> int:
        """Moves all but the newest ``keep`` experiences out of the way; returns how many.

        They still count, in totals and analytics. The newest 10,000 always stay: replay
        needs them.
        """
        with self._writing() as rows:
            agent = rows.agents.get(self.agent_id)
            return 0 if agent is None else archive_history(rows, agent, keep=keep)

    def export(self, *, q_table: bool = True, experiences: bool = True) -> dict[str, Any]:
        """Returns what was learned as lists of rows, oldest experience first."""
        document: dict[str, Any] = {"agent_id": self.agent_id}
        with self._reading(long=True) as rows:
            learner = self._follow(rows)
            if q_table:
                document["q_table"] = [
                    {
                        "state": learner.table.states[state],
                        "action": learner.table.actions[action],
                        "q_value": learner.table.value(int(state), int(action)),
                        "update_count": learner.table.visit_count(int(state), int(action)),
                    }
                    for state, action in zip(*learner.table.tried(), strict=True)
                ]
            if experiences:
                document["experiences"] = list(rows.history.listing(self.agent_id))[::-1]
        return document

    # The names that the design fixes.
    learnFromExecution = learn_from_execution
    recommendStrategy = recommend_strategy
    getAnalytics = get_analytics

    def __enter__(self) -> Self:
        self.initialize()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self, *, long: bool = False) -> Iterator[LearningRows]:
        with self._lock, self._store().reading(long=long) as rows:
            yield rows

    @contextmanager
    def _writing(self) -> Iterator[LearningRows]:
        with self._lock:
            try:
                with self._store().writing() as rows:
                    yield rows
            except BaseException:  # not committed, or nobody knows: memory may be ahead
                self._tracked.distrust()
                raise

    def _store(self) -> LearningStore:
        if self._opened is None:
            self._opened = LearningStore(self._database)
        return self._opened

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _follow(self, rows: LearningRows) -> QLearner:
        return self._tracked.follow(rows, rows.agents.get(self.agent_id))

    def _epsilon(self, learner: QLearner) -> float:
        return self.config.epsilon if learner.epsilon is None else learner.epsilon

    def _learn(self, rows: LearningRows, experience: Experience, *, known: bool) -> LearningOutcome:
        at = experience.timestamp.isoformat()
        agent = rows.agents.get(self.agent_id) or rows.agents.add(self.agent_id, at=at)
        if not (agent.enabled and rows.agents.all_enabled()):
            return _not_learned(experience, agent, "learning is switched off")
        if known and rows.history.has(experience.experience_id):
            return _not_learned(experience, agent, "this experience was recorded before")
        table = self._tracked.follow(rows, agent).table
        state = table.add_state(experience.state)
        action = table.add_action(experience.action)
        previous = table.value(state, action)
        learner = self._tracked.record(rows, agent, experience, self.config)
        return LearningOutcome(
            learned=True,
            reward=experience.reward,
            experience_id=experience.experience_id,
            state=experience.state,
            action=experience.action,
            previous_q_value=previous,
            q_value=learner.table.value(state, action),
            visits=learner.table.visit_count(state, action),
            epsilon=learner.epsilon,
            total_experiences=learner.count,
            failure_kind=experience.failure_kind,
        )


def _not_learned(experience: Experience, agent: AgentRow, reason: str) -> LearningOutcome:
    return LearningOutcome(
        learned=False,
        reward=experience.reward,
        reason=reason,
        state=experience.state,
        action=experience.action,
        total_experiences=agent.experience_count,
        failure_kind=experience.failure_kind,
    )
