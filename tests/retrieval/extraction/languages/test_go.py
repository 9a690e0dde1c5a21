"""Tests in Go are found by the rules of `go test`, with the methods of testify's suites."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aqe.retrieval.extraction import discover_test_files, extract_file
from aqe.schema import TestPattern

from .own_tags import own_tags

HEAD = 'package cart\n\nimport (\n\t"fmt"\n\t"testing"\n\n\t"example.com/shop/cart"\n)\n\n'


def _patterns(folder: Path, code: str, name: str = "cart_test.go") -> tuple[TestPattern, ...]:
    (folder / name).write_text(code)
    return extract_file(folder / name).patterns


def _names(folder: Path, code: str) -> list[str]:
    return [pattern.name for pattern in _patterns(folder, code)]


def test_extract_file_takes_what_go_test_lists(tmp_path: Path) -> None:
    code = HEAD + (
        "func TestAdd(t *testing.T) { cart.Add(1) }\n"
        "func Test(t *testing.T) {}\n"
        "func Test_under(*testing.T) {}\n"
        "func TestÄ(t *testing.T) {}\n"
        "func BenchmarkAdd(b *testing.B) {}\n"
        "func FuzzAdd(f *testing.F) {}\n"
        "func ExampleAdd() {\n\tfmt.Println(1)\n\t// Output: 1\n}\n"
        "func Example_lines() {\n\tf() // said\n\t// Unordered output:\n\t// a\n\t// b\n}\n"
        "func ExampleEmpty() {\n\t// Output:\n}\n"
    )
    assert _names(tmp_path, code) == [
        *("TestAdd", "Test", "Test_under", "TestÄ", "BenchmarkAdd", "FuzzAdd", "ExampleAdd"),
        *("Example_lines", "ExampleEmpty"),
    ]


@pytest.mark.parametrize(
    "function",
    [
        "func Testify(t *testing.T) {}",
        "func TestMain(m *testing.M) {}",
        "func TestTwo(t *testing.T, n int) {}",
        "func TestShared(a, b *testing.T) {}",
        "func TestNone() {}",
        "func TestResult(t *testing.T) error { return nil }",
        "func TestGeneric[T any](t *testing.T) {}",
        "func TestOther(t *other.T) {}",
        "func TestBench(b *testing.B) {}",
        "func BenchmarkTest(t *testing.T) {}",
        "func helper(t *testing.T) {}",
        "func ExampleNoOutput() {\n\tfmt.Println(1)\n}",
        "func ExampleEarlier() {\n\t// Output: 1\n\tfmt.Println(1)\n\t// done\n}",
        "func ExampleTrailing() {\n\tfmt.Println(1) // Output: 1\n}",
        "func ExampleTaking(n int) {\n\t// Output: 1\n}",
        "func (p *plain) TestMethod() {}",
        "type plain struct{ n int }",
        "var TestValue = 1",
    ],
)
def test_extract_file_takes_nothing_else(tmp_path: Path, function: str) -> None:
    assert _names(tmp_path, HEAD + function + "\n") == []


def test_extract_file_knows_testing_by_the_name_it_has(tmp_path: Path) -> None:
    renamed = 'package a\nimport check "testing"\nfunc TestA(t *check.T) {}\n'
    assert _names(tmp_path, renamed) == ["TestA"]
    dotted = 'package a\nimport . "testing"\nfunc TestA(t *T) {}\nfunc TestB(t *testing.T) {}\n'
    assert _names(tmp_path, dotted) == ["TestA"]


def test_extract_file_makes_one_pattern_of_a_table(tmp_path: Path) -> None:
    code = HEAD + (
        "// TestTotal adds the prices of all items.\n"
        "//\n// Taxes come later.\n"
        "func TestTotal(t *testing.T) {\n"
        "\ttests := []struct {\n\t\tname string\n\t\tprices []int\n\t\twant int\n\t}{\n"
        '\t\t{"empty", nil, 0},\n\t\t{name: "two items", prices: []int{25, 17}, want: 42},\n\t}\n'
        "\tfor _, tt := range tests {\n\t\tt.Run(tt.name, func(t *testing.T) {\n"
        "\t\t\tif got := cart.Total(tt.prices); got != tt.want {\n"
        '\t\t\t\tt.Errorf("Total() = %d, want %d", got, tt.want)\n'
        "\t\t\t}\n\t\t})\n\t}\n}\n"
    )
    (pattern,) = _patterns(tmp_path, code)
    assert (pattern.name, pattern.framework, pattern.language) == ("TestTotal", "go-testing", "go")
    assert (pattern.description, pattern.confidence) == ("adds the prices of all items.", 0.95)
    assert pattern.source == "cart_test.go:13"
    assert own_tags(pattern) == ("parametrized", "module:example.com/shop/cart")
    assert pattern.examples[0].startswith("func TestTotal(t *testing.T) {\n\ttests := ")
    assert '"two items"' in pattern.examples[0]
    assert '"two items"' not in pattern.template
    assert "for _, tt := range tests {" in pattern.template
    assert pattern.quality > 0.6


def test_extract_file_sorts_benchmarks_fuzz_tests_and_skipped_ones(tmp_path: Path) -> None:
    code = HEAD + (
        "func BenchmarkAdd(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\tadd(i)\n\t}\n}\n"
        "func FuzzParse(f *testing.F) { f.Fuzz(func(t *testing.T, s string) { parse(s) }) }\n"
        'func TestLater(t *testing.T) {\n\tt.Skip("not yet")\n\trun()\n}\n'
        "func TestShort(t *testing.T) {\n\tif testing.Short() {\n\t\tt.Skip()\n\t}\n\trun()\n}\n"
        "func ExampleAdd() {\n\t// Output: 1\n}\n"
    )
    found = {
        pattern.name: (pattern.category, own_tags(pattern)) for pattern in _patterns(tmp_path, code)
    }
    assert found == {
        "BenchmarkAdd": ("performance", ("mark:benchmark",)),
        "FuzzParse": ("unit", ("fuzz",)),
        "TestLater": ("unit", ("skipped",)),
        "TestShort": ("unit", ()),
        "ExampleAdd": ("unit", ("example",)),
    }


def test_extract_file_takes_the_methods_of_suites(tmp_path: Path) -> None:
    (tmp_path / "suite_test.go").write_text(
        'package cart\nimport "github.com/stretchr/testify/suite"\n'
        "type BaseSuite struct {\n\tsuite.Suite\n\tdb *DB\n}\n"
        "type CartSuite struct {\n\t*BaseSuite // shared\n}\n"
    )
    code = (
        'package cart\nimport "testing"\n'
        "func (s *CartSuite) SetupTest() {\n\ts.db.Clear()\n}\n"
        "func (s *CartSuite) TestAdd() {\n\ts.Equal(42, s.db.Sum())\n}\n"
        "func (s *CartSuite) TestWith(n int) {}\n"
        "func (CartSuite) TestUnnamed() {}\n"
        "func (o *Other) TestNothing() {}\n"
        "func TestCart(t *testing.T) { suite.Run(t, new(CartSuite)) }\n"
    )
    added, unnamed, run = _patterns(tmp_path, code)
    assert (added.name, unnamed.name, run.name) == (
        "CartSuite.TestAdd",
        "CartSuite.TestUnnamed",
        "TestCart",
    )
    assert "func (s *CartSuite) SetupTest() {\n\ts.db.Clear()\n}\n\n" in added.ready()
    assert "TestUnnamed" not in added.ready()
    assert added.framework == "go-testing"


def test_extract_file_leaves_long_hooks_out(tmp_path: Path) -> None:
    lines = "\ts.clear()\n" * 250
    code = (
        'package a\nimport "github.com/stretchr/testify/suite"\n'
        "type S struct {\n\tsuite.Suite\n}\n"
        f"func (s *S) SetupTest() {{\n{lines}}}\nfunc (s *S) TestA() {{}}\n"
    )
    (pattern,) = _patterns(tmp_path, code)
    assert "func (s *S) SetupTest" not in pattern.ready()
    assert "// left out: helper S (252 lines), cart_test.go:" in pattern.ready()


def test_ready_has_the_package_the_imports_used_and_helpers(tmp_path: Path) -> None:
    code = (
        "package shop\n\n"
        'import (\n\t"net/url"\n\t"os"\n\t"testing"\n\n\t_ "embed"\n'
        '\treq "github.com/x/require"\n\tyaml "gopkg.in/yaml.v3"\n)\n\n'
        "const (\n\tfirst = 1\n\tsecond = 2\n)\n\n"
        "type row struct{ n int }\n\n"
        "func (r row) double() int { return r.n * second }\n\n"
        "func unused() { os.Exit(1) }\n\n"
        "// read reads.\nfunc read(t *testing.T) row { return row{first} }\n\n"
        "func TestRead(t *testing.T) {\n\turl := read(t).double()\n\treq.Equal(t, 2, url)\n}\n\n"
        'func TestURL(t *testing.T) {\n\turl.Parse("/")\n\tyaml.Marshal(nil)\n}\n'
    )
    read, parsed = _patterns(tmp_path, code)
    assert read.ready() == (
        'package shop\n\nimport (\n\t"testing"\n\t_ "embed"\n\n\treq "github.com/x/require"\n)\n\n'
        "// from cart_test.go:13\nconst (\n\tfirst = 1\n\tsecond = 2\n)\n\n"
        "// from cart_test.go:18\ntype row struct{ n int }\n\n"
        "// from cart_test.go:20\nfunc (r row) double() int { return r.n * second }\n\n"
        "// from cart_test.go:25\nfunc read(t *testing.T) row { return row{first} }\n\n"
        "func TestRead(t *testing.T) {\n\turl := read(t).double()\n\treq.Equal(t, 2, url)\n}\n"
    )
    assert '\t"net/url"\n\t"testing"\n\t_ "embed"\n\n\tyaml "gopkg.in/yaml.v3"\n)' in parsed.ready()
    assert "req" not in parsed.ready()


def test_extract_file_keeps_structure_and_replaces_data(tmp_path: Path) -> None:
    code = HEAD + (
        "func TestGet(t *testing.T) {\n"
        '\twant := "apple"\n\tprices := map[string]int{"pear": 25}\n'
        '\tif got := cart.Get("/items/7"); got != want || prices["pear"] == 99 {\n'
        '\t\tt.Fatal("wrong")\n\t}\n}\n'
    )
    (pattern,) = _patterns(tmp_path, code)
    assert "want := {{want}}" in pattern.template
    assert 'map[string]int{"pear": {{number}}}' in pattern.template
    assert 'prices["pear"] == {{prices_pear}}' in pattern.template
    assert "cart.Get({{path}})" in pattern.template
    assert "{{prices_pear}}" in pattern.template


def test_extract_file_names_tests_that_it_cannot_read(tmp_path: Path) -> None:
    code = HEAD + "func TestA(t *testing.T) {}\n\nfunc TestB(t *testing.T) { if } }\n"
    (tmp_path / "a_test.go").write_text(code)
    extracted = extract_file(tmp_path / "a_test.go")
    assert [pattern.name for pattern in extracted.patterns] == ["TestA"]
    assert [(lost.line, lost.code) for lost in extracted.lost] == [
        (12, "func TestB(t *testing.T) { if } }")
    ]


def test_discover_test_files_takes_the_files_of_go_test(tmp_path: Path) -> None:
    for name in ("cart_test.go", "cart.go", "test/helper.go", "test/more_test.go"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(HEAD + "func TestA(t *testing.T) {}\n")
    assert discover_test_files([tmp_path]).files == (
        tmp_path / "cart_test.go",
        tmp_path / "test" / "more_test.go",
    )


@pytest.mark.parametrize(
    ("framework", "module", "code"),
    [
        ("Ginkgo", "github.com/onsi/ginkgo/v2", 'var _ = Describe("a", func() {\n\tIt("b", f)\n})'),
        ("gocheck", "gopkg.in/check.v1", "func (s *S) TestA(c *C) {}"),
    ],
)
def test_extract_file_counts_the_tests_of_other_runners(
    tmp_path: Path, framework: str, module: str, code: str
) -> None:
    path = tmp_path / "a_test.go"
    path.write_text(f'package a\nimport . "{module}"\n{code}\n')
    unsupported = extract_file(path).unsupported
    assert unsupported is not None
    assert (unsupported.framework, unsupported.tests) == (framework, 1)


def test_extract_file_takes_linear_time_for_go(tmp_path: Path) -> None:
    seconds = []
    for count in (500, 2000):
        code = HEAD + "".join(
            f"// TestA{n} adds.\nfunc TestA{n}(t *testing.T) {{ f({n}) }}\n" for n in range(count)
        )
        started = time.thread_time()
        assert len(_patterns(tmp_path, code)) == count
        seconds.append(time.thread_time() - started)
    assert seconds[1] < 10 * seconds[0]
