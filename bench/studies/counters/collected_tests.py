"""Writes where the tests are that a project's own pytest collects; a plugin for that pytest.

It runs in the project's environment, so it uses nothing but the standard library and pytest.
"""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

__all__ = ["pytest_collection_finish"]


def pytest_collection_finish(session: Any) -> None:
    """Writes a line ``{path, line, title, framework}`` for each test function, each once."""
    found = {_place(item) for item in session.items if getattr(item, "function", None)}
    lines = [json.dumps(place) for place in sorted(found)]
    Path(os.environ["AQE_COLLECTED"]).write_text("\n".join(lines), encoding="utf-8")


def _place(item: Any) -> tuple[str, int, str, str]:
    function = inspect.unwrap(item.function)
    code = getattr(function, "__code__", None)
    framework = "unittest" if type(item).__name__ == "TestCaseFunction" else "pytest"
    if code is None:  # a callable object
        return str(item.path), item.location[1] + 1, item.originalname or item.name, framework
    return code.co_filename, code.co_firstlineno, code.co_name, framework
