"""Tests in Java are found by the rules of JUnit, with the classes and hooks around them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aqe.retrieval.extraction import discover_test_files, extract_file
from aqe.schema import TestPattern

from .own_tags import own_tags

HEAD = "package shop;\n\nimport org.junit.jupiter.api.*;\n\n"


def _patterns(folder: Path, code: str, name: str = "CartTest.java") -> tuple[TestPattern, ...]:
    (folder / name).write_text(code)
    return extract_file(folder / name).patterns


def _names(folder: Path, members: str, head: str = HEAD) -> list[str]:
    patterns = _patterns(folder, f"{head}class CartTest {{\n{members}\n}}\n")
    return [pattern.name for pattern in patterns]


@pytest.mark.parametrize(
    ("imported", "annotation", "framework"),
    [
        ("import org.junit.jupiter.api.Test;", "@Test", "junit5"),
        ("import org.junit.jupiter.api.*;", "@RepeatedTest(3)", "junit5"),
        ("import org.junit.jupiter.params.ParameterizedTest;", "@ParameterizedTest", "junit5"),
        ("import org.junit.jupiter.api.TestTemplate;", "@TestTemplate", "junit5"),
        ("import org.junitpioneer.jupiter.cartesian.CartesianTest;", "@CartesianTest", "junit5"),
        ("", "@org.junit.jupiter.api.Test", "junit5"),
        ("import org.junit.Test;", "@Test", "junit4"),
        ("import org.junit.*;", "@Test(expected = IOException.class)", "junit4"),
        (
            "import org.junit.Test;\nimport org.junit.jupiter.api.Assertions;",
            "@Test",
            "junit4",
        ),
        ("import junit.framework.Assert;\nimport org.junit.Test;", "@Test", "junit4"),
        ("import org.junit.experimental.theories.Theory;", "@Theory", "junit4"),
    ],
)
def test_extract_file_finds_tests_by_their_annotation(
    tmp_path: Path, imported: str, annotation: str, framework: str
) -> None:
    code = f"{imported}\nclass CartTest {{ {annotation} public void testAdd() {{ add(); }} }}\n"
    (pattern,) = _patterns(tmp_path, code)
    assert (pattern.name, pattern.framework) == ("CartTest.testAdd", framework)
    assert (pattern.language, pattern.description) == ("java", "cart: add")


@pytest.mark.parametrize(
    "member",
    [
        "void helper() {}",
        "@Test private void a() {}",
        "@Test static void a() {}",
        "@Test int a() { return 1; }",
        "@TestFactory void a() {}",
        "@BeforeEach void setUp() {}",
        "class Inner { @Test void a() {} }",
        "@Nested private class Inner { void a() {} }",
        "private static class Inner { @Test void a() {} }",
        "// @Test void a() {}",
        "void b() { class Local { @Test void a() {} } }",
        "int n = 1;",
    ],
)
def test_extract_file_takes_nothing_else(tmp_path: Path, member: str) -> None:
    assert _names(tmp_path, member) == []


def test_extract_file_takes_no_annotation_of_the_same_name(tmp_path: Path) -> None:
    assert _names(tmp_path, "@Test void a() {}", "import com.acme.Test;\n") == []
    assert _names(tmp_path, "@Test void a() {}", "") == []


def test_extract_file_takes_nested_classes_with_their_chain(tmp_path: Path) -> None:
    code = HEAD + (
        "class CartTest {\n"
        '    private final Cart cart = new Cart("main", 7);\n'
        "    private int unused;\n"
        "    @BeforeEach\n    void open() { cart.open(); }\n"
        "    @Nested\n    class WhenFull {\n"
        "        @AfterEach void close() {}\n"
        '        @Test @DisplayName("refuses another item")\n'
        "        void refuses() { assertEquals(42, cart.size()); }\n"
        "    }\n"
        "    static class Other { @Test void a() {} }\n"
        "}\n"
        "interface Contract {\n    @Test default void holds() {}\n"
        "    class Inside { @Test void b() {} }\n}\n"
        "record Point(int x) { @Test void c() {} }\n"
        "enum Kind { A; @Test void d() {} }\n"
    )
    patterns = _patterns(tmp_path, code)
    assert [pattern.name for pattern in patterns] == [
        *("CartTest.WhenFull.refuses", "CartTest.Other.a", "Contract.holds", "Contract.Inside.b"),
        *("Point.c", "Kind.d"),
    ]
    nested = patterns[0]
    assert nested.description == "refuses another item"
    assert nested.template == (
        "class CartTest {\n\n"
        "    private final Cart cart = new Cart({{cart_arg}}, {{cart_arg_2}});\n\n"
        "    @BeforeEach\n    void open() { cart.open(); }\n\n"
        "    @Nested\n    class WhenFull {\n\n"
        "        @AfterEach void close() {}\n\n"
        '        @Test @DisplayName("refuses another item")\n'
        "        void refuses() { assertEquals({{expected_size}}, cart.size()); }\n"
        "    }\n}"
    )
    assert nested.examples[0].startswith('@Test @DisplayName("refuses another item")\nvoid refuses')


def test_extract_file_tags_tests_by_their_annotations(tmp_path: Path) -> None:
    code = HEAD + (
        "import static org.assertj.core.api.Assertions.assertThat;\n"
        "import java.util.List;\nimport com.shop.Cart;\n"
        '@Tag("slow")\nclass CartTest {\n'
        '    @Test @Tag("integration") void a() { assertThat(new Cart().list()); List.of(1); }\n'
        '    @Test @Disabled("later") void b() {}\n'
        '    @ParameterizedTest @MethodSource("cases") void c(int n) {}\n'
        "    static Stream<Integer> cases() { return Stream.of(1); }\n"
        "    @TestFactory Stream<DynamicTest> d() { return null; }\n}\n"
    ).replace(
        "import org.junit.jupiter.api.*;",
        ("import org.junit.jupiter.api.*;\nimport org.junit.jupiter.params.*;"),
    )
    found = {pattern.name: pattern for pattern in _patterns(tmp_path, code)}
    assert {name: own_tags(pattern) for name, pattern in found.items()} == {
        "CartTest.a": ("mark:integration", "mark:slow", "module:com.shop"),
        "CartTest.b": ("skipped", "mark:slow"),
        "CartTest.c": ("parametrized", "mark:slow"),
        "CartTest.d": ("parametrized", "mark:slow"),
    }
    assert found["CartTest.a"].category == "integration"
    assert "static Stream<Integer> cases()" in found["CartTest.c"].template


def test_extract_file_reads_categories_and_rules_of_junit_4(tmp_path: Path) -> None:
    code = (
        "import org.junit.*;\nimport org.junit.experimental.categories.Category;\n"
        "@Ignore public class CartTest {\n"
        "    @Rule public TemporaryFolder folder = new TemporaryFolder();\n"
        "    @Test @Category({Slow.class, Fast.class}) public void a() { run(); }\n}\n"
    )
    (pattern,) = _patterns(tmp_path, code)
    assert own_tags(pattern) == ("skipped", "mark:Slow", "mark:Fast")
    assert "@Rule public TemporaryFolder folder" in pattern.template


def test_extract_file_describes_a_test_by_its_comment(tmp_path: Path) -> None:
    members = (
        "    /**\n     * Adds an item twice.\n     *\n     * @see Cart\n     */\n"
        "    @Test void a() {}\n    /* plain */\n    @Test void b() {}\n"
    )
    patterns = _patterns(tmp_path, f"{HEAD}class CartTest {{\n{members}}}\n")
    assert [pattern.description for pattern in patterns] == ["Adds an item twice.", "cart: b"]


def test_extract_file_scores_assertions(tmp_path: Path) -> None:
    body = "@Test void sumsThePrices() {{ int total = cart.sum(25, 17); {}(total).{}(42); }}"
    qualities = []
    for assertion, matcher in (("assertThat", "isEqualTo"), ("assertThat", "exists"), ("log", "x")):
        code = f"{HEAD}class CartTest {{ {body.format(assertion, matcher)} }}\n"
        qualities.append(_patterns(tmp_path, code)[0].quality)
    assert qualities == sorted(qualities, reverse=True)
    assert len(set(qualities)) == 3


def test_extract_file_names_java_tests_that_it_cannot_read(tmp_path: Path) -> None:
    code = HEAD + "class CartTest {\n  @Test void a() {}\n  @Test void b() { int = ; }\n}\n"
    (tmp_path / "CartTest.java").write_text(code)
    extracted = extract_file(tmp_path / "CartTest.java")
    assert [pattern.name for pattern in extracted.patterns] == ["CartTest.a"]
    assert [(lost.line, lost.code) for lost in extracted.lost] == [
        (7, "@Test void b() { int = ; }")
    ]


def test_extract_file_leaves_long_setup_out(tmp_path: Path) -> None:
    lines = "    cart.clear();\n" * 70
    hooks = f"  @BeforeEach void a() {{\n{lines}  }}\n  @AfterEach void b() {{\n{lines}  }}\n"
    fields = "".join(f"  int field{n} = {n};\n" for n in range(140))
    used = "".join(f"    use(field{n});\n" for n in range(140))
    test = f"{fields}  @Test void c() {{\n{used}  }}\n}}\n"
    (pattern,) = _patterns(tmp_path, f"{HEAD}class CartTest {{\n{hooks}{test}")
    assert "@BeforeEach" in pattern.template
    assert "@AfterEach" not in pattern.template
    (pattern,) = _patterns(tmp_path, f"{HEAD}class CartTest {{\n{test}")
    assert pattern.template.count("int field") == 120
    assert "// left out: constant field139 (1 lines), CartTest.java:" in pattern.ready()


def test_ready_has_the_package_the_imports_used_and_helpers(tmp_path: Path) -> None:
    code = (
        "package shop;\n"
        "import java.util.List;\nimport java.util.Map;\n"
        "import static org.junit.jupiter.api.Assertions.*;\n"
        "import org.junit.jupiter.api.*;\n"
        "class CartTest {\n"
        "  @BeforeEach void open() { db.open(); }\n"
        "  private List<String> names() { return List.of(FIRST); }\n"
        '  static final String FIRST = "a";\n'
        "  int other() { return 0; }\n"
        "  @Test void counts() { assertEquals(1, names().size()); }\n"
        "  @Test void differs() { assertEquals(0, other()); }\n"
        "}\n"
        "class Unused { }\n"
    )
    counts, differs = _patterns(tmp_path, code)
    assert counts.ready() == (
        "package shop;\n\nimport java.util.List;\n"
        "import static org.junit.jupiter.api.Assertions.*;\nimport org.junit.jupiter.api.*;\n\n"
        "class CartTest {\n\n"
        "  @BeforeEach void open() { db.open(); }\n\n"
        "  private List<String> names() { return List.of(FIRST); }\n\n"
        '  static final String FIRST = "a";\n\n'
        "  @Test void counts() { assertEquals(1, names().size()); }\n}\n"
    )
    assert "names()" not in differs.ready()
    assert "int other()" in differs.ready()


def test_discover_test_files_finds_java_tests_in_any_folder(tmp_path: Path) -> None:
    test = HEAD + "class A { @Test void a() {} }\n"
    for name, code in {
        "src/test/java/shop/CartTest.java": test,
        "src/test/java/shop/Helper.java": "class Helper {}\n",
        "src/integration/java/shop/Checkout.java": test,
        "src/main/java/shop/Cart.java": "/** Like a test. */\nclass Cart {}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(code)
    found = [path.name for path in discover_test_files([tmp_path]).files]
    assert found == ["Checkout.java", "CartTest.java"]


def test_extract_file_refuses_deep_classes(tmp_path: Path) -> None:
    code = HEAD + "class A { static " * 200 + "class B {}" + " }" * 200
    (tmp_path / "ATest.java").write_text(code)
    skipped = extract_file(tmp_path / "ATest.java").skipped
    assert skipped is not None
    assert skipped.reason == "blocks are nested more than 100 deep"


def test_extract_file_takes_linear_time_for_java(tmp_path: Path) -> None:
    seconds = []
    for count in (500, 2000):
        members = "".join(
            f"  int field{n} = {n};\n  @Test void test{n}() {{ use(field{n}); }}\n"
            for n in range(count)
        )
        started = time.thread_time()
        assert len(_patterns(tmp_path, f"{HEAD}class A {{\n{members}}}\n")) == count
        seconds.append(time.thread_time() - started)
    assert seconds[1] < 10 * seconds[0]
