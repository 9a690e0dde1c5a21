"""Tests ``aqe patterns``: what each command prints, as text and as JSON, and how it fails."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqe.cli import main as main_module
from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    Database,
    PatternUsageContext,
    Provenance,
    Task,
    TaskResult,
    TestPattern,
)

Make = Callable[..., TestPattern]
SOURCE = Path(__file__).resolve().parents[3] / "src"

HOSTILE = "[/] List[int] [link=http://evil/]x[/link] \x1b[31mred \x9b2J \u202egnp.exe\x07 \u2066x"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

SUITE = '''
import pytest


@pytest.fixture
def client():
    return object()


def test_login_accepts_the_right_password(client):
    """A user with the right password is let in."""
    assert client is not None


def test_login_refuses_a_wrong_password(client):
    assert client != "secret"
'''


class Outcome:
    """Output and exit code of one run of the command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Aqe = Callable[..., Outcome]


@pytest.fixture
def aqe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: Path) -> Aqe:
    """Runs the command in this process, on the test's own database."""
    monkeypatch.setenv("AQE_DB", str(path))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("AQE_DEBUG", raising=False)

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["aqe", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main_module.main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def filled(path: Path, pattern: Make) -> Path:
    """A bank of five patterns, one of them hostile, one used and changed."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(
            [
                pattern("test_login_succeeds", id="aaa111", tags=["auth"], source="t/a.py:3"),
                pattern("test_cart_total", id="bbb222", category="integration"),
                pattern("sends mail", id="bbb333", framework="jest", language="javascript"),
                pattern(
                    HOSTILE,
                    id="evil",
                    description=HOSTILE,
                    template=HOSTILE,
                    tags=[HOSTILE[:60]],
                    examples=[HOSTILE],
                    source=HOSTILE,
                ),
                pattern("x" * 200, id="long", description="word " * 200, source="p/" * 100 + ":1"),
            ]
        )
        bank.store_pattern(pattern("test_login_succeeds", id="aaa111", template="login() == 1"))
        for success in (True, False):
            bank.record_usage(
                "aaa111",
                PatternUsageContext(
                    success=success,
                    agent_id="agent",
                    task_id=HOSTILE,
                    error_message=HOSTILE,
                    execution_time_ms=12,
                ),
            )
    return path


COMMANDS: list[tuple[str, ...]] = [
    ("patterns", "list"),
    ("patterns", "list", "--sort", "usage", "--limit", "2"),
    ("patterns", "search", "login"),
    ("patterns", "search", "login", "--explain"),
    ("patterns", "search", "List[int] red gnp"),
    ("patterns", "search"),
    ("patterns", "show", "aaa", "--history", "--usage"),
    ("patterns", "show", "evil", "--history", "--usage"),
    ("patterns", "show", "long"),
    ("patterns", "similar", "evil"),
    ("patterns", "stats"),
    ("patterns", "reindex"),
    ("db", "path"),
    ("db", "migrate"),
    ("patterns", "delete", "evil", "--yes"),
]


def cells(text: str) -> int:
    """Returns the columns that a line takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_output_fits_the_terminal_and_is_safe(
    aqe: Aqe,
    filled: Path,
    terminal: Callable[[int], None],
    command: tuple[str, ...],
    columns: int,
) -> None:
    terminal(columns)
    outcome = aqe(*command)
    assert outcome.code == 0, outcome.err
    assert outcome.out.strip()
    # A path is never cut, so that it can be copied.
    fitted = [line for line in outcome.out.splitlines() if str(filled) not in line]
    assert max(map(cells, fitted), default=0) <= columns
    assert UNSAFE.search(outcome.out + outcome.err) is None
    if command[:2] != ("db", "path") and command[:2] != ("db", "migrate"):
        assert f"database: {filled}" in outcome.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_json_is_pure_and_names_the_database(
    aqe: Aqe, filled: Path, command: tuple[str, ...]
) -> None:
    outcome = aqe(*command, "--json")
    document = outcome.json()
    assert document["database"] == str(filled)
    assert outcome.err == ""
    assert UNSAFE.search(outcome.out) is None


PATTERN_KEYS = {
    "id", "name", "description", "framework", "language", "category", "confidence", "quality",
    "success_rate", "usage_count", "version", "tags", "source", "template", "examples",
    "created_at", "updated_at",
}  # fmt: skip


def test_search_json(aqe: Aqe, filled: Path) -> None:
    document = aqe("patterns", "search", "login", "--json").json()
    assert {"database", "query", "took_ms", "matches"} <= set(document)
    assert document["query"] == "login"
    assert document["took_ms"] > 0
    best = document["matches"][0]
    scores = {"rank", "score", "vector_score", "text_score", "rule_score", "reasons"}
    assert set(best) >= PATTERN_KEYS | scores
    assert (best["id"], best["rank"], best["usage_count"]) == ("aaa111", 1, 2)
    assert best["success_rate"] == 0.5
    others = {match["id"]: match for match in document["matches"]}
    assert others["bbb222"]["success_rate"] is None
    assert others["evil"]["template"] == HOSTILE  # whole, as data


def test_search_filters(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    def ids(*arguments: object) -> set[str]:
        document = aqe("patterns", "search", *arguments, "--json").json()
        return {match["id"] for match in document["matches"]}

    assert ids("test", "--framework", "jest") == {"bbb333"}
    assert ids("test", "--category", "integration") == {"bbb222"}
    assert ids("--language", "javascript") == {"bbb333"}
    assert ids("test", "--tag", "AUTH") == set()  # gone with its change
    assert len(ids("test", "--limit", 2)) == 2
    assert ids("test", "--min-quality", 1) == set()
    source = tmp_path / "cart.py"
    source.write_text("def cart_total():\n    pass\n")
    found = aqe("patterns", "search", "--for", source, "--json").json()["matches"]
    assert found[0]["id"] == "bbb222"
    assert "language python" in found[0]["reasons"]
    for mode in ("text", "vector"):
        assert "aaa111" in ids("login", "--mode", mode)


def test_list_json(aqe: Aqe, filled: Path) -> None:
    document = aqe("patterns", "list", "--sort", "usage", "--json").json()
    assert set(document) == {"database", "patterns"}
    assert set(document["patterns"][0]) >= PATTERN_KEYS
    assert document["patterns"][0]["id"] == "aaa111"
    assert len(document["patterns"]) == 5


def test_show_json(aqe: Aqe, filled: Path) -> None:
    document = aqe("patterns", "show", "aaa", "--history", "--usage", "--json").json()
    assert document["pattern"]["version"] == 2
    assert [version["version"] for version in document["versions"]] == [1]
    assert [use["success"] for use in document["usage"]] == [False, True]
    assert set(document["quality"]) >= {
        "readability", "completeness", "specificity", "reusability", "success", "reasons",
    }  # fmt: skip
    bare = aqe("patterns", "show", "bbb222", "--json").json()
    assert bare["versions"] is bare["usage"] is None
    none = aqe("patterns", "show", "bbb222", "--history", "--usage", "--json").json()
    assert none["versions"] == none["usage"] == []


def test_show_ready_prints_only_code(aqe: Aqe, filled: Path) -> None:
    shown = aqe("patterns", "show", "aaa", "--ready")
    assert shown.out == "login() == 1\n"
    assert "runs in the same folder" in shown.err
    document = aqe("patterns", "show", "aaa", "--ready", "--json").json()
    assert (document["ready"], document["context"]) == ("login() == 1\n", [])


def test_show_ready_goes_with_nothing_else(aqe: Aqe, filled: Path) -> None:
    for option in ("--history", "--usage"):
        refused = aqe("patterns", "show", "aaa", "--ready", option)
        assert refused.code == 2
        assert "prints only code; leave out --history and --usage" in " ".join(refused.err.split())


def test_show_prints_markup_whole(aqe: Aqe, filled: Path) -> None:
    for width in (80, 200):
        shown = " ".join(aqe("patterns", "show", "evil").out.split())
        assert "[/] List[int] [link=http://evil/]x[/link]" in shown, width


def test_show_says_no_data(aqe: Aqe, filled: Path) -> None:
    shown = aqe("patterns", "show", "bbb222", "--history", "--usage").out
    assert "no data: the pattern was never changed" in shown
    assert "no data: the pattern was never used" in shown
    assert "never used" in shown


def test_stats_json(aqe: Aqe, filled: Path) -> None:
    document = aqe("patterns", "stats", "--json").json()
    assert (document["patterns"], document["uses"], document["versions"]) == (5, 2, 1)
    assert document["by_framework"] == {"pytest": 4, "jest": 1}
    assert document["encoder"]["name"] == "hashing:64"
    assert document["never_used_share"] == 0.8


def test_an_empty_bank_says_no_data(aqe: Aqe, empty: Path) -> None:
    for command in (("list",), ("search",), ("stats",)):
        outcome = aqe("patterns", *command)
        assert outcome.code == 0, outcome.err
        assert outcome.out.startswith("no data: ")
    assert aqe("patterns", "stats", "--json").json()["average_quality"] is None
    assert aqe("patterns", "search", "x", "--mode", "text", "--json").json()["matches"] == []


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("patterns", "show", "zzz"), 1, "error: no pattern has the id 'zzz'; find one with"),
        (("patterns", "show", "b"), 1, "error: several ids start with 'b' .bbb222, bbb333."),
        (("patterns", "delete", "zzz"), 1, "error: no pattern has the id"),
        (("patterns", "similar", "\x1b[31m"), 1, "error: no pattern has the id"),
        (("patterns", "store", "no.json"), 1, "error: cannot read no.json: No such file"),
        (("patterns", "import", "no.txt"), 1, "error: cannot read no.txt: there is no such file"),
        (("patterns", "reindex", "--encoder", "hashing:5"), 2, "dimension must be from 8 to 8192"),
        (("patterns", "reindex", "--encoder", "hashing:x"), 2, "expected hashing:DIM with a whole"),
        (("patterns", "search", "x", "--for", "no.py"), 2, "'no.py' does not exist"),
        (("patterns", "search", "x", "--limit", "0"), 2, "a whole number from 1 to 4096"),
        (("patterns", "list", "--framework", "nose"), 2, "'nose' is not one of"),
        (("patterns", "list", "--sort", "random"), 2, "'random' is not one of"),
        (("patterns", "nothing"), 2, "aqe patterns has no command 'nothing'"),
        (("patterns", "show"), 2, "expected 'ID'"),
        (("patterns", "list", "--bogus"), 2, "aqe patterns list has no option --bogus"),
        (("patterns", "list", "--db", "/proc/no/such.db"), 1, "error: no bank at /proc/no"),
        (("patterns", "list", "--db", "/tmp"), 1, "error: /tmp is a folder"),
    ],
)  # fmt: skip
def test_failures_are_one_line_and_a_code(
    aqe: Aqe, filled: Path, command: tuple[str, ...], code: int, message: str
) -> None:
    outcome = aqe(*command)
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    assert re.search(message, " ".join(outcome.err.split())), outcome.err
    assert "Traceback" not in outcome.err
    assert UNSAFE.search(outcome.err) is None
    if code == 1:
        assert outcome.err.count("\n") == 1


# -- files ---------------------------------------------------------------------------------------


def test_extract_twice_then_after_a_change(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    file = folder / "test_login.py"
    file.write_text(SUITE)
    (folder / "test_broken.py").write_text("def test_(:\n")
    first = aqe("patterns", "extract", folder, "--json").json()
    assert set(first) >= {
        "database", "files", "tests", "created", "updated", "unchanged", "rejected",
        "skipped_files", "seconds",
    }  # fmt: skip
    assert (first["files"], first["tests"], first["created"]) == (2, 2, 2)
    assert [Path(file["path"]).name for file in first["skipped_files"]] == ["test_broken.py"]
    assert first["skipped_files"][0]["reason"]
    again = aqe("patterns", "extract", folder, "--json").json()
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)
    file.write_text("\n\n\n" + SUITE.replace('!= "secret"', "is not None"))
    changed = aqe("patterns", "extract", folder, "--json").json()
    assert (changed["created"], changed["updated"], changed["unchanged"]) == (0, 1, 1)
    human = aqe("patterns", "extract", folder)
    assert "2 tests in 2 files, " in human.out
    assert "0 created, 0 updated, 2 unchanged, 0 rejected; skipped files: 1" in human.out
    assert "skipped" in human.out


def test_extract_dry_run_and_filters(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "test_login.py"
    file.write_text(SUITE)
    assert "2 would be created" in aqe("patterns", "extract", file, "--dry-run").out
    none = aqe("patterns", "extract", file, "--framework", "jest")
    assert none.out.startswith("no test stored from 1 file")
    rejected = aqe("patterns", "extract", file, "--min-quality", "1", "--json").json()
    assert (rejected["rejected"], rejected["created"]) == (2, 0)
    assert "quality must be >= 1.00" in rejected["rejections"][0]["reason"]
    assert "rejected" in aqe("patterns", "extract", file, "--min-quality", "1").out
    assert aqe("patterns", "stats", "--json").json()["patterns"] == 5


def test_many_skipped_files_and_rejections_are_summed_up(
    aqe: Aqe, filled: Path, tmp_path: Path
) -> None:
    for number in range(12):
        (tmp_path / f"test_bad{number}.py").write_text("def test_(:\n")
        (tmp_path / f"test_good{number}.py").write_text(f"def test_{number}():\n    assert 1\n")
    out = aqe("patterns", "extract", tmp_path, "--min-quality", "1").out
    assert "and 2 more; --json prints all of them" in out
    assert "and 2 more skipped; --json prints all of them" in out


@pytest.mark.parametrize("suffix", ["json", "jsonl", "yaml"])
def test_export_and_import_round_trip(aqe: Aqe, filled: Path, tmp_path: Path, suffix: str) -> None:
    file, other = tmp_path / f"out.{suffix}", tmp_path / "other.db"
    exported = aqe("patterns", "export", file, "--json").json()
    assert (exported["exported"], exported["file"]) == (5, str(file))
    with QEReasoningBank(other, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(
            TestPattern(
                name="x", category="unit", framework="ava", language="javascript", template="x"
            )
        )
    trial = aqe("patterns", "import", file, "--db", other, "--dry-run", "--json").json()
    assert (trial["created"], trial["dry_run"]) == (5, True)
    done = aqe("patterns", "import", file, "--db", other, "--replace", "-y", "--json").json()
    assert (done["created"], done["deleted"]) == (5, 1)
    exported_patterns, imported = (
        {p["id"]: p for p in aqe("patterns", "list", "--db", db, "--json").json()["patterns"]}
        for db in (filled, other)
    )
    assert exported_patterns.keys() == imported.keys()
    for id, found in imported.items():
        for key in ("name", "description", "template", "examples", "tags", "agent_id", "trust"):
            assert found[key] == exported_patterns[id][key], (id, key)
        assert (found["usage_count"], found["origin"]) == (0, "imported")
    again = aqe("patterns", "import", file, "--db", other)
    assert "5 patterns: 0 created, 0 updated, 5 unchanged, 0 rejected" in again.out


def test_export_to_standard_output_and_with_filters(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    lines = aqe("patterns", "export", "-").out.splitlines()
    assert {json.loads(line)["id"] for line in lines} == {
        "aaa111", "bbb222", "bbb333", "evil", "long",
    }  # fmt: skip
    jest = aqe("patterns", "export", "-", "--framework", "jest", "--format", "json").out
    assert [p["id"] for p in json.loads(jest)["patterns"]] == ["bbb333"]
    human = aqe("patterns", "export", tmp_path / "a.json", "--category", "integration")
    assert human.out.startswith("exported 1 pattern to")


def test_store_takes_one_pattern_or_a_list(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    pattern = {"name": "n", "category": "unit", "framework": "pytest", "language": "python"}
    file = tmp_path / "p.json"
    file.write_text(json.dumps(pattern | {"template": "x = 1"}))
    assert aqe("patterns", "store", file, "--json").json()["created"] == 1
    assert "1 unchanged" in aqe("patterns", "store", file).out
    file.write_text(
        json.dumps([pattern | {"template": "x = 1", "tags": ["y"]}, pattern | {"template": "z"}])
    )
    stored = aqe("patterns", "store", file, "--json").json()
    assert (stored["updated"], stored["created"]) == (1, 1)
    assert [result["status"] for result in stored["results"]] == ["updated", "created"]


def test_a_file_of_which_all_is_rejected_fails(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    code = "x = 'https://u:secretpw@h/'\n"
    large = {"name": "n", "category": "unit", "framework": "pytest", "language": "python"}
    file = tmp_path / "p.json"
    file.write_text(json.dumps(large | {"template": code * (262_000 // len(code))}))
    outcome = aqe("patterns", "store", file)
    assert (outcome.code, "rejected n: a pattern must weigh" in outcome.out) == (1, True)


def test_replace_says_what_is_deleted(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    aqe("patterns", "export", file, "--framework", "jest")
    trial = aqe("patterns", "import", file, "--replace", "--dry-run").out
    assert "4 would be deleted" in " ".join(trial.split())
    assert "4 deleted" in aqe("patterns", "import", file, "--replace", "--yes").out
    assert aqe("patterns", "similar", "bbb333").out.startswith("no data: the bank holds no other")


def test_extract_stores_in_batches(aqe: Aqe, filled: Path, tmp_path: Path) -> None:
    for number in range(4):
        tests = [f"def test_{n}():\n    assert f({n}) == {n}\n" for n in range(50)]
        (tmp_path / f"test_{number}.py").write_text("\n\n".join(tests))
    assert aqe("patterns", "extract", tmp_path, "--json").json()["created"] == 200


def test_delete_removes_it(aqe: Aqe, filled: Path) -> None:
    assert aqe("patterns", "delete", "aaa", "--yes", "--json").json()["deleted"] == "aaa111"
    assert aqe("patterns", "show", "aaa111").code == 1


def test_forget_an_agent_removes_what_it_learned(aqe: Aqe, filled: Path) -> None:
    result = TaskResult(success=True, action=AgentAction(strategy="s"))
    with LearningEngine("agent", filled) as engine:
        for number in range(3):
            engine.learn_from_execution(Task(id=str(number), type="unit"), result)
    trial = aqe("patterns", "forget", "--agent", "agent", "--dry-run", "--json").json()
    assert (trial["experiences"], trial["dry_run"]) == (3, True)
    done = aqe("patterns", "forget", "--agent", "agent", "--yes", "--json").json()
    assert (done["experiences"], done["uses"], done["patterns"]) == (3, 2, [])
    again = aqe("patterns", "forget", "--agent", "agent", "--yes", "--json").json()
    assert (again["experiences"], again["uses"]) == (0, 0)


def test_forget_says_when_bytes_of_the_text_may_be_left(aqe: Aqe, filled: Path) -> None:
    with Database(filled) as other, other.read() as reader:
        reader.execute("select count(*) from patterns").get  # noqa: B018
        outcome = aqe("patterns", "forget", "--source", "p", "--yes")
    assert outcome.code == 0
    assert "erase what is left of the text later with: aqe memory cleanup --vacuum" in outcome.err


def test_forget_leaves_no_byte_of_texts_that_grew_and_moved(aqe: Aqe, filled: Path) -> None:
    with QEReasoningBank(filled, encoder=HashingEncoder(64)) as bank:
        for size in (1, 40, 3, 80, 2):
            texts = {number: f"unforgettable{number} " * size for number in range(40)}
            bank.store_patterns(
                [
                    TestPattern(
                        id=f"mallory-{number}",
                        name=f"test_{number}",
                        description=text,
                        category="unit",
                        framework="pytest",
                        language="python",
                        template=f"def test_{number}():\n    assert {size}\n",
                    )
                    for number, text in texts.items()
                ],
                provenance=Provenance(origin="agent", agent_id="mallory"),
            )
    assert b"unforgettable" in filled.read_bytes()
    assert aqe("patterns", "forget", "--agent", "mallory", "--yes").code == 0
    assert b"unforgettable" not in filled.read_bytes()


def test_reindex_with_another_encoder(aqe: Aqe, filled: Path) -> None:
    done = aqe("patterns", "reindex", "--encoder", "hashing:32", "--json").json()
    assert (done["embedded"], done["indexed"]) == (5, 5)
    assert done["encoder"]["name"] == "hashing:32"
    assert "5 patterns indexed with hashing:32 (0 embedded now)" in aqe("patterns", "reindex").out
    missing = aqe("patterns", "reindex", "--db", filled.with_name("new.db"))
    assert (missing.code, filled.with_name("new.db").exists()) == (1, False)


# -- processes -----------------------------------------------------------------------------------


def _environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "AQE_DB"}
    return {**kept, "PYTHONPATH": str(SOURCE), "COLUMNS": "80", **changes}


def test_everything_is_there_in_a_new_process(filled: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aqe", "patterns", "search", "login", "--json"]
    done = subprocess.run(
        [*command, "--db", str(filled)],
        env=_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["matches"][0]["id"] == "aaa111"


def test_a_closed_pipe_is_no_traceback(filled: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m aqe patterns list --db {filled} --json | head -c 10",
        shell=True,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_interrupted_extract_keeps_what_it_stored_and_goes_on_later(
    filled: Path, tmp_path: Path
) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    for file in range(60):
        tests = "\n".join(
            f"def test_case_{file}_{n}():\n    value = compute({n})\n    assert value == {n}\n"
            for n in range(50)
        )
        (suite / f"test_{file}.py").write_text(tests)
    command = [sys.executable, "-m", "aqe", "patterns", "extract", str(suite), "--db", str(filled)]
    process = subprocess.Popen(
        command,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    bank = QEReasoningBank(filled, encoder=HashingEncoder(64))
    deadline = time.monotonic() + 60
    while bank.get_statistics().patterns < 300 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    stored = bank.get_statistics().patterns
    assert process.returncode == 130, (out, err)
    assert err.splitlines()[-1] == "error: interrupted; what was reported as stored is stored"
    assert "Traceback" not in err
    assert 300 <= stored < 3_005
    with bank.database.read() as connection:
        for table in ("patterns_fts", "pattern_embeddings"):
            assert connection.execute(f"select count(*) from {table}").get == stored
    done = subprocess.run(
        [*command, "--json"], env=_environment(), capture_output=True, text=True, timeout=120
    )
    again = json.loads(done.stdout)
    assert (again["tests"], again["created"]) == (3_000, 3_005 - stored)
    assert again["unchanged"] == stored - 5
    bank.close()
