"""Defines the values that pass between the bank and a storage backend.

A *key* is the number of a pattern in a backend. Keys are unique in a bank and ascend in the order
in which patterns were first stored, so that they break ties by age; they have no other meaning.
After a pattern is deleted, its key may be reused for a younger one, so a key from an earlier
session must be checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ...schema import Provenance, TestPattern
from ...schema.records.record import Record
from ...schema.records.validation import as_text, without_secrets
from .use_summary import Trust, UseSummary

if TYPE_CHECKING:  # numpy is loaded by the first embedding
    from ...models import QueryEmbedding
    from ...models.vector import Vector

__all__ = [
    "SORT_KEYS",
    "BankStatistics",
    "CandidateFacts",
    "Candidates",
    "Change",
    "Forgotten",
    "Inserted",
    "PatternContent",
    "PatternPlace",
    "SearchMode",
    "SearchQuery",
    "SortKey",
    "StoredPattern",
    "VectorStatistics",
]

SearchMode = Literal["hybrid", "vector", "text"]
SortKey = Literal["evidence", "quality", "usage", "created"]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A query, tokenised and embedded.

    Attributes:
        text: The text of the query.
        terms: Its distinct terms in order, without stop words; a ``vector`` search does not
            retrieve by them.
        embedding: Its embedding by the bank's encoder; None leaves out the vector leg.
        mode: The legs to use: both, or only one.
        strong_cosine: The cosine from which the embedding's encoder calls a match strong; None if
            it is not known.
    """

    text: str
    terms: tuple[str, ...]
    embedding: QueryEmbedding | None = None
    mode: SearchMode = "hybrid"
    strong_cosine: float | None = None


class CandidateFacts(NamedTuple):
    """The fields of a candidate that ranking needs.

    A named tuple, since each search builds about a hundred: five times as fast as a dataclass.
    """

    key: int
    id: str
    name: str
    category: str
    framework: str
    language: str
    tags: str  # any text that holds the tags, such as JSON: only its words are read
    quality: float
    evidence: float
    signature: bytes  # MinHash of the pattern's body (text/minhash.py)
    trust: str
    gone: int = 0  # whether its test is gone


class Candidates(NamedTuple):
    """The candidates of one search.

    Attributes:
        facts: The facts of every candidate, by key.
        bm25: BM25 (positive, higher is better) of the candidates that contain a query term.
            Ranking adds a fixed share of it to the cosine, so its scale matters: Okapi's with
            natural logarithms, k1 = 1.2, b = 0.75 (next to vectors k1 = 0.6), where a term in the
            name counts four times.
        keys: The candidates that have an embedding, in the order of ``vectors``.
        vectors: Their unit vectors, ``(len(keys), dim)`` float32.
        is_all: Whether a deeper search would find no more; True if fewer than ``depth`` were found.
    """

    facts: Mapping[int, CandidateFacts]
    bm25: Mapping[int, float]
    keys: Sequence[int]
    vectors: Vector | None
    is_all: bool


@dataclass(frozen=True, slots=True)
class StoredPattern:
    """A pattern with the columns of its row that are not part of it."""

    key: int
    pattern: TestPattern
    content_hash: str
    base_quality: float
    success_count: int
    evidence: float
    provenance: Provenance

    @property
    def trust(self) -> Trust:
        """Whether the pattern is trusted or unproven now."""
        return self.provenance.trust


@dataclass(frozen=True, slots=True)
class PatternContent:
    """Everything that is written of one pattern: its row and both indexes.

    Attributes:
        pattern: The pattern; its counters and quality are taken from ``summary``.
        summary: The summary of the recorded uses of this content; its trust is what is written.
        base_quality: Quality from the code alone, 0..1.
        embedding: ``(dim,)`` float32; None if the embedded text has not changed.
        text_hash: Hash of the embedded text.
    """

    pattern: TestPattern
    summary: UseSummary
    provenance: Provenance
    base_quality: float
    content_hash: str
    text_hash: str
    embedding: Vector | None


class PatternPlace(NamedTuple):
    """Where the test of an extracted pattern is, as ``path:line`` in its project."""

    id: str
    source: str
    framework: str
    gone: bool
    created_at: datetime


class Inserted(NamedTuple):
    """A new pattern's key, and the id of a stored pattern with near-identical code, if any."""

    key: int
    near_duplicate_of: str | None


class Forgotten(NamedTuple):
    """Numbers of versions and recorded uses that were deleted."""

    versions: int
    uses: int


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes patterns and why; stored with the previous version.

    Secrets in both texts are replaced by placeholders.

    Raises:
        TypeError: A field is not text.
    """

    description: str = "stored again with other content"
    created_by: str = ""

    def __post_init__(self) -> None:
        for name in ("description", "created_by"):
            text = without_secrets(as_text(name, getattr(self, name)))
            object.__setattr__(self, name, text)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BankStatistics(Record):
    """Totals, averages and counts by group; averages and shares are None without rows.

    Attributes:
        uses: Recorded uses of the current contents; those of earlier contents are not among them.
        average_success_rate: Successes per use, over all patterns.
        never_used_share: Share of unused patterns, 0..1.
        by_category, by_framework, by_language, by_project: Number of patterns by group, largest
            first; ties are broken by name.
        unproven: Number of unproven patterns.
        gone: Number of patterns whose test is gone.
    """

    patterns: int
    uses: int
    versions: int
    average_quality: float | None
    average_confidence: float | None
    average_success_rate: float | None
    never_used_share: float | None
    by_category: dict[str, int]
    by_framework: dict[str, int]
    by_language: dict[str, int]
    by_project: dict[str, int] = field(default_factory=dict)
    unproven: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class VectorStatistics(Record):
    """Vectors held outside the database: in memory (rows and bytes), and in an index file."""

    rows: int
    bytes: int
    file_vectors: int
