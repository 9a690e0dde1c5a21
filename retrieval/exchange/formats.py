"""Reads and validates patterns in JSON, JSONL and YAML, and writes them atomically.

A file is UTF-8. JSON and YAML hold a list of patterns, or one object with the list under
``patterns``; JSONL holds one pattern per line. The keys are the fields of ``TestPattern``; what
they say of uses, quality and provenance is a claim (``retrieval/usage/trust.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self, get_args

import msgspec

from ...schema import (
    ContextPart,
    InterchangeError,
    Placeholder,
    Provenance,
    TestPattern,
    remove_stale_partials,
    write_private,
)
from ...schema.records.validation import require_one_of

__all__ = [
    "DEFAULT_LIMITS",
    "MAX_FILE_BYTES",
    "MAX_PATTERNS",
    "FileFormat",
    "FileLimits",
    "decode_patterns",
    "encode_patterns",
    "format_of",
    "pattern_from_builtins",
    "read_patterns",
    "write_atomically",
]

FileFormat = Literal["json", "jsonl", "yaml"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
_PART_RECORDS: Final = {"context": ContextPart, "placeholders": Placeholder}
_SUFFIXES: dict[str, FileFormat] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".yaml": "yaml",
    ".yml": "yaml",
}
# RELIABILITY section 5, "size limits".
MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PATTERNS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """Size limits of a file of patterns.

    Attributes:
        max_bytes: Size of the file.
        max_patterns: Number of patterns in it.
        max_yaml_chars: Characters of YAML text.
        max_yaml_depth: Nesting depth of YAML, in which its parser takes quadratic time.
    """

    max_bytes: int = MAX_FILE_BYTES
    max_patterns: int = MAX_PATTERNS
    max_yaml_chars: int = 5 * 1024 * 1024
    max_yaml_depth: int = 50

    def with_bounds(self, *, max_bytes: int | None = None, max_patterns: int | None = None) -> Self:
        """Returns a copy of these limits with other bounds; None keeps a bound."""
        return replace(
            self,
            max_bytes=self.max_bytes if max_bytes is None else max_bytes,
            max_patterns=self.max_patterns if max_patterns is None else max_patterns,
        )


DEFAULT_LIMITS: Final = FileLimits()


class _DecodedValue(NamedTuple):
    """A decoded value, and its position for messages."""

    position: str
    value: Any


def pattern_from_builtins(value: Any) -> TestPattern:
    """Returns the pattern that a decoded JSON or YAML object describes.

    Raises:
        InterchangeError: A field is missing, unknown, of the wrong type or out of range.
    """
    if not isinstance(value, dict):
        raise InterchangeError(
            f"a pattern must be an object, got {type(value).__name__}",
            expected="object",
            found=type(value).__name__,
        )
    _refuse_unknown(value, TestPattern, "a pattern")
    if isinstance(provenance := value.get("provenance"), dict):
        _refuse_unknown(provenance, Provenance, "the provenance of a pattern")
    for key, record in _PART_RECORDS.items():
        parts = value.get(key)
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                _refuse_unknown(part, record, f"the {key} of a pattern")
    try:
        return msgspec.convert(value, TestPattern)
    except (msgspec.ValidationError, OverflowError) as error:
        from ...schema.document_faults import field_fault  # files without a fault need none

        raise InterchangeError(f"not a pattern: {field_fault(error)}") from error


def _refuse_unknown(value: dict[Any, Any], record: type, subject: str) -> None:
    known = {field.name for field in fields(record)}
    unknown = sorted(str(key) for key in value if key not in known)
    if unknown:
        raise InterchangeError(
            f"unknown field {unknown[0]!r} in {subject}; remove or rename it", found=unknown[0]
        )


def format_of(path: Path) -> FileFormat:
    """Returns the format of a file by its extension.

    Raises:
        InterchangeError: The extension is unknown.
    """
    try:
        return _SUFFIXES[path.suffix.lower()]
    except KeyError:
        raise InterchangeError(
            f"the name must end in {', '.join(_SUFFIXES)}, got {path.name}; or give the format",
            path=path,
            expected=", ".join(_SUFFIXES),
            found=path.suffix,
        ) from None


def read_patterns(
    path: Path,
    file_format: FileFormat | None = None,
    *,
    limits: FileLimits = DEFAULT_LIMITS,
) -> list[TestPattern]:
    """Returns the patterns of a file, validated.

    Args:
        path: A file, or a pipe or device, which is read up to the size limit.
        file_format: Default: from the file extension.
        limits: Larger files are refused.

    Raises:
        ValueError: ``file_format`` is unknown.
        InterchangeError: The file cannot be read, is too large, or does not hold patterns.
    """
    file_format = file_format or format_of(path)
    require_one_of("file_format", file_format, FORMATS)
    max_bytes = limits.max_bytes
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # The read is bounded too: a pipe or a device has no size, and may have no end.
            content = b"" if size > max_bytes else file.read(max_bytes + 1)
        if size > max_bytes or len(content) > max_bytes:
            raise InterchangeError(
                f"{path} must have at most {max_bytes} bytes, got {max(size, len(content))};"
                " split it, or raise the limit with --max-bytes",
                path=path,
                expected=max_bytes,
                found=max(size, len(content)),
            )
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise InterchangeError(f"cannot read {path}: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise InterchangeError(f"{path} must be UTF-8 text: {error.reason}", path=path) from error
    try:
        return decode_patterns(text, file_format, label=str(path), limits=limits)
    except InterchangeError as error:
        error.path = path
        raise


def decode_patterns(
    text: str, file_format: FileFormat, *, label: str, limits: FileLimits = DEFAULT_LIMITS
) -> list[TestPattern]:
    """Returns the patterns in a text, validated.

    Args:
        text: The content of a file.
        file_format: The format of the text.
        label: The name of the text in messages.
        limits: Larger texts are refused.

    Raises:
        InterchangeError: The text is malformed or too large; the message gives ``label``, position
            and expectation of the first fault.
    """
    values = _values(text, file_format, label, limits)
    if len(values) > limits.max_patterns:
        raise InterchangeError(
            f"{label} must hold at most {limits.max_patterns} patterns, got {len(values)};"
            " split it, or raise the limit with --max-patterns",
            expected=limits.max_patterns,
            found=len(values),
        )
    patterns = []
    for position, value in values:
        try:
            patterns.append(pattern_from_builtins(value))
        except InterchangeError as error:
            raise InterchangeError(
                f"{label}, {position}: {error}",
                position=position,
                expected=error.expected,
                found=error.found,
            ) from error
    return patterns


def encode_patterns(patterns: Iterable[TestPattern], file_format: FileFormat) -> str:
    """Returns the patterns as text, from which ``decode_patterns`` returns equal ones.

    Secrets that an earlier version stored do not leave the bank.

    Raises:
        ValueError: The format is unknown.
    """
    require_one_of("file_format", file_format, FORMATS)
    from ..text.pattern_redaction import redacted_pattern  # no search needs it

    values = [msgspec.to_builtins(redacted_pattern(pattern)) for pattern in patterns]
    if file_format == "jsonl":
        return "".join(msgspec.json.encode(value).decode("utf-8") + "\n" for value in values)
    if file_format == "json":
        document = msgspec.json.encode({"patterns": values})
        return msgspec.json.format(document, indent=2).decode("utf-8") + "\n"
    return _encode_yaml({"patterns": values})


def write_atomically(path: Path, text: str, *, shared: bool = False) -> None:
    """Writes a file atomically: after a crash it has either the old or the new content.

    A new file is readable by its owner alone, an existing one keeps its mode; a link stays.

    Args:
        shared: One of many files in a folder that may come from others: a link there is replaced,
            not followed, and the caller removes what writers that died have left.

    Raises:
        InterchangeError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not shared:
            remove_stale_partials(path.parent)
        write_private(path, text.encode("utf-8", "replace"), follow=not shared)
    except OSError as error:
        raise InterchangeError(f"cannot write {path}: {error.strerror}", path=path) from error


def _values(
    text: str, file_format: FileFormat, label: str, limits: FileLimits
) -> Sequence[_DecodedValue]:
    if file_format == "jsonl":
        return [
            _DecodedValue(f"line {number}", _decode_json(line, f"{label}, line {number}"))
            for number, line in enumerate(text.split("\n"), start=1)
            if line.strip()
        ]
    is_json = file_format == "json"
    value = _decode_json(text, label) if is_json else _decode_yaml(text, label, limits)
    if isinstance(value, dict):
        value = value.get("patterns", [value])  # a single pattern needs no list
    if not isinstance(value, list):
        raise InterchangeError(
            f"{label} must hold a list of patterns, got {type(value).__name__}",
            expected="list",
            found=type(value).__name__,
        )
    return [_DecodedValue(f"pattern {number}", item) for number, item in enumerate(value, start=1)]


def _decode_json(text: str, label: str) -> Any:
    try:
        return msgspec.json.decode(text)  # refuses NaN and infinity
    except (msgspec.DecodeError, RecursionError) as error:
        from ...schema.document_faults import json_fault

        raise InterchangeError(f"{label} must be JSON: {json_fault(error)}") from error


def _encode_yaml(value: object) -> str:
    import yaml  # only here and below: most commands do not need it

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Dumper, value: str) -> yaml.ScalarNode:
        # Only double quotes escape these; in other styles PyYAML folds them like a newline.
        style = '"' if any(mark in value for mark in "\r\x85\u2028\u2029") else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)

    Dumper.add_representer(str, text)
    document = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return str(document)


def _decode_yaml(text: str, label: str, limits: FileLimits) -> Any:
    """Returns the value of YAML text without aliases: with them, a few hundred bytes fill memory.

    Raises:
        InterchangeError: The text is too long or too deep, uses an alias or is not YAML.
    """
    import yaml

    if len(text) > limits.max_yaml_chars:
        raise InterchangeError(
            f"{label} must have at most {limits.max_yaml_chars} characters as YAML,"
            f" got {len(text)}; use JSONL",
            expected=limits.max_yaml_chars,
            found=len(text),
        )
    opening = (
        yaml.BlockMappingStartToken,
        yaml.BlockSequenceStartToken,
        yaml.FlowMappingStartToken,
        yaml.FlowSequenceStartToken,
    )
    closing = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
    depth = 0
    try:
        for token in yaml.scan(text):
            depth += isinstance(token, opening) - isinstance(token, closing)
            if depth > limits.max_yaml_depth:
                raise InterchangeError(f"{label} is nested too deeply to be a list of patterns")
            if isinstance(token, yaml.AliasToken):
                raise InterchangeError(
                    f"{label} must not use YAML aliases (*name); write values out"
                )
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # a date that there is not
        from ...schema.document_faults import yaml_fault

        raise InterchangeError(f"{label} must be YAML: {yaml_fault(error)}") from error
