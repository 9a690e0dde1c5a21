"""Embeds texts outside the transaction that stores them, each distinct text once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...models import Encoder
from ...models.vector import Vector
from .preparation import PreparedPattern

__all__ = ["Embeddings"]

# Texts given to the encoder at once: enough to sort by length, few enough for steady progress.
EMBED_BATCH: Final = 256
_NOTHING: Final[Mapping[str, Vector]] = {}


class Embeddings:
    """Embeddings by the hash of their text, computed before the transaction; rarely, inside it.

    Attributes:
        found: Embeddings ``(dim,)`` by the hash of their text.

    Args:
        encoder: Called only when there is something to embed.
        known: Those that need not be computed.
    """

    def __init__(
        self, encoder: Callable[[], Encoder], known: Mapping[str, Vector] = _NOTHING
    ) -> None:
        self._encoder = encoder
        self.found = dict(known)

    def add(
        self, pending: Sequence[PreparedPattern], progress: Callable[[int], None] | None = None
    ) -> None:
        """Embeds the texts that are not known, each once."""
        texts = {each.text_hash: each.text for each in pending}
        hashes = [key for key in texts if key not in self.found]
        for start in range(0, len(hashes), EMBED_BATCH):
            batch = hashes[start : start + EMBED_BATCH]
            vectors = self._encoder().encode([texts[key] for key in batch])
            self.found.update(zip(batch, vectors, strict=True))
            if progress is not None:
                progress(len(batch))

    def of(self, prepared: PreparedPattern) -> Vector:
        """Returns the embedding ``(dim,)`` of a pattern's text."""
        if prepared.text_hash not in self.found:  # another process changed the pattern meanwhile
            self.add([prepared])
        return self.found[prepared.text_hash]
