"""Test files and tests are found by pytest's own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from .suite_files import (
    PYTHON_TEST,
    found_files,
    make_files,
    names_in,
)

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
    "pytest.toml": """
        [pytest]
        python_files = ["check_*.py"]
        python_functions = ["check_*", "test_*"]
        python_classes = ["Check*"]
        """,
    ".pytest.toml": """
        [pytest]
        python_files = "check_*.py"
        python_functions = "check_* test_*"
        python_classes = "Check*"
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
    make_files(tmp_path, {config: SETTINGS[config], "checks/check_cart.py": CHECKS})
    assert found_files(tmp_path) == ["checks/check_cart.py"]
    assert names_in(tmp_path, "checks/check_cart.py") == [
        "check_total",
        "CheckCart.check_empty",
        "CheckCart.test_full",
        "Cart.test_case",
    ]


def test_extraction_takes_files_of_pytest_only_below_its_testpaths(tmp_path: Path) -> None:
    config = '[tool.pytest.ini_options]\npython_files = ["*.py"]\ntestpaths = ["src/*/checks"]\n'
    files = ("src/a/checks/b.py", "src/a/c.py", "d.py")
    make_files(tmp_path, {"pyproject.toml": config, **dict.fromkeys(files, PYTHON_TEST)})
    assert found_files(tmp_path) == ["src/a/checks/b.py"]


def test_extraction_follows_the_nearest_settings_of_pytest(tmp_path: Path) -> None:
    make_files(
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
    assert found_files(tmp_path) == ["inner/check_a.py", "other/spec_a.py"]
    assert found_files(tmp_path, tmp_path / "inner") == ["inner/check_a.py"]


@pytest.mark.parametrize(
    "broken", ["[tool.pytest.ini_options\n", "[tool.pytest]\nini_options = 3\n", "tool = 1\n"]
)
def test_extraction_ignores_settings_that_pytest_would_refuse(tmp_path: Path, broken: str) -> None:
    make_files(tmp_path, {"pyproject.toml": broken, "test_a.py": PYTHON_TEST})
    assert names_in(tmp_path, "test_a.py") == ["test_it"]


def test_extraction_reads_changed_settings_again(tmp_path: Path) -> None:
    make_files(tmp_path, {"pytest.ini": "[pytest]\n", "check_a.py": PYTHON_TEST})
    assert found_files(tmp_path) == []
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\n")
    assert found_files(tmp_path) == ["check_a.py"]
