"""The study of placeholders compares patterns with their source."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.bench.studies.extraction.placeholder_render import main, measure_files, report

PYTHON = '''
class TestShop:
    def test_pay(self):
        """Pays {{x}}."""
        assert pay("some text", name="some text").total == f([5, 6])
'''
JAVASCRIPT = """
import { it, expect } from 'vitest';
it('pays', () => { expect(pay('some text')).toBe(unknown); });
it.skip('sends', () => { expect(send(5).total).toBe(7); });
"""


def test_measure_files_counts_what_patterns_render(tmp_path: Path) -> None:
    python, javascript = tmp_path / "test_a.py", tmp_path / "a.test.ts"
    python.write_text(PYTHON, "utf-8")
    javascript.write_text(JAVASCRIPT, "utf-8")
    secret = tmp_path / "test_b.py"
    secret.write_text('def test_b():\n    password = "hunter2Xy9Qw"\n', "utf-8")
    counts = measure_files([python, javascript, secret])
    assert (counts.tests, counts.equal, counts.parsed, counts.faults) == (3, 3, 3, [])
    assert (counts.placeholders, counts.generic) == (5, 2)
    assert (counts.strings, counts.filled, counts.elsewhere) == (2, 2, 0)
    assert dict(counts.names) == {"f_arg": 1, "pay_arg": 1}
    row = "| a | 3 | 100.00% | 100.00% | 1.7 | 40.0% | 0.00% | 100.00% |"
    assert report([("a", counts)]).splitlines()[-1] == row


def test_main_prints_a_row_for_each_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_a.py").write_text(PYTHON, "utf-8")
    main([str(tmp_path), "--faults", "3"])
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith(f"| {tmp_path.name} | 1 | 100.00% |")
    assert "test_main" in printed.err
