"""A literal is a placeholder in all of its places, or in none."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from aqe.schema import TestPattern

from ..sample_file import extract_sample


def _extract(folder: Path, code: str, name: str = "tests/test_sample.py") -> TestPattern:
    return extract_sample(folder, dedent(code), name)[0]


def _values(pattern: TestPattern) -> dict[str, tuple[str, int]]:
    return {each.name: (each.value, len(each.places)) for each in pattern.placeholders}


# Where the text "admin" is also, so that filling it in would break the test.
ELSEWHERE = {
    "url": 'get("/users/admin")',
    "f-string": 'log(f"{x} admin")',
    "other quotes": "log('admin')",
    "bytes": 'log(b"admin")',
    "attribute": "user.admin",
    "keyword": "log(admin=True)",
    "implicit concatenation": 'log("the " "admin")',
    "type": 'role: Literal["admin"] = x',
}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_string_that_is_also_elsewhere_stays(tmp_path: Path, place: str) -> None:
    pattern = _extract(
        tmp_path, f'def test_a():\n    login(name="admin")\n    {ELSEWHERE[place]}\n'
    )
    assert 'login(name="admin")' in pattern.template
    assert "name" not in _values(pattern)


def test_string_named_by_parametrize_stays(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path,
        """
        import pytest

        @pytest.mark.parametrize("admin, size", [(True, 5), (False, 6)])
        def test_a(admin, size):
            assert login(name="admin") == size
        """,
    )
    assert _values(pattern) == {"cases": ("[(True, 5), (False, 6)]", 1)}


def test_string_in_the_decorator_of_a_class_stays(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path,
        """
        import pytest

        @pytest.mark.parametrize("role", ["admin", "guest"])
        class TestRoles:
            def test_a(self, role):
                assert login(role) == (role == "admin")
        """,
    )
    assert _values(pattern) == {}


def test_string_in_the_table_of_a_block_stays(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path,
        """
        import { it, describe, expect } from 'vitest';
        describe.each([['hover', 5]])('%s', (method) => {
          it('moves', () => { expect(run(method === 'hover')).toBe(7); });
        });
        """,
        "a.test.js",
    )
    assert _values(pattern) == {"expected_run": ("7", 1)}


def test_title_and_docstring_do_not_hold_a_string_back(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path, 'def test_a():\n    """The admin."""\n    login(name="admin")  # admin\n'
    )
    assert _values(pattern) == {"name": ('"admin"', 1)}
    pattern = _extract(
        tmp_path,
        "import { it } from 'vitest';\nit('admin', () => { login('admin'); });",
        "a.test.js",
    )
    assert _values(pattern) == {"login_arg": ("'admin'", 1)}


def test_keys_are_filled_with_equal_strings(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path,
        """
        def test_a():
            row = load(column="total")
            assert row["total"] == {"total": 55, "other": 66}["other"]
        """,
    )
    assert _values(pattern) == {
        "column": ('"total"', 3),
        "expected_total": ("55", 1),
        "expected_other": ("66", 1),
    }
    assert '["other"]' in pattern.template


def test_collections_are_split_where_their_strings_are_elsewhere(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path,
        """
        def test_a():
            files = ["a.txt", "b.txt"]
            others = ["c.txt", "d.txt"]
            assert copy("a.txt", others) == files
        """,
    )
    assert _values(pattern) == {
        "files": ('"a.txt"', 2),
        "files_2": ('"b.txt"', 1),
        "others": ('["c.txt", "d.txt"]', 1),
    }


def test_large_collection_with_a_string_elsewhere_stays(tmp_path: Path) -> None:
    items = ", ".join(f'"item{n:02}"' for n in range(20))
    pattern = _extract(tmp_path, f'def test_a():\n    f([{items}])\n    assert g("item07") == 55\n')
    assert _values(pattern) == {"expected_g": ("55", 1)}


def test_equal_collections_share_a_placeholder(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path, 'def test_a():\n    x = ["abc", "def"]\n    assert sort(x) == ["abc", "def"]\n'
    )
    assert _values(pattern) == {"x": ('["abc", "def"]', 2)}


def test_equal_numbers_share_a_placeholder_if_they_are_named_alike(tmp_path: Path) -> None:
    pattern = _extract(
        tmp_path,
        """
        def test_a():
            total = 42
            pay(limit=42)
            pay(limit=42)
            assert total == 42
        """,
    )
    assert _values(pattern) == {"total": ("42", 2), "limit": ("42", 2)}


def test_text_that_is_also_a_number_stays(tmp_path: Path) -> None:
    code = "it('x', () => { type(box, '3.5'); expect(box.value).toBe(3.5); });\n"
    assert _values(_extract(tmp_path, code, "a.test.js")) == {}


def test_number_in_a_text_stays(tmp_path: Path) -> None:
    pattern = _extract(tmp_path, 'def test_a():\n    assert str(f(size=404)) == "404 Not Found"\n')
    assert _values(pattern) == {"expected_f": ('"404 Not Found"', 1)}


def test_dump_of_data_has_no_string_placeholders_and_takes_little_time(tmp_path: Path) -> None:
    lines = "\n".join(f'    f("{n:05} {"x" * 40}")' for n in range(4_000))
    pattern = _extract(tmp_path, f"def test_a():\n{lines}\n")
    assert pattern.placeholders == ()
