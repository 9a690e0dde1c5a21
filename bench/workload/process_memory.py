"""Reads the memory of a process from the system."""

from __future__ import annotations

from pathlib import Path

__all__ = ["resident_mb"]


def resident_mb(kind: str = "RssAnon", process: str = "self") -> float:
    """Returns the memory of a process that no file backs; NaN where it is not known.

    Args:
        kind: ``RssFile`` for the rest, ``VmHWM`` for the peak of both.
        process: Its number; by default this process.
    """
    status = Path("/proc", process, "status")
    if not status.is_file():  # not Linux
        return float("nan")
    for line in status.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{kind}:"):
            return float(line.split()[1]) * 1024 / 1e6
    return float("nan")
