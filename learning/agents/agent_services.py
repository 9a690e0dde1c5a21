"""Calls an agent's engine and bank so that their failures do not break its work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from ...schema import (
    PatternMatch,
    PatternSearchContext,
    PatternUsageContext,
    Provenance,
    StoreResult,
    TestPattern,
)
from ..engine import LearningEngine

__all__ = ["AgentServices", "PatternBank"]

_log = logging.getLogger("aqe.agents")
_Answer = TypeVar("_Answer")


class PatternBank(Protocol):
    """The methods of a pattern bank that an agent uses; ``QEReasoningBank`` has them."""

    def find_matching_patterns(
        self, context: PatternSearchContext | str, limit: int = 10
    ) -> Sequence[PatternMatch]:
        """Returns matching patterns, best first."""
        ...

    def store_pattern(
        self, pattern: TestPattern, *, provenance: Provenance | None = None
    ) -> StoreResult:
        """Stores a pattern; returns what happened to it."""
        ...

    def record_usage(self, id: str, context: PatternUsageContext) -> Any:
        """Records one use of a pattern."""
        ...


class AgentServices:
    """The engine and bank of an agent, and calls to them that survive failures.

    The first failure is logged as a warning, which Python prints on stderr unless the program
    configures logging; ``error`` is the last one.

    Args:
        name: The agent's name, for the warning.
        engine: None for an agent that does not learn.
        bank: None for an agent without patterns.
    """

    def __init__(
        self, name: str, *, engine: LearningEngine | None, bank: PatternBank | None
    ) -> None:
        self.engine = engine
        self.bank = bank
        self.error: Exception | None = None
        self._name = name
        self._warned = False

    def attempt(self, what: str, call: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        """Returns the result of ``call``, or ``otherwise`` if it raises.

        A task must continue whatever engine or bank raise, so this is the one place that catches
        every exception; the class says how it is reported.
        """
        try:
            return call()
        except Exception as error:
            self._degrade(what, error)
            return otherwise

    def _degrade(self, what: str, error: Exception) -> None:
        self.error = error
        if not self._warned:
            self._warned = True
            _log.warning(
                "%s cannot %s and continues without it: %s: %s",
                self._name,
                what,
                type(error).__name__,
                error,
            )
