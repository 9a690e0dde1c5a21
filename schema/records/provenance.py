"""Defines the provenance of a pattern: origin, agent and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .validation import as_text, require_one_of, require_text, without_secrets

__all__ = ["ORIGINS", "Origin", "Provenance"]

# From the most trusted to the least.
Origin = Literal["built-in", "human", "extracted", "agent", "imported"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

MAX_ID_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Origin of a pattern. What an agent writes is unproven until other agents succeed with it.

    Attributes:
        origin: How it came into the bank.
        agent_id: The agent that wrote it; empty for a person.
        run_id: The run of the agent or program, by its own name; may be empty.

    Raises:
        ValueError: The origin is unknown, an id is too long, or an agent has no name.
        TypeError: An id is not text.
    """

    origin: Origin = "human"
    agent_id: str = ""
    run_id: str = ""

    def __post_init__(self) -> None:
        require_one_of("origin", self.origin, ORIGINS)
        for name in ("agent_id", "run_id"):
            value = getattr(self, name)
            require_text(name, value, max_chars=MAX_ID_CHARS)
            # SQLite's length() ends at a NUL.
            text = without_secrets(as_text(name, value).replace("\0", "\ufffd"))
            object.__setattr__(self, name, text[:MAX_ID_CHARS])
        if self.origin == "agent" and not self.agent_id.strip():
            raise ValueError("agent_id must name the agent that wrote the pattern, got ''")
