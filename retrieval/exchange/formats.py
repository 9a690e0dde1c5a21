"""Patterns as JSON, JSONL and YAML: checked when read, written whole or not at all.

A file is UTF-8. JSON and YAML hold a list of patterns, or one object with the list under
``patterns``; JSONL holds one pattern a line. The keys are the fields of ``TestPattern``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from ...schema import InterchangeError, TestPattern

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_PATTERNS",
    "FileFormat",
    "decode_patterns",
    "encode_patterns",
    "format_of",
    "pattern_from_builtins",
    "read_patterns",
    "write_atomically",
]

FileFormat = Literal["json", "jsonl", "yaml"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
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
# The same section for YAML, whose parser takes quadratic time in the depth.
MAX_YAML_CHARS = 5 * 1024 * 1024
MAX_YAML_DEPTH = 50


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
    unknown = sorted(str(key) for key in value if key not in TestPattern.__dataclass_fields__)
    if unknown:
        raise InterchangeError(
            f"unknown field {unknown[0]!r} in a pattern; remove or rename it", found=unknown[0]
        )
    try:
        return msgspec.convert(value, TestPattern)
    except msgspec.ValidationError as error:
        raise InterchangeError(f"not a pattern: {error}") from error


def format_of(path: Path) -> FileFormat:
    """Returns the format that a file's name says.

    Raises:
        InterchangeError: The suffix is none of the known ones.
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
    max_bytes: int | None = None,
    max_patterns: int | None = None,
) -> list[TestPattern]:
    """Returns the patterns of a file, all of them checked.

    Args:
        max_bytes: A larger file is refused before it is read further; 50 MiB unless said.
        max_patterns: A file with more of them is refused; 100,000 unless said.

    Raises:
        InterchangeError: The file cannot be read, is too large, or holds something else.
    """
    file_format = file_format or format_of(path)
    max_bytes = MAX_FILE_BYTES if max_bytes is None else max_bytes
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # Read no further than that: a pipe or a device has no size, and may have no end.
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
        return decode_patterns(text, file_format, label=str(path), max_patterns=max_patterns)
    except InterchangeError as error:
        error.path = path
        raise


def decode_patterns(
    text: str, file_format: FileFormat, *, label: str, max_patterns: int | None = None
) -> list[TestPattern]:
    """Returns the patterns in a text, all of them checked.

    Raises:
        InterchangeError: Names the first fault, as ``label``, position and what was expected.
    """
    max_patterns = MAX_PATTERNS if max_patterns is None else max_patterns
    values = list(_values(text, file_format, label))
    if len(values) > max_patterns:
        raise InterchangeError(
            f"{label} must hold at most {max_patterns} patterns, got {len(values)};"
            " split it, or raise the limit with --max-patterns",
            expected=max_patterns,
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
    """Returns the patterns as text that ``decode_patterns`` reads back equal."""
    values = [msgspec.to_builtins(pattern) for pattern in patterns]
    if file_format == "jsonl":
        return "".join(msgspec.json.encode(value).decode("utf-8") + "\n" for value in values)
    if file_format == "json":
        document = msgspec.json.encode({"patterns": values})
        return msgspec.json.format(document, indent=2).decode("utf-8") + "\n"
    return _encode_yaml({"patterns": values})


def write_atomically(path: Path, text: str) -> None:
    """Writes a file so that after a crash it is whole: either the old content or the new.

    Raises:
        InterchangeError: The file cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):  # it may be the folder that could not be made
            partial.unlink(missing_ok=True)
        raise InterchangeError(f"cannot write {path}: {error.strerror}", path=path) from error


def _values(text: str, file_format: FileFormat, label: str) -> Sequence[tuple[str, Any]]:
    """Returns each decoded value with its position in words."""
    if file_format == "jsonl":
        return [
            (f"line {number}", _decode_json(line, f"{label}, line {number}"))
            for number, line in enumerate(text.split("\n"), start=1)
            if line.strip()
        ]
    value = _decode_json(text, label) if file_format == "json" else _decode_yaml(text, label)
    if isinstance(value, dict):
        value = value.get("patterns", [value])  # a single pattern may stand alone
    if not isinstance(value, list):
        raise InterchangeError(
            f"{label} must hold a list of patterns, got {type(value).__name__}",
            expected="list",
            found=type(value).__name__,
        )
    return [(f"pattern {number}", item) for number, item in enumerate(value, start=1)]


def _decode_json(text: str, label: str) -> Any:
    try:
        return msgspec.json.decode(text)  # refuses NaN and infinity
    except (msgspec.DecodeError, RecursionError) as error:
        raise InterchangeError(f"{label} must be JSON: {error}") from error


def _encode_yaml(value: object) -> str:
    import yaml  # only here and below: most commands never need it

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Dumper, value: str) -> yaml.ScalarNode:
        # Only double quotes escape these; in other styles PyYAML folds them like a newline.
        style = '"' if any(mark in value for mark in "\r\x85\u2028\u2029") else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)

    Dumper.add_representer(str, text)
    document = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return str(document)


def _decode_yaml(text: str, label: str) -> Any:
    """Decodes YAML without aliases: a few hundred bytes of them can fill the memory."""
    import yaml

    if len(text) > MAX_YAML_CHARS:
        raise InterchangeError(
            f"{label} must have at most {MAX_YAML_CHARS} characters as YAML, got {len(text)};"
            " use JSONL",
            expected=MAX_YAML_CHARS,
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
            if depth > MAX_YAML_DEPTH:
                raise InterchangeError(f"{label} is nested too deeply to be a list of patterns")
            if isinstance(token, yaml.AliasToken):
                raise InterchangeError(
                    f"{label} must not use YAML aliases (*name); write values out"
                )
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InterchangeError(f"{label} must be YAML: {' '.join(str(error).split())}") from error
