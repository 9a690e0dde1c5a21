"""Plays the first ten minutes of seven kinds of users on small real repositories.

Run: ``python -m aqe.bench.studies.users.first_ten_minutes``, which takes a few minutes and needs
git and networkx; its output is ``bench/results/first_ten_minutes.md``. Each user starts in an own
copy of two packages of networkx, as git repositories, and types commands as such a person would.
The transcript shows what came back, with the exit code where it is not 0. It is for reading:
whether each answer helps is not measured.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aqe import __version__

__all__ = ["USERS", "main", "transcripts"]

# Packages of networkx that become a repository each.
REPOSITORIES = {"graph-utils": "utils", "graph-files": "readwrite"}
MAX_LINES = 24
TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class User:
    """A kind of user.

    Attributes:
        commands: What this person types, in turn; the shell keeps no state between them.
        on_terminal: Whether a person reads the output, or a pipe does.
    """

    name: str
    story: str
    commands: Sequence[str]
    on_terminal: bool = True


USERS = (
    User(
        "A new user in a repository",
        "has heard of aqe, installed it and types what comes to mind.",
        (
            "aqe",
            "aqe search random state",
            "aqe init",
            "aqe search random state -n 3",
            "aqe search --for utils/heaps.py -n 2",
            "aqe show $(aqe search heaps -n 1 --format jsonl --fields id | cut -d '\"' -f 4)",
            "aqe stats",
        ),
    ),
    User(
        "An agent's author in a shell script",
        "wants the best pattern for a need, and to report whether it helped.",
        (
            "aqe extract utils --json | head -c 300",
            "echo neighbouring items | aqe search - --format jsonl --fields id,name -n 2",
            "aqe search pairwise -n 1 --format csv --fields id,source",
            "id=$(aqe search pairwise -n 1 --fields id | tail -n 1);"
            " aqe patterns use $id --success --need 'test pairwise';"
            " aqe search pairwise -n 1 --fields name,usage_count,success_rate",
            "aqe patterns delete $(aqe patterns list -n 1 --fields id | tail -n 1)",
            "aqe search nothing -f jest; echo exit code $?",
            "aqe search x --json --db typo.db",
            "aqe patterns list | head -1",
        ),
        on_terminal=False,
    ),
    User(
        "A team lead",
        "asks what is in the bank, what is used, and whether it is sound.",
        (
            "aqe init .",
            "aqe stats",
            "aqe stats --format markdown",
            "aqe patterns list --sort usage -n 3",
            "aqe learn analytics",
            "aqe agents list",
            "aqe doctor",
        ),
    ),
    User(
        "Someone in operations",
        "cares where the file is, how big it is, how to copy it and what happens to it.",
        (
            "aqe extract utils",
            "aqe db path",
            "aqe doctor",
            "aqe db backup copy.db",
            "aqe db check",
            "aqe memory stats",
            "aqe db restore copy.db",
            "aqe doctor --db copy.txt",
        ),
    ),
    User(
        "Someone who speaks SQL",
        "wants tables, not commands.",
        (
            "aqe extract utils --json > /dev/null",
            "aqe patterns list -n 3 --format csv",
            "aqe patterns list -n 3 --format csv --fields id,framework,quality",
            "aqe patterns list -n 2000 | cut -f 4 | sort | uniq -c",
            "python -c \"import sqlite3; print(sqlite3.connect('.aqe/aqe.db').execute("
            "'select framework, count(*) from patterns group by 1').fetchall())\"",
        ),
        on_terminal=False,
    ),
    User(
        "A user of several repositories",
        "keeps one bank for two repositories and deletes from one of them.",
        (
            "aqe extract . ../graph-files --db ../team.db",
            "mkdir .aqe; printf 'database = \"../../team.db\"\\nlimit = 2\\n' > .aqe/config.toml;"
            " aqe db path",
            "aqe search write a graph to a file",
            "aqe search write a graph -p graph-utils",
            "aqe search write a graph -p grpah-files",
            "aqe patterns list --source utils/tests/test_heaps.py",
            "aqe patterns forget --source utils/tests/test_heaps.py",
            "aqe patterns forget --source utils/tests/test_heaps.py --yes",
            "aqe stats --format markdown",
        ),
    ),
    User(
        "Someone who types wrong things",
        "does not read manuals.",
        (
            "aqe serch heap",
            "aqe list",
            "aqe --json search heap",
            "aqe init nowhere",
            "aqe init utils --json > /dev/null",
            "aqe search heap --limt 3",
            "aqe search heap -n three",
            "aqe search heap -n 0",
            "aqe search heap -f pytset",
            "aqe search heap --for nofile.py",
            "aqe search heap --fields nmae",
            "aqe search heap -f jest",
            "aqe show zzzz",
            "aqe patterns use",
            "aqe extract",
            "printf 'limt = 3\\n' > .aqe/config.toml; aqe search heap",
        ),
    ),
)


def transcripts(users: Sequence[User] = USERS) -> Iterator[str]:
    """Yields the transcript of each user as Markdown."""
    for user in users:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(os.path.realpath(folder))
            _make_repositories(home)
            lines = [f"## {user.name}", "", f"{user.name} {user.story}", "", "```text"]
            for command in user.commands:
                lines += [f"$ {command}", *_shown(user, home, command), ""]
            yield "\n".join([*lines[:-1], "```", ""])


def _make_repositories(home: Path) -> None:
    package = find_spec("networkx")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the study needs networkx: pip install 'aqe[dev]'")
    for name, part in REPOSITORIES.items():
        (home / name).mkdir()
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(package.origin).parent / part, home / name / part, ignore=ignored)
        subprocess.run(["git", "init", "-q", str(home / name)], check=True)


def _shown(user: User, home: Path, command: str) -> list[str]:
    """Returns what a command prints, its middle left out if it is long, and its exit code."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=home / "graph-utils",
        env=_environment(home, on_terminal=user.on_terminal),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.replace(str(home), "~").splitlines()]
    if len(lines) > MAX_LINES:
        left_out = len(lines) - MAX_LINES
        half = MAX_LINES // 2
        lines[half:-half] = [f"[{left_out} lines]"]
    return lines if done.returncode == 0 else [*lines, f"[exit code {done.returncode}]"]


def _environment(home: Path, *, on_terminal: bool) -> dict[str, str]:
    """Returns an environment without settings of aqe, whose ``aqe`` is this installation."""
    programs = home / ".bin"
    programs.mkdir(exist_ok=True)
    for name, module in (("aqe", " -m aqe"), ("python", "")):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        script.chmod(0o755)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AQE_")}
    terminal = {"TTY_COMPATIBLE": "1"} if on_terminal else {}
    paths = os.pathsep.join([str(programs), os.environ["PATH"]])
    size = {"COLUMNS": "80", "LINES": "40", "TERM": "dumb"}
    return {**kept, **terminal, **size, "HOME": str(home), "PATH": paths}


def main() -> None:
    """Prints all transcripts."""
    sys.stdout.write(
        "# The first ten minutes\n\n"
        "What seven kinds of users type first on small real repositories, and what they see, at\n"
        "80 columns. Written by `python -m aqe.bench.studies.users.first_ten_minutes`, with aqe"
        f" {__version__} on Python {platform.python_version()}.\n\n"
    )
    for transcript in transcripts():
        sys.stdout.write(f"{transcript}\n")


if __name__ == "__main__":
    main()
