"""Another encoder: all of the bank embedded again, old answers until then, resumable."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.ingest.reindex import reindex
from aqe.schema import EncoderMismatchError, TestPattern

Make = Callable[..., TestPattern]


def stored_vectors(bank: QEReasoningBank) -> list[Any]:
    """The encoders known, whether in use, and how many embeddings each has."""
    with bank.database.read() as connection:
        return connection.execute(
            "select e.name, e.in_use, count(v.pattern_rowid) from encoders e"
            " left join pattern_embeddings v using (encoder_rowid) group by 1, 2 order by 1"
        ).fetchall()


def test_reindex_to_another_width(
    bank: QEReasoningBank, path: Path, pattern: Make, other_encoder: Any
) -> None:
    bank.store_patterns([pattern(f"login {n}") for n in range(300)])
    done: list[int] = []
    report = bank.reindex(other_encoder, progress=done.append)
    assert (report.before.name, report.after.name) == ("hashing:64", "hashing:32")
    assert (report.embedded, report.indexed, sum(done)) == (300, 300, 300)
    assert stored_vectors(bank) == [("hashing:32", 1, 300)]
    assert bank.encoder_identity.dimension == 32
    assert len(bank.search("login", mode="vector", limit=300)) == 300
    assert bank.store_pattern(pattern("new one")).status == "created"
    assert bank.search("new one", mode="vector")[0].pattern.name == "new one"
    bank.close()
    with QEReasoningBank(path) as again:
        assert again.encoder_identity.name == "hashing:32"
        assert again.search("new one", mode="vector")[0].pattern.name == "new one"


def test_reindex_with_the_same_encoder_repairs_the_text_index(
    bank: QEReasoningBank, pattern: Make, encoder: Any
) -> None:
    bank.store_patterns([pattern(f"login {n}") for n in range(5)])
    with bank.database.write() as connection:
        connection.execute("delete from patterns_fts")
    report = bank.reindex()
    assert (report.embedded, report.indexed, encoder.texts) == (0, 5, 5)
    for mode in ("vector", "text"):
        assert len(bank.search("login", mode=mode)) == 5


def test_reindex_of_an_empty_bank(bank: QEReasoningBank, other_encoder: Any) -> None:
    assert bank.reindex(other_encoder).indexed == 0
    assert bank.encoder_identity.name == "hashing:32"


def test_another_open_bank_is_told_of_the_change(
    bank: QEReasoningBank, path: Path, pattern: Make, encoder: Any, other_encoder: Any
) -> None:
    bank.store_pattern(pattern())
    with QEReasoningBank(path, encoder=encoder) as other:
        assert other.search("login")
        bank.reindex(other_encoder)
        for use in (
            lambda: other.search("login"),
            lambda: other.store_pattern(pattern("x")),
            lambda: other.list_patterns(),
        ):
            with pytest.raises(EncoderMismatchError, match="embedded with hashing:32"):
                use()


class Interrupted(HashingEncoder):
    """Fails, or does something else, at a given batch."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        super().__init__(32)
        self.at = at
        self.then = then
        self.texts = 0

    def encode(self, texts: Any) -> Any:
        self.at -= 1
        if self.at == 0:
            self.then()
        self.texts += len(texts)
        return super().encode(texts)


def _fail() -> None:
    raise RuntimeError("power cut")


def test_an_interrupted_reindex_continues_where_it_stopped(
    bank: QEReasoningBank, pattern: Make
) -> None:
    bank.store_patterns([pattern(f"login {n}") for n in range(45)])
    with pytest.raises(RuntimeError, match="power cut"):
        reindex(bank.backend, Interrupted(3, _fail), batch=10)
    assert stored_vectors(bank) == [("hashing:32", 0, 20), ("hashing:64", 1, 45)]
    assert len(bank.search("login", mode="vector", limit=100)) == 45
    second = Interrupted(0, _fail)
    report = bank.reindex(second)
    assert (report.embedded, report.indexed, second.texts) == (25, 45, 25)
    assert stored_vectors(bank) == [("hashing:32", 1, 45)]


def test_patterns_that_others_store_meanwhile_are_embedded_too(
    bank: QEReasoningBank,
    path: Path,
    pattern: Make,
    encoder: Any,
) -> None:
    bank.store_patterns([pattern(f"login {n}") for n in range(25)])

    def others_write() -> None:
        with QEReasoningBank(path, encoder=encoder) as other:
            other.store_pattern(pattern("meanwhile"))
            other.store_pattern(
                pattern("login 0", id=pattern("login 0").id, template="changed(meanwhile)")
            )
            other.store_pattern(
                pattern("login 24", id=pattern("login 24").id, template="changed(in_batch)")
            )
            other.delete_pattern(pattern("login 1").id)

    other = Interrupted(3, others_write)
    report = reindex(bank.backend, other, batch=10)
    bank = QEReasoningBank(path, encoder=other)
    assert report.indexed == 25
    assert stored_vectors(bank) == [("hashing:32", 1, 25)]
    for query, name in (
        ("meanwhile", "meanwhile"),
        ("changed in batch", "login 24"),
    ):
        assert bank.search(query, mode="vector")[0].pattern.name == name
    with bank.database.read() as connection:
        stale = connection.execute(
            "select count(*) from patterns p left join pattern_embeddings e using (pattern_rowid)"
            " where e.embedding is null"
        ).get
    bank.close()
    assert stale == 0


REINDEX = """
import sys, time
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.ingest.reindex import reindex
class Slow(HashingEncoder):
    def encode(self, texts):
        time.sleep(0.02)
        return super().encode(texts)
bank = QEReasoningBank(sys.argv[1])
reindex(bank.backend, Slow(32), progress=lambda count: print(count, flush=True), batch=5)
"""


def test_a_killed_reindex_leaves_the_old_answers(
    path: Path,
    pattern: Make,
    encoder: Any,
    other_encoder: Any,
    start_python: Callable[..., subprocess.Popen[str]],
) -> None:
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_patterns([pattern(f"login {n}") for n in range(200)])
    process = start_python(REINDEX, path)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with QEReasoningBank(path, encoder=encoder) as bank:
        assert len(bank.search("login", mode="vector", limit=300)) == 200
        report = bank.reindex(other_encoder)
        assert 0 < report.embedded < 200
        assert stored_vectors(bank) == [("hashing:32", 1, 200)]
        assert len(bank.search("login", mode="vector", limit=300)) == 200
