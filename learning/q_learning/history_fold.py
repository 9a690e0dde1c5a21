"""Keeps a learner in step with the history, whoever writes it.

Every process folds the same rows in the same order: before it adds its own experience, inside the
same write transaction, it applies those that others have added since. Nothing has to be merged,
and no update can be lost.
"""

from __future__ import annotations

from ...schema import Experience
from ..config import MAX_REPLAY, QLearningConfig
from ..storage.sqlite.agent_table import AgentRow
from ..storage.sqlite.experience_table import Transition
from ..storage.sqlite.store import LearningRows
from .q_learner import QLearner

__all__ = ["SNAPSHOT_INTERVAL", "TrackedLearner"]

# Experiences between two writes of the Q-values that they changed.
SNAPSHOT_INTERVAL = 10
# A learner that slept through more than this reads the last snapshot (0.1 s for 50,000 Q-values)
# instead of following row by row (0.02 ms each), perhaps while it holds the write lock.
FAR_BEHIND = 5_000


class TrackedLearner:
    """The learner of one agent, as of the last transaction that it was shown."""

    def __init__(self, agent_id: str) -> None:
        self._agent_id = agent_id
        self._learner: QLearner | None = None
        self._settings: dict[int, QLearningConfig] = {}

    def distrust(self) -> None:
        """Called when a transaction failed: what is in memory may never have been committed."""
        self._learner = None
        self._settings.clear()

    def follow(self, rows: LearningRows, agent: AgentRow | None) -> QLearner:
        """Returns the learner after every experience of the transaction's state."""
        if agent is None:
            return QLearner(self._agent_id)
        try:
            return self._followed(rows, agent)
        except BaseException:  # an interrupted fold has done half a step
            self.distrust()
            raise

    def record(
        self,
        rows: LearningRows,
        agent: AgentRow,
        experience: Experience,
        config: QLearningConfig,
    ) -> QLearner:
        """Writes the next experience and everything that is counted with it; learns from it.

        Must run inside a write transaction. If that fails, ``distrust`` must follow.
        """
        learner = self.follow(rows, agent)
        at = experience.timestamp.isoformat()
        settings_rowid = self._settings_rowid(rows, config)
        number = rows.history.append(experience, settings_rowid=settings_rowid)
        rows.agents.count_experience(self._agent_id, number, at=at)
        rows.patterns.count(experience)
        rows.analytics.count(experience)
        learner.apply(_transition(number, experience, settings_rowid), config)
        if learner.count - agent.snapshot_count >= SNAPSHOT_INTERVAL:
            self.store_values(rows, learner, at=at)
        return learner

    def store_values(self, rows: LearningRows, learner: QLearner, *, at: str) -> None:
        """Writes the Q-values that changed, and the number of the last experience in them."""
        rows.values.put(self._agent_id, learner.changed_cells(), at=at)
        rows.agents.mark_snapshot(
            self._agent_id,
            count=learner.count,
            experience=learner.last_experience,
            epsilon=learner.epsilon,
        )
        learner.forget_changes()

    def _followed(self, rows: LearningRows, agent: AgentRow) -> QLearner:
        learner = self._learner
        if learner is None or learner.generation != agent.generation:
            return self._load(rows, agent)
        if agent.snapshot_count - learner.count > FAR_BEHIND:
            return self._load(rows, agent)
        if agent.snapshot_experience >= learner.last_experience:
            learner.forget_changes()  # another process has stored them
        if agent.last_experience != learner.last_experience:
            self._apply_newer(rows, learner)
        if learner.count != agent.experience_count:  # rows were archived before we saw them
            return self._load(rows, agent)
        return learner

    def _load(self, rows: LearningRows, agent: AgentRow) -> QLearner:
        """Reads the last snapshot and replays the experiences after it."""
        learner = QLearner(self._agent_id, generation=agent.generation)
        learner.load(
            rows.values.all(self._agent_id),
            rows.history.newest(self._agent_id, until=agent.snapshot_experience, limit=MAX_REPLAY),
            count=agent.snapshot_count,
            last_experience=agent.snapshot_experience,
            epsilon=agent.snapshot_epsilon,
        )
        self._apply_newer(rows, learner)
        self._learner = learner
        return learner

    def _apply_newer(self, rows: LearningRows, learner: QLearner) -> None:
        for transition in rows.history.after(self._agent_id, learner.last_experience):
            learner.apply(transition, self._config(rows, transition.settings_rowid))

    def _config(self, rows: LearningRows, settings_rowid: int) -> QLearningConfig:
        config = self._settings.get(settings_rowid)
        if config is None:
            config = self._settings[settings_rowid] = rows.agents.settings(settings_rowid)
        return config

    def _settings_rowid(self, rows: LearningRows, config: QLearningConfig) -> int:
        for number, known in self._settings.items():
            if known == config:
                return number
        number = rows.agents.settings_rowid(config)
        self._settings[number] = config
        return number


def _transition(number: int, experience: Experience, settings_rowid: int) -> Transition:
    return Transition(
        number,
        experience.state,
        experience.action,
        experience.reward,
        experience.next_state,
        experience.terminated,
        settings_rowid,
    )
