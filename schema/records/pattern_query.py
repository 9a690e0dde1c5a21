"""Defines what a search is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from .patterns import (
    CATEGORIES,
    Category,
    Framework,
    Language,
    TestPattern,
)
from .record import Record, plain_fields, record_of, short_repr
from .validation import (
    as_share,
    as_text,
    as_texts,
    require_framework,
    require_language,
    require_mapping,
    require_one_of,
    require_text,
)

__all__ = ["MatchStrength", "PatternMatch", "PatternSearchContext", "PatternSearchCriteria"]

MatchStrength = Literal["strong", "weak"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatternSearchContext(Record):
    """An agent's need and its preferences, which lift matches and never exclude any.

    Attributes:
        query: The need in words.
        code_type: The kind of code to test.
        framework: The framework in use.
        language: The language in use.
        keywords: Further words that matter.
        source_code: The code to test.

    Raises:
        ValueError: The framework or language is unknown.
        TypeError: A field is of the wrong type.
    """

    query: str = ""
    code_type: str = ""
    framework: Framework | None = None
    language: Language | None = None
    keywords: Sequence[str] = ()
    source_code: str = ""

    def __post_init__(self) -> None:
        for name in ("query", "code_type", "source_code"):
            require_text(name, getattr(self, name))
        object.__setattr__(self, "keywords", as_texts("keywords", self.keywords))
        if self.framework is not None:
            require_framework("framework", self.framework)
        if self.language is not None:
            require_language("language", self.language)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatternSearchCriteria(Record):
    """Filters: each field that is set excludes every pattern that does not meet it.

    Attributes:
        query: The need in words.
        project: The pattern must come from this project; empty for any.
        tags: The pattern must have all of them.
        min_confidence: 0..1.
        min_quality: 0..1.

    Raises:
        ValueError: A field is outside its enumeration or range.
        TypeError: A field is of the wrong type.
    """

    query: str = ""
    category: Category | None = None
    framework: Framework | None = None
    language: Language | None = None
    project: str = ""
    tags: Sequence[str] = ()
    min_confidence: float = 0.0
    min_quality: float = 0.0

    def __post_init__(self) -> None:
        require_text("query", self.query)
        object.__setattr__(self, "project", as_text("project", self.project))
        object.__setattr__(self, "tags", tuple(dict.fromkeys(as_texts("tags", self.tags))))
        if self.category is not None:
            require_one_of("category", self.category, CATEGORIES)
        if self.framework is not None:
            require_framework("framework", self.framework)
        if self.language is not None:
            require_language("language", self.language)
        for name in ("min_confidence", "min_quality"):
            object.__setattr__(self, name, as_share(name, getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatternMatch(Record):
    """One answer of a search.

    Attributes:
        pattern: The pattern that was found.
        rank: 1 is the best.
        score: Higher is better; comparable within one answer only. What only a deeper look for a
            large limit found has at most the score of the match before it.
        vector_score: Cosine similarity cut to 0..1; None if the vector leg did not score it.
        text_score: BM25 divided by the best BM25 of this answer; None if no term matched.
        rule_score: Agreement with the context, quality and evidence, 0..1.
        strength: Whether it is about what was asked for (``strong``), or only the nearest that the
            bank has (``weak``); None without words to ask with.
        reasons: Short phrases that explain why it was found.
        near_duplicates: Ids of near-duplicates that it stands for.
    """

    pattern: TestPattern
    rank: int
    score: float
    vector_score: float | None
    text_score: float | None
    rule_score: float | None
    strength: MatchStrength | None = None
    reasons: tuple[str, ...] = ()
    near_duplicates: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return short_repr(self, "rank", "score", "strength", "pattern")

    def to_dict(self) -> dict[str, Any]:
        """Returns the match as ``--json`` prints it: with the keys of its pattern."""
        values = plain_fields(self)
        pattern: dict[str, Any] = values.pop("pattern")
        return values | pattern

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PatternMatch:
        """Returns the match that ``to_dict`` wrote, also after a way through JSON.

        Raises:
            TypeError: ``values`` is not a mapping.
            ValueError: A key is unknown or missing, or its value is not valid.
        """
        require_mapping("values", values)
        own = {field.name for field in fields(cls)} - {"pattern"}
        pattern = {key: value for key, value in values.items() if key not in own}
        match = {key: value for key, value in values.items() if key in own}
        return record_of(cls, match | {"pattern": pattern})
