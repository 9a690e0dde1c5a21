"""Promise 21: a secret in a test's code is nowhere in the bank: row, words, log or free page."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern
from aqe.schema.redaction.redaction import redact

SEED = 20260927
BASE62 = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


def _draw(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


# Put together at run time, so that none is in this file.
KINDS: list[Callable[[random.Random], str]] = [
    lambda r: "AK" + "IA" + _draw(r, UPPER, 16),
    lambda r: "gh" + "p_" + _draw(r, BASE62, 36),
    lambda r: "gh" + "s_" + _draw(r, BASE62, 36),
    lambda r: "gl" + "pat-" + _draw(r, BASE62, 20),
    lambda r: "np" + "m_" + _draw(r, BASE62, 36),
    lambda r: "AI" + "za" + _draw(r, BASE62, 35),
    lambda r: "do" + "p_v1_" + _draw(r, HEX, 64),
    lambda r: "da" + "pi" + _draw(r, HEX, 32),
    lambda r: "hv" + "s." + _draw(r, BASE62, 90),
    lambda r: "GOC" + "SPX-" + _draw(r, BASE62, 28),
]
CONTEXTS = (
    'client = Client("{}")',
    "headers = {{'Authorization': 'Bearer {}'}}",
    "TOKEN={} run",
    "# use {} here",
    'url = "https://api.example.com/?key={}"',
)


def test_secrets(path: Path, promise: Callable[..., None]) -> None:
    rng = random.Random(SEED)
    secrets = [kind(rng) for kind in KINDS for _ in range(15)]
    bank = QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal")
    with bank:
        for number, secret in enumerate(secrets):
            context = CONTEXTS[number % len(CONTEXTS)].format(secret)
            bank.store_pattern(
                TestPattern(
                    id=f"p{number}",
                    name=f"test_{number} {secret}",
                    description=f"Talks to a service with {secret}.",
                    category="unit",
                    framework="pytest",
                    language="python",
                    template=f"def test_it():\n    {context}",
                    examples=[context],
                    tags=["t", secret[:60]],
                )
            )
        files = [path, path.with_name(path.name + "-wal")]
        content = b"".join(file.read_bytes() for file in files if file.exists())
        found = bank.find_pattern("service", limit=200)
    leaked = [
        secret
        for secret in secrets
        if secret.encode() in content or secret.lower().encode() in content
    ]
    false_hits, clean_files = _false_hits()
    promise(
        21,
        f"{len(secrets) - len(leaked)} of {len(secrets)} planted secrets ({len(KINDS)} kinds x 5"
        f" contexts) in no byte of file or log; false hits in {false_hits} of {clean_files} clean"
        " test files",
        seed=SEED,
    )
    assert leaked == []
    assert len(found) == len(secrets)
    assert false_hits <= 0.01 * clean_files


def _false_hits() -> tuple[int, int]:
    """Counts numpy's own test files in which something is mistaken for a secret."""
    files = sorted(Path(np.__file__).parent.glob("**/tests/*.py"))
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    return sum(redact(text) != text for text in texts), len(texts)


def test_deleted_patterns_leave_no_bytes(path: Path) -> None:
    """A deleted pattern may have held a secret of an unknown kind."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        for number in range(30):
            word = "unmistakable" if number == 7 else "ordinary"
            bank.store_pattern(
                TestPattern(
                    id=f"p{number}",
                    name=f"test_{number}",
                    category="unit",
                    framework="pytest",
                    language="python",
                    template=f"def test_it():\n    assert {word}{number}zebra",
                )
            )
        assert bank.delete_pattern("p7")
        bank.reindex()
    assert b"unmistakable7zebra" not in path.read_bytes()
    assert b"unmistak" not in path.read_bytes()  # the index stems
