"""Where a pattern comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["ORIGINS", "Origin", "Provenance"]

# From the most trusted to the least.
Origin = Literal["built-in", "human", "extracted", "agent", "imported"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

MAX_ID_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who wrote a pattern: what an agent writes is unproven until other agents succeed with it.

    Attributes:
        origin: How it came into the bank.
        agent_id: The agent that wrote it; empty for a person.
        run_id: The run of the agent or program, as it calls it; may be empty.

    Raises:
        ValueError: The origin is unknown, an id is too long, or an agent has no name.
        TypeError: An id is no text.
    """

    origin: Origin = "human"
    agent_id: str = ""
    run_id: str = ""

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            raise ValueError(f"origin must be one of {', '.join(ORIGINS)}, got {self.origin!r}")
        for name in ("agent_id", "run_id"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise TypeError(f"{name} must be text, got {type(value).__name__}")
            if len(value) > MAX_ID_CHARS:
                raise ValueError(
                    f"{name} must have at most {MAX_ID_CHARS} characters, got {len(value)}"
                )
            safe = value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
            object.__setattr__(self, name, safe)
        if self.origin == "agent" and not self.agent_id.strip():
            raise ValueError("agent_id must name the agent that wrote the pattern, got ''")
