"""Lists the clues to each JavaScript test framework; a new framework is a row in these tables.

To add a framework, add its name to ``Framework`` in ``schema/records/patterns.py``, add rows for
what its users import, call, install, run and configure, and add its test functions in
``languages/javascript_calls.py`` if they have names of their own. Within a table the first
matching row decides. ``python_framework`` distinguishes the two Python frameworks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from ....schema.records.patterns import Framework

__all__ = [
    "BROWSER_FOLDERS",
    "BROWSER_FRAMEWORKS",
    "CALLS",
    "CHAI_ASSERTION",
    "CONFIG_FILES",
    "DEPENDENCIES",
    "JEST_ASSERTION",
    "MANIFEST_KEYS",
    "MODULES",
    "SCRIPTS",
    "UNSUPPORTED_MODULES",
    "UNSUPPORTED_SCRIPTS",
]

PatternClues: TypeAlias = tuple[tuple[re.Pattern[str], Framework], ...]
NameClues: TypeAlias = tuple[tuple[str, Framework], ...]

# Imported modules.
MODULES: Final[PatternClues] = (
    (re.compile(r"vitest(?:/|\Z)|vite-plus/test\Z|@effect/vitest"), "vitest"),
    (re.compile(r"@jest/globals\Z"), "jest"),
    (re.compile(r"@playwright/(?:test|experimental-ct-\w+)\Z|playwright/test\Z"), "playwright"),
    (re.compile(r"cypress(?:/|\Z)"), "cypress"),
    (re.compile(r"ava\Z"), "ava"),
    (re.compile(r"mocha\Z"), "mocha"),
    (re.compile(r"jasmine(?:-core)?\Z"), "jasmine"),
)
# Modules of unsupported frameworks, with their names for messages.
UNSUPPORTED_MODULES: Final[Mapping[str, str]] = {
    "bun:test": "bun:test",
    "node:test": "node:test",
    "test": "node:test",
    "tap": "tap",
    "tape": "tape",
    "@tapjs/tap": "tap",
    "uvu": "uvu",
    "qunit": "QUnit",
    "brittle": "brittle",
    "zora": "zora",
    "lab": "lab",
    "@hapi/lab": "lab",
    "baretest": "baretest",
    "tap-spec": "tap",
    "testcafe": "TestCafe",
}
# Called functions, dotted; the last two are styles of assertion.
CALLS: Final[PatternClues] = (
    (re.compile(r"cy\.|Cypress\."), "cypress"),
    (
        re.compile(r"vi\.(?:fn|mock|spyOn|doMock|hoisted|mocked|useFakeTimers|stub\w+)\b"),
        "vitest",
    ),
    (re.compile(r"jest\.\w+"), "jest"),
    (
        re.compile(
            r"jasmine\.\w+|.*\.(?:and\.(?:returnValue|callFake|callThrough)|toHaveSize|withContext|toBeTrue|toBeFalse)\Z"
        ),
        "jasmine",
    ),
)
# Packages among the dependencies in package.json.
DEPENDENCIES: Final[NameClues] = (
    ("vitest", "vitest"),
    ("jest", "jest"),
    ("ava", "ava"),
    ("mocha", "mocha"),
    ("jasmine", "jasmine"),
    ("jasmine-core", "jasmine"),
    ("karma-jasmine", "jasmine"),
    ("karma-mocha", "mocha"),
    ("ts-jest", "jest"),
    ("react-scripts", "jest"),
    ("@playwright/test", "playwright"),
    ("cypress", "cypress"),
)
# Commands in the scripts of package.json.
SCRIPTS: Final[PatternClues] = (
    (re.compile(r"\bvitest\b"), "vitest"),
    (re.compile(r"\b(?:jest|react-scripts test)\b"), "jest"),
    (re.compile(r"\b_?mocha\b"), "mocha"),
    (re.compile(r"(?<![-\w])ava\b(?!\.)"), "ava"),
    (re.compile(r"\bjasmine\b"), "jasmine"),
    (re.compile(r"\bplaywright\b"), "playwright"),
    (re.compile(r"\bcypress\b"), "cypress"),
)
# The same for unsupported frameworks.
UNSUPPORTED_SCRIPTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\bnode\b[^&|;]*\s--test\b|\bborp\b"), "node:test"),
    (re.compile(r"\bbun test\b"), "bun:test"),
    (re.compile(r"(?<![-\w])(?:tap|tape)\b"), "tap"),
    (re.compile(r"\bqunit\b"), "QUnit"),
    (re.compile(r"\buvu\b"), "uvu"),
)
# Configuration files, as shell patterns of paths below the project.
CONFIG_FILES: Final[NameClues] = (
    ("vitest.config.*", "vitest"),
    ("vitest.workspace.*", "vitest"),
    ("jest.config.*", "jest"),
    (".mocharc*", "mocha"),
    ("test/mocha.opts", "mocha"),
    ("ava.config.*", "ava"),
    ("jasmine.json", "jasmine"),
    ("spec/support/jasmine.*", "jasmine"),
)
# Settings in package.json itself.
MANIFEST_KEYS: Final[tuple[Framework, ...]] = ("jest", "ava", "mocha")
# Frameworks that apply only to files in their own folders.
BROWSER_FRAMEWORKS: Final = frozenset[Framework]({"playwright", "cypress"})
BROWSER_FOLDERS: Final = frozenset({"cypress", "e2e", "cy", "playwright", "browser", "component"})
# Styles of assertion, for a file without any other clue.
JEST_ASSERTION: Final = re.compile(r"expect(?:\.\w+)*\.(?:not\.|resolves\.|rejects\.)*to[A-Z]\w*\Z")
CHAI_ASSERTION: Final = re.compile(
    r"expect\.(?:\w+\.)*(?:to|be|have|not)\.|assert(?:\.|\Z)|.*\.should\.|should\."
)
