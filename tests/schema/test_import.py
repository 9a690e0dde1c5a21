"""Importing aqe configures nothing: SQLite's log is forwarded when the first database is opened."""

from __future__ import annotations

from collections.abc import Callable

RECORDER = """
import apsw
calls = []
configure = apsw.config
apsw.config = lambda *arguments: (calls.append(arguments[0]), configure(*arguments))[1]
"""


def test_importing_configures_nothing_and_the_first_opening_does_once(
    run_python: Callable[..., str],
) -> None:
    script = RECORDER + (
        "import threading\n"
        "import aqe, aqe.schema, aqe.models\n"
        "print(calls)\n"
        "threads = [threading.Thread(target=aqe.schema.Database) for _ in range(8)]\n"
        "[thread.start() for thread in threads], [thread.join() for thread in threads]\n"
        "print(calls == [apsw.SQLITE_CONFIG_LOG])\n"
    )
    assert run_python(script) == "[]\nTrue\n"


def test_a_program_that_sets_its_own_log_after_the_first_opening_keeps_it(
    run_python: Callable[..., str],
) -> None:
    script = (
        "import apsw\n"
        "from aqe.schema import Database\n"
        "Database().close()\n"
        "seen = []\n"
        "apsw.config(apsw.SQLITE_CONFIG_LOG, lambda code, message: seen.append(message))\n"
        "Database().close()\n"
        "apsw.log(1, 'still mine')\n"
        "print(seen[-1])\n"
    )
    assert run_python(script) == "still mine\n"


def test_the_log_of_sqlite_goes_to_logging_after_the_first_opening(
    run_python: Callable[..., str],
) -> None:
    script = (
        "import logging, sys, apsw\n"
        "form = '%(name)s: %(message)s'\n"
        "logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=form)\n"
        "from aqe.schema import Database\n"
        "Database().close()\n"
        "apsw.log(27, 'recovered 3 frames')\n"
    )
    assert run_python(script).endswith("aqe.sqlite: recovered 3 frames (code 27)\n")
