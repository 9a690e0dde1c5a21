"""What git ignores is left out, and what it tracks is not."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from aqe.retrieval.extraction import discover_test_files

from .suite_files import (
    JAVASCRIPT_TEST,
    PYTHON_TEST,
    found_files,
    make_files,
    run_git,
)

IGNORED = {
    ".gitignore": "generated/\n*_gen_test.py\n!keep_gen_test.py\n/only_here\n",
    "generated/test_a.py": PYTHON_TEST,
    "deep/generated/test_a.py": PYTHON_TEST,
    "deep/a_gen_test.py": PYTHON_TEST,
    "deep/keep_gen_test.py": PYTHON_TEST,
    "only_here/test_a.py": PYTHON_TEST,
    "deep/only_here/test_a.py": PYTHON_TEST,
    "deep/.gitignore": "test_local.py\n",
    "deep/test_local.py": PYTHON_TEST,
    "test_local.py": PYTHON_TEST,
}
KEPT = ["deep/keep_gen_test.py", "deep/only_here/test_a.py", "test_local.py"]


@pytest.mark.parametrize("in_repository", [True, False])
def test_extraction_leaves_out_and_names_what_git_ignores(
    tmp_path: Path, in_repository: bool
) -> None:
    make_files(tmp_path, IGNORED)
    if in_repository:
        run_git(tmp_path, "init", "-q")
    found = discover_test_files([tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found.files] == KEPT
    assert sorted(path.relative_to(tmp_path).as_posix() for path in found.ignored) == [
        "deep/a_gen_test.py",
        "deep/generated/test_a.py",
        "deep/test_local.py",
        "generated/test_a.py",
        "only_here/test_a.py",
    ]


def test_extraction_searches_an_ignored_folder_that_is_given(tmp_path: Path) -> None:
    make_files(tmp_path, IGNORED)
    run_git(tmp_path, "init", "-q")
    assert found_files(tmp_path, tmp_path / "generated") == ["generated/test_a.py"]
    given = tmp_path / "deep" / "a_gen_test.py"
    assert found_files(tmp_path, given, tmp_path) == ["deep/a_gen_test.py", *KEPT]
    (tmp_path / ".gitignore").write_text("generated/*\n")
    assert found_files(tmp_path, tmp_path / "generated") == ["generated/test_a.py"]


def test_extraction_leaves_out_all_files_of_a_repository_that_ignores_them(tmp_path: Path) -> None:
    make_files(tmp_path, {".gitignore": "*\n!*/\n!kept.test.js\n", "a/test_b.py": PYTHON_TEST})
    make_files(tmp_path, {"a/kept.test.js": JAVASCRIPT_TEST})
    run_git(tmp_path, "init", "-q")
    assert found_files(tmp_path) == found_files(tmp_path, tmp_path / "a") == ["a/kept.test.js"]


def test_extraction_keeps_what_git_tracks(tmp_path: Path) -> None:
    make_files(tmp_path, {**IGNORED, "build/test_a.py": PYTHON_TEST, "dist/test_a.py": PYTHON_TEST})
    run_git(tmp_path, "init", "-q")
    run_git(tmp_path, "add", "-f", "generated/test_a.py", "build/test_a.py")
    found = found_files(tmp_path)
    assert found == [
        "build/test_a.py",
        "deep/keep_gen_test.py",
        *KEPT[1:2],
        "generated/test_a.py",
        KEPT[2],
    ]


def test_extraction_asks_each_repository_about_its_own_files(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    make_files(tmp_path, {".gitignore": "*_gen_test.py\n", "a_gen_test.py": PYTHON_TEST})
    make_files(
        inner, {"b_gen_test.py": PYTHON_TEST, "test_c.py": PYTHON_TEST, ".gitignore": "test_c.py"}
    )
    run_git(tmp_path, "init", "-q")
    run_git(inner, "init", "-q")
    assert found_files(tmp_path) == ["inner/b_gen_test.py"]


def test_extraction_reads_gitignore_if_git_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, IGNORED)
    run_git(tmp_path, "init", "-q")
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "nothing"))
    assert found_files(tmp_path) == KEPT


def test_extraction_runs_no_program_that_a_repository_names(tmp_path: Path) -> None:
    make_files(tmp_path, {**IGNORED, "build/test_a.py": PYTHON_TEST, "hook.sh": "touch ran\n"})
    run_git(tmp_path, "init", "-q")
    run_git(tmp_path, "add", "-f", "build/test_a.py")
    run_git(
        tmp_path, "config", "core.fsmonitor", f"sh {tmp_path}/hook.sh; touch {tmp_path}/ran; true"
    )
    assert found_files(tmp_path)
    assert not (tmp_path / "ran").exists()
    run_git(tmp_path, "ls-files")  # the configuration does run something
    run_git(tmp_path, "status")
    assert (tmp_path / "ran").exists()


WORDS = ("a", "b", "ab", "test_a.py", "test_b.py", "gen")
PIECES = ("*", "**", "a", "b", "?b", "[ab]", "[!a]", "test_*.py", "*.py", "gen", "\\a", "ab")


def test_gitignore_is_read_as_git_reads_it(tmp_path: Path) -> None:
    """Random rules and files: both ways to ask give the same answer."""
    seed = 20_261_125
    print("seed:", seed)
    rng = random.Random(seed)
    for number in range(25):
        folder = tmp_path / str(number)
        paths = {
            "/".join(
                [*rng.choices(WORDS[:3] + WORDS[5:], k=rng.randrange(3)), rng.choice(WORDS[3:5])]
            )
            for _ in range(8)
        }
        rules = [
            rng.choice(("", "", "/", "!")) + "/".join(rng.choices(PIECES, k=rng.randrange(1, 4)))
            + rng.choice(("", "", "/"))
            for _ in range(rng.randrange(1, 5))
        ]  # fmt: skip
        make_files(
            folder, {".gitignore": "\n".join(rules) + "\n", **dict.fromkeys(paths, PYTHON_TEST)}
        )
        plain = found_files(folder)
        run_git(folder, "init", "-q")
        assert found_files(folder) == plain, f"seed {seed}, rules {rules}"


def test_extraction_leaves_out_a_repository_that_the_one_around_it_ignores(tmp_path: Path) -> None:
    make_files(tmp_path, {".gitignore": "/vendor/*/\n!/vendor/ours/\n", "test_a.py": PYTHON_TEST})
    for name in ("lib", "ours"):
        make_files(tmp_path / "vendor" / name, {"tests/test_b.py": PYTHON_TEST})
        run_git(tmp_path / "vendor" / name, "init", "-q")
    plain = discover_test_files([tmp_path])
    run_git(tmp_path, "init", "-q")
    asked = discover_test_files([tmp_path])
    for found in (plain, asked):
        assert found.ignored == (tmp_path / "vendor" / "lib" / "tests" / "test_b.py",)
        assert len(found.files) == 2
    assert found_files(tmp_path, tmp_path / "vendor" / "lib") == ["vendor/lib/tests/test_b.py"]


@pytest.mark.parametrize("is_git_there", [True, False])
def test_extraction_reads_the_private_exclusions_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_git_there: bool
) -> None:
    make_files(
        tmp_path, {"test_a.py": PYTHON_TEST, "test_b.py": PYTHON_TEST, ".gitignore": "!test_b.py"}
    )
    run_git(tmp_path, "init", "-q")
    (tmp_path / ".git" / "info" / "exclude").write_text("test_*.py\n")
    if not is_git_there:
        monkeypatch.setenv("PATH", os.fspath(tmp_path / "nothing"))
    assert found_files(tmp_path) == ["test_b.py"]


def test_extraction_leaves_out_what_the_exclusions_of_the_user_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    make_files(project, {"test_a.py": PYTHON_TEST, "scratch/test_b.py": PYTHON_TEST})
    run_git(project, "init", "-q")
    make_files(tmp_path, {"home/.gitconfig": "[core]\nexcludesFile = ~/excluded\n"})
    make_files(tmp_path, {"home/excluded": "scratch/\n"})
    monkeypatch.setenv("HOME", os.fspath(tmp_path / "home"))
    assert found_files(project) == ["test_a.py"]


def test_extraction_reads_one_checkout_of_a_project(tmp_path: Path) -> None:
    main = tmp_path / "all" / "main"
    make_files(
        main,
        {"test_a.py": PYTHON_TEST, "pkg/package.json": '{"name": "b"}', "pkg/b.test.js": "it("},
    )
    run_git(main, "init", "-q")
    run_git(main, "add", "-A")
    run_git(main, "commit", "-qm", "first")
    run_git(main, "worktree", "add", "-q", "inside")
    run_git(main, "worktree", "add", "-q", "../a")
    found = discover_test_files([tmp_path / "all"])
    assert found.files == (main / "pkg" / "b.test.js", main / "test_a.py")
    assert {path.relative_to(tmp_path / "all").as_posix() for path in found.other_checkouts} == {
        f"{tree}/{file}" for tree in ("a", "main/inside") for file in ("pkg/b.test.js", "test_a.py")
    }
    assert found_files(main, main / "inside") == ["inside/pkg/b.test.js", "inside/test_a.py"]


def test_extraction_reads_the_first_of_two_clones(tmp_path: Path) -> None:
    make_files(tmp_path / "z", {"test_a.py": PYTHON_TEST})
    run_git(tmp_path / "z", "init", "-q")
    run_git(tmp_path / "z", "add", "-A")
    run_git(tmp_path / "z", "commit", "-qm", "first")
    for name in ("c", "b"):
        run_git(tmp_path, "clone", "-q", "z", name)
    assert found_files(tmp_path) == ["b/test_a.py"]
