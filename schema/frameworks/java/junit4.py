"""Declares JUnit 4."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration
from .junit5 import EXACT

DECLARED: Final = FrameworkDeclaration(
    name="junit4",
    languages=("java",),
    rank=20,
    modules=r"org\.junit(?:\.(?:experimental|rules|runners?|runner)(?:\.|\Z)|\Z)",
    forms=CallForms(
        tests=frozenset({"Test", "Theory"}),
        hooks=frozenset(
            {"After", "AfterClass", "Before", "BeforeClass", "ClassRule", "Mock", "Rule"}
        ),
        tables=frozenset({"Theory"}),
        skipping=frozenset({"Ignore"}),
    ),
    exact_calls=EXACT,
)
