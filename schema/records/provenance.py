"""Defines the provenance of a pattern: origin, agent, run and trust."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from .record import Record
from .validation import as_text, require_one_of, require_text, without_secrets

__all__ = ["ORIGINS", "TRUSTED", "UNPROVEN", "Origin", "Provenance", "Trust", "agent_key"]

# From the most trusted to the least.
Origin = Literal["built-in", "human", "extracted", "agent", "imported"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

Trust = Literal["trusted", "unproven"]
TRUSTED: Trust = "trusted"
UNPROVEN: Trust = "unproven"

MAX_ID_CHARS = 200
# Control and format characters such as zero-width spaces, and the letters that Unicode calls
# ignorable: none of them can be seen in a name.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f]")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Provenance(Record):
    """Origin of a pattern. What an agent writes is unproven until other agents succeed with it.

    Attributes:
        origin: How it came into the bank.
        agent_id: The agent that wrote it; empty for a person.
        run_id: The run of the agent or program, by its own name; may be empty.
        trust: ``trusted`` or ``unproven``. Default: unproven for what an agent wrote.

    Raises:
        ValueError: Origin or trust is unknown, an id is too long, or an agent has no name.
        TypeError: An id is not text.
    """

    origin: Origin = "human"
    agent_id: str = ""
    run_id: str = ""
    trust: Trust = None  # type: ignore[assignment]  # set below, from the origin

    def __post_init__(self) -> None:
        require_one_of("origin", self.origin, ORIGINS)
        for name in ("agent_id", "run_id"):
            value = getattr(self, name)
            require_text(name, value, max_chars=MAX_ID_CHARS)
            # SQLite's length() ends at a NUL.
            text = without_secrets(as_text(name, value).replace("\0", "\ufffd"))
            object.__setattr__(self, name, text[:MAX_ID_CHARS])
        if self.origin == "agent" and not agent_key(self.agent_id):
            raise ValueError(
                f"agent_id must name the agent that wrote the pattern, got {self.agent_id!r}"
            )
        given: Trust | None = self.trust
        if given is None:
            trust = UNPROVEN if self.origin == "agent" else TRUSTED
            object.__setattr__(self, "trust", trust)
        require_one_of("trust", self.trust, get_args(Trust))

    @classmethod
    def of_stored(cls, origin: Origin, agent_id: str, run_id: str, trust: Trust) -> Provenance:
        """Returns a provenance from stored values, which were validated before."""
        provenance = object.__new__(cls)
        for name, value in zip(_FIELDS, (origin, agent_id, run_id, trust), strict=True):
            object.__setattr__(provenance, name, value)
        return provenance


_FIELDS = ("origin", "agent_id", "run_id", "trust")


def agent_key(agent_id: str) -> str:
    """Returns the text by which agents are compared: one name, however it is written.

    Unicode NFKC and case folding; white space is trimmed and collapsed, and characters that cannot
    be seen are left out. ``Mallory`` and ``mallory `` are one agent. Letters that only look alike,
    such as a Cyrillic and a Latin a, stay different.
    """
    if agent_id.isascii() and agent_id.isprintable():
        return " ".join(agent_id.casefold().split())
    import unicodedata  # a cold search compares no agents

    folded = unicodedata.normalize("NFKC", agent_id).casefold()
    folded = _IGNORABLE.sub("", unicodedata.normalize("NFKC", folded))
    return " ".join(
        "".join(
            character
            for character in folded
            if character.isspace() or unicodedata.category(character) not in _UNSEEN
        ).split()
    )
