"""``aqe init`` makes a bank of what is here, and says where it is and what is next."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..command_line import Aqe


def test_init_makes_a_bank_of_the_folder(aqe: Aqe, shop: Path) -> None:
    shutil.rmtree(shop / ".aqe")
    out = aqe("init").out
    assert "3 tests in 2 files" in out
    assert f"the bank: {shop / '.aqe' / 'aqe.db'}\n" in out
    assert "aqe search" in out.partition("next:\n")[2]
    assert (shop / ".aqe" / ".gitignore").read_text() == "*\n"
    assert aqe("stats", "--json").json()["patterns"] == 3


def test_init_of_paths_and_a_second_time_changes_nothing(aqe: Aqe, shop: Path) -> None:
    document = aqe("init", "tests/test_cart.py", "--json").json()
    assert (document["tests"], document["unchanged"]) == (2, 2)
    assert document["database"] == str(shop / ".aqe" / "aqe.db")
    assert document["next"][0] == 'aqe search "what you need"'


def test_init_without_tests_says_so(aqe: Aqe, shop: Path) -> None:
    (shop / "empty").mkdir()
    out = aqe("init", "empty").out
    assert "no data: no test found" in out
    assert "next:" not in out


def test_init_of_nothing_makes_no_bank(aqe: Aqe, shop: Path) -> None:
    shutil.rmtree(shop / ".aqe")
    outcome = aqe("init", "typo")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert not (shop / ".aqe").exists()
