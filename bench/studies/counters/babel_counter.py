"""Counts the tests of JavaScript and TypeScript files with Babel's parser and scopes."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ....schema.errors import AqeError
from .counted_test import CountedTest, listed_files

__all__ = ["BabelCount", "FrameworkRule", "count_javascript_tests"]

_SUFFIXES: Final = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_HINT = re.compile(rb"(?:it|test|specify|It|Test)\b[\w.$]{0,80}\s{0,20}[(`<]")
_MODULES: Final = (
    (r"vitest(?:/.*)?", "vitest"),
    (r"@jest/globals", "jest"),
    (r"@playwright/(?:test|experimental-ct-\w+)", "playwright"),
    (r"node:test|test", "node:test"),
    (r"ava", "ava"),
    (r"mocha", "mocha"),
    (r"uvu", "uvu"),
    (r"tape|tape-.*", "tape"),
    (r"tap|t|zora|qunit|bun:test|@japa/runner|lab|@hapi/lab", "other"),
)


@dataclass(frozen=True, slots=True)
class FrameworkRule:
    """The framework of the files that fit a glob, from the configuration of their runner."""

    glob: str
    framework: str


@dataclass(frozen=True, slots=True)
class BabelCount:
    """The tests that Babel finds, and the files that it cannot read, with its message."""

    tests: list[CountedTest]
    errors: dict[str, str]


def count_javascript_tests(
    repository: Path, modules: Path, rules: Sequence[FrameworkRule] = ()
) -> BabelCount:
    """Returns the tests in the JavaScript and TypeScript files that git tracks.

    Args:
        modules: A folder in which ``npm install @babel/parser @babel/traverse`` ran.
        rules: The frameworks of the files that do not import one; the first that fits counts, an
            empty framework says that the runner does not run them.

    Raises:
        AqeError: Node.js is missing, or the modules are.
    """
    files = [path for path in listed_files(repository, _SUFFIXES) if _is_hinted(path)]
    tests: list[CountedTest] = []
    errors: dict[str, str] = {}
    for row in _babel(modules, files):
        name = str(Path(row["path"]).relative_to(repository))
        rule = next((rule for rule in rules if fnmatch.fnmatch(name, rule.glob)), None)
        if rule is not None and not rule.framework:
            continue
        if row["error"]:
            errors[name] = row["error"]
        framework = _imported(row["modules"]) or (rule.framework if rule else "")
        tests += [
            CountedTest(name, test["line"], test["title"], framework) for test in row["tests"]
        ]
    return BabelCount(tests, errors)


def _is_hinted(path: Path) -> bool:
    return not path.name.endswith((".d.ts", ".min.js")) and bool(_HINT.search(path.read_bytes()))


def _imported(modules: Sequence[str]) -> str:
    return next(
        (
            framework
            for pattern, framework in _MODULES
            if any(re.fullmatch(pattern, module) for module in modules)
        ),
        "",
    )


def _babel(modules: Path, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    script = Path(__file__).with_name("babel_tests.mjs")
    command = ["node", str(script), str(modules.absolute())]
    try:
        done = subprocess.run(
            command, input="\n".join(map(str, files)), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise AqeError("expected Node.js 18 or newer, found no `node`; install it") from error
    if done.returncode:
        raise AqeError(
            f"Babel stopped: {done.stderr.strip()[-500:]}; run `npm install @babel/parser"
            f" @babel/traverse` in {modules}"
        )
    yield from map(json.loads, done.stdout.splitlines())
