"""Tests the wheel, which holds every source folder except the studies, and the facade."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from setuptools import find_packages

import aqe

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bench", "cli", "learning", "models", "retrieval", "schema")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    """Yields the wheel that a copy of the sources builds."""
    folder = tmp_path_factory.mktemp("build")
    skipped = shutil.ignore_patterns(".*", "tests", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, folder / "sources", symlinks=True, ignore=skipped)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*build, "--wheel-dir", str(folder), str(folder / "sources")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    with ZipFile(next(folder.glob("*.whl"))) as file:
        yield file


def _metadata(wheel: ZipFile) -> Message:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_string(wheel.read(name).decode())


def test_wheel_holds_both_licences(wheel: ZipFile) -> None:
    metadata = _metadata(wheel)
    assert metadata["License-Expression"] == "MIT AND Apache-2.0"
    texts = {
        name: wheel.read(f"aqe-{metadata['Version']}.dist-info/licenses/{name}").decode()
        for name in metadata.get_all("License-File", [])
    }
    assert "MIT License" in texts["LICENSE"]
    assert "Version 2.0, January 2004" in texts["models/aqe-minilm-tests/LICENSE"]
    assert "all-MiniLM-L6-v2" in texts["models/aqe-minilm-tests/NOTICE"]
    weights = {name for name in wheel.namelist() if name.endswith(".onnx")}
    assert weights == {"aqe/models/aqe-minilm-tests/model.int8.onnx"}
    assert "aqe/models/aqe-minilm-tests/LICENSE" in wheel.namelist()


def test_wheel_holds_what_it_runs_and_no_more(wheel: ZipFile) -> None:
    names = wheel.namelist()
    for part in PARTS:
        for file in (ROOT / part).rglob("*.py"):
            name = f"aqe/{file.relative_to(ROOT).as_posix()}"
            assert (name in names) is not name.startswith("aqe/bench/studies/"), name
    tops = {name.split("/")[0] for name in names}
    assert tops == {"aqe", f"aqe-{aqe.__version__}.dist-info"}
    migrations = {file.name for file in (ROOT / "schema" / "migrations").glob("*.sql")}
    assert {f"aqe/schema/migrations/{name}" for name in migrations} | {"aqe/py.typed"} <= {*names}


def test_description_on_a_package_index_has_no_dead_link(wheel: ZipFile) -> None:
    text = str(_metadata(wheel).get_payload())
    assert text.startswith("# aqe")
    assert "bench/results/bank.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]*)\)", text):
        assert target.startswith("https://"), target


def test_description_links_into_the_source() -> None:
    description = runpy.run_path(str(ROOT / "setup.py"))["description"]
    readme = "![a flow](docs/f.svg) See [`cli/`](cli), [a site](https://x.org) and [a part](#part)."
    assert description(readme, "https://y.org/aqe") == (
        "![a flow](https://y.org/aqe/raw/main/docs/f.svg) See"
        " [`cli/`](https://y.org/aqe/blob/main/cli), [a site](https://x.org) and [a part](#part)."
    )
    assert description(readme, None) == " See `cli/`, [a site](https://x.org) and [a part](#part)."


def test_classifiers_name_the_pythons_that_are_supported() -> None:
    project = _pyproject()["project"]
    prefix = "Programming Language :: Python :: 3."
    minors = [int(text.removeprefix(prefix)) for text in project["classifiers"] if prefix in text]
    assert project["requires-python"] == f">=3.{minors[0]}"
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert sys.version_info.minor in minors


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_source_folder_is_packaged_but_the_studies() -> None:
    finder = _pyproject()["tool"]["setuptools"]["packages"]["find"]
    found = set(find_packages(str(ROOT / finder["where"][0]), exclude=finder["exclude"]))
    expected = {"aqe"}
    for part in PARTS:
        assert (ROOT / "src" / "aqe" / part).resolve() == ROOT / part
        for file in (ROOT / part).rglob("*"):
            if file.suffix in (".py", ".sql"):
                expected.add(".".join(("aqe", *file.parent.relative_to(ROOT).parts)))
    assert found == {name for name in expected if not name.startswith("aqe.bench.studies")}


def test_data_files_are_packaged() -> None:
    data = _pyproject()["tool"]["setuptools"]["package-data"]
    for package, patterns in data.items():
        folder = ROOT.joinpath("src", *package.split("."))
        for pattern in patterns:
            assert list(folder.glob(pattern)), f"{package}: nothing matches {pattern}"
    assert "*.sql" in data["aqe.schema.migrations"]
    model = {file.name for file in (ROOT / "models" / "aqe-minilm-tests").iterdir()}
    assert {"model.int8.onnx", "tokenizer.json"} <= model
    assert "aqe-minilm-tests/*" in data["aqe.models"]


def test_the_version_is_one() -> None:
    assert _pyproject()["project"]["version"] == aqe.__version__


def test_the_facade_exports_what_it_names() -> None:
    for name in aqe.__all__:
        assert getattr(aqe, name) is not None
    assert dir(aqe) == aqe.__all__
    try:
        aqe.NothingOfThisName  # noqa: B018
    except AttributeError as error:
        assert "has no attribute 'NothingOfThisName'" in str(error)  # noqa: PT017
    else:
        raise AssertionError("an unknown name was found")


def test_import_of_the_facade_loads_no_part() -> None:
    code = "import aqe, sys; print(*(name for name in sys.modules if name.startswith('aqe.')))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.stdout == "\n"


def _core() -> set[str]:
    """Returns the names of the packages that aqe needs without extras."""
    names = _pyproject()["project"]["dependencies"]
    return {re.split(r"[<>=!~ ]", name)[0].lower().replace("_", "-") for name in names}


def _imported_modules(*parts: str) -> set[str]:
    """Returns the packages of others that the source of these parts imports anywhere."""
    trees = [
        ast.parse(file.read_text(encoding="utf-8"))
        for part in parts
        for file in (ROOT / part).rglob("*.py")
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    absolute = [
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) if not node.level
    ]
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.split(".")[0] for name in absolute + plain} - {*sys.stdlib_module_names, "aqe"}


def test_what_the_core_imports_is_declared() -> None:
    """Only the extra ``embed`` and the benches may import more."""
    homes = importlib.metadata.packages_distributions()
    for module in _imported_modules("cli", "learning", "models", "retrieval", "schema"):
        if module not in ("huggingface_hub", "sentence_transformers", "torch"):
            assert {name.lower() for name in homes[module]} & _core(), f"{module} is not declared"


def test_what_is_declared_is_used() -> None:
    """scipy was 143 MB for one function."""
    source = "".join(
        file.read_text(encoding="utf-8") for part in PARTS for file in (ROOT / part).rglob("*.py")
    )
    for module, homes in importlib.metadata.packages_distributions().items():
        if {name.lower() for name in homes} & _core() and not module.startswith("_"):
            assert re.search(rf"\b{module}\b", source), f"{module} is declared, but not used"
    assert "scipy" not in _core()


def test_every_dependency_has_a_lower_bound_that_is_met() -> None:
    for requirement in _pyproject()["project"]["dependencies"]:
        name, _, bounds = requirement.partition(">=")
        least = bounds.split(",")[0]
        assert least, f"{requirement} has no lower bound"
        have = importlib.metadata.version(name)
        numbers = [
            [int(part) for part in text.split(".")[:3] if part.isdigit()] for text in (have, least)
        ]
        assert numbers[0] >= numbers[1], f"{name} is {have}, {least} is needed"
