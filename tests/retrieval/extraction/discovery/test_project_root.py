"""The project of a file: one for all work trees and clones, another for everything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.retrieval.extraction.discovery.project_root import ProjectRoot, find_project_root

Git = Callable[..., str]


def root_of(folder: Path, file: str) -> ProjectRoot:
    """Returns the project of a file, which is created."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return find_project_root(path)


@pytest.fixture
def repository(git: Git, tmp_path: Path) -> Path:
    """A monorepo with one commit: a package below the top level, and tests beside it."""
    top = tmp_path / "shop"
    git("shop", "init", "-q")
    (top / "packages" / "cart").mkdir(parents=True)
    (top / "packages" / "cart" / "package.json").write_text('{"name": "@shop/cart"}')
    (top / "package.json").write_text('{"name": "the-shop"}')
    git("shop", "add", "-A")
    git("shop", "commit", "-qm", "first")
    return top


def test_a_repository_without_remote_has_the_name_of_its_folder(repository: Path) -> None:
    root = root_of(repository, "tests/a.test.js")
    assert (root.folder, root.name) == (repository, "shop")
    assert root.key == root.place == f"path:{repository}"


def test_a_package_of_a_monorepo_is_a_project_of_its_own(repository: Path) -> None:
    root = root_of(repository, "packages/cart/src/a.test.js")
    assert (root.folder, root.name) == (repository / "packages" / "cart", "shop/packages/cart")
    assert root.key == f"path:{repository}#packages/cart"


def test_the_remote_names_the_project_without_its_credentials(git: Git, repository: Path) -> None:
    token = "ghp_" + "a1B2c3D4" * 5
    git(
        "shop", "remote", "add", "origin", f"https://me:{token}@GitHub.com/Acme/Store.git?t={token}"
    )
    root = root_of(repository, "packages/cart/a.test.js")
    assert (root.name, root.key) == ("Store/packages/cart", "github.com/acme/store#packages/cart")
    assert root.place == f"path:{repository}#packages/cart"
    assert token not in str(root)


def test_work_trees_of_a_repository_are_one_project(git: Git, repository: Path) -> None:
    git("shop", "worktree", "add", "-q", "../linked")
    git("shop", "worktree", "add", "-q", "inside")
    for file in ("tests/a.test.js", "packages/cart/a.test.js"):
        roots = [
            root_of(top, file)
            for top in (repository, repository.with_name("linked"), repository / "inside")
        ]
        assert len({(root.key, root.name) for root in roots}) == 1
        assert len({root.folder for root in roots}) == 3


def test_clones_of_one_remote_are_one_project(git: Git, repository: Path, tmp_path: Path) -> None:
    git(".", "clone", "-q", str(repository), "clone")
    root = root_of(tmp_path / "clone", "tests/a.test.js")
    assert (root.key, root.name) == (f"path:{repository}", "clone")  # as it is called here


def test_a_submodule_is_a_project_of_its_own(git: Git, repository: Path, tmp_path: Path) -> None:
    git("outer", "init", "-q")
    git("outer", "submodule", "--quiet", "add", str(repository), "vendor/shop")
    outer, inner = (
        root_of(tmp_path / "outer", file) for file in ("tests/a.js", "vendor/shop/tests/a.js")
    )
    assert (outer.name, inner.name) == ("outer", "shop")
    assert inner.key == f"path:{repository}"


@pytest.mark.parametrize("name", ["main.git", "main/.bare"])
def test_a_bare_repository_is_named_by_its_folder(
    git: Git, repository: Path, tmp_path: Path, name: str
) -> None:
    git(".", "clone", "-q", "--bare", str(repository), name)
    git(name, "remote", "remove", "origin")
    git(name, "worktree", "add", "-q", str(tmp_path / "feature"))
    root = root_of(tmp_path / "feature", "packages/cart/a.test.js")
    assert root.name == "main/packages/cart"
    assert root.key.startswith(f"path:{tmp_path / 'main'}")


def test_two_packages_of_one_name_are_two_projects(git: Git, tmp_path: Path) -> None:
    git("create-app", "init", "-q")
    for template in ("react", "vue"):
        folder = tmp_path / "create-app" / "templates" / template
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"name": "my-app"}')
    react, vue = (
        root_of(tmp_path, f"create-app/templates/{template}/src/App.test.tsx")
        for template in ("react", "vue")
    )
    assert (react.name, vue.name) == ("create-app/templates/react", "create-app/templates/vue")
    assert react.key != vue.key
    assert react.earlier_name == vue.earlier_name == "my-app"


def test_two_folders_of_one_name_outside_git_are_two_projects(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place / "my-app").mkdir(parents=True)
        (tmp_path / place / "my-app" / "package.json").write_text('{"name": "my-app"}')
    first, second = (root_of(tmp_path, f"{place}/my-app/a.test.js") for place in "ab")
    assert first.name == second.name == "my-app"
    assert (first.key, second.key) == (f"path:{tmp_path}/a/my-app", f"path:{tmp_path}/b/my-app")


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("package.json", '{"name": "@acme/web"}', "@acme/web"),
        ("pyproject.toml", '[x]\nname = "no"\n[project]\nauthors = []\nname = "web"', "web"),
        ("pyproject.toml", '[tool.poetry]\nname = "web"', "web"),
        ("pyproject.toml", "[tool.ruff]\nselect = []", "place"),
        ("pyproject.toml", "not toml", "place"),
        ("setup.cfg", "[metadata]\nversion = 1\nname = web\n", "web"),
        ("setup.cfg", "[metadata]\nversion = 1\n[options]\nname = no\n", "place"),
        ("setup.py", "", "place"),
        ("go.mod", "// c\nmodule example.com/acme/web/v2\n", "web"),
        ("pom.xml", "<parent><artifactId>a</artifactId></parent><artifactId>b</artifactId>", "b"),
        ("build.gradle", "", "place"),
        ("build.gradle.kts", "", "place"),
    ],
)  # fmt: skip
def test_outside_git_the_nearest_project_file_names_the_project(
    tmp_path: Path, file: str, text: str, name: str
) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / file).write_text(text)
    root = root_of(tmp_path, "place/src/tests/test_a.py")
    assert (root.folder, root.name) == (tmp_path / "place", name)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("package.json", "{}"),
        ("package.json", '{"name": 3}'),
        ("package.json", "[" * 100_000),
        ("package.json", "[]"),
        ("pyproject.toml", "[tool.ruff]"),
        ("pyproject.toml", '[project]\nversion = "1"'),
        ("setup.cfg", "[flake8]\nname = x"),
        ("go.mod", "go 1.22"),
        ("pom.xml", "<project/>"),
    ],
)
def test_a_file_that_names_no_package_makes_no_project_in_git(
    git: Git, tmp_path: Path, file: str, text: str
) -> None:
    git("top", "init", "-q")
    (tmp_path / "top" / "inner").mkdir()
    (tmp_path / "top" / "inner" / file).write_text(text)
    assert root_of(tmp_path, "top/inner/tests/test_a.py").folder == tmp_path / "top"


def test_a_project_file_that_cannot_be_read_makes_no_project(git: Git, tmp_path: Path) -> None:
    git("top", "init", "-q")
    (tmp_path / "top" / "inner" / "package.json").mkdir(parents=True)
    (tmp_path / "top" / "inner" / "go.mod").write_text("module a/b\n" + "/" * 1024 * 1024)
    assert root_of(tmp_path, "top/inner/test_a.py").folder == tmp_path / "top"


def test_a_changed_project_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "before"}')
    assert root_of(tmp_path, "a.test.js").name == "before"
    (tmp_path / "package.json").write_text('{"name": "afterwards"}')
    assert root_of(tmp_path, "a.test.js").name == "afterwards"


def test_without_any_project_file_it_is_the_folder_above_the_tests(tmp_path: Path) -> None:
    root = root_of(tmp_path, "lonely/pkg/tests/test_a.py")
    (tmp_path / "lonely" / "pkg" / "__init__.py").touch()
    root = root_of(tmp_path, "lonely/pkg/tests/test_a.py")
    assert (root.folder, root.name) == (tmp_path / "lonely", "lonely")


def test_an_installed_package_is_the_same_project_everywhere(git: Git, tmp_path: Path) -> None:
    git("site", "init", "-q")
    installed = tmp_path / "site" / ".venv" / "lib" / "site-packages"
    root = root_of(installed, "numpy/linalg/tests/test_linalg.py")
    assert (root.folder, root.name, root.key) == (installed, "numpy", "installed:numpy")
    assert root_of(installed, "six_test.py").name == "six_test"
    assert root.earlier_name == ""


def test_a_path_with_dots_and_a_link_is_the_same_project(repository: Path, tmp_path: Path) -> None:
    straight = root_of(repository, "tests/a.test.js")
    (tmp_path / "link").symlink_to(repository)
    for path in (
        repository / "packages" / ".." / "tests" / "a.test.js",
        tmp_path / "link" / "a.js",
    ):
        assert find_project_root(path).key == straight.key
