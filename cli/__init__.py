"""The command line: the only place that reads the environment and wires objects together."""

from __future__ import annotations

__all__: list[str] = []
