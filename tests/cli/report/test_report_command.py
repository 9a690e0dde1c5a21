"""``aqe report`` answers four questions from the rows of the database, in every format."""

from __future__ import annotations

import json
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from aqe.learning import LearningEngine, SQLiteLearningBackend, run_cycle
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Task, TaskResult

from .conftest import HOSTILE, PLAIN, SECRET, Make, Run, cells_of, document_of, lines_below, used

FORMATS = ("text", "markdown", "html", "json")
SECTIONS = (
    "What is in the bank",
    "What is used",
    "What was learned",
    "Is it getting better",
)
BETTER = "this week against last"


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


@pytest.mark.parametrize("columns", [80, 120])
def test_text_fits_the_terminal(run: Run, learned: Path, columns: int) -> None:
    output = run("report", columns=columns).stdout
    for section in SECTIONS:
        assert section in output
    assert max(map(columns_of, output.splitlines())) <= columns
    assert all(line == line.rstrip() for line in output.splitlines())
    assert "…" not in output
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_the_bank_is_counted_by_project(run: Run, filled: Path) -> None:
    output = run("report").stdout
    assert cells_of(output, "by project", "shop")[1:4] == ["2", "50%", "0"]
    assert cells_of(output, "by project", "(none)")[1] == "1"
    assert cells_of(output, "by framework", "pytest")[1:] == ["4", "100%"]
    assert "patterns never used                    1" in output
    assert "patterns unused for more than 8 weeks  1" in output


def test_use_is_counted_by_week_pattern_and_agent(run: Run, filled: Path) -> None:
    output = run("report", "--weeks", "4").stdout
    weeks = [line.split()[1:3] for line in lines_below(output, "uses by week")]
    assert weeks == [["0", "-"], ["0", "-"], ["40", "50%"], ["40", "100%"]]
    most_used = lines_below(output, "most used in the last 4 weeks")
    assert cells_of(output, "most used in the last 4 weeks", "refund")[-5:] == [
        *("40", "50%", "35%", "to", "65%"),
    ]
    assert not [line for line in most_used if line.startswith(("leak", "never"))]
    assert lines_below(output, "unused for more than 8 weeks")[0].startswith("leak")
    assert cells_of(output, "agents that used patterns", "[x]")[1:3] == ["40", "100%"]


def test_a_better_week_is_said_to_be_better(run: Run, learned: Path) -> None:
    output = run("report").stdout
    assert cells_of(output, BETTER, "uses of patterns")[3:] == ["40", "40", "+0", "-", "-"]
    row = cells_of(output, BETTER, "uses that succeeded")
    assert row[3:7] == ["100%", "50%", "+50", "pp"]
    assert row[-1] == "better"
    assert "no clear difference" in output or cells_of(output, BETTER, "mean reward of tasks")


def test_a_worse_week_is_said_to_be_worse(run: Run, path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
        bank.store_pattern(pattern(id="a"))
        for number in range(30):
            bank.record_usage("a", used(8, True))
            bank.record_usage("a", used(1, number < 10))
    assert cells_of(run("report").stdout, BETTER, "uses that succeeded")[-1] == "worse"


def test_a_new_use_changes_the_report(run: Run, filled: Path) -> None:
    """What a reader expects: one use more this week, of that pattern, and it is no longer idle."""
    before = document_of(run("report", "--json"))
    with QEReasoningBank(filled, encoder=HashingEncoder(64)) as bank:
        bank.record_usage("leak", used(0, True, agent="Ann"))
    after = document_of(run("report", "--json"))
    assert after["recorded_uses"] == before["recorded_uses"] + 1
    assert after["uses_per_week"][-1]["uses"] == before["uses_per_week"][-1]["uses"] + 1
    assert [idle["id"] for idle in before["unused_for_long"]] == ["leak"]
    assert after["unused_for_long"] == []
    assert after["patterns_in_use"] == before["patterns_in_use"] + 1
    assert "leak" in [used["id"] for used in after["most_used"]]
    assert after["agents"][-1]["agent_id"] == "ann"


def test_a_recorded_outcome_changes_the_report(run: Run, learned: Path, tmp_path: Path) -> None:
    """Recorded by the command: one task more this week, and a strategy without evidence yet."""
    file = tmp_path / "outcome.json"
    outcome = {"task": {"type": "api"}, "result": {"success": False, "action": "new"}}
    file.write_text(json.dumps(outcome))
    before = document_of(run("report", "--json"))["learning"]
    run("learn", "record", file, "--agent", "test-generator")
    after = document_of(run("report", "--json"))["learning"]
    assert after["experiences"] == before["experiences"] + 1
    weeks = [each["experiences_per_week"][-1]["experiences"] for each in (before, after)]
    assert weeks[1] == weeks[0] + 1
    (record,) = after["not_clear_yet"]["strategies"]
    assert (record["strategy"], record["success_rate"], record["works"]) == ("new", 0.0, None)
    output = run("report").stdout
    assert not [row for row in lines_below(output, "what works") if "new" in row.split()]
    assert "api" in lines_below(output, "not clear yet")[0]


def test_what_was_learned_has_its_evidence(run: Run, learned: Path) -> None:
    run_cycle(SQLiteLearningBackend(learned))
    output = run("report").stdout
    assert [row.split()[2] for row in lines_below(output, "what works")] == ["ok"]
    assert [row.split()[2] for row in lines_below(output, "what does not work")] == ["no`"]
    assert "not clear yet: no evidence either way: no data" in " ".join(output.split())
    changes = lines_below(output, "what the improvement cycles promoted")
    assert [row.split()[-2:] for row in changes] == [["no`", "demoted"]]
    assert "ok" in lines_below(output, "strategies that were compared")[0]


def test_without_a_cycle_says_so(run: Run, learned: Path) -> None:
    assert "no data: no improvement cycle was run yet" in run("report").stdout


@pytest.mark.parametrize("report_format", FORMATS)
def test_empty_bank_has_no_data(run: Run, empty: Path, report_format: str) -> None:
    output = run("report", "--format", report_format).stdout
    if report_format == "json":
        document = json.loads(output)
        assert document["this_week_against_last"]["use_success"]["verdict"] == "no data"
        assert (document["last_extraction"], document["most_used"]) == (None, [])
        return
    output = " ".join(output.split())
    assert "no data: the bank has no pattern" in output
    assert "no data: no use of a pattern was recorded yet" in output
    assert "no data: no agent has recorded the outcome" in output


def test_bank_with_only_patterns(run: Run, path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(pattern())
    output = run("report").stdout
    assert "last extraction                  no data" in output
    assert "no data: no use" in output


@pytest.mark.parametrize("report_format", FORMATS)
def test_names_are_no_markup_and_secrets_stay_redacted(
    run: Run, learned: Path, report_format: str
) -> None:
    output = run("report", "--format", report_format).stdout
    assert "<script" not in output or report_format in ("text", "json")
    assert SECRET not in output
    assert "redacted" in output
    assert not {"\x1b", "\u202e"} & set(output)


class Page(HTMLParser):
    """Collects tags, attributes and text; fails on a tag that is not closed in its place."""

    VOID = frozenset({"meta", "rect", "!doctype"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_one_file_that_loads_and_runs_nothing(run: Run, learned: Path) -> None:
    output = run("report", "--format", "html").stdout
    page = Page(output)
    assert not page.tags & {"script", "link", "img", "iframe", "a", "object"}
    assert not page.attributes & {"src", "href", "style", "onclick", "onload"}
    assert "default-src 'none'" in output
    assert "prefers-color-scheme: dark" in output
    assert "<svg" in output
    assert HOSTILE.split(" \x1b")[0] in page.text
    assert PLAIN in page.text
    assert "<redacted:" in page.text
    assert '<span class="better">better</span>' in output
    assert '<td class="short"><code>refund</code></td>' in output  # never broken into lines


def test_markdown_is_valid_and_names_are_code(run: Run, learned: Path) -> None:
    output = run("report", "--format", "markdown").stdout
    for table in output.split("\n\n"):
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({line.count(" | ") for line in rows}) <= 1
    rendered = MarkdownIt("commonmark").enable("table").render(output)
    page = Page(rendered)
    assert page.tags <= {
        *("h1", "h2", "p", "ul", "li", "code", "strong"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert HOSTILE.split(" \x1b")[0] in page.text
    assert "<redacted:" in page.text
    assert "unit|test" in page.text


def test_only_the_first_ten_strategies_are_listed(run: Run, empty: Path) -> None:
    """Those without a clear result are counted, and no comparison is made where there is none."""
    with LearningEngine("a", empty) as engine:
        for number in range(12):
            engine.learn_from_execution(
                Task(type=f"type {number}"), TaskResult(success=True, action="s")
            )
    run_cycle(SQLiteLearningBackend(empty))
    output = run("report").stdout
    title = "not clear yet: no evidence either way (the first 10 of 12)"
    assert len(lines_below(output, title)) == 10
    assert "what works: succeeds more often than it fails: no data" in " ".join(output.split())
    assert "promoted, demoted or retired strategies: no data" in output
    assert "strategies that were compared" not in output


def test_weeks_without_a_use_have_no_most_used(run: Run, path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(pattern(id="a"))
        bank.record_usage("a", used(120, True))
    output = run("report", "--weeks", "1").stdout
    assert "most used in the last week: no data" in output
    assert cells_of(output, BETTER, "uses that succeeded")[3:] == ["-", "-", "-", "-", "no", "data"]
    assert "unused for more than 8 weeks" in run("patterns", "stats").stdout


def test_long_lists_say_what_they_leave_out(run: Run, path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
        bank.store_patterns([pattern(id=f"p{n}", project=f"project {n}") for n in range(22)])
        for number in range(21):
            bank.record_usage("p0", used(1, True, agent=f"agent {number}"))
    output = run("report").stdout
    assert len(lines_below(output, "by project (the first 20 of 22)")) == 20
    assert len(lines_below(output, "agents that used patterns in the last 8 weeks (the")) == 20
    assert len(document_of(run("report", "--json"))["agents"]) == 21


def test_stats_without_uses_say_so(run: Run, path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(pattern())
    assert "no data: no use of a pattern was recorded yet" in run("patterns", "stats").stdout


def test_report_of_one_project(run: Run, learned: Path) -> None:
    document = document_of(run("report", "--json", "--project", "shop"))
    assert (document["project"], document["statistics"]["patterns"]) == ("shop", 2)
    assert (document["recorded_uses"], document["patterns_unused_for_long"]) == (80, 0)
    assert [facts["name"] for facts in document["projects"]] == ["shop"]
    output = " ".join(run("report", "--project", "shop").stdout.split())
    assert "Experiences belong to no project" in output


def test_unknown_project_is_an_error(run: Run, filled: Path) -> None:
    result = run("report", "--project", "sop", code=1)
    assert str(result.exception) == "the bank has no project 'sop'; it has: shop, </b>lib"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.md", "# aqe report"),
        ("r.HTML", "<!doctype html>"),
        ("r.json", "{"),
        ("r.txt", "aqe report"),
    ],
)
def test_output_file_has_the_format_of_its_name(
    run: Run, learned: Path, tmp_path: Path, name: str, start: str
) -> None:
    file = tmp_path / "out" / name
    result = run("report", "--output", file)
    assert f"report written to {file}" in result.stdout.replace("\n", "")
    assert file.read_text(encoding="utf-8").startswith(start)


def test_json_with_a_file_says_where_it_is(run: Run, filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.md"
    document = document_of(run("report", "--output", file, "--json"))
    assert document == {"database": str(filled), "file": str(file), "format": "markdown"}


def test_json_refuses_another_format_on_stdout(run: Run, filled: Path) -> None:
    result = run("report", "--json", "--format", "html", code=2)
    assert "leave it out for html" in " ".join(result.output.replace("│", "").split())


@pytest.mark.parametrize("weeks", ["0", "521", "x"])
def test_weeks_out_of_range_are_wrong_usage(run: Run, filled: Path, weeks: str) -> None:
    assert "--weeks" in run("report", "--weeks", weeks, code=2).output


def test_json_has_a_rate_with_its_interval(run: Run, learned: Path) -> None:
    document = document_of(run("report", "--json", "--weeks", "3"))
    assert len(document["uses_per_week"]) == len(document["learning"]["experiences_per_week"]) == 3
    (refund,) = [used for used in document["most_used"] if used["id"] == "refund"]
    assert (refund["uses"], refund["successes"], refund["success_rate"]) == (40, 20, 0.5)
    assert refund["success_low"] == pytest.approx(0.352, abs=1e-3)
    compared = document["this_week_against_last"]["use_success"]
    assert (compared["this"], compared["last"], compared["verdict"]) == (1.0, 0.5, "better")
    assert compared["low"] > 0.3
    (record,) = document["learning"]["works"]["strategies"]
    assert (record["strategy"], record["works"]) == ("ok", True)


def test_stats_say_what_is_used(run: Run, filled: Path) -> None:
    output = run("patterns", "stats").stdout
    assert "uses per week, oldest first: 0 0 0 0 0 0 40 40" in output
    for title, id in (("most used in the last 8 weeks", "evil"), ("unused for more", "leak")):
        assert output.rpartition(title)[2].splitlines()[1].split()[0] == id
    document = document_of(run("patterns", "stats", "--json"))
    assert [week["uses"] for week in document["uses_per_week"]][-2:] == [40, 40]
    assert [used["id"] for used in document["most_used"]] == ["evil", "refund"]
    assert document["last_extraction"] is not None
    assert {facts["name"] for facts in document["projects"]} == {"shop", "</b>lib", ""}
