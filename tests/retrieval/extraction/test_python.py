"""Tests in Python become patterns."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import extract_file
from aqe.schema.records.patterns import TestPattern

from .sample_file import extract_sample


def _extract(folder: Path, code: str, name: str = "tests/test_sample.py") -> list[TestPattern]:
    return list(extract_sample(folder, dedent(code), name))


def _one(folder: Path, code: str) -> TestPattern:
    (pattern,) = _extract(folder, code)
    return pattern


def test_extract_file_reads_a_plain_function(tmp_path: Path) -> None:
    pattern = _one(
        tmp_path,
        '''
        import pytest
        from shop.cart import Cart

        def test_total_includes_tax():
            """The total includes tax.

            More words.
            """
            cart = Cart(currency="EUR")
            cart.add("apple", price=250)
            with pytest.raises(ValueError, match="unknown"):
                cart.add("pear")
            assert cart.total == 298
        ''',
    )
    assert pattern.name == "test_total_includes_tax"
    assert pattern.description == "The total includes tax."
    assert (pattern.framework, pattern.language) == ("pytest", "python")
    assert pattern.category == "unit"
    assert pattern.source == "tests/test_sample.py:5"
    assert pattern.confidence == pytest.approx(0.95)
    assert set(pattern.tags) == {"raises", "module:shop.cart", "topic:sample"}
    assert 0.5 < pattern.quality < 1
    assert pattern.template == dedent(
        """\
        def test_total_includes_tax():
            \"\"\"The total includes tax.

            More words.
            \"\"\"
            cart = Cart(currency={{currency}})
            cart.add({{add_arg}}, price={{price}})
            with pytest.raises(ValueError, match={{match}}):
                cart.add({{add_arg_2}})
            assert cart.total == {{expected_cart_total}}"""
    )
    (example,) = pattern.examples
    assert example.startswith('def test_total_includes_tax():\n    """The total includes tax.')
    assert example.endswith("assert cart.total == 298")


def test_extract_file_takes_setup_fixtures_and_classes_along(tmp_path: Path) -> None:
    pattern = _one(
        tmp_path,
        """
        import pytest

        @pytest.fixture
        def server():
            return start(port=8080)

        @pytest.fixture
        def client(server):
            return server.client()

        @pytest.fixture
        def unused():
            return None

        class TestLogin:
            name = "x"

            def setup_method(self):
                self.users = {}

            def helper(self):
                return 1

            def test_login_fails(self, client):
                assert client.login("bob") is None
        """,
    )
    assert pattern.name == "TestLogin.test_login_fails"
    assert pattern.description == "login: login fails"
    assert pattern.category == "security"
    assert "fixture:client" in pattern.tags
    assert pattern.template == dedent(
        """\
        class TestLogin:

            def setup_method(self):
                self.users = {}

            def test_login_fails(self, client):
                assert client.login({{login_arg}}) is None"""
    )
    assert [(part.kind, part.name) for part in pattern.context] == [
        ("import", "pytest"),
        ("fixture", "server"),
        ("fixture", "client"),
    ]


def test_extract_file_leaves_out_context_that_would_bury_the_test(tmp_path: Path) -> None:
    long_fixture = "@pytest.fixture\ndef data():\n" + "    x = 1\n" * 60
    pattern = _one(tmp_path, long_fixture + "\ndef test_it(data):\n    assert data\n")
    assert pattern.template == "def test_it(data):\n    assert data"


def test_extract_file_counts_a_parametrised_test_once(tmp_path: Path) -> None:
    pattern = _one(
        tmp_path,
        """
        import pytest

        @pytest.mark.slow
        @pytest.mark.parametrize("a, b", [(1, np.float32), (5, "x")])
        @pytest.mark.asyncio
        async def test_add(a, b, tmp_path):
            assert add(a, b)
        """,
    )
    assert {"async", "parametrized", "mark:slow", "fixture:tmp_path"} <= set(pattern.tags)
    assert not {"fixture:a", "fixture:b", "mark:parametrize"} & set(pattern.tags)
    assert '@pytest.mark.parametrize("a, b", {{cases}})' in pattern.template
    assert pattern.category == "integration"


def test_extract_file_tells_unittest_from_pytest(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        import unittest
        from django.test import TestCase as DjangoTestCase

        class Base(unittest.TestCase):
            def test_base(self):
                with self.subTest(i=1):
                    self.assertEqual(f(), 7)

        class Arithmetic(Base):
            def setUp(self):
                self.a = 1

            @unittest.skip("not now")
            def test_sum(self):
                self.assertEqual(self.a + 1, 2)

            @unittest.expectedFailure
            def testCamel(self):
                self.fail("x")

        class Views(DjangoTestCase):
            async def test_view(self):
                self.assertTrue(1)

        def test_plain():
            assert True
        """,
    )
    frameworks = {pattern.name: pattern.framework for pattern in patterns}
    assert frameworks == {
        "Base.test_base": "unittest",
        "Arithmetic.test_sum": "unittest",
        "Arithmetic.testCamel": "unittest",
        "Views.test_view": "unittest",
        "test_plain": "pytest",
    }
    tags = {pattern.name: set(pattern.tags) for pattern in patterns}
    assert "parametrized" in tags["Base.test_base"]
    assert "skipped" in tags["Arithmetic.test_sum"]
    assert "expected-failure" in tags["Arithmetic.testCamel"]
    assert "async" in tags["Views.test_view"]
    template = next(p.template for p in patterns if p.name == "Arithmetic.test_sum")
    assert "def setUp(self):" in template


def test_extract_file_reports_inherited_tests_without_import_as_unittest(tmp_path: Path) -> None:
    pattern = _one(
        tmp_path,
        """
        from company.testing import DatabaseTestCase

        class Queries(DatabaseTestCase):
            def test_select(self):
                self.assertEqual(1, 1)
        """,
    )
    assert pattern.framework == "unittest"
    assert pattern.confidence == pytest.approx(0.9)


def test_extract_file_follows_pytest_in_what_is_collected(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        import pytest

        if True:
            def test_in_if():
                assert 1
        else:
            def test_in_else():
                assert 1
        try:
            class TestInTry:
                class TestInner:
                    def test_inner(self):
                        assert 1
        except ImportError:
            pass

        class _Cases:
            def test_inherited(self):
                assert self.x

        class TestA(_Cases):
            x = 1

        class TestB(_Cases):
            x = 2

        class GraphTestBase:
            def test_elsewhere(self):
                assert 1

        class TestWithConstructor:
            def __init__(self):
                self.x = 1

            def test_not_collected(self):
                assert 1

        class TestOff:
            __test__ = False

            def test_not_collected(self):
                assert 1

        class Helper:
            def test_not_collected(self):
                assert 1

        class TestMore:
            @property
            def test_not_collected(self):
                return 1

            @staticmethod
            def test_static():
                assert 1

            def not_a_test(self):
                def test_nested():
                    assert 1

        @pytest.fixture
        def test_not_collected():
            return 1

        def helper_test():
            assert 1
        """,
    )
    assert [pattern.name for pattern in patterns] == [
        "test_in_if",
        "test_in_else",
        "TestInTry.TestInner.test_inner",
        "_Cases.test_inherited",
        "GraphTestBase.test_elsewhere",
        "TestMore.test_static",
    ]


def test_extract_file_gives_equal_names_their_own_ids(tmp_path: Path) -> None:
    first, second = _extract(
        tmp_path,
        """
        def test_same():
            assert 1

        def test_same():
            assert 2
        """,
    )
    assert first.id != second.id


def test_extract_file_gives_a_moved_test_the_same_id_and_content(tmp_path: Path) -> None:
    code = "def test_it():\n    assert f(300) == 7\n"
    before = _one(tmp_path, code)
    after = _one(tmp_path, "# moved\n" * 10 + code)
    changed = _one(tmp_path, code.replace("7", "8").replace("f(", "g("))
    assert before.id == after.id == changed.id
    assert (before.template, before.examples) == (after.template, after.examples)
    assert before.source == "tests/test_sample.py:1"
    assert after.source == "tests/test_sample.py:11"
    assert changed.examples != before.examples


def test_extract_file_gives_the_same_ids_in_another_environment(tmp_path: Path) -> None:
    code = "def test_it():\n    assert f() == 7\n"
    ids = set()
    for environment in ("a", "b"):
        path = tmp_path / environment / "lib" / "site-packages" / "pkg" / "tests" / "test_x.py"
        path.parent.mkdir(parents=True)
        (path.parent.parent / "setup.cfg").write_text("[metadata]\nname = inner\n")
        path.write_text(code)
        (pattern,) = extract_file(path).patterns
        assert pattern.source == "pkg/tests/test_x.py:1"
        ids.add(pattern.id)
    assert len(ids) == 1


def test_extract_file_keeps_equal_tests_of_two_projects_apart(tmp_path: Path) -> None:
    ids = set()
    for project in ("a", "b"):
        path = tmp_path / project / "tests" / "test_x.py"
        path.parent.mkdir(parents=True)
        (path.parent.parent / "pyproject.toml").write_text(f'[project]\nname = "{project}"\n')
        path.write_text("def test_it():\n    assert f() == 7\n")
        ids.add(extract_file(path).patterns[0].id)
    assert len(ids) == 2


def test_extract_file_redacts_before_anything_else_and_keeps_line_numbers(tmp_path: Path) -> None:
    token = "gh" + "p_" + "aB3" * 12
    lines = "\n".join(["A1b2C3d4" * 8] * 4)
    begin, end = "-----BEGIN PRIVATE" + " KEY-----", "-----END PRIVATE" + " KEY-----"
    code = (
        f'KEY = """{begin}\n{lines}\n{end}"""\n\n'
        f'def test_login_{token}():\n    """Uses {token}."""\n    login("{token}")\n    assert 1\n'
    )
    pattern = _one(
        tmp_path,
        f"def test_first():\n    assert 1\n\n\n{code}".replace(
            f"test_login_{token}", "test_login"
        ).split("\n\n\n", 1)[1],
    )
    for text in (pattern.template, *pattern.examples, pattern.description, *pattern.tags):
        assert token not in text
    assert "<redacted:github-token>" in pattern.examples[0]
    assert pattern.description == "Uses <redacted:github-token>."
    assert pattern.source == "tests/test_sample.py:8"


def test_extract_file_indents_context_for_tests_written_deeper(tmp_path: Path) -> None:
    pattern = _one(
        tmp_path,
        """
        if FLAG:
            class TestDeep:
                def setup_method(self):
                    self.text = '''
        left
        '''

                if OTHER:
                    def test_it(self):
                        if self.text:
                            assert self.text
        """,
    )
    assert pattern.template == (
        "class TestDeep:\n\n"
        "        def setup_method(self):\n            self.text = {{text}}\n\n"
        "        def test_it(self):\n            if self.text:\n                assert self.text"
    )
    assert "self.text = '''\nleft\n'''\n" in pattern.render()
    assert pattern.examples[0] == (
        "def test_it(self):\n    if self.text:\n        assert self.text"
    )


def test_extract_file_keeps_a_docstring_that_is_all(tmp_path: Path) -> None:
    pattern = _one(tmp_path, 'def test_planned():\n    """To be written."""\n')
    assert pattern.template == pattern.render() == 'def test_planned():\n    """To be written."""'
    assert pattern.description == "To be written."


def test_extract_file_does_not_take_bytes_or_fstrings_for_docstrings(tmp_path: Path) -> None:
    patterns = _extract(
        tmp_path,
        """
        def test_bytes():
            b"no docstring"
            assert 1

        def test_fstring():
            f"no docstring"
            assert 1

        def test_raw():
            r'''A raw \\d docstring'''
            assert 1

        def test_comment_first():
            # a comment
            "Docstring all the same"
            assert 1
        """,
    )
    assert [pattern.description for pattern in patterns] == [
        "bytes",
        "fstring",
        "A raw \\d docstring",
        "Docstring all the same",
    ]


def test_extract_file_gives_nothing_for_a_file_without_tests(tmp_path: Path) -> None:
    assert _extract(tmp_path, "def helper():\n    return 1\n") == []
    assert _extract(tmp_path, "") == []


def test_extract_file_fits_a_huge_test_into_the_limits_of_a_pattern(tmp_path: Path) -> None:
    body = "    assert compute(12345) == 'value of some length'\n" * 4000
    (pattern,) = _extract(tmp_path, f"def test_huge():\n{body}")
    assert pattern.examples == ()
    assert pattern.template.startswith("def test_huge():\n    assert compute({{compute_arg}})")
    (larger,) = _extract(tmp_path, f"def test_huge():\n{body * 3}")
    assert len(larger.template.encode()) < 256 * 1024


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("def test_x(page):\n    page.goto('https://x.org')\n", "e2e"),
        (
            "from selenium import webdriver\n\ndef test_x():\n    driver.get('https://x.org')\n",
            "e2e",
        ),
        ("def test_x(benchmark):\n    benchmark(f)\n", "performance"),
        ("def test_throughput():\n    assert f()\n", "performance"),
        ("import time\n\ndef test_x():\n    t = time.perf_counter()\n", "performance"),
        ("def test_csrf_token_required():\n    assert f()\n", "security"),
        ("@pytest.mark.security\ndef test_x():\n    assert f()\n", "security"),
        ("def test_x(tmp_path):\n    assert f()\n", "integration"),
        ("def test_x():\n    subprocess.run(['ls'])\n", "integration"),
        ("@pytest.mark.django_db\ndef test_x():\n    assert f()\n", "integration"),
        ("def test_x():\n    page.turn()\n", "unit"),
    ],
)
def test_extract_file_tells_the_category_from_the_code(
    tmp_path: Path, code: str, category: str
) -> None:
    (pattern,) = _extract(tmp_path, code)
    assert pattern.category == category


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        ("with pytest.raises(ValueError):\n        f()", "raises"),
        ("self.assertRaises(ValueError, f)", "raises"),
        ("with pytest.warns(UserWarning):\n        f()", "warns"),
        ("m = mock.MagicMock()", "mock"),
        ("assert f() == pytest.approx(3)", "approximate"),
        ("np.testing.assert_allclose(f(), 3)", "approximate"),
        ("(f or g)(1)[2](3).x(4)", "fixture:monkeypatch"),
        ("f()", "mock"),
    ],
)
def test_extract_file_tags_what_a_test_does(tmp_path: Path, body: str, tag: str) -> None:
    assert tag in _one(tmp_path, f"def test_x(monkeypatch):\n    {body}\n").tags


def test_extract_file_does_not_call_patched_arguments_fixtures(tmp_path: Path) -> None:
    pattern = _one(
        tmp_path,
        """
        from unittest.mock import patch

        @patch("shop.cart.fetch")
        def test_x(fetch):
            assert fetch
        """,
    )
    assert not [tag for tag in pattern.tags if tag.startswith("fixture:")]
    assert "@patch({{patch_target}})" in pattern.template


def test_extract_file_takes_no_more_tags_than_a_pattern_may_have(tmp_path: Path) -> None:
    fixtures = ", ".join(f"fixture_{index}" for index in range(50))
    long_name = "x" * 80
    pattern = _one(tmp_path, f"def test_x({fixtures}, {long_name}: int, *args):\n    assert 1\n")
    assert len(pattern.tags) == 32


def test_extract_file_reads_imports_wherever_they_stand(tmp_path: Path) -> None:
    pattern = _one(
        tmp_path,
        """
        from __future__ import annotations
        import os
        import numpy as np
        import a.b
        try:
            from fast import thing as quick
        except ImportError:
            from slow import thing as quick
        from .local import near

        def test_x():
            assert quick(np.ones(3), a.b.c, near, os)
        """,
    )
    assert [tag for tag in pattern.tags if tag.startswith("module:")] == [
        "module:numpy",
        "module:a.b",
        "module:fast",
        "module:slow",
        "module:local",
    ]


def test_extract_file_shortens_a_long_docstring_to_its_first_sentence(tmp_path: Path) -> None:
    words = "many words " * 60
    sentence, endless = _extract(
        tmp_path,
        f"""
        def test_sentence():
            '''One sentence. {words.capitalize()}'''
            assert 1

        def test_endless():
            '''{words}'''
            assert 1
        """,
    )
    assert sentence.description == "One sentence."
    assert len(endless.description) <= 500
    assert endless.description.endswith("\u2026")


def test_extract_file_takes_a_base_that_opts_out_for_its_heirs(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_other.py").write_text(
        "from .test_sample import AbstractCase\n\nclass TestA(AbstractCase):\n    __test__ = True\n"
    )
    patterns = _extract(
        tmp_path,
        """
        from unittest import TestCase

        class Contract(TestCase):
            __test__ = False

            def test_explicit(self):
                assert 1

        class ContractOfLists(Contract):
            __test__: bool = True

        class Switched:
            __test__ = False

            def __init_subclass__(cls):
                cls.__test__ = True

            def test_switched(self):
                assert 1

        class TestSwitched(Switched):
            x = 1

        class AbstractCase(TestCase):
            __test__ = False

            def test_elsewhere(self):
                assert 1

        class SwitchedOff(TestCase):
            __test__ = False

            def test_not_collected(self):
                assert 1

        class TestOff:
            __test__ = False

            def test_not_collected(self):
                assert 1

        class TestStillOff(TestOff):
            __test__ = False
        """,
    )
    assert [pattern.name for pattern in patterns] == [
        "Contract.test_explicit",
        "Switched.test_switched",
        "AbstractCase.test_elsewhere",
    ]


@pytest.mark.parametrize(
    ("module", "base"),
    [
        ("django_webtest", "WebTest"),
        ("opentelemetry.test.test_base", "TestBase"),
        ("wagtail.test.utils", "WagtailPageTests"),
    ],
)
def test_extract_file_knows_test_cases_of_packages(tmp_path: Path, module: str, base: str) -> None:
    pattern = _one(
        tmp_path,
        f"""
        from {module} import {base}

        class TestAlert({base}):
            def test_page(self):
                assert self.app.get("/alerts/") == 10
        """,
    )
    assert pattern.framework == "unittest"
