"""One source file takes bounded memory and processor time, whatever it contains."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

MAX_MB = 300
MAX_CPU_S = 60
MB = 1_000_000
CHILD = """
import json, resource, sys
from pathlib import Path
from aqe.retrieval.extraction import extract_file
extracted = extract_file(Path(sys.argv[1]))
used = resource.getrusage(resource.RUSAGE_SELF)
reason = extracted.skipped.reason if extracted.skipped else ""
status = Path("/proc/self/status").read_text()  # ru_maxrss counts the parent before exec
mb = int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
print(json.dumps([mb, used.ru_utime + used.ru_stime, len(extracted.storable), reason]))
"""


def _lines(text: str, count: int) -> str:
    """Returns numbered copies of a text; ``%d`` is the number."""
    return "".join(text.replace("%d", str(number)) for number in range(count))


def _python(body: str) -> str:
    return f"def test_x():\n    a = {body}\n"


def _call(body: str) -> str:
    return f"it('x', () => {{ a = {body}; }});"


LIMIT = "words and punctuation marks"
# File name: content, and a part of the reason that is reported ("": any, or none).
HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "test_many_tests.py": (lambda: _lines("def test_%d():\n    assert f(%d)\n", 100_000), LIMIT),
    "brackets.test.js": (lambda: _call("[" * (MB // 2) + "]" * (MB // 2)), LIMIT),
    "describes.test.ts": (
        lambda: "describe('d', () => {" * 10_000 + "it('x', () => {});" + "});" * 10_000,
        "nested more than 100 deep",
    ),
    "test_chain_of_fixtures.py": (
        lambda: (
            "".join(f"@pytest.fixture\ndef f{n}(f{n - 1}): pass\n" for n in range(1, 9_000))
            + _lines("def test_%d(f8999): assert 1\n", 9_000)
        ),
        "",
    ),
    "test_comments.py": (
        lambda: "def test_x():\n" + "    # c\n" * 125_000 + "    pass\n",
        "parsing",
    ),
    "test_one_line.py": (lambda: _python("'" + "x" * MB + "'"), ""),
    "test_brackets.py": (lambda: _python("[" * (MB // 2) + "]" * (MB // 2)), LIMIT),
    "test_fewer_brackets.py": (lambda: _python("[" * 140_000 + "]" * 140_000), ""),
    "test_parentheses.py": (lambda: "x = " + "(" * MB, LIMIT),
    "test_attributes.py": (lambda: _python("a" + ".b" * (MB // 2)), LIMIT),
    "test_calls.py": (lambda: _python("a" + ".b()" * 70_000), ""),
    "test_sum.py": (lambda: _python("".join(f"{n}+" for n in range(3, 90_000)) + "1"), ""),
    "test_subscript.py": (lambda: _python(f"a[{_lines('%d,', 90_000)}]"), ""),
    "test_decorators.py": (lambda: _lines("@d%d\n", 90_000) + "def test_x():\n    pass\n", ""),
    "test_decorated_class.py": (
        lambda: (
            "@d('"
            + "x" * (MB // 2)
            + "')\nclass TestA:\n"
            + _lines("    def test_%d(self): pass\n", 15_000)
        ),
        "the first",
    ),
    "test_table.py": (
        lambda: (
            "@pytest.mark.parametrize('a', ["
            + _lines("(%d, 7),\n", 45_000)
            + "])\ndef test_x(a):\n    assert a\n"
        ),
        "",
    ),
    "test_blanks.py": (
        lambda: f"@pytest.mark.parametrize({' ' * MB}'a', [1])\ndef test_x(a):\n    pass\n",
        "",
    ),
    "test_dictionary.py": (lambda: "D = {" + _lines("'k%d': %d,\n", 45_000) + "}\n", ""),
    "test_inheritance.py": (
        lambda: (
            "class Test0: pass\n"
            + "".join(
                f"class Test{n}(Test{n - 1}):\n    def test_x(self): pass\n"
                for n in range(1, 15_000)
            )
        ),
        "",
    ),
    "test_imports.py": (
        lambda: _lines("import m%d\n", 30_000) + _lines("def test_%d(): m%d()\n", 12_000),
        "the first",
    ),
    "test_large_fixture.py": (
        lambda: (
            "@pytest.fixture\ndef f():\n    a = ["
            + "333," * 60_000
            + "]\n"
            + _lines("def test_%d(f): pass\n", 15_000)
        ),
        "the first",
    ),
    "test_continued.py": (lambda: _python("\\\n" * 140_000 + "1"), ""),
    "test_binary.py": (lambda: "".join(map(chr, range(1, 256))) * 4_000, ""),
    "test_text_of_brackets.py": (lambda: _python("f('''[a" + "]" * 290_000 + "\n''')"), ""),
    "one_line.test.js": (lambda: _call("'" + "x" * MB + "'"), ""),
    "many_tests.test.js": (lambda: _lines("it('t%d', () => { f(%d); });\n", 100_000), LIMIT),
    "many_tests.test.ts": (lambda: _lines("it('t%d', () => { f(%d); });\n", 100_000), LIMIT),
    "attributes.test.js": (lambda: _call("a" + ".b" * 140_000), ""),
    "calls.test.js": (lambda: _call("a" + ".b()" * 70_000), ""),
    "declarations.test.js": (
        lambda: (
            "describe('d', () => {"
            + _lines("const c%d = %d;\n", 20_000)
            + _lines("it('t%d', () => { f(c%d); });\n", 10_000)
            + "});"
        ),
        "",
    ),
    "templates.test.ts": (lambda: _call("`${" * 60_000 + "1" + "}`" * 60_000), ""),
    "comparisons.test.ts": (lambda: _call("a" + "<b" * 140_000), ""),
    "negations.test.ts": (lambda: _call("!" * 290_000 + "1"), ""),
    "title.test.js": (lambda: "it('a' + " + "'b' + " * 70_000 + "'c', () => {});", ""),
    "inner.test.js": (lambda: "it(" * 90_000 + ")" * 90_000, ""),
    "bundle.test.js": (
        lambda: "!function(e,t){var n=e[t]||(e[t]=[]);it('a',()=>{t(e,9)})}({},'x');" * 4_000,
        "",
    ),
    "names.test.js": (lambda: _call("expect(a)." + "toMatch" * 140_000 + "()"), ""),
}
FAST = list(HOSTILE)[:4]
WITHOUT_TESTS = {"test_dictionary.py", "test_binary.py", "inner.test.js"}


def _measured(name: str, folder: Path) -> tuple[float, float]:
    """Returns the megabytes and the processor time of a process that extracts the file."""
    make, expected = HOSTILE[name]
    path = folder / name
    path.write_text(make(), "utf-8")
    command = [sys.executable, "-c", CHILD, str(path)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert finished.returncode == 0, (name, finished.stderr)
    mb, seconds, count, reason = msgspec.json.decode(finished.stdout)
    assert mb <= MAX_MB, (name, mb)
    assert seconds <= MAX_CPU_S, (name, seconds)
    assert expected in reason, (name, reason)
    assert count or reason or name in WITHOUT_TESTS, name
    return mb, seconds


def _check(names: list[str], folder: Path, promise: Callable[..., None]) -> None:
    figures = [_measured(name, folder) for name in names]
    largest, slowest = (max(column) for column in zip(*figures, strict=True))
    promise(34, f"{len(names)} files: at most {largest:.0f} MB and {slowest:.1f} s of CPU")


def test_hostile_source_takes_bounded_memory_and_time(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    _check(FAST, tmp_path, promise)


@pytest.mark.slow
def test_all_hostile_sources_take_bounded_memory_and_time(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    _check(list(HOSTILE), tmp_path, promise)
