"""aqe: the learned memory of quality-engineering agents."""

__version__ = "0.1.0"
