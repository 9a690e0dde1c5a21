"""Reads the environment variable that switches learning off, the only one of this half."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["ENABLED_VARIABLE", "learning_switched_on"]

ENABLED_VARIABLE = "AQE_LEARNING_ENABLED"
_OFF = frozenset({"0", "false", "no", "off"})


def learning_switched_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Returns whether agents learn: unless AQE_LEARNING_ENABLED is 0, false, no or off.

    Agents created without ``learning=`` use this, so that the variable also works for programs that
    use the library without the command line.
    """
    return environment.get(ENABLED_VARIABLE, "").strip().lower() not in _OFF
