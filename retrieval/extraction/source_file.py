"""Reads a test file: decodes it, redacts secrets and locates it in its project."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ...schema.errors import AqeError
from ...schema.records.patterns import Language
from ...schema.redaction.redaction import SecretFinding, find_secrets, redact
from ..text.source_language import language_of
from .project_root import ProjectRoot, find_project_root

__all__ = ["SourceFile", "UnreadableSourceError", "read_source"]

# Hand-written test files are much smaller (at most 0.4 MB in numpy, scipy, pandas, scikit-learn and
# networkx); larger ones are generated data.
MAX_FILE_BYTES = 5 * 1024 * 1024

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_FAR = "\n" * 18  # more blanks than any rule skips
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class UnreadableSourceError(AqeError):
    """A file cannot be read as text; the message says why. Never leaves this package."""


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

    def text(self, start: int, end: int) -> str:
        """Returns the text between two byte offsets."""
        return self.code[start:end].decode("utf-8", "replace")

    def line_number(self, row: int) -> int:
        """Returns the 1-based line in the file on disk of a 0-based row of ``code``."""
        position = bisect_right(self._lost_lines, (row, -1))
        return row + 1 + (self._lost_lines[position - 1].total if position else 0)


def read_source(path: Path) -> SourceFile:
    """Returns a test file, decoded and redacted.

    Raises:
        UnreadableSourceError: It is missing, not permitted, too large, binary or not decodable.
    """
    if path.is_dir():
        raise UnreadableSourceError("a folder that cannot be listed")
    language = language_of(path)
    if language is None:
        raise UnreadableSourceError(f"not a Python, JavaScript or TypeScript file: {path.suffix!r}")
    text = _decode(_read_bytes(path), language).replace("\r\n", "\n").replace("\r", "\n")
    root = find_project_root(path)
    relative_path = path.absolute().relative_to(root.folder).as_posix()
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


def _is_clean(text: str, path: str) -> bool:
    """Returns whether text and path hold no secret, at any indentation of the lines.

    Some rules allow only a few blanks between a name and its secret, and moving a test to the left
    margin can reduce their distance. Without any indentation the distance is smallest.
    """
    return not find_secrets(f"{path}{_FAR}{_INDENTATION.sub('', text)}")


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise UnreadableSourceError("not a regular file")
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnreadableSourceError(f"cannot be read: {error.strerror or error}") from error
    if len(raw) > MAX_FILE_BYTES:
        raise UnreadableSourceError(f"larger than {MAX_FILE_BYTES // 2**20} MB")
    if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableSourceError("binary content")
    return raw


def _decode(raw: bytes, language: Language) -> str:
    encoding = "utf-8-sig"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif language == "python":
        lines = raw.split(b"\n", 2)[:2]  # PEP 263: the first two lines may name the encoding
        named = next((match for line in lines if (match := _CODING.match(line))), None)
        encoding = named[1].decode("ascii") if named else encoding
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding)
    except LookupError:
        raise UnreadableSourceError(f"unknown encoding {encoding!r}") from None
    except UnicodeError:
        raise UnreadableSourceError(f"not valid {encoding.removesuffix('-sig')} text") from None


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
