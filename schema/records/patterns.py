"""Records of the pattern bank: immutable values, checked when they are made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

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
    "StoreReport",
    "StoreResult",
    "StoreStatus",
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
StoreStatus = Literal["created", "updated", "unchanged", "rejected"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
FRAMEWORKS: tuple[Framework, ...] = get_args(Framework)
LANGUAGES: tuple[Language, ...] = get_args(Language)

# RELIABILITY section 5, "size limits": what one pattern may weigh.
MAX_NAME_CHARS = 200
MAX_TAGS = 32
MAX_TAG_CHARS = 64
MAX_PATTERN_BYTES = 256 * 1024
MAX_BYTES_PER_CHAR = 4  # of UTF-8
MAX_ID_CHARS = 128

# The largest whole number that every JSON reader keeps exact.
MAX_COUNT = 2**53

_SURROGATES = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")


def utc_now() -> datetime:
    """Returns the current time in UTC, to the microsecond."""
    return datetime.now(UTC)


def stable_id(*parts: str) -> str:
    """Returns the 16 hex digits that name the same thing on every machine.

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
        examples: Real code that the pattern was seen in.
        success_rate: Share of recorded uses that succeeded; meaningless while ``usage_count`` is 0.
        version: Grows by one with each change of content.
        source: Where it came from, as ``path:line``.

    Raises:
        ValueError: A field is outside its enumeration, range or size.
        TypeError: A field is of the wrong type.
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

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

    @classmethod
    def of_stored(cls, **fields: Any) -> TestPattern:
        """Returns a pattern of values that were checked when they were stored, unchecked.

        A search makes ten patterns; checking them again would be a twentieth of its time.

        Args:
            fields: All of them, with tuples for ``examples`` and ``tags``, and times in UTC.
        """
        pattern = object.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(pattern, name, value)
        return pattern

    def __post_init__(self) -> None:
        for name in ("name", "description", "template", "id"):
            object.__setattr__(self, name, _as_text(name, getattr(self, name)))
        # SQLite's length() ends at a NUL; elsewhere in a pattern it is kept as it is.
        object.__setattr__(self, "name", self.name.replace("\0", "\ufffd"))
        if self.source is not None:
            object.__setattr__(self, "source", _as_text("source", self.source))
        object.__setattr__(self, "examples", _as_texts("examples", self.examples))
        object.__setattr__(self, "tags", tuple(dict.fromkeys(_as_texts("tags", self.tags))))
        _require_one_of("category", self.category, CATEGORIES)
        _require_one_of("framework", self.framework, FRAMEWORKS)
        _require_one_of("language", self.language, LANGUAGES)
        for name in ("confidence", "quality", "success_rate"):
            object.__setattr__(self, name, _as_share(name, getattr(self, name)))
        _require_int("usage_count", self.usage_count, 0)
        _require_int("version", self.version, 1)
        for name in ("created_at", "updated_at"):
            object.__setattr__(self, name, _as_utc(name, getattr(self, name)))
        if not self.id:
            object.__setattr__(self, "id", self._derived_id())
        self._require_sizes()

    @property
    def code(self) -> str:
        """The real code that the pattern was seen in, or its template where there is none."""
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
            return  # a search makes ten patterns: most need not be encoded to be weighed
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        if size > MAX_PATTERN_BYTES:
            raise ValueError(f"a pattern must weigh at most {MAX_PATTERN_BYTES} bytes, got {size}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSearchContext:
    """What an agent knows about its need: preferences that lift a match, never exclude one."""

    query: str = ""
    code_type: str = ""
    framework: Framework | None = None
    language: Language | None = None
    keywords: Sequence[str] = ()
    source_code: str = ""

    def __post_init__(self) -> None:
        for name in ("query", "code_type", "source_code"):
            _require_text(name, getattr(self, name))
        object.__setattr__(self, "keywords", _as_texts("keywords", self.keywords))
        if self.framework is not None:
            _require_one_of("framework", self.framework, FRAMEWORKS)
        if self.language is not None:
            _require_one_of("language", self.language, LANGUAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSearchCriteria:
    """What a person demands: each field that is set excludes every pattern that violates it.

    ``tags`` demands all of the given tags.
    """

    query: str = ""
    category: Category | None = None
    framework: Framework | None = None
    language: Language | None = None
    tags: Sequence[str] = ()
    min_confidence: float = 0.0
    min_quality: float = 0.0

    def __post_init__(self) -> None:
        _require_text("query", self.query)
        object.__setattr__(self, "tags", tuple(dict.fromkeys(_as_texts("tags", self.tags))))
        if self.category is not None:
            _require_one_of("category", self.category, CATEGORIES)
        if self.framework is not None:
            _require_one_of("framework", self.framework, FRAMEWORKS)
        if self.language is not None:
            _require_one_of("language", self.language, LANGUAGES)
        for name in ("min_confidence", "min_quality"):
            object.__setattr__(self, name, _as_share(name, getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternMatch:
    """One answer of a search.

    Attributes:
        rank: 1 is the best.
        score: Higher is better; comparable within one answer only.
        vector_score: Cosine similarity cut to 0..1; None when the vector leg did not see it.
        text_score: BM25 divided by the best BM25 of this answer; None when the text leg did not.
        rule_score: Agreement with the context, quality and evidence, 0..1.
        reasons: Short phrases that say why it is here.
        near_duplicates: Ids of patterns that say the same and made room for others.
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
    """One use of a pattern by an agent, and how it went."""

    success: bool
    agent_id: str = ""
    task_id: str = ""
    project_id: str = ""
    execution_time_ms: float | None = None
    coverage_achieved: float | None = None
    context: str = ""
    error_message: str | None = None
    used_at: datetime = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        if not isinstance(self.success, bool):
            raise TypeError(f"success must be True or False, got {self.success!r}")
        for name in ("agent_id", "task_id", "project_id", "context"):
            object.__setattr__(self, name, _as_text(name, getattr(self, name)))
        if self.error_message is not None:
            message = _as_text("error_message", self.error_message)
            object.__setattr__(self, "error_message", message)
        if self.execution_time_ms is not None and not 0 <= self.execution_time_ms < float("inf"):
            raise ValueError(f"execution_time_ms must be >= 0, got {self.execution_time_ms}")
        if self.coverage_achieved is not None:
            object.__setattr__(
                self, "coverage_achieved", _as_share("coverage_achieved", self.coverage_achieved)
            )
        object.__setattr__(self, "used_at", _as_utc("used_at", self.used_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternVersion:
    """A pattern's full content before one change of it."""

    pattern: TestPattern
    version_number: int
    change_description: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult:
    """What happened to one pattern that was given to the bank.

    ``near_duplicate_of`` is the id of a stored pattern that says the same as a new one.
    """

    id: str
    name: str
    status: StoreStatus
    reason: str = ""
    near_duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What happened to each pattern of a batch, in the order given.

    ``deleted`` counts patterns that a replacing import removed, since the batch did not name them.
    """

    results: tuple[StoreResult, ...] = ()
    deleted: int = 0

    def count(self, status: StoreStatus) -> int:
        """Returns how many patterns ended with this status."""
        return sum(result.status == status for result in self.results)

    @property
    def created(self) -> int:
        """Patterns that are new to the bank."""
        return self.count("created")

    @property
    def updated(self) -> int:
        """Patterns whose content changed; each got a new version."""
        return self.count("updated")

    @property
    def unchanged(self) -> int:
        """Patterns that the bank already had with the same content."""
        return self.count("unchanged")

    @property
    def rejected(self) -> int:
        """Patterns that were not stored; the reason stands in the result."""
        return self.count("rejected")


def _require_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {type(value).__name__}")


def _as_text(name: str, value: object) -> str:
    """Returns the text as it can be stored: a lone surrogate, which UTF-8 lacks, as U+FFFD."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {type(value).__name__}")
    return value if value.isascii() else _SURROGATES.sub("\ufffd", value)


def _as_texts(name: str, values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a list of texts, got {type(values).__name__}")
    each = f"each of {name}"
    return tuple([_as_text(each, value) for value in values])


def _require_one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def _as_share(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number from 0 to 1, got {type(value).__name__}")
    if not 0 <= value <= 1:  # also refuses NaN
        raise ValueError(f"{name} must be from 0 to 1, got {value}")
    return float(value)


def _require_int(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {type(value).__name__}")
    if not least <= value <= MAX_COUNT:
        raise ValueError(f"{name} must be from {least} to {MAX_COUNT}, got {value}")


def _as_utc(name: str, value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, got {type(value).__name__}")
    if value.tzinfo is UTC:
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
