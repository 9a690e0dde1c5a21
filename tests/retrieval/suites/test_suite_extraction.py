"""An extraction brings the bank in line with the suites: new, changed, moved and gone tests."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from aqe.retrieval import QEReasoningBank
from aqe.retrieval.extraction import extract_file
from aqe.retrieval.suites.suite_report import SuiteReport
from aqe.schema import AqeError, PatternUsageContext, TestPattern

ADDS = "def test_adds():\n    assert add(19, 23) == 42\n"
PARSES = "def test_parses_dates():\n    assert parse('2026-01-02').isoformat() == '2026-01-02'\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    write(folder / "pyproject.toml", "[project]\nname = 'shop'\n")
    write(folder / "tests" / "test_sums.py", ADDS + "\n\n" + PARSES)
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def counts(report: SuiteReport) -> dict[str, int]:
    stored = report.stored
    found = {
        "created": stored.created,
        "updated": stored.updated,
        "unchanged": stored.unchanged,
        "moved": stored.moved,
        "gone": len(report.gone),
        "pruned": report.pruned,
    }
    return {name: count for name, count in found.items() if count}


def found(bank: QEReasoningBank) -> dict[str, TestPattern]:
    return {pattern.name: pattern for pattern in bank.list_patterns(limit=None)}


def use(bank: QEReasoningBank, name: str, times: int = 3) -> None:
    for number in range(times):
        context = PatternUsageContext(success=True, agent_id=f"agent-{number}")
        bank.record_usage(found(bank)[name].id, context)


def test_a_second_run_changes_nothing(bank: QEReasoningBank, project: Path) -> None:
    assert counts(bank.extract([project])) == {"created": 2}
    assert counts(bank.extract([project])) == {"unchanged": 2}
    assert {pattern.project for pattern in found(bank).values()} == {"shop"}


def test_a_renamed_test_keeps_its_history(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    use(bank, "test_adds")
    before = found(bank)["test_adds"]
    write(project / "tests" / "test_sums.py", ADDS.replace("_adds", "_sums_up") + "\n\n" + PARSES)
    report = bank.extract([project])
    assert counts(report) == {"moved": 1, "unchanged": 1}
    assert [(test.earlier.name, test.name) for test in report.moved] == [
        ("test_adds", "test_sums_up")
    ]
    after = found(bank)["test_sums_up"]
    assert (after.usage_count, after.success_rate, after.version) == (3, 1.0, 2)
    assert after.created_at == before.created_at
    assert "test_adds" not in found(bank)
    assert len(bank.get_usage(after.id)) == 3
    assert [version.pattern.name for version in bank.get_version_history(after.id)] == ["test_adds"]
    assert bank.check() == []
    assert counts(bank.extract([project])) == {"unchanged": 2}


def test_a_moved_and_edited_test_keeps_its_history(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    use(bank, "test_parses_dates")
    write(project / "tests" / "test_sums.py", ADDS)
    write(project / "tests" / "dates" / "test_dates.py", PARSES + "    assert parse('') is None\n")
    assert counts(bank.extract([project])) == {"moved": 1, "unchanged": 1}
    after = found(bank)["test_parses_dates"]
    assert (after.usage_count, after.source) == (3, "tests/dates/test_dates.py:1")


def test_a_moved_file_keeps_all_histories(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    use(bank, "test_adds", 2)
    (project / "tests" / "test_sums.py").rename(project / "tests" / "test_maths.py")
    assert counts(bank.extract([project / "tests"])) == {"moved": 2}
    assert found(bank)["test_adds"].usage_count == 2


def test_a_deleted_test_ranks_last_until_it_returns(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    use(bank, "test_adds")
    write(project / "tests" / "test_sums.py", PARSES)
    report = bank.extract([project])
    assert counts(report) == {"unchanged": 1, "gone": 1}
    assert [test.name for test in report.gone] == ["test_adds"]
    matches = bank.search("adds add 19 23")
    assert [match.pattern.name for match in matches] == ["test_parses_dates", "test_adds"]
    assert any(reason.startswith("gone: ") for reason in matches[1].reasons)
    assert bank.search()[-1].pattern.name == "test_adds"
    assert counts(bank.extract([project])) == {"unchanged": 1, "gone": 1}
    write(project / "tests" / "test_sums.py", ADDS + "\n\n" + PARSES)
    assert counts(bank.extract([project])) == {"unchanged": 2}
    assert bank.search("adds add 19 23")[0].pattern.name == "test_adds"
    assert found(bank)["test_adds"].usage_count == 3


def test_prune_deletes_what_is_gone_in_these_paths(bank: QEReasoningBank, project: Path) -> None:
    write(project / "more" / "test_more.py", "def test_more():\n    assert more(3) == 4\n")
    bank.extract([project])
    (project / "tests" / "test_sums.py").unlink()
    (project / "more" / "test_more.py").unlink()
    assert counts(bank.extract([project / "tests"], prune=True, dry_run=True)) == {
        "gone": 2,
        "pruned": 2,
    }
    assert len(found(bank)) == 3
    assert counts(bank.extract([project / "tests"], prune=True)) == {"gone": 2, "pruned": 2}
    assert list(found(bank)) == ["test_more"]


def test_a_file_that_cannot_be_read_loses_no_test(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    write(project / "tests" / "test_sums.py", "def test_adds():\n    x = = 1\n")
    assert counts(bank.extract([project])) == {}
    assert all(pattern.gone_since is None for pattern in found(bank).values())


def test_one_framework_says_nothing_about_the_others(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    (project / "tests" / "test_sums.py").unlink()
    assert counts(bank.extract([project], framework="jest")) == {}
    assert counts(bank.extract([project])) == {"gone": 2}


def test_a_file_given_by_its_path_says_nothing_about_others(
    bank: QEReasoningBank, project: Path
) -> None:
    other = write(project / "checks.py", "def test_other():\n    assert other(5) == 6\n")
    bank.extract([project, other])
    assert counts(bank.extract([other])) == {"unchanged": 1}
    assert counts(bank.extract([project])) == {
        "unchanged": 2
    }  # checks.py is there, not a test file
    other.unlink()
    assert counts(bank.extract([project])) == {"unchanged": 2, "gone": 1}


def test_what_git_ignores_now_is_gone(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    write(project / ".gitignore", "tests/\n")
    assert counts(bank.extract([project])) == {"gone": 2}


def test_alike_tests_are_not_taken_for_renamed_ones(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    write(project / "tests" / "test_sums.py", ADDS.replace("42", "43").replace("adds", "sums"))
    assert counts(bank.extract([project])) == {"created": 1, "gone": 2}


def test_a_dry_run_says_the_same_and_changes_nothing(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    write(project / "tests" / "test_sums.py", ADDS.replace("_adds", "_sums_up"))
    before = found(bank)
    assert counts(bank.extract([project], dry_run=True)) == {"moved": 1, "gone": 1}
    assert found(bank) == before
    assert counts(bank.extract([project])) == {"moved": 1, "gone": 1}


def test_a_renamed_and_edited_test_is_known_if_it_is_alone(
    bank: QEReasoningBank, project: Path
) -> None:
    bank.extract([project])
    edited = ADDS.replace("_adds", "_sums").replace("42", "43")
    write(project / "tests" / "test_sums.py", edited + "\n\n" + PARSES)
    assert counts(bank.extract([project])) == {"moved": 1, "unchanged": 1}


def test_an_extraction_that_was_killed_leaves_histories_to_the_next(
    bank: QEReasoningBank, project: Path
) -> None:
    bank.extract([project])
    use(bank, "test_adds")
    write(project / "tests" / "test_sums.py", ADDS.replace("_adds", "_sums_up") + "\n\n" + PARSES)
    with pytest.raises(KeyboardInterrupt):
        bank.extract([project], progress=interrupt)
    assert found(bank)["test_sums_up"].usage_count == 0
    assert counts(bank.extract([project])) == {"moved": 1, "unchanged": 1}
    assert found(bank)["test_sums_up"].usage_count == 3


def interrupt(progress: object) -> None:
    raise KeyboardInterrupt


def test_two_projects_of_one_name_are_two(bank: QEReasoningBank, tmp_path: Path) -> None:
    for template in ("react", "vue"):
        write(tmp_path / template / "package.json", '{"name": "my-app"}')
        write(tmp_path / template / "App.test.js", f"test('renders', () => {{ go('{template}') }})")
    assert counts(bank.extract([tmp_path])) == {"created": 2}
    assert counts(bank.extract([tmp_path])) == {"unchanged": 2}
    names = {pattern.project for pattern in bank.list_patterns(limit=None)}
    assert names == {"my-app", "my-app (2)"}


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    command = ("git", *who, "-C", str(folder), *arguments)
    subprocess.run(command, check=True, capture_output=True)


def test_a_worktree_is_the_same_project(bank: QEReasoningBank, project: Path) -> None:
    git(project, "init", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-m", "tests")
    git(project, "worktree", "add", "../feature")
    bank.extract([project])
    assert counts(bank.extract([project.parent / "feature"])) == {"unchanged": 2}
    assert counts(bank.extract([project])) == {"unchanged": 2}
    assert all(pattern.version == 1 for pattern in found(bank).values())


def test_a_package_whose_last_test_is_gone_is_noticed(
    bank: QEReasoningBank, tmp_path: Path
) -> None:
    git_folder = tmp_path / "mono"
    for package in ("a", "b"):
        write(git_folder / "packages" / package / "package.json", f'{{"name": "{package}"}}')
        write(git_folder / "packages" / package / "x.test.js", "test('works', () => { go(7) })")
    git(tmp_path, "init", "mono")
    assert counts(bank.extract([git_folder])) == {"created": 2}
    shutil.rmtree(git_folder / "packages" / "b")
    assert counts(bank.extract([git_folder])) == {"unchanged": 1, "gone": 1}


def test_a_folder_without_a_remote_may_be_moved(bank: QEReasoningBank, project: Path) -> None:
    bank.extract([project])
    (project.parent / "elsewhere").mkdir()
    moved = project.rename(project.parent / "elsewhere" / "shop")
    assert counts(bank.extract([moved])) == {"unchanged": 2}


def test_a_branch_switch_flips_tests_without_new_versions(
    bank: QEReasoningBank, project: Path
) -> None:
    suite = project / "tests" / "test_sums.py"
    bank.extract([project])
    for _ in range(3):
        write(suite, PARSES)
        bank.extract([project])
        write(suite, ADDS + "\n\n" + PARSES)
        bank.extract([project])
    assert {pattern.version for pattern in found(bank).values()} == {1}


def of_an_earlier_version(bank: QEReasoningBank, file: Path) -> None:
    """Stores the tests of a file as versions before projects did."""
    extracted = extract_file(file)
    bank.store_patterns(
        [
            replace(
                pattern,
                id=extracted.earlier_ids[pattern.id],
                project="",
                context=(),
                placeholders=(),
            )
            for pattern in extracted.patterns
        ]
    )


def test_patterns_of_earlier_versions_get_their_project(
    bank: QEReasoningBank, project: Path
) -> None:
    of_an_earlier_version(bank, project / "tests" / "test_sums.py")
    use(bank, "test_adds")
    write(project / "tests" / "test_sums.py", ADDS)
    assert counts(bank.extract([project], dry_run=True)).get("created") is None
    report = bank.extract([project])
    assert report.stored.created == 0
    assert [test.name for test in report.gone] == ["test_parses_dates"]
    after = found(bank)
    assert {pattern.project for pattern in after.values()} == {"shop"}
    assert after["test_adds"].usage_count == 3
    assert bank.check() == []
    assert counts(bank.extract([project])) == {"unchanged": 1, "gone": 1}


def test_two_projects_share_no_pattern_of_an_earlier_version(
    bank: QEReasoningBank, tmp_path: Path
) -> None:
    for template in ("react", "vue"):
        write(tmp_path / template / "package.json", '{"name": "my-app"}')
        file = write(tmp_path / template / "a.test.js", f"test('is', () => {{ go('{template}') }})")
        of_an_earlier_version(bank, file)  # the second overwrote the first
    assert len(bank.list_patterns()) == 1
    report = bank.extract([tmp_path])
    assert (report.stored.created, report.stored.updated) == (1, 1)


def test_a_path_that_does_not_exist_is_an_error(bank: QEReasoningBank, tmp_path: Path) -> None:
    with pytest.raises(AqeError, match="does not exist"):
        bank.extract([tmp_path / "none"])


def test_progress_counts_files_and_tests(bank: QEReasoningBank, project: Path) -> None:
    steps: list[tuple[int, int, int]] = []
    bank.extract([project], progress=lambda at: steps.append((at.files, at.tests, at.all_files)))
    assert steps == [(1, 2, 1)]
