"""aqe: the learned memory of quality-engineering agents.

The names below are loaded when they are first used, so that ``import aqe`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models import Encoder, create_encoder
    from .retrieval import QEReasoningBank
    from .schema import (
        AqeError,
        Database,
        PatternMatch,
        PatternSearchContext,
        PatternSearchCriteria,
        PatternUsageContext,
        StoreReport,
        StoreResult,
        TestPattern,
    )

__version__ = "0.1.0"

_HOMES = {
    "AqeError": "schema",
    "Database": "schema",
    "Encoder": "models",
    "PatternMatch": "schema",
    "PatternSearchContext": "schema",
    "PatternSearchCriteria": "schema",
    "PatternUsageContext": "schema",
    "QEReasoningBank": "retrieval",
    "StoreReport": "schema",
    "StoreResult": "schema",
    "TestPattern": "schema",
    "create_encoder": "models",
}

__all__ = [
    "AqeError",
    "Database",
    "Encoder",
    "PatternMatch",
    "PatternSearchContext",
    "PatternSearchCriteria",
    "PatternUsageContext",
    "QEReasoningBank",
    "StoreReport",
    "StoreResult",
    "TestPattern",
    "__version__",
    "create_encoder",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
