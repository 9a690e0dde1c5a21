"""Defines the records of the pattern bank: immutable values, checked when they are created."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from .provenance import Provenance
from .validation import (
    as_share,
    as_text,
    as_texts,
    as_utc,
    require_count,
    require_flag,
    require_not_negative,
    require_one_of,
    require_text,
    require_type,
)

__all__ = [
    "CATEGORIES",
    "FRAMEWORKS",
    "LANGUAGES",
    "Category",
    "Framework",
    "Language",
    "PatternMatch",
    "PatternSearchContext",
    "PatternSearchCriteria",
    "PatternUsageContext",
    "PatternVersion",
    "TestPattern",
    "stable_id",
    "utc_now",
]

Category = Literal["unit", "integration", "e2e", "performance", "security"]
Framework = Literal[
    "pytest",
    "unittest",
    "jest",
    "vitest",
    "mocha",
    "jasmine",
    "ava",
    "playwright",
    "cypress",
]
Language = Literal["python", "javascript", "typescript"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
FRAMEWORKS: tuple[Framework, ...] = get_args(Framework)
LANGUAGES: tuple[Language, ...] = get_args(Language)

# Size limits of one pattern.
MAX_NAME_CHARS = 200
MAX_TAGS = 32
MAX_TAG_CHARS = 64
MAX_PATTERN_BYTES = 256 * 1024
MAX_BYTES_PER_CHAR = 4  # of UTF-8
MAX_ID_CHARS = 128

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")


def utc_now() -> datetime:
    """Returns the current time in UTC, to the microsecond."""
    return datetime.now(UTC)


def stable_id(*parts: str) -> str:
    """Returns 16 hex digits that are the same for the same parts on every machine.

    The parts are hashed with their lengths, so ``("ab", "c")`` and ``("a", "bc")`` differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "replace")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPattern:
    """A reusable test pattern.

    Attributes:
        id: Stable identity. Left empty, it is derived from language, framework, source path and
            name, so that storing the same pattern again updates it.
        template: Code with named placeholders, written ``{{name}}``.
        examples: The real code that the pattern comes from.
        success_rate: Share of the uses that succeeded; meaningless while ``usage_count`` is 0.
        usage_count: Recorded uses of this content. The bank counts them; a number that is given
            when storing or importing is ignored, as are ``success_rate`` and ``quality``.
        version: Incremented with each change of content.
        source: Where it came from, as ``path:line``.
        provenance: Who wrote it and whether it is trusted; the bank fills it in. Given when
            storing, it is a claim, which can only lower the trust. Two patterns are equal whatever
            their provenance.

    Raises:
        ValueError: A field is outside its enumeration, range or size.
        TypeError: A field is of the wrong type.
    """

    __test__ = False  # keeps pytest from collecting it as a test class

    name: str
    category: Category
    framework: Framework
    language: Language
    description: str = ""
    template: str = ""
    examples: Sequence[str] = ()
    tags: Sequence[str] = ()
    id: str = ""
    confidence: float = 0.5
    quality: float = 0.0
    success_rate: float = 0.0
    usage_count: int = 0
    version: int = 1
    source: str | None = None
    created_at: datetime = field(default_factory=utc_now)
    updated_at: datetime = field(default_factory=utc_now)
    provenance: Provenance | None = field(default=None, compare=False)

    @classmethod
    def of_stored(cls, **fields: Any) -> TestPattern:
        """Returns a pattern from stored values, which were validated before.

        Validating the ten patterns of a search again would take a twentieth of its time.

        Args:
            fields: All fields, with tuples for ``examples`` and ``tags``, and times in UTC.
        """
        pattern = object.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(pattern, name, value)
        return pattern

    def __post_init__(self) -> None:
        for name in ("name", "description", "template", "id"):
            object.__setattr__(self, name, as_text(name, getattr(self, name)))
        # SQLite's length() ends at a NUL; elsewhere in a pattern it is kept as it is.
        object.__setattr__(self, "name", self.name.replace("\0", "\ufffd"))
        if self.source is not None:
            object.__setattr__(self, "source", as_text("source", self.source))
        object.__setattr__(self, "examples", as_texts("examples", self.examples))
        object.__setattr__(self, "tags", tuple(dict.fromkeys(as_texts("tags", self.tags))))
        require_one_of("category", self.category, CATEGORIES)
        require_one_of("framework", self.framework, FRAMEWORKS)
        require_one_of("language", self.language, LANGUAGES)
        for name in ("confidence", "quality", "success_rate"):
            object.__setattr__(self, name, as_share(name, getattr(self, name)))
        require_count("usage_count", self.usage_count)
        require_count("version", self.version, minimum=1)
        for name in ("created_at", "updated_at"):
            object.__setattr__(self, name, as_utc(name, getattr(self, name)))
        if self.provenance is not None:
            require_type("provenance", self.provenance, Provenance)
        if not self.id:
            object.__setattr__(self, "id", self._derived_id())
        self._require_sizes()

    @property
    def code(self) -> str:
        """The examples of the pattern, or its template if it has none."""
        return "\n\n".join(self.examples) or self.template

    def _derived_id(self) -> str:
        path = (self.source or "").rpartition(":")[0] or (self.source or "")
        return stable_id(self.language, self.framework, path, self.name)

    def _require_sizes(self) -> None:
        if not self.name.strip():
            raise ValueError("name must not be empty")
        if len(self.name) > MAX_NAME_CHARS:
            raise ValueError(
                f"name must have at most {MAX_NAME_CHARS} characters, got {len(self.name)}"
            )
        if not (self.template.strip() or self.description.strip()):
            raise ValueError(f"pattern {self.name!r} needs a template or a description")
        if len(self.id) > MAX_ID_CHARS or not _ID.fullmatch(self.id):
            raise ValueError(
                f"id must be 1 to {MAX_ID_CHARS} letters, digits or ._:/@+- , got {self.id!r}"
            )
        if len(self.tags) > MAX_TAGS or any(len(tag) > MAX_TAG_CHARS for tag in self.tags):
            raise ValueError(
                f"tags must be at most {MAX_TAGS} of {MAX_TAG_CHARS} characters each, "
                f"got {len(self.tags)}"
            )
        texts = (self.description, self.template, *self.examples)
        if sum(map(len, texts)) * MAX_BYTES_PER_CHAR <= MAX_PATTERN_BYTES:
            return  # most need not be encoded to know their size
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        if size > MAX_PATTERN_BYTES:
            raise ValueError(f"a pattern must weigh at most {MAX_PATTERN_BYTES} bytes, got {size}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSearchContext:
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
            require_one_of("framework", self.framework, FRAMEWORKS)
        if self.language is not None:
            require_one_of("language", self.language, LANGUAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSearchCriteria:
    """Filters: each field that is set excludes every pattern that does not meet it.

    Attributes:
        query: The need in words.
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
    tags: Sequence[str] = ()
    min_confidence: float = 0.0
    min_quality: float = 0.0

    def __post_init__(self) -> None:
        require_text("query", self.query)
        object.__setattr__(self, "tags", tuple(dict.fromkeys(as_texts("tags", self.tags))))
        if self.category is not None:
            require_one_of("category", self.category, CATEGORIES)
        if self.framework is not None:
            require_one_of("framework", self.framework, FRAMEWORKS)
        if self.language is not None:
            require_one_of("language", self.language, LANGUAGES)
        for name in ("min_confidence", "min_quality"):
            object.__setattr__(self, name, as_share(name, getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternMatch:
    """One answer of a search.

    Attributes:
        pattern: The pattern that was found.
        rank: 1 is the best.
        score: Higher is better; comparable within one answer only.
        vector_score: Cosine similarity cut to 0..1; None if the vector leg did not score it.
        text_score: BM25 divided by the best BM25 of this answer; None if no term matched.
        rule_score: Agreement with the context, quality and evidence, 0..1.
        reasons: Short phrases that explain why it was found.
        near_duplicates: Ids of near-duplicates that it stands for.
    """

    pattern: TestPattern
    rank: int
    score: float
    vector_score: float | None
    text_score: float | None
    rule_score: float | None
    reasons: tuple[str, ...] = ()
    near_duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternUsageContext:
    """One use of a pattern, and its outcome.

    Attributes:
        success: Whether the pattern served its purpose.
        agent_id: Who used it; empty for a person.
        task_id: The task of the use.
        project_id: The project of the use.
        execution_time_ms: Milliseconds; None when not known.
        coverage_achieved: 0..1; None when not known.
        context: Anything else worth keeping, as text.
        error_message: What went wrong.
        used_at: Time of the use, in UTC.
        content_hash: The content that was used, filled in by the bank; empty when not known.

    Raises:
        ValueError: A number is out of range.
        TypeError: A field is of the wrong type.
    """

    success: bool
    agent_id: str = ""
    task_id: str = ""
    project_id: str = ""
    execution_time_ms: float | None = None
    coverage_achieved: float | None = None
    context: str = ""
    error_message: str | None = None
    used_at: datetime = field(default_factory=utc_now)
    content_hash: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        require_flag("success", self.success)
        for name in ("agent_id", "task_id", "project_id", "context", "content_hash"):
            object.__setattr__(self, name, as_text(name, getattr(self, name)))
        if self.error_message is not None:
            message = as_text("error_message", self.error_message)
            object.__setattr__(self, "error_message", message)
        require_not_negative("execution_time_ms", self.execution_time_ms)
        if self.coverage_achieved is not None:
            object.__setattr__(
                self, "coverage_achieved", as_share("coverage_achieved", self.coverage_achieved)
            )
        object.__setattr__(self, "used_at", as_utc("used_at", self.used_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternVersion:
    """The full content of a pattern before one change of it."""

    pattern: TestPattern
    version_number: int
    change_description: str
    created_by: str
    created_at: datetime
