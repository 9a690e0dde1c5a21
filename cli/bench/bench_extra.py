"""Requires the packages of the extra ``bench``, before anything is measured or announced."""

from __future__ import annotations

from importlib.util import find_spec

from ...schema import AqeError

__all__ = ["require_extra"]


def require_extra(command: str, module: str) -> None:
    """Requires a package of the extra ``bench``.

    Raises:
        AqeError: It is not installed.
    """
    if find_spec(module) is None:
        package = module.replace("_", "-")
        raise AqeError(
            f"{command} needs {package}, of the extra bench; install it with:"
            " pip install 'aqe[bench]'"
        )
