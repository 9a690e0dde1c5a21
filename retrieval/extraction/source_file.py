"""Reads a test file within limits: decodes it, redacts secrets and locates it in its project."""

from __future__ import annotations

import os
import re
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ...schema.errors import AqeError
from ...schema.frameworks.declarations import language_named, language_names
from ...schema.records.patterns import Language
from ...schema.redaction.redaction import SecretFinding, find_secrets, holds_secrets, redact
from ..text.source_language import language_of
from .discovery.project_root import ProjectRoot, find_project_root

__all__ = [
    "ExtractionBudget",
    "ExtractionTuning",
    "SourceFile",
    "UnreadableSourceError",
    "read_bytes",
    "read_source",
]

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
_TOKEN = re.compile(rb"\w+|[^\w\s]")
# Text with more NUL bytes is binary; a test of a protocol has some in its strings.
_MAX_NUL_SHARE = 0.05


class UnreadableSourceError(AqeError):
    """A file cannot be read as text; the message says why. Never leaves this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionTuning:
    """Limits for one file; hand-written tests stay far below them.

    The largest test file of numpy, scipy, scikit-learn, matplotlib and networkx has 0.42 MB,
    115,000 tokens and 686 tests. Larger ones are generated.

    Attributes:
        max_bytes: A larger file is not read.
        max_tokens: A file with more words and punctuation marks is not parsed: parsing takes
            up to 800 bytes for each.
        max_nesting: A file with more describe blocks or classes inside each other is not used.
        max_tests: Further tests of a file are left out.
        max_patterns_bytes: Further tests are left out when the code of the patterns before them,
            which repeats their setup, has this size.
        trial_bytes: A larger file is first parsed on trial, with ``max_parse_s`` as its limit: the
            Python grammar needs a time that is quadratic in the length of a block of comments.
        max_parse_s: Processor time of the trial.
        max_cpu_s: Processor time after which further tests are left out.
    """

    max_bytes: int = 5 * 1024 * 1024
    max_tokens: int = 300_000
    max_nesting: int = 100
    max_tests: int = 10_000
    max_patterns_bytes: int = 32 * 1024 * 1024
    trial_bytes: int = 128 * 1024
    max_parse_s: float = 10.0
    max_cpu_s: float = 20.0


class ExtractionBudget:
    """What the extraction of one file may still use.

    Attributes:
        tuning: The limits.
        reached: Why further tests are left out; empty while no limit is reached.
    """

    def __init__(self, tuning: ExtractionTuning) -> None:
        self.tuning = tuning
        self.reached = ""
        self._cpu_start = time.thread_time()
        self._start = time.perf_counter()
        self._pattern_bytes = 0

    def allows_test(self, found: int) -> bool:
        """Returns whether another test may be extracted after this many."""
        tuning = self.tuning
        if found >= tuning.max_tests:
            self._reach(f"has more than {tuning.max_tests:,} tests", found)
        elif self._is_spent():
            self._reach(f"takes more than {tuning.max_cpu_s:g} s of processor time", found)
        elif self._pattern_bytes > tuning.max_patterns_bytes:
            size = f"{tuning.max_patterns_bytes / 2**20:g} MB"
            self._reach(f"its tests with their setup take more than {size}", found)
        else:
            return True
        return False

    def _is_spent(self) -> bool:
        """Returns whether the processor time is used up; no processor is faster than the clock."""
        limit = self.tuning.max_cpu_s
        return (
            time.perf_counter() - self._start > limit
            and time.thread_time() - self._cpu_start > limit
        )

    def add_pattern(self, size: int) -> None:
        """Counts the bytes of a pattern that was extracted."""
        self._pattern_bytes += size

    def require_nesting(self, depth: int) -> None:
        """Checks the number of blocks or classes around a test.

        Raises:
            UnreadableSourceError: There are too many.
        """
        if depth > self.tuning.max_nesting:
            raise UnreadableSourceError(
                f"blocks are nested more than {self.tuning.max_nesting} deep"
            )

    def _reach(self, reason: str, found: int) -> None:
        self.reached = f"{reason}; the first {found:,} were extracted, split the file"


class _LostLines(NamedTuple):
    """A row of the redacted text, and the number of lines that redaction removed above it."""

    row: int
    total: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A test file with its secrets redacted.

    Attributes:
        path: The file that was read.
        root: The project that it belongs to.
        relative_path: Its path inside the project, with forward slashes.
        code: Its text as UTF-8, each secret replaced by its placeholder.
        is_clean: Whether path and text hold no secret, however the lines are indented; then no
            part of them needs redaction of its own, whatever margin it is moved to.
    """

    path: Path
    root: ProjectRoot
    relative_path: str
    language: Language
    code: bytes
    is_clean: bool
    _lost_lines: tuple[_LostLines, ...] = field(default=())

    @property
    def earlier_path(self) -> str:
        """Its path inside the project as earlier versions knew it, from which they derived ids."""
        return _relative(self.path, self.root.earlier_folder)

    def text(self, start: int, end: int) -> str:
        """Returns the text between two byte offsets."""
        return self.code[start:end].decode("utf-8", "replace")

    def line_number(self, row: int) -> int:
        """Returns the 1-based line in the file on disk of a 0-based row of ``code``."""
        position = bisect_right(self._lost_lines, (row, -1))
        return row + 1 + (self._lost_lines[position - 1].total if position else 0)


def read_source(path: Path, tuning: ExtractionTuning) -> SourceFile:
    """Returns a test file, decoded and redacted.

    Raises:
        UnreadableSourceError: It is missing, not permitted, too large, binary or not decodable, or
            has too many tokens.
    """
    if path.is_dir():
        raise UnreadableSourceError("a folder that cannot be listed")
    language = language_of(path)
    if language is None:
        names = ", ".join(language_names())
        raise UnreadableSourceError(f"no language of {names} has files named {path.suffix!r}")
    text = _decode(read_bytes(path, tuning), language).replace("\r\n", "\n").replace("\r", "\n")
    text = _without_nuls(text, language)
    root = find_project_root(path)
    relative_path = _relative(path, root.folder)
    is_clean = _is_clean(text, relative_path)
    findings = [] if is_clean else find_secrets(text)
    return SourceFile(
        path=path,
        root=root,
        relative_path=relative_path,
        language=language,
        code=(redact(text) if findings else text).encode("utf-8", "replace"),
        is_clean=is_clean,
        _lost_lines=_lines_lost_to_redaction(text, findings),
    )


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.abspath(path)).relative_to(folder).as_posix()


def _is_clean(text: str, path: str) -> bool:
    """Returns whether text and path hold no secret, at any indentation of the lines.

    Some rules allow only a few blanks between a name and its secret, and moving a test to the left
    margin can reduce their distance. Without any indentation the distance is smallest.
    """
    return not holds_secrets((path, _INDENTATION.sub("", text)))


def read_bytes(path: Path, tuning: ExtractionTuning) -> bytes:
    """Returns the content of a file within the limits.

    Raises:
        UnreadableSourceError: It is missing, not permitted, too large or binary, or has too many
            tokens.
    """
    try:
        if not path.is_file():
            raise UnreadableSourceError("not a regular file")
        with path.open("rb") as stream:
            raw = stream.read(tuning.max_bytes + 1)
    except OSError as error:
        raise UnreadableSourceError(f"cannot be read: {error.strerror or error}") from error
    if len(raw) > tuning.max_bytes:
        raise UnreadableSourceError(f"larger than {tuning.max_bytes / 2**20:g} MB")
    if raw.count(b"\0") > len(raw) * _MAX_NUL_SHARE and not _is_utf16(raw):
        raise UnreadableSourceError("binary content")
    if _has_too_many_tokens(raw, tuning.max_tokens):
        raise UnreadableSourceError(
            f"more than {tuning.max_tokens:,} words and punctuation marks; split the file"
        )
    return raw


def _is_utf16(raw: bytes) -> bool:
    return raw.startswith((b"\xff\xfe", b"\xfe\xff"))


def _has_too_many_tokens(raw: bytes, most: int) -> bool:
    if len(raw) <= most:  # a token has at least one byte
        return False
    return next(islice(_TOKEN.finditer(raw), most, None), None) is not None


def _decode(raw: bytes, language: Language) -> str:
    encoding = "utf-8-sig"
    if _is_utf16(raw):
        encoding = "utf-16"
    elif language_named(language).names_encoding:
        lines = raw.split(b"\n", 2)[:2]  # PEP 263: the first two lines may name the encoding
        named = next((match for line in lines if (match := _CODING.match(line))), None)
        encoding = named[1].decode("ascii") if named else encoding
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding)
    except LookupError:
        raise UnreadableSourceError(f"unknown encoding {encoding!r}") from None
    except UnicodeError:
        raise UnreadableSourceError(f"not valid {encoding.removesuffix('-sig')} text") from None


def _without_nuls(text: str, language: Language) -> str:
    """Returns a text with each NUL written as the escape that means the same in a string.

    Raises:
        UnreadableSourceError: It is Python, which does not allow them.
    """
    if "\0" in text and language == "python":
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableSourceError(f"NUL byte at line {line}: Python refuses such a file")
    return text.replace("\0", "\\x00")


def _lines_lost_to_redaction(
    text: str, findings: Sequence[SecretFinding]
) -> tuple[_LostLines, ...]:
    """Returns, for each multi-line secret, the first redacted row after it and the lines lost."""
    lost: list[_LostLines] = []
    total = 0
    for finding in findings:
        lines = text.count("\n", finding.start, finding.end)
        if lines:
            row = text.count("\n", 0, finding.start) - total
            total += lines
            lost.append(_LostLines(row + 1, total))
    return tuple(lost)
