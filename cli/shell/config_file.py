"""Reads ``.aqe/config.toml``: what one would otherwise type each time.

Options win over the environment (``AQE_LIMIT``, ``AQE_FORMAT``, ``AQE_FRAMEWORK``, ``AQE_DB``),
which wins over the file. It is looked for where the bank is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from ...schema import AqeError, find_beside_bank
from ...schema.records.validation import require_framework

__all__ = [
    "MAX_LIMIT",
    "OutputFormat",
    "Settings",
    "config_path",
    "limit_of",
    "settings",
]

CONFIG_NAME = "config.toml"
ENVIRONMENT = {"AQE_LIMIT": "limit", "AQE_FORMAT": "format", "AQE_FRAMEWORK": "framework"}
MAX_LIMIT = 4096
OutputFormat = Literal["table", "json", "jsonl", "csv", "markdown"]
FORMATS: tuple[OutputFormat, ...] = get_args(OutputFormat)
DEFAULT_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults of options; None where nothing was set.

    Attributes:
        limit: Maximum number of results.
        framework: Framework that searches prefer.
        format: Output format.
        database: Database file; a relative path starts from the folder of the config file.
    """

    limit: int | None = None
    framework: str | None = None
    format: OutputFormat | None = None
    database: Path | None = None


def settings() -> Settings:
    """Returns the settings of the environment and of the config file.

    Raises:
        AqeError: One of them is wrong; the message names it and what it expects.
    """
    path = config_path()
    found = Settings() if path is None else _read(path)
    for name, key in ENVIRONMENT.items():
        if text := os.environ.get(name):
            value = int(text) if key == "limit" and text.isdecimal() else text
            found = replace(found, **{key: _CHECKS[key](name, value)})
    return found


def limit_of(limit: int | None) -> int:
    """Returns the value of ``--limit``, or the default.

    Raises:
        AqeError: The default is wrong.
    """
    return limit or settings().limit or DEFAULT_LIMIT


def config_path() -> Path | None:
    """Returns the config file that applies here; None if there is none."""
    return find_beside_bank(CONFIG_NAME, environment=os.environ, folder=Path.cwd())


def _read(path: Path) -> Settings:
    import tomllib  # most banks have no config file

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AqeError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AqeError(f"{path} is not TOML ({error}); correct or remove it") from error
    values = {key: _checked(path, key, value) for key, value in document.items()}
    if "database" in values:
        values["database"] = _absolute(path, str(values["database"]))
    return Settings(**values)


def _absolute(path: Path, database: str) -> Path:
    try:
        chosen = Path(database).expanduser()
    except RuntimeError as error:  # ~NAME of nobody
        raise AqeError(f"{path}: database: {error}") from error
    return Path(os.path.abspath(path.parent / chosen))


def _checked(path: Path, key: str, value: object) -> Any:
    if key not in _CHECKS:
        close = get_close_matches(key, _CHECKS, 1)
        hint = f"did you mean {close[0]}?" if close else f"it may have: {', '.join(_CHECKS)}"
        raise AqeError(f"{path}: unknown key {key!r}; {hint}")
    return _CHECKS[key](f"{path}: {key}", value)


def _limit(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_LIMIT:
        raise AqeError(f"{name}: expected a whole number from 1 to {MAX_LIMIT}, got {value!r}")
    return value


def _format(name: str, value: object) -> str:
    if value not in FORMATS:
        raise AqeError(f"{name}: expected one of {', '.join(FORMATS)}, got {value!r}")
    return str(value)


def _framework(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise AqeError(f"{name}: expected the name of a framework, got {value!r}")
    try:
        require_framework("framework", value)
    except ValueError as error:
        raise AqeError(f"{name}: {error}") from error
    return value


def _path(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise AqeError(f"{name}: expected the path of a database file, got {value!r}")
    return value


_CHECKS: Mapping[str, Callable[[str, object], Any]] = {
    "limit": _limit,
    "framework": _framework,
    "format": _format,
    "database": _path,
}
