"""Defines the array type of embeddings. Imports numpy; see ``aqe.models.__getattr__``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Vector"]

Vector = npt.NDArray[np.float32]
"""Float32 array: one embedding ``(dim,)`` or several ``(n, dim)``, as the function says."""
