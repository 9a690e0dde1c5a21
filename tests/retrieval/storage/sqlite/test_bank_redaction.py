"""Secrets that an earlier version stored are removed, whatever form their row has."""

from __future__ import annotations

import json
import random
from pathlib import Path

import apsw
import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.maintenance import check_database, redact_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, TestPattern
from aqe.schema.records.patterns import MAX_PATTERN_BYTES

from ....promises.planted_secrets import TOKENS, mixed

TOKEN = TOKENS["github token"](random.Random(20261129))


def pattern(id: str, template: str = "def test_it():\n    assert run()") -> TestPattern:
    """Returns a clean pattern."""
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=template,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A bank with patterns p0 to p2; p0 has a version and uses of two agents."""
    path = tmp_path / "bank.db"
    with QEReasoningBank(path, encoder=HashingEncoder(16)) as bank:
        bank.store_patterns([pattern(f"p{number}") for number in range(3)])
        bank.store_pattern(pattern("p0", "def test_it():\n    assert walk()"))
        for agent in ("first", "second"):
            bank.record_usage("p0", PatternUsageContext(success=True, agent_id=agent))
    return path


def write(path: Path, *statements: str) -> None:
    """Changes rows as an earlier version could have written them."""
    connection = apsw.Connection(str(path))
    connection.pragma("secure_delete", True)
    for statement in statements:
        connection.execute(statement, {"token": TOKEN} if ":token" in statement else None)
    connection.close()


def found_in(path: Path) -> bool:
    """Returns whether any byte of the token is in the file."""
    return TOKEN.encode() in path.read_bytes()


def test_redact_renames_an_id_with_its_uses_and_versions(path: Path) -> None:
    write(
        path,
        "update patterns set id = :token where id = 'p0'",
        "update pattern_usage set pattern_id = :token where pattern_id = 'p0'",
        "update pattern_versions set pattern_id = :token where pattern_id = 'p0'",
    )
    assert redact_database(path).after == ()
    assert not found_in(path)
    with QEReasoningBank(path) as bank:
        (id,) = {found.id for found in bank.list_patterns()} - {"p1", "p2"}
        assert id.startswith("redacted-")
        assert len(bank.get_usage(id)) == 2
        assert len(bank.get_version_history(id)) == 1
        assert bank.check() == []


def test_redact_adds_up_agents_that_become_one(path: Path) -> None:
    other = TOKENS["github token"](random.Random(3))
    write(
        path,
        "update pattern_agent_counts set agent_id = :token where agent_id = 'first'",
        f"update pattern_agent_counts set agent_id = '{other}' where agent_id = 'second'",
    )
    assert redact_database(path).after == ()
    with QEReasoningBank(path) as bank:
        stored = bank.get_pattern("p0")
        assert stored is not None
        assert stored.usage_count == 2
        assert bank.check() == []


def test_redact_redacts_a_version_that_is_no_pattern_any_more(path: Path) -> None:
    write(path, """update pattern_versions set snapshot = '{"unknown": "' || :token || '"}'""")
    assert redact_database(path).after == ()
    assert not found_in(path)


def test_redact_sets_a_pattern_aside_that_becomes_too_large(path: Path) -> None:
    # A short password in a URL grows to its placeholder.
    url = "x://a:1b2@c "
    template = (url * (MAX_PATTERN_BYTES // len(url)))[:MAX_PATTERN_BYTES]
    connection = apsw.Connection(str(path))
    connection.execute("update patterns set template = ? where id = 'p1'", (template,))
    connection.close()
    assert redact_database(path).after == ()
    with QEReasoningBank(path) as bank:
        assert bank.get_pattern("p1") is None
    connection = apsw.Connection(str(path))
    reason, content = connection.execute("select reason, content from repair_quarantine").get
    connection.close()
    assert "a pattern must weigh at most" in reason
    assert "a:1b2@" not in content
    assert json.loads(content)["patterns"][0]["id"] == "p1"


def test_redact_redacts_what_a_repair_set_aside(path: Path) -> None:
    write(
        path,
        "insert into repair_quarantine (pattern_id, reason, content, quarantined_at) values"
        """ ('p9', 'why ' || :token, '{"patterns": [{"name": "' || :token || '"}]}', 'now')""",
    )
    assert redact_database(path).after == ()
    assert not found_in(path)


def test_check_and_repair_name_stored_secrets(path: Path) -> None:
    write(path, "update pattern_usage set context = :token")
    run = CliRunner().invoke
    checked = run(app, ["db", "check", "--db", str(path)])
    assert checked.exit_code == 0  # no damage
    assert "stored secrets: pattern_usage 2; remove them with: aqe db repair --redact" in (
        " ".join(checked.output.split())
    )
    (found,) = json.loads(run(app, ["db", "check", "--json", "--db", str(path)]).output)["secrets"]
    assert found == {"table": "pattern_usage", "kind": "github-token", "rows": 2}
    dry = run(app, ["db", "repair", "--redact", "--dry-run", "--json", "--db", str(path)])
    assert json.loads(dry.output)["before"] == [found]
    assert found_in(path)
    done = run(app, ["db", "repair", "--redact", "--db", str(path)])
    assert done.exit_code == 0
    assert "pattern_usage: github-token, 2 rows" in done.output
    assert "redacted; 0 patterns re-embedded" in done.output
    assert not found_in(path)
    assert "no stored secrets" in run(app, ["db", "repair", "--redact", "--db", str(path)]).output


def test_redact_says_that_others_keep_the_log(path: Path) -> None:
    write(path, "update pattern_usage set error_message = :token")
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("begin")
    reader.execute("select count(*) from patterns").fetchall()
    done = CliRunner().invoke(app, ["db", "repair", "--redact", "--db", str(path)])
    reader.close()
    assert "its log keeps the old texts until they close it" in done.output


def test_opening_a_bank_redacts_nothing(path: Path) -> None:
    write(path, "update patterns set source = :token where id = 'p1'")
    with QEReasoningBank(path) as bank:
        bank.search("run")
    assert found_in(path)
    assert check_database(path).secrets[0].table == "patterns"


def test_exports_redact_what_was_stored_before(path: Path, tmp_path: Path) -> None:
    password = mixed(random.Random(4), 16)
    connection = apsw.Connection(str(path))
    text = f"db_password = '{password}'"
    connection.execute("update patterns set description = ? where id = 'p1'", (text,))
    connection.close()
    with QEReasoningBank(path) as bank:
        for name in ("all.json", "all.jsonl", "all.yaml"):
            bank.export_patterns(tmp_path / name)
            assert password not in (tmp_path / name).read_text(encoding="utf-8")
        bank.save_to_registry(tmp_path / "registry")
    for file in (tmp_path / "registry").rglob("*.yaml"):
        assert password not in file.read_text(encoding="utf-8")
