"""Defines the records of the pattern bank: immutable values, checked when they are created."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from .pattern_parts import ContextPart, Placeholder
from .provenance import Provenance
from .record import Record, plain_fields, record_of, short_repr
from .validation import (
    as_share,
    as_text,
    as_texts,
    as_utc,
    records_of,
    require_count,
    require_flag,
    require_framework,
    require_language,
    require_mapping,
    require_not_negative,
    require_one_of,
    require_type,
    without_secrets,
)

__all__ = [
    "CATEGORIES",
    "FRAMEWORKS",
    "LANGUAGES",
    "Category",
    "Framework",
    "Language",
    "PatternUsageContext",
    "PatternVersion",
    "TestPattern",
    "stable_id",
    "utc_now",
]

Category = Literal["unit", "integration", "e2e", "performance", "security"]
# Names that a file in ``schema/frameworks/`` declares.
Framework: TypeAlias = str
Language: TypeAlias = str

CATEGORIES: tuple[Category, ...] = get_args(Category)
if TYPE_CHECKING:  # read from the declarations on first use
    FRAMEWORKS: tuple[Framework, ...]
    LANGUAGES: tuple[Language, ...]

# Size limits of one pattern.
MAX_NAME_CHARS = 200
MAX_TAGS = 32
MAX_TAG_CHARS = 64
MAX_PATTERN_BYTES = 256 * 1024
MAX_BYTES_PER_CHAR = 4  # of UTF-8
MAX_ID_CHARS = 128

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")


def __getattr__(name: str) -> tuple[str, ...]:
    if name not in {"FRAMEWORKS", "LANGUAGES"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ..frameworks.declarations import framework_names, language_names

    return framework_names() if name == "FRAMEWORKS" else language_names()


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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TestPattern(Record):
    """A reusable test pattern.

    Attributes:
        id: Stable identity. Left empty, it is derived from language, framework, source path and
            name, so that storing the same pattern again updates it; without a source from the
            template too, since two of one name are two patterns.
        template: Code with named placeholders, written ``{{name}}``.
        examples: The real code that the pattern comes from.
        success_rate: Share of the uses that succeeded; None while there are none.
        usage_count: Recorded uses of this content. The bank counts them; a number that is given
            when storing or importing is ignored, as are ``success_rate`` and ``quality``.
        version: Incremented with each change of content.
        source: Where it came from, as ``path:line``.
        project: The project that it comes from; empty when not known.
        context: The code around the test that it needs to run, in the order of a file.
        placeholders: The placeholders of the template, in order, with their values.
        gone_since: When an extraction found that the test is no longer in its project; the bank
            sets it.
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
    success_rate: float | None = None
    usage_count: int = 0
    version: int = 1
    source: str | None = None
    project: str = ""
    context: Sequence[ContextPart] = ()
    placeholders: Sequence[Placeholder] = ()
    gone_since: datetime | None = None
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
        for name in ("name", "description", "template", "id", "project"):
            object.__setattr__(self, name, as_text(name, getattr(self, name)))
        # SQLite's length() ends at a NUL; elsewhere in a pattern it is kept as it is.
        object.__setattr__(self, "name", self.name.replace("\0", "\ufffd"))
        if self.source is not None:
            object.__setattr__(self, "source", as_text("source", self.source))
        object.__setattr__(self, "examples", as_texts("examples", self.examples))
        object.__setattr__(self, "tags", tuple(dict.fromkeys(as_texts("tags", self.tags))))
        for name, part in (("context", ContextPart), ("placeholders", Placeholder)):
            object.__setattr__(self, name, records_of(name, getattr(self, name), part))
        require_one_of("category", self.category, CATEGORIES)
        require_framework("framework", self.framework)
        require_language("language", self.language)
        for name in ("confidence", "quality"):
            object.__setattr__(self, name, as_share(name, getattr(self, name)))
        require_count("usage_count", self.usage_count)
        if self.success_rate is not None:
            rate = as_share("success_rate", self.success_rate)
            object.__setattr__(self, "success_rate", rate if self.usage_count else None)
        require_count("version", self.version, minimum=1)
        for name in ("created_at", "updated_at"):
            object.__setattr__(self, name, as_utc(name, getattr(self, name)))
        if self.gone_since is not None:
            object.__setattr__(self, "gone_since", as_utc("gone_since", self.gone_since))
        if self.provenance is not None:
            require_type("provenance", self.provenance, Provenance)
        if not self.id:
            object.__setattr__(self, "id", self._derived_id())
        self._require_sizes()

    def __repr__(self) -> str:
        return short_repr(self, "id", "name", "project", "source")

    def to_dict(self) -> dict[str, Any]:
        """Returns the pattern as ``--json`` prints it: its provenance is next to its other keys."""
        values = plain_fields(self)
        author = values.pop("provenance") or dict.fromkeys(_AUTHOR_KEYS)
        return {**values, **author}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TestPattern:
        """Returns the pattern that ``to_dict`` wrote, also after a way through JSON.

        Raises:
            TypeError: ``values`` is not a mapping.
            ValueError: A key is unknown or missing, or its value is not valid.
        """
        require_mapping("values", values)
        author = {key: values[key] for key in _AUTHOR_KEYS if values.get(key) is not None}
        own = {key: value for key, value in values.items() if key not in _AUTHOR_KEYS}
        return record_of(cls, {"provenance": author or None, **own})

    @property
    def code(self) -> str:
        """The examples of the pattern, or its template if it has none."""
        return "\n\n".join(self.examples) or self.template

    def render(self, **values: object) -> str:
        """Returns the code of the template with values in its placeholders.

        Without values it is the original code.

        Args:
            values: By the name of a placeholder, code as text (``'"admin"'``, with quotes), or a
                number, bool or None, which is written in the pattern's language.

        Raises:
            ValueError: A name is no placeholder of the template.
            TypeError: A value is of another type.
        """
        from .ready_form import rendered_pattern  # reads declarations, which a search does not need

        return rendered_pattern(self, values)

    def ready(self, **values: object) -> str:
        """Returns one file with the test and the context that it needs to run.

        Args:
            values: As for ``render``.

        Raises:
            ValueError: A name is no placeholder of the template.
            TypeError: A value is of another type.
        """
        from .ready_form import ready_file

        return ready_file(self, values)

    @property
    def earlier_id(self) -> str | None:
        """The id that earlier versions derived, if they derived another one; None otherwise."""
        is_derived = not self.source and self.template and self.id == self._derived_id()
        return self._named_id() if is_derived else None

    def _derived_id(self) -> str:
        own = () if self.source or not self.template else (self.template,)
        return self._named_id(*own)

    def _named_id(self, *own: str) -> str:
        path = (self.source or "").rpartition(":")[0] or (self.source or "")
        # Without a project, the id that earlier versions derived.
        project = (self.project,) if self.project else ()
        return stable_id(*project, self.language, self.framework, path, self.name, *own)

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
        parts = [text for part in self.context for text in (part.name, part.code, part.origin)]
        values = [text for each in self.placeholders for text in (each.name, each.value)]
        texts = (self.description, self.template, *self.examples, *parts, *values)
        if sum(map(len, texts)) * MAX_BYTES_PER_CHAR <= MAX_PATTERN_BYTES:
            return  # most need not be encoded to know their size
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        if size > MAX_PATTERN_BYTES:
            raise ValueError(f"a pattern must weigh at most {MAX_PATTERN_BYTES} bytes, got {size}")


_AUTHOR_KEYS = ("origin", "agent_id", "run_id", "trust")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatternUsageContext(Record):
    """One use of a pattern, and its outcome; secrets in its texts are replaced by placeholders.

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
            text = without_secrets(as_text(name, getattr(self, name)))
            object.__setattr__(self, name, text)
        if self.error_message is not None:
            message = without_secrets(as_text("error_message", self.error_message))
            object.__setattr__(self, "error_message", message)
        require_not_negative("execution_time_ms", self.execution_time_ms)
        if self.coverage_achieved is not None:
            object.__setattr__(
                self, "coverage_achieved", as_share("coverage_achieved", self.coverage_achieved)
            )
        object.__setattr__(self, "used_at", as_utc("used_at", self.used_at))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatternVersion(Record):
    """The full content of a pattern before one change of it."""

    pattern: TestPattern
    version_number: int
    change_description: str
    created_by: str
    created_at: datetime

    def __repr__(self) -> str:
        return short_repr(self, "version_number", "change_description", "pattern")

    def to_dict(self) -> dict[str, Any]:
        """Returns the version as ``--json`` prints it: without the suffixes of its first fields."""
        return {_VERSION_KEYS.get(name, name): value for name, value in plain_fields(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PatternVersion:
        """Returns the version that ``to_dict`` wrote, also after a way through JSON.

        Raises:
            TypeError: ``values`` is not a mapping.
            ValueError: A key is unknown or missing, or its value is not valid.
        """
        require_mapping("values", values)
        names = {key: name for name, key in _VERSION_KEYS.items()}
        return record_of(cls, {names.get(key, key): value for key, value in values.items()})


_VERSION_KEYS = {"version_number": "version", "change_description": "change"}
