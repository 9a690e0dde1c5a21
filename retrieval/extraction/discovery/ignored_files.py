"""Leaves out what git ignores: asks git inside a work tree, and reads .gitignore elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from ....schema.git_repository import find_repository

__all__ = ["ignored_files", "is_top_level", "tracked_files"]

_TIMEOUT_S: Final = 60
_MAX_BYTES: Final = 1024 * 1024
_MAX_STARS: Final = 4  # a rule with more would take long to match
# A repository's own configuration may name programs that git would run, and code is never run.
_RUN_NOTHING: Final = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


class _Rule(NamedTuple):
    """A line of .gitignore."""

    pattern: re.Pattern[str]
    is_negated: bool
    for_folders: bool


def ignored_files(paths: Iterable[Path], root: Path) -> set[Path]:
    """Returns the files below a folder that git ignores; a file that it tracks is never ignored.

    A repository below the folder is ignored with all its files if the one around it ignores it.
    Outside a work tree, or if git cannot be asked, the .gitignore files from the folder down are
    read instead.
    """
    ignored: set[Path] = set()
    repositories = _by_repository(paths)
    start = Path(os.path.abspath(root))
    inner = [top for top in repositories if top is not None and start in top.parents]
    ignored_tops = ignored_files(inner, root) if inner else set()
    for repository, files in repositories.items():
        if repository in ignored_tops:
            ignored.update(files)
            continue
        answer = _checked_by_git(repository, files) if repository is not None else None
        if answer is None:
            answer = {file for file in files if _is_ignored(file, repository or root)}
        ignored |= answer
    return ignored


def is_top_level(folder: Path) -> bool:
    """Returns whether no .gitignore above a folder counts: it is a top level, or outside git."""
    top = _repository_of(folder)
    return top is None or top == Path(os.path.abspath(folder))


def tracked_files(folder: Path) -> list[Path]:
    """Returns the files below a folder that git tracks; none outside a work tree."""
    if _repository_of(folder) is None:
        return []
    output = _git(folder, ("ls-files", "-z", "--", "."), b"")
    return (
        [] if output is None else [folder / os.fsdecode(name) for name in output.split(b"\0")[:-1]]
    )


def _by_repository(paths: Iterable[Path]) -> dict[Path | None, list[Path]]:
    grouped: dict[Path | None, list[Path]] = {}
    known: dict[Path, Path | None] = {}
    for path in paths:
        parent = path.absolute().parent
        if parent not in known:
            known[parent] = _repository_of(parent)
        grouped.setdefault(known[parent], []).append(path)
    return grouped


def _repository_of(folder: Path) -> Path | None:
    repository = find_repository(folder)
    return None if repository is None else repository.top


def _checked_by_git(repository: Path, files: Sequence[Path]) -> set[Path] | None:
    names = {os.fsencode(file.absolute()): file for file in files}
    output = _git(repository, ("check-ignore", "-z", "--stdin"), b"\0".join(names))
    return (
        None if output is None else {names[name] for name in output.split(b"\0") if name in names}
    )


def _git(folder: Path, arguments: Sequence[str], given: bytes) -> bytes | None:
    """Returns what git prints, or None if it is missing, slow or refuses."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *_RUN_NOTHING, "-C", os.fspath(folder), *arguments],
            input=given,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode in {0, 1} else None  # 1: nothing is ignored


def _is_ignored(path: Path, root: Path) -> bool:
    """Returns whether the .gitignore files below a folder ignore a file, or a folder of it."""
    absolute, base = path.absolute(), root.absolute()
    parts = absolute.relative_to(base).parts if absolute.is_relative_to(base) else (absolute.name,)
    for depth in range(1, len(parts) + 1):
        is_folder = depth < len(parts) or absolute.is_dir()
        if _last_match(base, parts[:depth], is_folder=is_folder):
            return True
    return False


def _last_match(base: Path, parts: tuple[str, ...], *, is_folder: bool) -> bool:
    """Returns whether the last rule that fits a path ignores it."""
    ignored = False
    for depth in range(len(parts)):
        below = "/".join(parts[depth:])
        folder = base.joinpath(*parts[:depth])
        for rule in (*_rules_in(folder / ".git/info/exclude"), *_rules_in(folder / ".gitignore")):
            if (is_folder or not rule.for_folders) and rule.pattern.fullmatch(below):
                ignored = not rule.is_negated
    return ignored


def _rules_in(file: Path) -> tuple[_Rule, ...]:
    try:
        status = file.stat()
    except OSError:
        return ()
    if status.st_size > _MAX_BYTES:
        return ()
    return _read_rules(str(file), (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=256)
def _read_rules(file: str, stamp: tuple[int, int]) -> tuple[_Rule, ...]:
    """Returns the rules in a file such as .gitignore.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    try:
        lines = Path(file).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    rules = (_rule(line) for line in lines)
    return tuple(rule for rule in rules if rule is not None)


def _rule(line: str) -> _Rule | None:
    text = re.sub(r"(?<!\\)[ \t]+\Z", "", line)
    if not text or text.startswith("#"):
        return None
    is_negated = text.startswith("!")
    text = text[1:] if is_negated else text
    for_folders = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    text = re.sub(r"(?:\*\*/)+", "**/", text)
    if len(re.findall(r"\*+", text)) > _MAX_STARS:
        return None
    body = _translated(text.lstrip("/"))
    prefix = "" if anchored else "(?:.*/)?"
    try:
        return _Rule(re.compile(prefix + body, re.DOTALL), is_negated, for_folders)
    except re.error:
        return None  # git ignores a malformed rule too


_TOKENS: Final = (
    (re.compile(r"\*\*/"), "(?:.*/)?"),
    (re.compile(r"/\*\*\Z"), "/.+"),
    (re.compile(r"\*+"), "[^/]*"),
    (re.compile(r"\?"), "[^/]"),
)


def _translated(glob: str) -> str:
    """Returns the regular expression of a rule of .gitignore."""
    pieces: list[str] = []
    place = 0
    while place < len(glob):
        for pattern, replacement in _TOKENS:
            match = pattern.match(glob, place)
            if match:
                pieces.append(replacement)
                place = match.end()
                break
        else:
            piece = _literal(glob, place)
            pieces.append(piece.expression)
            place += piece.length
    return "".join(pieces)


class _Piece(NamedTuple):
    expression: str
    length: int


def _literal(glob: str, place: int) -> _Piece:
    """Returns the expression of a set of characters, an escaped or a plain character."""
    found = re.compile(r"\[([!^]?)(\]?[^\]/]*)\]").match(glob, place)
    if found:
        chars = found[2].replace("\\", "\\\\").replace("[", "\\[")
        return _Piece(f"[{'^/' if found[1] else ''}{chars}]", len(found[0]))
    if glob[place] == "\\" and place + 1 < len(glob):
        return _Piece(re.escape(glob[place + 1]), 2)
    return _Piece(re.escape(glob[place]), 1)
