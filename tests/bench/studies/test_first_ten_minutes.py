"""The study of newcomers plays its commands and shows what came back."""

from __future__ import annotations

import pytest

from aqe.bench.studies.users.first_ten_minutes import USERS, User, transcripts


@pytest.mark.slow
def test_a_transcript_shows_output_errors_and_exit_codes() -> None:
    extract = "aqe extract utils/tests/test_heaps.py"
    commands = ("aqe search x", extract, "aqe patterns list | head -1")
    user = User("Somebody", "tries it.", commands, on_terminal=False)
    (text,) = transcripts([user])
    assert text.startswith("## Somebody\n")
    assert "$ aqe search x\nerror: no bank here (no .aqe/aqe.db in ~/graph-utils)" in text
    assert "[exit code 1]" in text
    assert "2 tests in 1 file, " in text
    assert "\nid\tname\tframework" in text


def test_seven_kinds_of_users_are_played() -> None:
    assert len(USERS) == 7
    assert all(user.commands for user in USERS)
