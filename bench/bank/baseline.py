"""Compares the ratios of a run with saved ones, to show whether the bank became slower.

Milliseconds of another machine, or of a busier hour, say nothing here. So the baseline keeps each
operation's ratio to its yardstick in the same run: a bare encoder call, an import of libraries,
plain vec0 + FTS5. Ratios hardly depend on the machine, so the file can be in the repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ...schema import AqeError
from .bank_speed import SpeedRow

__all__ = ["read_baseline", "slower", "write_baseline"]


def write_baseline(path: Path, rows: Sequence[SpeedRow]) -> None:
    """Saves the ratios of a run; keeps those of operations that it did not measure."""
    ratios = read_baseline(path) if path.exists() else {}
    ratios |= {row.operation: round(row.ratio, 5) for row in rows if row.ratio is not None}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(ratios), indent=2) + b"\n")


def read_baseline(path: Path) -> dict[str, float]:
    """Returns the saved ratios by operation.

    Raises:
        AqeError: The file cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, float])
    except (OSError, msgspec.DecodeError) as error:
        raise AqeError(
            f"a baseline must be JSON with a ratio for each operation, got {path}: {error};"
            " save one: aqe bench --baseline FILE --save"
        ) from error


def slower(
    rows: Sequence[SpeedRow], baseline: dict[str, float], tolerance: float
) -> list[SpeedRow]:
    """Returns the operations whose ratio is more than ``tolerance`` times the saved one."""
    return [
        row
        for row in rows
        if row.ratio is not None
        and row.operation in baseline
        and row.ratio > tolerance * baseline[row.operation]
    ]
