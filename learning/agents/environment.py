"""The one place of the learning half that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["ENABLED_VARIABLE", "learning_switched_on"]

ENABLED_VARIABLE = "AQE_LEARNING_ENABLED"
_OFF = frozenset({"0", "false", "no", "off"})


def learning_switched_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Returns whether agents learn: they do, unless AQE_LEARNING_ENABLED is 0, false, no or off.

    Agents ask here when they are made without ``learning=``, since the variable must work for
    programs that use the library and never pass the command line.
    """
    return environment.get(ENABLED_VARIABLE, "").strip().lower() not in _OFF
