"""Lists the clues to each JavaScript test framework; a new framework is a row in these tables.

To add a framework, add its name to ``Framework`` in ``schema/records/patterns.py``, add rows for
what its users import, call, install, run and configure, and add its test functions in
``languages/javascript_calls.py`` if they have names of their own. Within a table the first
matching row decides. ``python_framework`` distinguishes the two Python frameworks.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from ....schema.records.patterns import Framework

__all__ = [
    "BROWSER_FOLDERS",
    "BROWSER_FRAMEWORKS",
    "BROWSER_NAMES",
    "CALLS",
    "CHAI_ASSERTION",
    "CONFIG_FILES",
    "DEPENDENCIES",
    "JEST_ASSERTION",
    "MANIFEST_KEYS",
    "MODULES",
    "PLAYWRIGHT_FIXTURES",
    "SCRIPTS",
    "SPEC_FOLDERS",
]

PatternClues: TypeAlias = tuple[tuple[re.Pattern[str], Framework], ...]
NameClues: TypeAlias = tuple[tuple[str, Framework], ...]

# Imported modules.
MODULES: Final[PatternClues] = (
    (re.compile(r"vitest(?:/|\Z)|vite-plus/test\Z|@(?:effect|fast-check)/vitest"), "vitest"),
    (re.compile(r"@jest/globals\Z|@fast-check/jest"), "jest"),
    (
        re.compile(
            r"@playwright/(?:test|experimental-ct-\w+)\Z|playwright/test\Z|playwright-bdd\Z"
            r"|@nuxt/test-utils/playwright\Z|@chromatic-com/playwright\Z"
            r"|next/experimental/testmode/playwright"
        ),
        "playwright",
    ),
    (re.compile(r"cypress(?:/|\Z)"), "cypress"),
    (re.compile(r"ava\Z"), "ava"),
    (re.compile(r"mocha\Z"), "mocha"),
    (re.compile(r"jasmine(?:-core)?\Z"), "jasmine"),
)
# Called functions, dotted; the last two are styles of assertion.
CALLS: Final[PatternClues] = (
    (re.compile(r"cy\.|Cypress\."), "cypress"),
    (
        re.compile(r"test\.(?:step|use|info|setTimeout|describe\.(?:configure|serial|parallel))\Z"),
        "playwright",
    ),
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
# Commands in the scripts of package.json; names of scripts and packages are removed before.
SCRIPTS: Final[PatternClues] = (
    (re.compile(r"\bvitest\b"), "vitest"),
    (
        re.compile(
            r"(?<![-\w])(?:jest\b(?!-)|(?:react-scripts|react-app-rewired|craco|tsdx|dts) test\b"
            r"|wp-scripts test-unit-js\b)"
        ),
        "jest",
    ),
    (re.compile(r"(?<![-\w])(?:electron-|ts-)?_?mocha(?:pack)?\b(?!-)"), "mocha"),
    (re.compile(r"(?<![-\w])ava\b(?!\.)"), "ava"),
    (re.compile(r"(?<![-\w])jasmine\b"), "jasmine"),
    (re.compile(r"\bplaywright(?:\.js)? test\b"), "playwright"),
    (re.compile(r"\bcypress (?:run|open)\b"), "cypress"),
)
# Configuration files, as shell patterns of paths below the project.
CONFIG_FILES: Final[NameClues] = (
    ("vitest.config.*", "vitest"),
    ("vitest.workspace.*", "vitest"),
    ("jest.config.*", "jest"),
    (".mocharc*", "mocha"),
    ("test/mocha.opts", "mocha"),
    ("ava.config.*", "ava"),
    ("playwright.config.*", "playwright"),
    ("playwright-ct.config.*", "playwright"),
    ("cypress.config.*", "cypress"),
    ("cypress.json", "cypress"),
    ("jasmine.json", "jasmine"),
    ("spec/support/jasmine.*", "jasmine"),
)
# Settings in package.json itself.
MANIFEST_KEYS: Final[tuple[Framework, ...]] = ("jest", "ava", "mocha")
# Frameworks that apply only to files in their own folders.
BROWSER_FRAMEWORKS: Final = frozenset[Framework]({"playwright", "cypress"})
BROWSER_FOLDERS: Final = frozenset({"cypress", "e2e", "cy", "playwright", "browser", "component"})
# File names that only they use.
BROWSER_NAMES: Final[PatternClues] = (
    (re.compile(r".*\.cy\.[cm]?[jt]sx?\Z"), "cypress"),
    (re.compile(r".*\.pw\.[cm]?[jt]sx?\Z"), "playwright"),
)
# Settings of their configuration that name the folder of the tests, or a glob of them.
SPEC_FOLDERS: Final = re.compile(
    r"\b(?:testDir|specPattern|integrationFolder)[\"']?\s*:\s*\[?\s*[\"'`]([^\"'`*{]*)"
)
# Arguments that only Playwright passes to a test.
PLAYWRIGHT_FIXTURES: Final = frozenset({"page", "browser", "browserName", "request"})
# Styles of assertion, for a file without any other clue.
JEST_ASSERTION: Final = re.compile(r"expect(?:\.\w+)*\.(?:not\.|resolves\.|rejects\.)*to[A-Z]\w*\Z")
CHAI_ASSERTION: Final = re.compile(
    r"expect\.(?:\w+\.)*(?:to|be|have|not)\.|assert(?:\.|\Z)|.*\.should\.|should\."
)
