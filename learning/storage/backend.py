"""Declares what the learning engine asks of its storage: the seam that every backend implements.

A backend opens transactions; everything else is asked of a transaction. The methods are shaped by
their use, not by tables: ``append`` records an experience together with everything that is counted
with it. The contract suite in tests/learning/storage/ runs over every backend.

The promises that the rest of learning is built on:

* Order. Experiences have numbers: whole numbers above 0, higher than all that were given before,
  never given twice, not even after a reset. Every process sees the experiences of an agent in one
  total order, the order of their numbers; once an experience is visible, no lower number of that
  agent can still appear. What is learned is a fold over that order.
* Isolation. A transaction sees one state of the storage, plus its own writes. Writing transactions
  run one after the other. A writing transaction is committed whole when its block ends and leaves
  no trace when the block raises.
* Durability. A committed transaction survives the death of the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol

from ...schema import Experience, FailurePattern, LearnedPattern, Standing, SuggestedAction
from ..config import QLearningConfig
from .learning_rows import (
    AgentRow,
    Cell,
    CycleRow,
    DailyGroup,
    ExperienceCounts,
    HistoryCounts,
    ImprovementStatus,
    LoopRow,
    OutcomeCount,
    OutcomeSums,
    SnapshotMark,
    StageRow,
    StandingChange,
    StrategyCounts,
    Transition,
    TrialRow,
)

__all__ = ["LearningBackend", "LearningReader", "LearningWriter"]


class LearningReader(Protocol):
    """One state of everything that was learned.

    An ``agent_id`` of None asks for all agents together. Iterators must be used up, or dropped,
    before the transaction ends.
    """

    def agent(self, agent_id: str) -> AgentRow | None:
        """Returns an agent's row; None when it never wrote anything."""
        ...

    def agents(self) -> list[AgentRow]:
        """Returns the rows of all agents, by name."""
        ...

    def all_enabled(self) -> bool:
        """Returns whether the switch for all agents together is on, as it is at first."""
        ...

    def settings(self, settings_id: int) -> QLearningConfig:
        """Returns the settings that ``settings_id`` returned this number for."""
        ...

    def q_values(self, agent_id: str) -> Iterator[Cell]:
        """Yields the Q-values of the last snapshot, in the order in which they were first stored.

        Ties between actions rest on this order.
        """
        ...

    def newest(self, agent_id: str, *, until: int, limit: int) -> list[Transition]:
        """Returns the last ``limit`` experiences numbered up to ``until``, oldest first."""
        ...

    def transitions(
        self, agent_id: str, *, after: int = 0, until: int | None = None
    ) -> Iterator[Transition]:
        """Yields experiences numbered above ``after`` and up to ``until``, in order.

        Archived ones are included: to the fold, the archive does not exist.
        """
        ...

    def experiences(
        self, agent_id: str | None, *, since: datetime | None = None, limit: int | None = None
    ) -> Iterator[Experience]:
        """Yields experiences not older than ``since``, archived ones included, newest first."""
        ...

    def experience_counts(self, agent_id: str | None) -> ExperienceCounts:
        """Returns how many experiences are in the history and in its archive."""
        ...

    def history_counts(self, agent_id: str) -> HistoryCounts:
        """Returns the agent's counters, counted from its history; slow on a long one."""
        ...

    def strategy_records(
        self, agent_id: str | None, *, task_type: str | None = None
    ) -> list[LearnedPattern]:
        """Returns strategy records, best first: by confidence, uses, agent, then name."""
        ...

    def failure_records(
        self, agent_id: str | None, *, task_type: str | None = None
    ) -> list[FailurePattern]:
        """Returns what fails, most frequent first, then by agent and name."""
        ...

    def successes_in_state(self, agent_id: str, state: str) -> list[StrategyCounts]:
        """Returns the strategies that ever succeeded in a state, best success rate first.

        Ties by successes, then name. Archived experiences are left out: the recent past decides.
        """
        ...

    def rewards(self, agent_id: str, task_type: str, strategy: str) -> list[float]:
        """Returns the rewards of a strategy on a task type, in no particular order."""
        ...

    def daily_sums(
        self, agent_id: str | None, group: DailyGroup, *, since: date | None = None
    ) -> list[OutcomeSums]:
        """Returns the sums over experiences from a UTC day on.

        Days come oldest first; task types and strategies most frequent first, then by name.
        """
        ...

    def outcome_counts(self, bounds: Sequence[datetime]) -> list[OutcomeCount]:
        """Returns the experiences of all agents between each two neighbouring bounds.

        Archived ones are included. Bounds ascend; a range has what is after its first bound and
        up to its last.
        """
        ...

    def standing_changes(self, *, limit: int) -> list[StandingChange]:
        """Returns the strategies whose standing was changed, the latest change first.

        Ties by agent, then by task type and strategy.
        """
        ...

    def trial(self, agent_id: str, task_type: str) -> TrialRow | None:
        """Returns the last comparison of strategies on a task type."""
        ...

    def trials(self, *, limit: int) -> list[TrialRow]:
        """Returns the last comparison of each task type, the latest first, then by agent."""
        ...

    def loop(self) -> LoopRow | None:
        """Returns the last improvement loop that was started."""
        ...

    def improvement_status(self, *, limit: int) -> ImprovementStatus:
        """Returns the state of the improvement, with its last ``limit`` cycles."""
        ...


class LearningWriter(LearningReader, Protocol):
    """A transaction that also writes. ``at`` is the time of the change, as ISO 8601 text."""

    def add_agent(self, agent_id: str, *, at: str) -> AgentRow:
        """Returns the agent's row, having added it if it was missing."""
        ...

    def set_enabled(self, agent_id: str | None, enabled: bool, *, at: str) -> None:
        """Sets the switch of an agent, which is added if missing, or the switch for all."""
        ...

    def reset_agent(self, agent_id: str, *, at: str) -> None:
        """Forgets everything of an agent but its name and its switch; adds 1 to ``generation``."""
        ...

    def settings_id(self, config: QLearningConfig) -> int:
        """Returns the number of these settings, the same for equal ones at all times."""
        ...

    def append(self, experience: Experience, *, settings_id: int) -> int | None:
        """Records an experience; returns its number, higher than all before it.

        In the same transaction it updates the agent's counters and the records of its strategy,
        of its failure and of its day: they are always what counting the history would give. The
        agent must have been added.

        Returns:
            None when an experience with this ``experience_id`` is recorded already, archived or
            not, by whichever agent; nothing is written then.
        """
        ...

    def store_q_values(
        self, agent_id: str, cells: Iterable[Cell], mark: SnapshotMark, *, at: str
    ) -> None:
        """Stores Q-values over those of the same state and action, and which prefix they contain.

        New ones come after those already stored, in the order given.
        """
        ...

    def archive(self, agent_id: str, *, keep: int, until: int) -> int:
        """Archives all but the newest ``keep`` experiences, none numbered above ``until``.

        Returns:
            How many were archived.
        """
        ...

    def recount(self, agent_id: str) -> int:
        """Counts the agent's history again; returns how many records that corrected."""
        ...

    def repair_agent(
        self, agent_id: str, cells: Iterable[Cell], *, epsilon: float | None, at: str
    ) -> None:
        """Replaces an agent's Q-values and counters by those of its whole history.

        Args:
            agent_id: An agent that has a row.
            cells: All of its Q-values, after a fold over the whole history.
            epsilon: Epsilon after that fold.
            at: The time of the repair.
        """
        ...

    def suggest(self, failure: FailurePattern, actions: list[SuggestedAction]) -> bool:
        """Stores what may help against a failure; returns whether that changed anything."""
        ...

    def set_standing(self, record: LearnedPattern, standing: Standing, *, at: str) -> None:
        """Changes how far a strategy is trusted on a task type."""
        ...

    def put_trial(self, trial: TrialRow) -> None:
        """Stores a comparison in place of the last one of its agent and task type."""
        ...

    def begin_cycle(self, *, at: str) -> int:
        """Records that an improvement cycle has begun; returns its number."""
        ...

    def put_stage(self, cycle: int, stage: StageRow) -> None:
        """Records what a stage of the cycle did."""
        ...

    def end_cycle(self, cycle: CycleRow) -> None:
        """Records how and when a cycle ended."""
        ...

    def put_loop(self, loop: LoopRow) -> None:
        """Stores the state of an improvement loop in place of the last one."""
        ...


class LearningBackend(Protocol):
    """A place where learning is stored. May be used from several threads and processes at once."""

    @property
    def label(self) -> str:
        """The storage's name for a person, such as the path of a file or ``:memory:``."""
        ...

    def reading(self, *, long: bool = False) -> AbstractContextManager[LearningReader]:
        """Opens a reading transaction; ``long`` for work that reads the whole history.

        Raises:
            DatabaseError: The storage cannot be read.
        """
        ...

    def writing(self) -> AbstractContextManager[LearningWriter]:
        """Opens a writing transaction: all of it is committed, or nothing.

        Raises:
            DatabaseError: The storage cannot be written. An error of the commit itself leaves the
                outcome unknown: what is tried again must be idempotent.
        """
        ...

    def close(self) -> None:
        """Releases what this object opened; it may be used again afterwards."""
        ...
