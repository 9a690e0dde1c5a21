"""Declares unittest."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="unittest",
    languages=("python",),
    rank=10,
    modules=r"unittest(?:\.|\Z)",
    styles=("testcase",),
)
