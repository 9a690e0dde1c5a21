"""Keeps a learner in step with the history, which several processes may write.

Every process folds the same experiences in the same order: before it adds its own, in the same
writing transaction, it applies those that others have added. So nothing needs to be merged, and no
update is lost.
"""

from __future__ import annotations

from typing import NamedTuple

from ...schema import Experience
from ..config import LearningTuning, QLearningConfig
from ..storage.backend import LearningReader, LearningWriter
from ..storage.learning_rows import AgentRow, SnapshotMark, Transition
from .q_learner import Applied, QLearner

__all__ = ["Recorded", "TrackedLearner"]


class Recorded(NamedTuple):
    """The learner after a new experience, and the effect of that experience."""

    learner: QLearner
    applied: Applied


class TrackedLearner:
    """The learner of one agent, as of the last transaction it followed.

    Args:
        agent_id: The agent.
        tuning: When to write a snapshot, and when to start from one.
    """

    def __init__(self, agent_id: str, tuning: LearningTuning) -> None:
        self._agent_id = agent_id
        self._tuning = tuning
        self._learner: QLearner | None = None
        self._settings: dict[int, QLearningConfig] = {}

    def distrust(self) -> None:
        """Discards the learner, which may contain changes that a failed transaction rolled back."""
        self._learner = None
        self._settings.clear()

    def follow(self, reader: LearningReader, agent: AgentRow | None) -> QLearner:
        """Returns the learner after every experience that the transaction sees."""
        if agent is None:
            return QLearner(self._agent_id, tuning=self._tuning)
        try:
            learner = self._learner
            if (
                learner is None
                or learner.generation != agent.generation
                or agent.snapshot_count - learner.count > self._tuning.far_behind
            ):
                return self._load(reader, agent)
            if agent.snapshot_experience >= learner.last_experience:
                learner.forget_changes()  # another process has stored them
            if agent.last_experience != learner.last_experience:
                self._apply_newer(reader, learner)
            if learner.count != agent.experience_count:  # a repair has corrected the counters
                return self._load(reader, agent)
            return learner
        except BaseException:  # an interrupted fold has done half a step
            self.distrust()
            raise

    def record(
        self,
        writer: LearningWriter,
        agent: AgentRow,
        experience: Experience,
        config: QLearningConfig,
    ) -> Recorded | None:
        """Appends the next experience and learns from it.

        If the transaction fails, call ``distrust``.

        Returns:
            None if the experience was recorded before.
        """
        learner = self.follow(writer, agent)
        settings_id = self._settings_id(writer, config)
        number = writer.append(experience, settings_id=settings_id)
        if number is None:
            return None
        transition = Transition(
            number,
            experience.state,
            experience.action,
            experience.reward,
            experience.next_state,
            experience.terminated,
            settings_id,
        )
        applied = learner.apply(transition, config)
        if learner.count - agent.snapshot_count >= self._tuning.snapshot_interval:
            self.store_values(writer, learner, at=experience.timestamp.isoformat())
        return Recorded(learner, applied)

    def store_values(self, writer: LearningWriter, learner: QLearner, *, at: str) -> None:
        """Stores the Q-values that changed, and the prefix of the history that they contain."""
        writer.store_q_values(self._agent_id, learner.changed_cells(), learner.mark, at=at)
        learner.forget_changes()

    def _load(self, reader: LearningReader, agent: AgentRow) -> QLearner:
        """Reads the last snapshot and applies the experiences after it."""
        learner = QLearner(self._agent_id, generation=agent.generation, tuning=self._tuning)
        until = agent.snapshot_experience
        learner.load(
            reader.q_values(self._agent_id),
            reader.newest(self._agent_id, until=until, limit=self._tuning.max_replay),
            SnapshotMark(agent.snapshot_count, until, agent.snapshot_epsilon),
        )
        self._apply_newer(reader, learner)
        self._learner = learner
        return learner

    def _apply_newer(self, reader: LearningReader, learner: QLearner) -> None:
        for transition in reader.transitions(self._agent_id, after=learner.last_experience):
            learner.apply(transition, self._config(reader, transition.settings_id))

    def _config(self, reader: LearningReader, settings_id: int) -> QLearningConfig:
        config = self._settings.get(settings_id)
        if config is None:
            config = self._settings[settings_id] = reader.settings(settings_id)
        return config

    def _settings_id(self, writer: LearningWriter, config: QLearningConfig) -> int:
        for number, known in self._settings.items():
            if known == config:
                return number
        number = writer.settings_id(config)
        self._settings[number] = config
        return number
