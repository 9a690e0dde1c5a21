"""Declares pytest."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import EvidenceWeights, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="pytest",
    languages=("python",),
    rank=20,
    weights=EvidenceWeights(unused=0.85, assumed=0.75),
    modules=r"pytest(?:\.|\Z)",
)
