"""Names the projects of a bank: each project once, no two by one name."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ....schema.redaction.redaction import redact
from .project_root import ProjectRoot

__all__ = ["BankProject", "bank_project", "is_moved", "project_folder"]

_NUMBER = re.compile(r" \(\d+\)\Z")
_LOCAL: Final = "path:"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankProject:
    """A project as a bank knows it, or is to know it.

    Attributes:
        key: The key to store.
        name: Its name, unique in the bank.
        earlier_key: The key that the bank has for it, which ``key`` replaces; empty if it is new.
    """

    key: str
    name: str
    earlier_key: str


def bank_project(
    root: ProjectRoot,
    known: Mapping[str, str],
    *,
    exists: Callable[[str], bool] = os.path.exists,
) -> BankProject:
    """Returns the project of a bank that a file's project is, or a new one with a free name.

    A project that got a remote, or whose folder was moved, keeps its name.

    Args:
        known: The names of the bank's projects by key.
        exists: Returns whether there is a file or folder at a path.
    """
    root = _without_secrets(root)
    for key in (root.key, root.place):
        if key in known:
            return BankProject(key=root.key, name=known[key], earlier_key=key)
    moved = [key for key, name in known.items() if is_moved(root, key, name, exists=exists)]
    if len(moved) == 1:
        return BankProject(key=root.key, name=known[moved[0]], earlier_key=moved[0])
    return BankProject(key=root.key, name=_free_name(root.name, known), earlier_key="")


def _without_secrets(root: ProjectRoot) -> ProjectRoot:
    """Returns a project as a bank may store it: a folder can be named like a secret."""
    return replace(root, name=redact(root.name), key=redact(root.key), place=redact(root.place))


def is_moved(
    root: ProjectRoot,
    key: str,
    name: str,
    *,
    exists: Callable[[str], bool] = os.path.exists,
) -> bool:
    """Returns whether a project is the one of a key, moved: its name and package, its folder gone.

    Args:
        key: The key of a project in the bank.
        name: That project's name in the bank.
        exists: Returns whether there is a file or folder at a path.
    """
    folder, _, part = key.removeprefix(_LOCAL).partition("#")
    return (
        key.startswith(_LOCAL)
        and root.place.startswith(_LOCAL)
        and part == root.place.partition("#")[2]
        and _NUMBER.sub("", name) == root.name
        and not exists(folder)
    )


def project_folder(key: str, near: Iterable[ProjectRoot]) -> Path | None:
    """Returns the folder of the project of a key; None if nothing tells where it is.

    Args:
        near: Projects on this disk: one of the same repository tells where its top level is.
    """
    address, _, part = key.partition("#")
    for root in near:
        for own in (root.key, root.place):
            own_address, _, own_part = own.partition("#")
            if own_address == address:
                depth = len(Path(own_part).parts)
                return (root.folder.parents[depth - 1] if depth else root.folder) / part
    if address.startswith(_LOCAL):
        return Path(address.removeprefix(_LOCAL)) / part
    return None


def _free_name(wished: str, known: Mapping[str, str]) -> str:
    taken = set(known.values())
    numbered = (f"{wished} ({number})" for number in itertools.count(2))
    return next(name for name in itertools.chain((wished,), numbered) if name not in taken)
