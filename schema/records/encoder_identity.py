"""Defines the identity of an encoder: embeddings are comparable only if theirs is equal."""

from __future__ import annotations

from dataclasses import dataclass

from .record import Record

__all__ = ["EncoderIdentity"]


@dataclass(frozen=True, slots=True, repr=False)
class EncoderIdentity(Record):
    """The identity of an encoder: its name, dimension, and a hash of its weights."""

    name: str
    dimension: int
    revision: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dimension} dimensions, revision {self.revision})"
