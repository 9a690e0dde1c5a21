"""One address for every spelling of a remote, and no credentials in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.retrieval.extraction.discovery.remote_address import remote_address, remote_name


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/Acme/shop.git",
        "https://github.com/Acme/shop/",
        "http://github.com:80/Acme/shop",
        "https://github.com:443/Acme/shop.git/",
        "https://me@github.com/Acme/shop",
        "https://me:pa@ss@github.com/Acme/shop?private_token=x#y",
        "https://github.com/Acme/sho%70",
        "ssh://git@github.com/Acme/shop.git",
        "ssh://git@github.com:2222/Acme/shop.git",
        "git+ssh://github.com/Acme/shop",
        "git@github.com:Acme/shop.git",
        "github.com:Acme/shop",
        "github.com:/Acme/shop",
        "git://github.com:9418/Acme/shop",
    ],
)
def test_spellings_of_a_remote_have_one_address(url: str) -> None:
    address = remote_address(url, Path("/work"))
    assert address == "github.com/Acme/shop"
    assert remote_name(address) == "shop"


def test_two_servers_on_one_host_are_two() -> None:
    first, second = (
        remote_address(f"http://localhost:{port}/a/b", Path("/work")) for port in (3000, 3001)
    )
    assert first != second


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("/srv/git/shop.git", "/srv/git/shop.git"),
        ("../shop", "/work/shop"),
        ("/work/shop/.git", "/work/shop"),
        ("file:///srv/git/shop%20x.git", "/srv/git/shop x.git"),
        ("file://server/srv/shop", "/srv/shop"),
        ("", ""),
    ],
)
def test_a_local_remote_is_the_folder(url: str, address: str) -> None:
    assert remote_address(url, Path("/work/app")) == address


def test_the_name_of_a_local_remote_has_no_ending() -> None:
    assert remote_name("/srv/git/shop.git") == "shop"
