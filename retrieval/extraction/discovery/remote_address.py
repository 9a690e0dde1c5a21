"""Writes the URL of a git remote in one form for all its spellings, without credentials."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

__all__ = ["remote_address", "remote_name"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)")
# host:path as ssh has it; one letter before the colon is a drive of Windows.
_SCP = re.compile(r"(?:[^/\s]*@)?([^/:@\s]{2,}|\[[0-9A-Fa-f:.]+\]):(?!//)(.+)")
_USUAL_PORTS: Final = {"http": "80", "https": "443", "git": "9418"}


def remote_address(url: str, folder: Path) -> str:
    """Returns ``host/path`` of a remote, or the absolute path of a local one; empty for no URL.

    Users, passwords, the protocol, its usual port and ``.git`` do not matter to it.

    Args:
        folder: What a relative path starts from.
    """
    if not url:
        return ""
    if (parts := _URL.match(url)) and parts[1].lower() != "file":
        path = unquote(parts[3]).strip("/")
        return f"{_host(parts[1].lower(), parts[2])}/{_without_suffix(path)}"
    if not parts and (scp := _SCP.match(url)):
        return f"{scp[1]}/{_without_suffix(scp[2].strip('/'))}"
    path = unquote(parts[3]) if parts else url
    return os.path.realpath(folder / path).removesuffix("/.git")


def remote_name(address: str) -> str:
    """Returns the name of the repository at an address: the last part of its path."""
    return _without_suffix(address).rpartition("/")[2]


def _host(protocol: str, authority: str) -> str:
    host = authority.rpartition("@")[2]
    name, _, port = host.rpartition(":")
    if not name or not port.isdigit():
        return host
    # The port of ssh is another way into the same server.
    return name if protocol == "ssh" or _USUAL_PORTS.get(protocol) == port else host


def _without_suffix(path: str) -> str:
    return path.rstrip("/").removesuffix(".git")
