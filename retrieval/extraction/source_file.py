"""A test file as it is read: decoded, redacted, and placed inside its project."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...schema.errors import AqeError
from ...schema.records.patterns import Language
from ..text.redaction import SecretFinding, find_secrets, redact
from ..text.source_language import language_of

__all__ = [
    "MAX_FILE_BYTES",
    "TEST_FOLDERS",
    "ProjectRoot",
    "SourceFile",
    "UnreadableSourceError",
    "find_project_root",
    "read_json_object",
    "read_source",
]

# A hand-written test file is far below this (the largest of numpy, scipy, pandas, scikit-learn and
# networkx has 0.4 MB); what is above is generated data.
MAX_FILE_BYTES = 5 * 1024 * 1024

# Folders whose files are tests whatever they are called.
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "e2e", "cypress"})

_ROOT_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_INSTALL_FOLDERS = frozenset({"site-packages", "dist-packages"})
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PROJECT_NAME = re.compile(r"^\s*name\s*=\s*[\"']?([\w.@/-]+)", re.MULTILINE)
_REMOTE_URL = re.compile(r"^\s*url\s*=\s*\S*?([\w.-]+?)(?:\.git)?/?\s*$", re.MULTILINE)


class UnreadableSourceError(AqeError):
    """A file whose text cannot be had; the message says why. Never leaves this subpackage."""


@dataclass(frozen=True, slots=True)
class ProjectRoot:
    """The folder that a test's path is told from, and a name that is the same on every machine."""

    folder: Path
    name: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One test file, without its secrets.

    Attributes:
        path: Where it was read from.
        root: The project that it belongs to.
        relative_path: Its path inside the project, with forward slashes.
        code: Its text as UTF-8, each secret replaced by its placeholder.
    """

    path: Path
    root: ProjectRoot
    relative_path: str
    language: Language
    code: bytes
    _lost_lines: tuple[tuple[int, int], ...] = field(default=())

    def text(self, start: int, end: int) -> str:
        """Returns the text between two byte offsets."""
        return self.code[start:end].decode("utf-8", "replace")

    def line_number(self, row: int) -> int:
        """Returns the 1-based line in the file on disk of a 0-based row of ``code``."""
        position = bisect_right(self._lost_lines, (row, -1))
        return row + 1 + (self._lost_lines[position - 1][1] if position else 0)


def read_source(path: Path) -> SourceFile:
    """Reads a test file.

    Raises:
        UnreadableSourceError: It is missing, not permitted, too large, binary or not decodable.
    """
    if path.is_dir():
        raise UnreadableSourceError("a folder that cannot be listed")
    language = language_of(path)
    if language is None:
        raise UnreadableSourceError(f"not a Python, JavaScript or TypeScript file: {path.suffix!r}")
    raw = _read_bytes(path)
    text = _decode(raw, language).replace("\r\n", "\n").replace("\r", "\n")
    findings = find_secrets(text)
    root = find_project_root(path)
    return SourceFile(
        path=path,
        root=root,
        relative_path=path.absolute().relative_to(root.folder).as_posix(),
        language=language,
        code=(redact(text) if findings else text).encode("utf-8", "replace"),
        _lost_lines=_lines_lost_to_redaction(text, findings),
    )


def find_project_root(path: Path) -> ProjectRoot:
    """Returns the project that a file belongs to.

    That is the nearest folder above it that is a package installation (``site-packages``) or holds
    a project file; without any, the nearest folder that is neither a test folder nor a package.
    """
    folders = path.absolute().parents
    for folder in folders:
        if folder.name in _INSTALL_FOLDERS:
            return ProjectRoot(folder, "")
    for folder in folders:
        manifest = read_json_object(folder / "package.json")
        if isinstance(manifest.get("name"), str):
            return ProjectRoot(folder, str(manifest["name"]))
        if any((folder / marker).exists() for marker in _ROOT_MARKERS):
            return ProjectRoot(folder, _project_name(folder))
    for folder in folders:
        if folder.name not in TEST_FOLDERS and not (folder / "__init__.py").exists():
            return ProjectRoot(folder, folder.name)
    return ProjectRoot(folders[0], folders[0].name)


def read_json_object(path: Path) -> dict[str, object]:
    """Returns the JSON object in a file, or an empty one where there is none to be had."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return {}
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}  # evidence only: a broken package.json is no evidence, and no reason to stop
    return content if isinstance(content, dict) else {}


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
) -> tuple[tuple[int, int], ...]:
    """Returns (first redacted row after it, lines lost so far) for each multi-line secret."""
    lost: list[tuple[int, int]] = []
    total = 0
    for finding in findings:
        lines = text.count("\n", finding.start, finding.end)
        if lines:
            row = text.count("\n", 0, finding.start) - total
            total += lines
            lost.append((row + 1, total))
    return tuple(lost)


def _project_name(folder: Path) -> str:
    """Returns the name in the project's own files, else of its git remote, else of the folder."""
    sources = (
        ("pyproject.toml", _PROJECT_NAME),
        ("setup.cfg", _PROJECT_NAME),
        (".git/config", _REMOTE_URL),
    )
    for name, pattern in sources:
        try:
            match = pattern.search((folder / name).read_text("utf-8", "replace"))
        except OSError:
            continue  # no such file: the next source is asked
        if match:
            return match[1]
    return folder.name
