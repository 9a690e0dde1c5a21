"""Tests that a full-text search loads no encoder, and nothing else that it does not use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern

_SCRIPT = """
import json, sys
from aqe.cli import main as command
sys.argv = ["aqe", *json.loads(sys.argv[1])]
try:
    command.main()
except SystemExit as ended:
    assert not ended.code, ended.code
print("\\n" + json.dumps(sorted(sys.modules)))
"""


def test_search_by_words_loads_no_encoder(tmp_path: Path) -> None:
    path = tmp_path / "aqe.db"
    with QEReasoningBank(path, encoder=HashingEncoder()) as bank:
        bank.store_pattern(
            TestPattern(
                name="login fails",
                description="x",
                category="unit",
                framework="pytest",
                language="python",
            )
        )
    arguments = ["patterns", "search", "login", "--mode", "text", "--json", "--db", str(path)]
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(arguments)],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert "login fails" in done.stdout
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    unused = {
        "onnxruntime",
        "tokenizers",
        "usearch",
        "scipy",
        "tree_sitter",
        "sqlite_vec",
        "plotext",
        "aqe.learning",
        "aqe.retrieval.extraction",
        "aqe.retrieval.quality.score",
        "aqe.schema.redaction.redaction",
        "aqe.bench",
        "sqlite3",
    }
    assert not loaded & unused
