"""Test files are found by the settings of the project's runner, without what git ignores."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import discover_test_files, extract_file, find_test_files

PYTHON_TEST = "def test_it():\n    assert 1\n"
TESTCASE = "class Views(TestCase):\n    def test_it(self):\n        self.assertTrue(1)\n"
JAVASCRIPT_TEST = "it('x', () => { expect(1).toBe(1); });\n"


def _make(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(content))


def _found(root: Path, *paths: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in find_test_files(paths or [root])]


def _names(root: Path, name: str) -> list[str]:
    return [pattern.name for pattern in extract_file(root / name).patterns]


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout


# -- pytest --------------------------------------------------------------------------------------

CHECKS = """
    def check_total():
        assert 10 + 20 == 30


    class CheckCart:
        def check_empty(self):
            assert not []

        def test_full(self):
            assert [11]


    class TestCart:
        def test_other(self):
            assert 1


    class Cart(unittest.TestCase):
        def test_case(self):
            assert 1

        def check_case(self):
            assert 1
    """
SETTINGS = {
    "pyproject.toml": """
        [tool.pytest.ini_options]
        python_files = ["check_*.py"]
        python_functions = ["check_*", "test_*"]
        python_classes = "Check*"
        testpaths = ["checks"]
        """,
    "pytest.ini": """
        [pytest]
        python_files = check_*.py
        python_functions = check test
        python_classes = Check
        testpaths = checks  # here
        """,
    "tox.ini": """
        [tox]
        envlist = py
        [pytest]
        python_files =
            check_*.py
        python_functions =
            check_*
            test_*
        python_classes = Check*
        """,
    "setup.cfg": """
        [tool:pytest]
        python_files = checks/*.py
        python_functions = check_* test_*
        python_classes = Check*
        """,
}


@pytest.mark.parametrize("config", SETTINGS)
def test_extraction_follows_the_settings_of_pytest(tmp_path: Path, config: str) -> None:
    _make(tmp_path, {config: SETTINGS[config], "checks/check_cart.py": CHECKS})
    assert _found(tmp_path) == ["checks/check_cart.py"]
    assert _names(tmp_path, "checks/check_cart.py") == [
        "check_total",
        "CheckCart.check_empty",
        "CheckCart.test_full",
        "Cart.test_case",
    ]


def test_extraction_takes_files_of_pytest_only_below_its_testpaths(tmp_path: Path) -> None:
    config = '[tool.pytest.ini_options]\npython_files = ["*.py"]\ntestpaths = ["src/*/checks"]\n'
    files = ("src/a/checks/b.py", "src/a/c.py", "d.py")
    _make(tmp_path, {"pyproject.toml": config, **dict.fromkeys(files, PYTHON_TEST)})
    assert _found(tmp_path) == ["src/a/checks/b.py"]


def test_extraction_follows_the_nearest_settings_of_pytest(tmp_path: Path) -> None:
    _make(
        tmp_path,
        {
            "pytest.ini": "[pytest]\npython_files = check_*.py\n",
            "inner/pyproject.toml": "[project]\nname = 'inner'\n",
            "inner/check_a.py": PYTHON_TEST,
            "other/tox.ini": "[pytest]\npython_files = spec_*.py\n",
            "other/check_a.py": PYTHON_TEST,
            "other/spec_a.py": PYTHON_TEST,
        },
    )
    assert _found(tmp_path) == ["inner/check_a.py", "other/spec_a.py"]
    assert _found(tmp_path, tmp_path / "inner") == ["inner/check_a.py"]


@pytest.mark.parametrize(
    "broken", ["[tool.pytest.ini_options\n", "[tool.pytest]\nini_options = 3\n", "tool = 1\n"]
)
def test_extraction_ignores_settings_that_pytest_would_refuse(tmp_path: Path, broken: str) -> None:
    _make(tmp_path, {"pyproject.toml": broken, "test_a.py": PYTHON_TEST})
    assert _names(tmp_path, "test_a.py") == ["test_it"]


def test_extraction_reads_changed_settings_again(tmp_path: Path) -> None:
    _make(tmp_path, {"pytest.ini": "[pytest]\n", "check_a.py": PYTHON_TEST})
    assert _found(tmp_path) == []
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\n")
    assert _found(tmp_path) == ["check_a.py"]


# -- unittest ------------------------------------------------------------------------------------


def test_extraction_finds_what_unittest_and_django_find(tmp_path: Path) -> None:
    _make(
        tmp_path,
        {
            "shop/tests_views.py": TESTCASE,
            "shop/testviews.py": TESTCASE,
            "shop/testing.py": "class Base(object):\n    pass\n",
            "shop/testdata.py": PYTHON_TEST,
            "shop/contest.py": TESTCASE,
        },
    )
    assert _found(tmp_path) == ["shop/tests_views.py", "shop/testviews.py"]


def test_extraction_finds_files_in_a_time_linear_in_their_size(tmp_path: Path) -> None:
    """A pattern with nested repetitions took minutes for a module of 300 ordinary lines."""
    lines = "".join(f"    name_{number} = call({number})\n\n" for number in range(20_000))
    _make(tmp_path, {"testing.py": f"class Base(object):\n{lines}"})
    started = time.process_time()
    assert _found(tmp_path) == []
    assert time.process_time() - started < 2


INHERITED = {
    "methods of TestCase": (
        "from pkg import Base\n\nclass Views(Base):\n    def test_it(self):\n"
        "        self.assertEqual(f(10), 20)\n",
        {},
    ),
    "setup of TestCase": (
        "from pkg import Base\n\nclass Views(Base):\n    def setUp(self):\n        pass\n\n"
        "    def test_it(self):\n        assert self.client.get('/a')\n",
        {},
    ),
    "a base class in the same package": (
        "from .base import ShopBase\n\n"
        "class Views(ShopBase):\n    def test_it(self):\n        run(1)\n",
        {
            "tests/base.py": (
                "from django.test import TestCase\n\nclass ShopBase(TestCase):\n    x = 1\n"
            )
        },
    ),
    "a base class two files further": (
        "from shop.tests import Base as B\n\n"
        "class Views(Mixin, B):\n    def test_it(self):\n        run(1)\n",
        {
            "shop/__init__.py": "",
            "shop/tests/__init__.py": "from .deep import (\n    Other,  # first\n    Base,\n)\n",
            "shop/tests/deep.py": (
                "import unittest\n\nclass Root(unittest.TestCase):\n    pass\n\n"
                "class Base(Root, metaclass=M):\n    pass\n"
            ),
        },
    ),
    "a base class of a module": (
        "from . import base\n\n"
        "class Views(base.ShopBase):\n    def test_it(self):\n        run(1)\n",
        {"tests/base.py": "class ShopBase(TestCase):\n    pass\n"},
    ),
    "a mixin": ("class Shared:\n    def test_it(self):\n        self.assertTrue(f(1))\n", {}),
}


@pytest.mark.parametrize("case", INHERITED)
def test_extraction_knows_test_cases_by_base_classes_in_other_files(
    tmp_path: Path, case: str
) -> None:
    code, files = INHERITED[case]
    _make(tmp_path, {"tests/__init__.py": "", "tests/test_a.py": code, **files})
    found = extract_file(tmp_path / "tests" / "test_a.py").patterns
    titles = [pattern.name.rpartition(".")[2] for pattern in found]
    assert (titles, [pattern.framework for pattern in found]) == (["test_it"], ["unittest"])


@pytest.mark.parametrize(
    "code",
    [
        "class Helper(Base):\n    def test_it(self):\n        run(1)\n",
        "class Helper:\n    def test_it(self):\n        run(1)\n",
        "class Own:\n    def assertThat(self, a): pass\n    def test_it(self):\n"
        "        self.assertThat(1)\n",
    ],
)
def test_extraction_takes_no_other_class_for_a_test_case(tmp_path: Path, code: str) -> None:
    code = f"from .base import Base\n\n{code}"
    base = (
        "from .test_a import Base as Other\n\n"
        "class Base(Other, Loop):\n    pass\n\nclass Loop(Base):\n    pass\n"
    )
    _make(tmp_path, {"tests/test_a.py": code, "tests/base.py": base})
    assert _names(tmp_path, "tests/test_a.py") == []


# -- JavaScript runners --------------------------------------------------------------------------

GLOBS = {
    "playwright.config.ts": "export default defineConfig({ testDir: './checks' });",
    "vitest.config.ts": "export default { test: { include: ['checks/**/*.ts', '!checks/x.ts'] } };",
    "jest.config.js": "x = { testMatch: ['<rootDir>/checks/**/?(*-)check.[jt]s?(x)'] };",
    "package.json": '{\n  "jest": {\n    "testMatch": ["**/checks/*.{js,ts}"]\n  }\n}\n',
    ".mocharc.yml": "ui: bdd\nspec:\n  - 'checks/**/*.ts'\n",
    "cypress.config.js": "module.exports = { e2e: { specPattern: 'checks/*-check.ts' } };",
}


@pytest.mark.parametrize("config", GLOBS)
def test_extraction_finds_files_where_the_runner_looks(tmp_path: Path, config: str) -> None:
    _make(
        tmp_path,
        {
            config: GLOBS[config],
            "checks/login-check.ts": JAVASCRIPT_TEST,
            "checks/helper.ts": "export const a = 1;\n",
            "src/page.ts": JAVASCRIPT_TEST,
        },
    )
    assert _found(tmp_path) == ["checks/login-check.ts"]


def test_extraction_survives_globs_that_are_malformed(tmp_path: Path) -> None:
    _make(tmp_path, {"jest.config.js": "x = { testMatch: ['a/(b', '[z-a]'] };", "a.test.js": "it"})
    assert _found(tmp_path) == ["a.test.js"]


def test_extraction_finds_names_of_jasmine_and_of_other_languages(tmp_path: Path) -> None:
    names = ("src/cartSpec.js", "main_test.ts", "a_test.go", "x.feature", "y.robot")
    _make(tmp_path, {**dict.fromkeys(names, JAVASCRIPT_TEST), "src/Spec.go": "", "latest.ts": "it"})
    assert _found(tmp_path) == sorted(names)


# -- git -----------------------------------------------------------------------------------------

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
    _make(tmp_path, IGNORED)
    if in_repository:
        _git(tmp_path, "init", "-q")
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
    _make(tmp_path, IGNORED)
    _git(tmp_path, "init", "-q")
    assert _found(tmp_path, tmp_path / "generated") == ["generated/test_a.py"]
    given = tmp_path / "deep" / "a_gen_test.py"
    assert _found(tmp_path, given, tmp_path) == ["deep/a_gen_test.py", *KEPT]
    (tmp_path / ".gitignore").write_text("generated/*\n")
    assert _found(tmp_path, tmp_path / "generated") == ["generated/test_a.py"]


def test_extraction_leaves_out_all_files_of_a_repository_that_ignores_them(tmp_path: Path) -> None:
    _make(tmp_path, {".gitignore": "*\n!*/\n!kept.test.js\n", "a/test_b.py": PYTHON_TEST})
    _make(tmp_path, {"a/kept.test.js": JAVASCRIPT_TEST})
    _git(tmp_path, "init", "-q")
    assert _found(tmp_path) == _found(tmp_path, tmp_path / "a") == ["a/kept.test.js"]


def test_extraction_keeps_what_git_tracks(tmp_path: Path) -> None:
    _make(tmp_path, {**IGNORED, "build/test_a.py": PYTHON_TEST, "dist/test_a.py": PYTHON_TEST})
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", "-f", "generated/test_a.py", "build/test_a.py")
    found = _found(tmp_path)
    assert found == [
        "build/test_a.py",
        "deep/keep_gen_test.py",
        *KEPT[1:2],
        "generated/test_a.py",
        KEPT[2],
    ]


def test_extraction_asks_each_repository_about_its_own_files(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    _make(tmp_path, {".gitignore": "*_gen_test.py\n", "a_gen_test.py": PYTHON_TEST})
    _make(
        inner, {"b_gen_test.py": PYTHON_TEST, "test_c.py": PYTHON_TEST, ".gitignore": "test_c.py"}
    )
    _git(tmp_path, "init", "-q")
    _git(inner, "init", "-q")
    assert _found(tmp_path) == ["inner/b_gen_test.py"]


def test_extraction_reads_gitignore_if_git_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(tmp_path, IGNORED)
    _git(tmp_path, "init", "-q")
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "nothing"))
    assert _found(tmp_path) == KEPT


def test_extraction_runs_no_program_that_a_repository_names(tmp_path: Path) -> None:
    _make(tmp_path, {**IGNORED, "build/test_a.py": PYTHON_TEST, "hook.sh": "touch ran\n"})
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", "-f", "build/test_a.py")
    _git(tmp_path, "config", "core.fsmonitor", f"sh {tmp_path}/hook.sh; touch {tmp_path}/ran; true")
    assert _found(tmp_path)
    assert not (tmp_path / "ran").exists()
    _git(tmp_path, "ls-files")  # the configuration does run something
    _git(tmp_path, "status")
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
        _make(folder, {".gitignore": "\n".join(rules) + "\n", **dict.fromkeys(paths, PYTHON_TEST)})
        plain = _found(folder)
        _git(folder, "init", "-q")
        assert _found(folder) == plain, f"seed {seed}, rules {rules}"


def test_extraction_leaves_out_a_repository_that_the_one_around_it_ignores(tmp_path: Path) -> None:
    _make(tmp_path, {".gitignore": "/vendor/*/\n!/vendor/ours/\n", "test_a.py": PYTHON_TEST})
    for name in ("lib", "ours"):
        _make(tmp_path / "vendor" / name, {"tests/test_b.py": PYTHON_TEST})
        _git(tmp_path / "vendor" / name, "init", "-q")
    plain = discover_test_files([tmp_path])
    _git(tmp_path, "init", "-q")
    asked = discover_test_files([tmp_path])
    for found in (plain, asked):
        assert found.ignored == (tmp_path / "vendor" / "lib" / "tests" / "test_b.py",)
        assert len(found.files) == 2
    assert _found(tmp_path, tmp_path / "vendor" / "lib") == ["vendor/lib/tests/test_b.py"]


@pytest.mark.parametrize("is_git_there", [True, False])
def test_extraction_reads_the_private_exclusions_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_git_there: bool
) -> None:
    _make(
        tmp_path, {"test_a.py": PYTHON_TEST, "test_b.py": PYTHON_TEST, ".gitignore": "!test_b.py"}
    )
    _git(tmp_path, "init", "-q")
    (tmp_path / ".git" / "info" / "exclude").write_text("test_*.py\n")
    if not is_git_there:
        monkeypatch.setenv("PATH", os.fspath(tmp_path / "nothing"))
    assert _found(tmp_path) == ["test_b.py"]


def test_extraction_leaves_out_what_the_exclusions_of_the_user_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    _make(project, {"test_a.py": PYTHON_TEST, "scratch/test_b.py": PYTHON_TEST})
    _git(project, "init", "-q")
    _make(tmp_path, {"home/.gitconfig": "[core]\nexcludesFile = ~/excluded\n"})
    _make(tmp_path, {"home/excluded": "scratch/\n"})
    monkeypatch.setenv("HOME", os.fspath(tmp_path / "home"))
    assert _found(project) == ["test_a.py"]


def test_extraction_reads_one_checkout_of_a_project(tmp_path: Path) -> None:
    main = tmp_path / "all" / "main"
    _make(
        main,
        {"test_a.py": PYTHON_TEST, "pkg/package.json": '{"name": "b"}', "pkg/b.test.js": "it("},
    )
    _git(main, "init", "-q")
    _git(main, "add", "-A")
    _git(main, "commit", "-qm", "first")
    _git(main, "worktree", "add", "-q", "inside")
    _git(main, "worktree", "add", "-q", "../a")
    found = discover_test_files([tmp_path / "all"])
    assert found.files == (main / "pkg" / "b.test.js", main / "test_a.py")
    assert {path.relative_to(tmp_path / "all").as_posix() for path in found.other_checkouts} == {
        f"{tree}/{file}" for tree in ("a", "main/inside") for file in ("pkg/b.test.js", "test_a.py")
    }
    assert _found(main, main / "inside") == ["inside/pkg/b.test.js", "inside/test_a.py"]


def test_extraction_reads_the_first_of_two_clones(tmp_path: Path) -> None:
    _make(tmp_path / "z", {"test_a.py": PYTHON_TEST})
    _git(tmp_path / "z", "init", "-q")
    _git(tmp_path / "z", "add", "-A")
    _git(tmp_path / "z", "commit", "-qm", "first")
    for name in ("c", "b"):
        _git(tmp_path, "clone", "-q", "z", name)
    assert _found(tmp_path) == ["b/test_a.py"]
