"""Reads where the configuration of a JavaScript runner says that tests are; nothing is run."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from ....schema.frameworks.declarations import Declarations, declarations

__all__ = ["RunnerGlobs", "command_globs", "globs_in"]

_MAX_BYTES = 256 * 1024
_STRING = r"[\"'`]([^\"'`\n]{1,300})[\"'`]"
# Settings whose value is a text or a list of texts; `include` only next to a runner.
_GLOBS = re.compile(
    rf"\b(?:testMatch|specPattern|spec|spec_files|testFiles|files|include|includeSource)[\"']?\s*[:=]\s*"
    rf"(\[(?:\s*{_STRING}\s*,?){{0,100}}|{_STRING})"
)
_YAML_SPEC = re.compile(r"^spec:[ \t]*(?:\n((?:[ \t]*-[^\n]*\n?)+)|([^\n]+))", re.MULTILINE)
_FOLDERS = re.compile(rf"\b(?:testDir|integrationFolder|spec_dir)[\"']?\s*:\s*{_STRING}")
# Where jest looks for files with the usual names, unless another setting names them.
_ROOTS = re.compile(rf"\broots[\"']?\s*:\s*\[((?:\s*{_STRING}\s*,?){{0,100}})")
_NAMED_BY_JEST = re.compile(r"\b(?:testMatch|testRegex)\b")
_USUAL_NAMES: Final = ("**/__tests__/**", "**/*.test.*", "**/*.spec.*")
_GROUP = re.compile(r"([?@+*])\(([^()]*)\)")  # ?(x) is the same as {x,}
_MAX_STARS = 6  # more would take long to match
_MAX_GROUPS = 3  # inside each other
_TOKENS: Final = (
    (re.compile(r"\*\*/"), "(?:.*/)?"),
    (re.compile(r"\*\*"), ".*"),
    (re.compile(r"\*"), "[^/]*"),
    (re.compile(r"\?"), "[^/]"),
    (re.compile(r"\{"), "(?:"),
    (re.compile(r"\}"), ")"),
    (re.compile(r"[,|]"), "|"),
    (re.compile(r"\(|\)"), None),
    (re.compile(r"\[[^\]]*\]"), None),
)


class RunnerGlobs(NamedTuple):
    """Files below a folder that its runner's configuration names."""

    folder: str
    pattern: re.Pattern[str]

    def names(self, path: str) -> bool:
        """Returns whether the globs name an absolute path."""
        prefix = self.folder + os.sep
        return path.startswith(prefix) and bool(self.pattern.fullmatch(path[len(prefix) :]))


def globs_in(folder: Path, names: list[str]) -> RunnerGlobs | None:
    """Returns the globs of the configurations in a folder, or None.

    Args:
        names: The names of the files in the folder.
    """
    expressions: list[str] = []
    known = declarations()
    config = _config_names(known)
    for name in names:
        if config.fullmatch(name):
            try:
                status = (folder / name).stat()
            except OSError:
                continue
            if status.st_size <= _MAX_BYTES:
                stamp = (status.st_mtime_ns, status.st_size)
                expressions += _expressions(str(folder / name), stamp, known)
    if not expressions:
        return None
    return _joined(folder, expressions)


@lru_cache(maxsize=8)
def _config_names(known: Declarations) -> re.Pattern[str]:
    """Returns the expression of the names of configuration files of the declared frameworks."""
    globs = [
        glob
        for each in known.supported
        for glob in (*each.config_files, *each.shared_config_files)
        if "/" not in glob
    ]
    # Of several configurations, each has a name of its own: vitest.unit.config.ts.
    names = [
        fnmatch.translate(glob).replace(r"\.config", r"\.(?:[\w-]+\.)?config") for glob in globs
    ]
    return re.compile("|".join([r"package\.json", *names]))


def command_globs(folder: Path, commands: Iterable[str]) -> RunnerGlobs | None:
    """Returns the files and folders that commands run in a folder name, or None."""
    words = [word.strip("\"'") for command in commands for word in command.split()]
    paths = [word for word in words if "/" in word and not word.startswith("-")]
    globs = [path if path.rpartition("/")[2].count(".") else f"{path}/**" for path in paths]
    expressions = list(filter(None, map(_translated, globs)))
    return _joined(folder, expressions) if expressions else None


def _joined(folder: Path, expressions: list[str]) -> RunnerGlobs:
    return RunnerGlobs(str(folder.absolute()), re.compile("|".join(dict.fromkeys(expressions))))


@lru_cache(maxsize=256)
def _expressions(path: str, stamp: tuple[int, int], known: Declarations) -> tuple[str, ...]:
    """Returns the globs of a configuration as regular expressions.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    try:
        text = Path(path).read_text("utf-8", "replace")
    except OSError:
        return ()  # no clue
    if path.endswith("package.json"):
        text = _runner_sections(text, known)
    globs = [glob for found in _GLOBS.finditer(text) for glob in re.findall(_STRING, found[1])]
    if ".mocharc" in path:
        for listed, single in _YAML_SPEC.findall(text):
            globs += re.findall(r"[^\s'\"-][^\s'\"]*", listed or single)
    globs += [f"{folder}/**" for folder in _FOLDERS.findall(text)]
    if not _NAMED_BY_JEST.search(text):
        roots = [root for found in _ROOTS.finditer(text) for root in re.findall(_STRING, found[1])]
        globs += [f"{root}/{names}" for root in roots for names in _USUAL_NAMES]
    return tuple(filter(None, map(_translated, globs)))


def _runner_sections(text: str, known: Declarations) -> str:
    """Returns the settings of runners in package.json, in which `files` means something else."""
    keys = "|".join(key for each in known.supported for key in each.manifest_keys)
    section = rf"\"(?:{keys})\"\s*:\s*\{{.{{0,4000}}?\n\s{{0,4}}\}}"
    sections = re.findall(section, text, re.DOTALL)
    return "\n".join(sections)


def _translated(glob: str) -> str:
    """Returns the regular expression of a glob; empty for an exclusion."""
    text = re.sub(r"\A(?:<rootDir>/|\./|/)+", "", glob)
    text = re.sub(r"(?:\*\*/)+", "**/", text)
    is_excluded = text.startswith("!") or not text or ".." in text
    if is_excluded or len(re.findall(r"\*+", text)) > _MAX_STARS:
        return ""
    for _ in range(_MAX_GROUPS):
        text = _GROUP.sub(lambda match: f"{{{match[2]}{',' if match[1] in '?*' else ''}}}", text)
    expression = "".join(_pieces(text))
    try:
        return f"(?:{re.compile(expression).pattern})"
    except re.error:
        return ""  # a glob with an extension that is not known here


def _pieces(glob: str) -> Iterator[str]:
    place = 0
    while place < len(glob):
        matches = ((pattern.match(glob, place), new) for pattern, new in _TOKENS)
        match, new = next(((match, new) for match, new in matches if match), (None, None))
        yield re.escape(glob[place]) if match is None else match[0] if new is None else new
        place = place + 1 if match is None else match.end()
