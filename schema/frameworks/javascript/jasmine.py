"""Declares jasmine."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="jasmine",
    languages=("javascript", "typescript"),
    rank=50,
    modules=r"jasmine(?:-core)?\Z",
    calls=(
        r"jasmine\.\w+|.*\.(?:and\.(?:returnValue|callFake|callThrough)|toHaveSize|withContext"
        r"|toBeTrue|toBeFalse)\Z"
    ),
    dependencies=("jasmine", "jasmine-core", "karma-jasmine", "@wdio/jasmine-framework"),
    scripts=r"(?<![-\w])jasmine\b",
    config_files=("jasmine.json", "spec/support/jasmine.*"),
    forms=CallForms(
        tests=frozenset({"it", "fit", "xit"}),
        blocks=frozenset({"ddescribe", "describe", "fdescribe", "xdescribe"}),
        hooks=frozenset({"afterAll", "afterEach", "beforeAll", "beforeEach"}),
        skipping=frozenset({"xit"}),
    ),
    mocking_calls=r"jasmine\.",
)
