"""Kills a process at the n-th line of chosen code, for tests that try every line in turn."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

__all__ = ["kill_at_line"]


def kill_at_line(number: int, is_traced: Callable[[CodeType], bool]) -> None:
    """Makes this process kill itself before it runs the n-th line of the code that is traced."""
    left = number

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return count if is_traced(frame.f_code) else None

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    sys.settrace(enter)
