"""Learns from the outcome of every task, and recommends what to do next: the public face."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
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
)
from .analytics import analyse
from .config import LearningTuning, QLearningConfig
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
from .storage.backend import LearningBackend, LearningReader, LearningWriter
from .storage.learning_rows import AgentRow
from .storage.sqlite.learning_backend import SQLiteLearningBackend

__all__ = ["LearningEngine"]

MAX_ID_CHARS = 200


class LearningEngine:
    """The learning of one kind of agent, kept in a database.

    Opened on first use; may be used from several threads. Several processes may learn for the
    same agent at once. Every method raises ``DatabaseError`` when the database cannot be opened,
    read or, where it writes, written.

    Args:
        agent_id: The stable name of a role such as ``test-generator``, never one that each process
            makes up for itself: what one run learns, the next run uses.
        database: An open database, the path of one, or None to learn in memory: shorthand for an
            SQLite backend.
        backend: Where learning is stored, instead of ``database``; its owner closes it.
        config: How to learn; it is recorded with every experience.
        tuning: Bounds on memory and on the work within a transaction.
        rng: Draws of ``select_action``; pass a seeded one for repeatable choices.
        clock: Returns the current time, with its time zone.

    Raises:
        ValueError: ``agent_id`` is empty or too long, or there are both a database and a backend.
        TypeError: ``agent_id`` is not text, or ``backend`` is no backend.
    """

    def __init__(
        self,
        agent_id: str,
        database: Database | str | Path | None = None,
        *,
        backend: LearningBackend | None = None,
        config: QLearningConfig | None = None,
        tuning: LearningTuning | None = None,
        rng: np.random.Generator | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        if not isinstance(agent_id, str):
            raise TypeError(f"agent_id must be text, got {type(agent_id).__name__}")
        if not agent_id.strip() or len(agent_id) > MAX_ID_CHARS:
            raise ValueError(
                f"agent_id must have 1 to {MAX_ID_CHARS} characters, got {agent_id[:40]!r}"
            )
        if backend is not None and database is not None:
            raise ValueError("give either database or backend, got both")
        if backend is not None and not hasattr(type(backend), "reading"):
            raise TypeError(f"backend must be a LearningBackend, got {type(backend).__name__}")
        self.agent_id = storable_text(agent_id)
        self.config = QLearningConfig() if config is None else config
        self._owned = backend is None
        self._backend = SQLiteLearningBackend(database) if backend is None else backend
        self._tuning = LearningTuning() if tuning is None else tuning
        self._rng = np.random.default_rng() if rng is None else rng
        self._clock = partial(datetime.now, UTC) if clock is None else clock
        self._policy = policy_named(self.config.policy)
        self._tracked = TrackedLearner(self.agent_id, self._tuning)
        self._lock = threading.RLock()

    def initialize(self) -> None:
        """Opens the database, loads the Q-table and applies newer experiences; idempotent.

        Raises:
            DatabaseError: The database cannot be opened or read.
        """
        with self._reading(long=True) as reader:
            self._follow(reader)

    def close(self) -> None:
        """Closes the database if it was opened here; the next use opens it again."""
        with self._lock:
            if self._owned:
                self._backend.close()
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
            task: What was to be done.
            result: How it went; its ``action`` says what was done.
            feedback: What somebody else thought of the result.
            explored: Whether the action was an exploration; None when that is not known.
            experience_id: Makes a repeated call harmless: a known experience is not learned twice.

        Raises:
            TypeError: ``task`` or ``result`` is of another type.
            ValueError: ``result`` has no action.
            LearningError: The Q-table would grow beyond its limit.
            DatabaseError: The experience was not written. An error of the commit itself leaves the
                outcome unknown; pass an ``experience_id`` to try again.
        """
        experience = experience_of(
            task,
            result,
            feedback,
            agent_id=self.agent_id,
            experience_id=experience_id or uuid.uuid4().hex,
            explored=explored,
            timestamp=self._clock().astimezone(UTC),
        )
        with self._writing() as writer:
            return self._learn(writer, experience)

    def recommend_strategy(
        self, state: TaskState | Task, actions: Sequence[AgentAction | str] | None = None
    ) -> StrategyRecommendation:
        """Returns the best known strategy for a state, with its confidence and the reasons.

        Args:
            state: A state, or a task in it.
            actions: The only ones that may be recommended; None for any that was tried before.

        Raises:
            TypeError: ``state`` or ``actions`` is of another type.
            ValueError: ``actions`` is empty.
            DatabaseError: The database cannot be read.
        """
        key = state_key(as_state(state))
        offered = None if actions is None else as_actions(actions)
        task_type = task_type_of(key)
        with self._reading() as reader:
            return recommend(
                self._follow(reader).table,
                key,
                task_type,
                records=reader.strategy_records(self.agent_id, task_type=task_type),
                trial=reader.trial(self.agent_id, task_type),
                actions=offered,
            )

    def select_action(
        self, state: TaskState | Task, actions: Sequence[AgentAction | str]
    ) -> AgentAction:
        """Returns the action that the configured policy chooses.

        Raises:
            ValueError: There are no actions.
        """
        return self.choose_action(state, actions).action

    def choose_action(
        self, state: TaskState | Task, actions: Sequence[AgentAction | str]
    ) -> ActionChoice:
        """Returns the choice of ``select_action``, with its Q-value and visits.

        Raises:
            ValueError: There are no actions.
        """
        offered = as_actions(actions)
        key = state_key(as_state(state))
        with self._reading() as reader:
            learner = self._follow(reader)
            return choose(
                learner.table,
                key,
                offered,
                policy=self._policy,
                epsilon=self._epsilon(learner),
                rng=self._rng,
            )

    def get_analytics(self, time_range: str = "7d") -> LearningAnalytics:
        """Returns totals, averages, trend and records of a time range (``7d``, ``4w``, ``all``).

        Raises:
            ValueError: ``time_range`` has another form.
            DatabaseError: The database cannot be read.
        """
        with self._reading() as reader:
            return analyse(reader, agent_id=self.agent_id, time_range=time_range, now=self._now())

    def get_patterns(self, task_type: str | None = None) -> list[LearnedPattern]:
        """Returns what works, most certain first."""
        with self._reading() as reader:
            return reader.strategy_records(self.agent_id, task_type=_counted_name(task_type))

    def get_failure_patterns(self, task_type: str | None = None) -> list[FailurePattern]:
        """Returns what fails, most frequent first, with the remedies known now."""
        with self._reading() as reader:
            failures = reader.failure_records(self.agent_id, task_type=_counted_name(task_type))
            return with_suggestions(reader, failures)

    def get_q_value(self, state: TaskState | Task, action: AgentAction | str) -> float | None:
        """Returns Q(state, action); None when the action was never taken in the state."""
        (offered,) = as_actions([action])
        with self._reading() as reader:
            table = self._follow(reader).table
            row = table.state_index(state_key(as_state(state)))
            column = table.action_index(action_key(offered))
            if row is None or column is None or not table.visit_count(row, column):
                return None
            return table.value(row, column)

    def get_q_learning_stats(self) -> QLearningStats:
        """Returns size and spread of the Q-table."""
        with self._reading() as reader:
            learner = self._follow(reader)
            return statistics(learner.table, epsilon=self._epsilon(learner))

    def get_exploration_rate(self) -> float:
        """Returns epsilon after the experiences so far."""
        with self._reading() as reader:
            return self._epsilon(self._follow(reader))

    def get_total_experiences(self) -> int:
        """Returns how many experiences were recorded, archived ones included."""
        with self._reading() as reader:
            agent = reader.agent(self.agent_id)
            return 0 if agent is None else agent.experience_count

    def is_enabled(self) -> bool:
        """Returns whether learning is switched on, for this agent and for all."""
        with self._reading() as reader:
            agent = reader.agent(self.agent_id)
            return reader.all_enabled() if agent is None else agent.enabled and agent.all_enabled

    def set_enabled(self, enabled: bool) -> None:
        """Switches learning on or off for this agent; every process follows.

        Raises:
            TypeError: ``enabled`` is not True or False.
            DatabaseError: The database cannot be written.
        """
        if not isinstance(enabled, bool):
            raise TypeError(f"enabled must be True or False, got {enabled!r}")
        with self._writing() as writer:
            writer.set_enabled(self.agent_id, enabled, at=self._now().isoformat())

    def flush(self) -> None:
        """Writes the Q-values that changed since the last batch.

        None of them is at risk before: the history contains them.

        Raises:
            DatabaseError: The database cannot be written.
        """
        with self._writing() as writer:
            agent = writer.agent(self.agent_id)
            if agent is not None:
                learner = self._tracked.follow(writer, agent)
                self._tracked.store_values(writer, learner, at=self._now().isoformat())

    def reset(self, *, confirm: bool = False) -> int:
        """Forgets everything this agent has learned; returns how many experiences that was.

        Raises:
            ValueError: ``confirm`` is not True.
            DatabaseError: The database cannot be written.
        """
        if confirm is not True:
            raise ValueError("reset deletes all that the agent has learned; pass confirm=True")
        with self._writing() as writer:
            agent = writer.agent(self.agent_id)
            if agent is None:
                return 0
            writer.reset_agent(self.agent_id, at=self._now().isoformat())
            return agent.experience_count

    def archive(self, *, keep: int) -> int:
        """Archives all but the newest ``keep`` experiences; returns how many.

        They still count, in totals and analytics. The newest 10,000 always stay: rehearsal draws
        from them.

        Raises:
            ValueError: ``keep`` is negative.
            DatabaseError: The database cannot be written.
        """
        with self._writing() as writer:
            agent = writer.agent(self.agent_id)
            if agent is None:
                return 0
            return archive_history(writer, agent, keep=keep, min_live=self._tuning.max_replay)

    def export(self, *, q_table: bool = True, experiences: bool = True) -> dict[str, Any]:
        """Returns what was learned as lists of rows, oldest experience first."""
        document: dict[str, Any] = {"agent_id": self.agent_id}
        with self._reading(long=True) as reader:
            if q_table:
                document["q_table"] = _rows_of(self._follow(reader))
            if experiences:
                document["experiences"] = list(reader.experiences(self.agent_id))[::-1]
        return document

    # The names that the design fixes.
    learnFromExecution = learn_from_execution  # noqa: N815
    recommendStrategy = recommend_strategy  # noqa: N815
    getAnalytics = get_analytics  # noqa: N815

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
    def _reading(self, *, long: bool = False) -> Iterator[LearningReader]:
        with self._lock, self._backend.reading(long=long) as reader:
            yield reader

    @contextmanager
    def _writing(self) -> Iterator[LearningWriter]:
        with self._lock:
            try:
                with self._backend.writing() as writer:
                    yield writer
            except BaseException:  # not committed, or unknown: the learner may be ahead
                self._tracked.distrust()
                raise

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _follow(self, reader: LearningReader) -> QLearner:
        return self._tracked.follow(reader, reader.agent(self.agent_id))

    def _epsilon(self, learner: QLearner) -> float:
        return self.config.epsilon if learner.epsilon is None else learner.epsilon

    def _learn(self, writer: LearningWriter, experience: Experience) -> LearningOutcome:
        agent = writer.agent(self.agent_id)
        if agent is None:
            agent = writer.add_agent(self.agent_id, at=experience.timestamp.isoformat())
        if not (agent.enabled and agent.all_enabled):
            return _not_learned(experience, agent, "learning is switched off")
        recorded = self._tracked.record(writer, agent, experience, self.config)
        if recorded is None:
            return _not_learned(experience, agent, "this experience was recorded before")
        learner, applied = recorded
        return LearningOutcome(
            learned=True,
            reward=experience.reward,
            experience_id=experience.experience_id,
            state=experience.state,
            action=experience.action,
            previous_q_value=applied.previous,
            q_value=applied.value,
            visits=applied.visits,
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


def _counted_name(task_type: str | None) -> str | None:
    """Returns the name that experiences of a task type are counted under."""
    return None if task_type is None else task_type_of(state_key(TaskState(task_type=task_type)))


def _rows_of(learner: QLearner) -> list[dict[str, Any]]:
    """Returns the Q-table as rows, in the order of states, then of actions."""
    table = learner.table
    cells = zip(*(indexes.tolist() for indexes in table.tried()), strict=True)
    return [
        {
            "state": table.states[state],
            "action": table.actions[action],
            "q_value": table.value(state, action),
            "update_count": table.visit_count(state, action),
        }
        for state, action in cells
    ]
