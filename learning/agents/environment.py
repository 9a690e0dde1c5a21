"""Reads the environment for the learning half; nothing else in it does."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["ENABLED_VARIABLE", "learning_switched_on"]

ENABLED_VARIABLE = "AQE_LEARNING_ENABLED"
_OFF = frozenset({"0", "false", "no", "off"})


def learning_switched_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Returns whether agents learn: they do unless AQE_LEARNING_ENABLED is 0, false, no or off.

    Agents ask here when they are created without ``learning=``: the variable must also work for
    programs that use the library and not the command line.
    """
    return environment.get(ENABLED_VARIABLE, "").strip().lower() not in _OFF
