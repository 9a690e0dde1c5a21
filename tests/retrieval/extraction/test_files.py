"""Test files are found, and files that cannot be used are reported."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.retrieval.extraction import extract_file, find_test_files
from aqe.schema import LANGUAGES, AqeError

PYTHON_TEST = "def test_it():\n    assert 1\n"
JAVASCRIPT_TEST = "it('x', () => { expect(1).toBe(1); });\n"


def _make(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def _found(root: Path, *paths: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in find_test_files(paths or [root])]


def test_find_test_files_takes_test_names_and_test_folders(tmp_path: Path) -> None:
    _make(
        tmp_path,
        {
            "test_a.py": PYTHON_TEST,
            "pkg/b_test.py": PYTHON_TEST,
            "pkg/tests.py": PYTHON_TEST,
            "pkg/conftest.py": "import pytest\n",
            "other/conftest.py": PYTHON_TEST,
            "pkg/module.py": PYTHON_TEST,
            "pkg/tests/odd_name.py": PYTHON_TEST,
            "pkg/tests/helper.py": "x = 1\n",
            "src/a.test.js": JAVASCRIPT_TEST,
            "src/b.spec.tsx": JAVASCRIPT_TEST,
            "src/c.cy.ts": JAVASCRIPT_TEST,
            "src/d.e2e.mjs": JAVASCRIPT_TEST,
            "types/d.tst.ts": JAVASCRIPT_TEST,
            "src/e.js": JAVASCRIPT_TEST,
            "src/latest.js": JAVASCRIPT_TEST,
            "src/__tests__/f.js": JAVASCRIPT_TEST,
            "src/__tests__/g.js": "module.exports = 1;\n",
            "src/__tests__/h.d.ts": JAVASCRIPT_TEST,
            "cypress/e2e/i.ts": JAVASCRIPT_TEST,
            "test.js": JAVASCRIPT_TEST,
            "README.md": "it('x')",
            "test/tape/j.js": "const tape = require('tape');\ntape('adds', (t) => { t.end(); });\n",
            "features/login.feature": "# language: en\nFeature: Login\n  Scenario: it works\n",
            "newsfragments/1234.feature": "twisted.web.client: Agent got a new option.\n",
        },
    )
    assert _found(tmp_path) == sorted(
        [
            "test_a.py",
            "pkg/b_test.py",
            "pkg/tests.py",
            "other/conftest.py",
            "pkg/tests/odd_name.py",
            "src/a.test.js",
            "src/b.spec.tsx",
            "src/c.cy.ts",
            "src/d.e2e.mjs",
            "src/__tests__/f.js",
            "cypress/e2e/i.ts",
            "test.js",
            "test/tape/j.js",
            "types/d.tst.ts",
            "features/login.feature",
        ]
    )


def test_find_test_files_skips_folders_that_are_not_ours_unless_given(tmp_path: Path) -> None:
    skipped = ["node_modules", ".venv", "venv", "__pycache__", "dist", "build", ".git", ".hidden"]
    _make(tmp_path, {f"{folder}/test_a.py": PYTHON_TEST for folder in skipped})
    _make(tmp_path, {"named_otherwise/pyvenv.cfg": "", "named_otherwise/test_a.py": PYTHON_TEST})
    assert _found(tmp_path) == []
    assert _found(tmp_path, tmp_path / "node_modules") == ["node_modules/test_a.py"]
    assert _found(tmp_path, tmp_path / ".hidden") == [".hidden/test_a.py"]


def test_find_test_files_takes_a_file_given_by_name_and_each_once(tmp_path: Path) -> None:
    _make(tmp_path, {"checks.py": PYTHON_TEST, "test_a.py": PYTHON_TEST})
    (tmp_path / "link_test.py").symlink_to(tmp_path / "test_a.py")
    given_twice = [tmp_path / "checks.py", tmp_path / "checks.py", tmp_path]
    assert len(find_test_files(given_twice)) == 2
    assert tmp_path / "checks.py" in find_test_files(given_twice)


def test_find_test_files_survives_links_in_circles(tmp_path: Path) -> None:
    _make(tmp_path, {"a/test_a.py": PYTHON_TEST})
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    (tmp_path / "a" / "test_gone.py").symlink_to(tmp_path / "gone.py")
    assert _found(tmp_path) == ["a/test_a.py", "a/test_gone.py"]
    skipped = extract_file(tmp_path / "a" / "test_gone.py").skipped
    assert skipped is not None
    assert skipped.reason == "not a regular file"


def test_find_test_files_refuses_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(AqeError, match=r"does not exist: .*nowhere; check the spelling"):
        find_test_files([tmp_path / "nowhere"])


def test_find_test_files_knows_that_it_starts_inside_a_test_folder(tmp_path: Path) -> None:
    _make(tmp_path, {"tests/odd.py": PYTHON_TEST, "tests/special.fifo": ""})
    os.mkfifo(tmp_path / "tests" / "pipe.py")
    assert _found(tmp_path, tmp_path / "tests") == ["tests/odd.py"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("test_a.py", b"def test_it(:\n    assert\n", "syntax error at line 1"),
        ("test_a.py", b"\0\1\2binary", "binary content"),
        (
            "test_a.py",
            b"def test_a():\n    assert f('\0') == 'some text'\n",
            "NUL byte at line 2: Python refuses such a file",
        ),
        ("a.test.js", b"\x7fELF\0\0\0\0it('a', () => {})", "binary content"),
        ("test_a.py", b"x = '\xff\xfe'", "not valid utf-8 text"),
        ("test_a.py", b"# -*- coding: nonsense -*-\n", "unknown encoding 'nonsense'"),
        ("test_a.py", b"#" * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
        ("notes.txt", b"it('x')", f"no language of {', '.join(LANGUAGES)} has files named '.txt'"),
    ],
)
def test_extract_file_reports_what_it_cannot_use(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    extracted = extract_file(path)
    assert extracted.path == path
    assert extracted.patterns == ()
    assert extracted.skipped is not None
    assert (extracted.skipped.path, extracted.skipped.reason) == (str(path), reason)


def test_extract_file_reports_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tests" / "test_a.py"
    _make(tmp_path, {"tests/test_a.py": PYTHON_TEST, "tests/odd.py": PYTHON_TEST})
    real_open = Path.open

    def refuse(self: Path, *args: object, **kwargs: object) -> object:
        if self.suffix == ".py":  # chmod does not restrict root, so the refusal is simulated
            raise PermissionError(13, "Permission denied")
        return real_open(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    skipped = extract_file(path).skipped
    assert skipped is not None
    assert skipped.reason == "cannot be read: Permission denied"
    assert _found(tmp_path) == ["tests/odd.py", "tests/test_a.py"]


def test_find_test_files_returns_a_folder_that_cannot_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(tmp_path, {"open/test_a.py": PYTHON_TEST, "shut/test_b.py": PYTHON_TEST})
    real_scandir = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "shut":  # chmod does not restrict root, so the refusal is simulated
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert _found(tmp_path) == ["open/test_a.py", "shut"]
    skipped = extract_file(tmp_path / "shut").skipped
    assert skipped is not None
    assert skipped.reason == "a folder that cannot be listed"


def test_extract_file_decodes_as_python_would(tmp_path: Path) -> None:
    latin = "# coding: latin-1\ndef test_it():\n    '''Gr\u00fc\u00dfe.'''\n    assert 1\n"
    bom = "def test_it():\n    '''Gr\u00fc\u00dfe.'''\n    assert 1\n"
    for raw in (
        latin.encode("latin-1"),
        bom.encode("utf-8-sig"),
        bom.encode("utf-16"),
        ("# coding: utf8\n" + bom).encode(),
        bom.replace("\n", "\r\n").encode(),
    ):
        (tmp_path / "test_a.py").write_bytes(raw)
        (pattern,) = extract_file(tmp_path / "test_a.py").patterns
        assert pattern.description == "Gr\u00fc\u00dfe."
        assert "\r" not in pattern.template


@pytest.mark.parametrize(
    ("files", "source"),
    [
        ({"setup.cfg": "[metadata]\nname = named\n"}, "tests/test_a.py:1"),
        (
            {".git/config": '[remote "origin"]\n\turl = git@x.org:me/named.git\n'},
            "tests/test_a.py:1",
        ),
        ({"package.json": '{"name": "named"}'}, "tests/test_a.py:1"),
        ({"setup.py": ""}, "tests/test_a.py:1"),
        ({}, "tests/test_a.py:1"),
        ({"tests/package.json": "{}", "package.json": '{"name": "named"}'}, "tests/test_a.py:1"),
    ],
)
def test_extract_file_tells_paths_from_the_project_root(
    tmp_path: Path, files: dict[str, str], source: str
) -> None:
    root = tmp_path / "named"
    _make(root, {**files, "tests/__init__.py": "", "tests/test_a.py": PYTHON_TEST})
    (pattern,) = extract_file(root / "tests" / "test_a.py").patterns
    assert pattern.source == source
    assert str(tmp_path) not in repr(pattern)
    # A project that names itself has the same ids under another folder name.
    _make(tmp_path / "clone", {**files, "tests/test_a.py": PYTHON_TEST})
    (clone,) = extract_file(tmp_path / "clone" / "tests" / "test_a.py").patterns
    names_itself = any("name" in content for content in files.values())
    assert (clone.id == pattern.id) == names_itself


HOSTILE = {
    "parentheses.py": "x = " + "(" * 50_000,
    "balanced.py": "x = " + "[" * 20_000 + "]" * 20_000 + "\n\ndef test_it():\n    assert x\n",
    "attributes.py": "def test_it():\n    x" + ".a()" * 20_000 + "\n",
    "operators.py": "def test_it():\n    assert " + "1 + " * 20_000 + "1\n",
    "elifs.py": "if a:\n    pass\n" + "elif b:\n    def test_x():\n        assert 1\n" * 3_000,
    "braces.js": "it('x', () => " + "{" * 30_000,
    "arguments.js": "it('x', () => { a" + ".b('text', 33)" * 10_000 + "; });",
    "lists.py": "def test_x():\n    a = " + "[5, " * 5_000 + "x" + "]" * 5_000 + "\n",
    "flat.js": "describe('d', () => {" + "it('x', () => {});" * 3_000 + "});",
    "calls.js": "it('x', () => { " + "f(" * 10_000 + ")" * 10_000 + "; });",
    "chain.js": "it('x', () => { a" + ".b()" * 20_000 + "; });",
    "describes.js": "describe('d', () => {" * 1_000 + "it('x', () => {});" + "});" * 1_000,
    "strings.ts": "it(`${`${`" * 5_000,
    "noise.py": "\u2603 ) } ] def ; ' \" : \\ \n" * 3_000,
    "noise.js": "\u2603 ) } ] => ; ' \" ` : \\ \n" * 3_000,
}


def test_extract_file_writes_a_nul_in_javascript_as_its_escape(tmp_path: Path) -> None:
    (tmp_path / "a.test.js").write_bytes(
        b"it('sends bytes', async () => {\n  expect(await send('^E0\0^G', 200)).toBe(true);\n});\n"
    )
    (pattern,) = extract_file(tmp_path / "a.test.js").patterns
    assert "'^E0\\x00^G'" in pattern.examples[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_extract_file_survives_hostile_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(HOSTILE[name], "utf-8")
    started = time.process_time()
    extracted = extract_file(path)
    assert time.process_time() - started < 20
    assert extracted.skipped is not None or len(extracted.patterns) <= 3_000


@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.test.js", "a.test.ts", "a.test.tsx"]))
def test_extract_file_never_raises_on_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("bytes") / name
    path.write_bytes(content)
    extract_file(path)


_PIECES = (
    'def test_a():\n|    assert 1\n|class TestA:\n|    def test_b(self):\n|"""|@|it(\'x\', |() => {'
    "|});|describe('d', |test.each([1])|`${|}|("
)
FRAGMENTS = st.lists(
    st.sampled_from(_PIECES.split("|")),
    max_size=30,
).map("".join)


@given(FRAGMENTS, st.sampled_from(["a.py", "a.test.js", "a.test.ts"]))
def test_extract_file_never_raises_on_broken_code(
    tmp_path_factory: pytest.TempPathFactory, content: str, name: str
) -> None:
    path = tmp_path_factory.mktemp("code") / name
    path.write_text(content)
    first, second = extract_file(path), extract_file(path)
    assert [p.id for p in first.patterns] == [p.id for p in second.patterns]
