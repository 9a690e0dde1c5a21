"""Defines what must be equal for two embeddings to be comparable."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EncoderIdentity"]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """An encoder by name, width of its vectors, and content of its weights."""

    name: str
    dimension: int
    revision: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dimension} dimensions, revision {self.revision})"
