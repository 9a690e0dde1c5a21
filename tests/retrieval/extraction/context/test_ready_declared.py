"""Ready forms of Go and Java hold what a test needs to build, and nothing that stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.retrieval.extraction import extract_file

_GO = 'package shop\n\nimport (\n\t"net/url"\n\t"testing"\n)\n\nvar i = 1\n\n'


def _ready(path: Path, code: str) -> str:
    path.write_text(code)
    return extract_file(path).patterns[0].ready()


def _go(folder: Path, *lines: str, helpers: str = "") -> str:
    body = "".join(f"\t{line}\n" for line in lines)
    code = f"{_GO}{helpers}func TestA(t *testing.T) {{\n{body}}}\n"
    return _ready(folder / "a_test.go", code)


@pytest.mark.parametrize(
    "lines",
    [
        ("// url.Parse is not called", "t.Log(1)"),
        ('t.Log("url.Parse")',),
        ("url := read()", "t.Log(url.Path)"),
        ("var url, other = read()", "t.Log(url.Path)", "t.Log(other)"),
        ("for _, url := range all {", "\tt.Log(url.Path)", "}"),
        ("if url, ok := read(); ok {", "\tt.Log(url.Path)", "}"),
        ("run(func(url *URL) { t.Log(url.Path) })",),
    ],
)
def test_ready_of_go_leaves_out_imports_that_are_not_used(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    ready = _go(tmp_path, *lines)
    assert ready.startswith('package shop\n\nimport "testing"\n\nfunc TestA(')


@pytest.mark.parametrize(
    "lines",
    [
        ('url := url.Parse("/")', "t.Log(url)"),
        ("for _, url := range all {", "\tt.Log(url.Path)", "}", 't.Log(url.Parse("/"))'),
        ("run(func(url string) { t.Log(url) })", 't.Log(url.Parse("/"))'),
        ("var link url.URL", "t.Log(link)"),
        ('t.Log(read().url, url.\n\t\tParse("/"))',),
    ],
)
def test_ready_of_go_keeps_imports_that_a_variable_hides_elsewhere(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    ready = _go(tmp_path, *lines)
    assert ready.startswith('package shop\n\nimport (\n\t"net/url"\n\t"testing"\n)\n\nfunc TestA(')


@pytest.mark.parametrize(
    ("line", "is_used"),
    [
        ("t.Log(i)", True),
        ("i = 2", True),
        ("for i := 0; i < 3; i++ { t.Log(i) }", False),
        ("t.Log(complex(0, 100i))", False),
    ],
)
def test_ready_of_go_takes_variables_of_the_file_only(
    tmp_path: Path, line: str, is_used: bool
) -> None:
    assert ("\nvar i = 1\n" in _go(tmp_path, line)) == is_used


def test_ready_of_go_takes_long_helpers(tmp_path: Path) -> None:
    lines = "\tlog()\n" * 90
    helpers = "".join(f"func {name}() {{\n{lines}}}\n\n" for name in ("first", "second"))
    ready = _go(tmp_path, "first()", "second()", helpers=helpers)
    assert "left out" not in ready
    assert "func first() {" in ready
    assert "func second() {" in ready


@pytest.mark.parametrize("line", ["//go:build unix", "// +build unix"])
def test_ready_of_go_keeps_build_constraints(tmp_path: Path, line: str) -> None:
    ready = _ready(
        tmp_path / "a_test.go",
        f"// Copyright\n\n{line}\n\npackage shop\n\n"
        'import "testing"\n\nfunc TestA(t *testing.T) {}\n',
    )
    assert ready == (
        f'{line}\n\npackage shop\n\nimport "testing"\n\nfunc TestA(t *testing.T) {{}}\n'
    )


def test_ready_of_java_takes_what_annotations_name(tmp_path: Path) -> None:
    code = (
        "import java.util.List;\nimport java.util.Map;\nimport org.junit.jupiter.api.*;\n\n"
        "class CartTest {\n"
        "  static int sizes() { return 1; }\n"
        "  static int names() { return 2; }\n"
        "  int size = 3;\n"
        '  /** Map of names. */\n  @Test @MethodSource({"CartTest#sizes"})\n'
        '  void a() { for (int size : List.of("names")) { check(size); } }\n'
        "}\n"
    )
    ready = _ready(tmp_path / "CartTest.java", code)
    assert "import java.util.List;" in ready
    assert "int sizes()" in ready
    assert "Map;" not in ready
    assert "int names()" not in ready
    assert "int size = 3" not in ready
