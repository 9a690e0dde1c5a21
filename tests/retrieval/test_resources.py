"""How a bank gets its parts: database, encoder, vector index; and what is said when one lacks."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqe.models import DEFAULT_ENCODER
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.sqlite.embedding_table import as_blob
from aqe.schema import (
    ClosedError,
    Database,
    DatabaseError,
    DatabaseOpenError,
    EncoderMismatchError,
    PatternSearchCriteria,
    PatternUsageContext,
    TestPattern,
)

Make = Callable[..., TestPattern]
Run = Callable[..., str]


# -- the database --------------------------------------------------------------------------------


def test_without_a_database_the_bank_works_in_memory_and_says_so(
    encoder: Any, pattern: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="aqe"), QEReasoningBank(encoder=encoder) as bank:
        assert bank.store_pattern(pattern()).status == "created"
        assert bank.search("login")[0].pattern.id == pattern().id
        assert bank.database.label == ":memory:"
    assert [record.message for record in caplog.records] == [
        "no database was given: patterns live in memory and are lost at exit"
    ]


def test_a_database_that_cannot_be_opened_is_an_error(tmp_path: Path, encoder: Any) -> None:
    bank = QEReasoningBank(tmp_path, encoder=encoder)
    with pytest.raises(DatabaseOpenError, match="is a folder"):
        bank.initialize()


def test_on_request_the_bank_falls_back_to_memory_with_one_warning(
    tmp_path: Path, encoder: Any, pattern: Make
) -> None:
    bank = QEReasoningBank(tmp_path, encoder=encoder, on_database_error="memory")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bank.initialize()
        bank.store_pattern(pattern())
        assert bank.search("login")
    assert [(one.category, str(one.message).split(":")[0]) for one in caught] == [
        (RuntimeWarning, "falling back to an in-memory database; nothing will be saved")
    ]
    bank.close()


def test_a_damaged_file_is_not_taken_for_a_missing_one(path: Path, encoder: Any) -> None:
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(DatabaseOpenError, match="is not an SQLite database"):
        QEReasoningBank(path, encoder=encoder).initialize()


def test_initialize_is_idempotent_and_close_too(path: Path, encoder: Any, pattern: Make) -> None:
    bank = QEReasoningBank(path, encoder=encoder)
    assert bank.initialize() is bank
    database = bank.database
    assert bank.initialize().database is database
    bank.store_pattern(pattern())
    bank.close()
    bank.close()
    with pytest.raises(DatabaseError, match="was closed"):
        database.connection()
    with pytest.raises(ClosedError, match="the bank was closed; make a new QEReasoningBank"):
        bank.search("login")


def test_every_method_of_a_closed_bank_says_that_it_is_closed(
    path: Path, encoder: Any, pattern: Make
) -> None:
    bank = QEReasoningBank(path, encoder=encoder)
    bank.store_pattern(pattern())
    bank.export_patterns(path.with_name("all.jsonl"))
    bank.save_to_registry(path.with_name("registry"))
    bank.close()
    calls: list[Callable[[], object]] = [
        bank.initialize,
        bank.__enter__,
        lambda: bank.backend,
        lambda: bank.database,
        lambda: bank.encoder_identity,
        lambda: bank.store_pattern(pattern()),
        lambda: bank.store_patterns([pattern()]),
        lambda: list(bank.store_stream([[pattern()]])),
        lambda: bank.extract([path.parent]),
        lambda: bank.delete_pattern("a"),
        lambda: bank.find_matching_patterns("login"),
        lambda: bank.find_pattern("login"),
        lambda: bank.search("login"),
        lambda: bank.get_pattern("a"),
        lambda: bank.resolve_id("a"),
        lambda: bank.search_by_tags(["a"]),
        lambda: bank.find_similar_patterns("a"),
        bank.list_patterns,
        lambda: bank.record_usage("a", PatternUsageContext(success=True)),
        lambda: bank.get_provenance("a"),
        lambda: bank.forget(run_id="a"),
        lambda: bank.get_usage("a"),
        lambda: bank.get_version_history("a"),
        lambda: bank.restore_version("a", 1),
        lambda: bank.export_patterns(path.with_name("b.jsonl")),
        lambda: bank.import_patterns(path.with_name("all.jsonl")),
        lambda: bank.save_to_registry(path.with_name("registry")),
        lambda: bank.load_from_registry(path.with_name("registry")),
        bank.reindex,
        bank.update_vector_file,
        bank.check,
        bank.repair,
        bank.get_statistics,
        bank.get_performance_metrics,
        bank.get_cache_statistics,
        bank.get_vector_statistics,
    ]
    for call in calls:
        with pytest.raises(ClosedError, match="the bank was closed; make a new QEReasoningBank"):
            call()
    bank.close()
    assert repr(bank) == "QEReasoningBank(closed)"


def test_a_bank_that_is_dropped_open_gives_a_warning(path: Path, encoder: Any) -> None:
    bank = QEReasoningBank(path, encoder=encoder).initialize()
    with pytest.warns(ResourceWarning, match=r"unclosed bank .*bank.db; close it, or use it in"):
        del bank


def test_a_bank_with_nothing_to_close_gives_no_warning(path: Path, encoder: Any) -> None:
    with warnings.catch_warnings(record=True) as caught, Database(path) as database:
        warnings.simplefilter("always")
        for given in (database, None):
            bank = QEReasoningBank(given, encoder=encoder).initialize()
            del bank
        never_used = QEReasoningBank(path, encoder=encoder)
        del never_used
        with QEReasoningBank(path, encoder=encoder) as closed:
            closed.get_statistics()
        del closed
    assert caught == []


def test_a_bank_says_where_it_is_and_how_much_it_has(
    path: Path, encoder: Any, pattern: Make
) -> None:
    bank = QEReasoningBank(path, encoder=encoder)
    assert repr(bank) == "QEReasoningBank(not open yet)"
    assert not path.exists()
    with bank:
        bank.store_pattern(pattern())
        assert repr(bank) == f"QEReasoningBank('{path}', 1 pattern)"
        bank.store_patterns([pattern(f"test {number}") for number in range(1_200)])
        assert repr(bank) == f"QEReasoningBank('{path}', 1,201 patterns)"


def test_a_given_database_is_not_closed(path: Path, encoder: Any, pattern: Make) -> None:
    with Database(path) as database:
        with QEReasoningBank(database, encoder=encoder) as bank:
            bank.store_pattern(pattern())
        assert database.content_version() >= 0
        with QEReasoningBank(database, encoder=encoder) as again:
            assert again.get_statistics().patterns == 1


def test_methods_initialize_on_their_own(path: Path, encoder: Any, pattern: Make) -> None:
    with closing(QEReasoningBank(path, encoder=encoder)) as bank:
        bank.store_pattern(pattern())
    with closing(QEReasoningBank(path, encoder=encoder)) as bank:
        assert bank.search("login")
    with closing(QEReasoningBank(path, encoder=encoder)) as bank:
        assert bank.get_cache_statistics().entries == 0


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
def test_durability_reaches_the_database(
    path: Path, encoder: Any, durability: Any, level: int
) -> None:
    with QEReasoningBank(path, encoder=encoder, durability=durability) as bank:
        assert bank.database.connection().pragma("synchronous") == level


# -- the encoder ---------------------------------------------------------------------------------


def test_a_new_bank_takes_the_default_encoder_without_loading_it(
    path: Path, run_python: Run
) -> None:
    script = (
        "import sys; from aqe import QEReasoningBank\n"
        "bank = QEReasoningBank(sys.argv[1])\n"
        "print(bank.encoder_identity.name, bank.get_statistics().patterns,\n"
        "      'onnxruntime' in sys.modules)\n"
    )
    assert run_python(script, path) == f"{DEFAULT_ENCODER} 0 False\n"


def test_the_bank_is_opened_with_the_encoder_it_was_embedded_with(
    path: Path, encoder: Any, pattern: Make
) -> None:
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_pattern(pattern())
    with QEReasoningBank(path) as again:
        assert again.encoder_identity.name == encoder.name == "hashing:64"
        assert again.search("login", mode="vector")[0].pattern.id == pattern().id


def test_another_encoder_is_refused_with_the_way_out(
    path: Path, encoder: Any, other_encoder: Any, pattern: Make
) -> None:
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_pattern(pattern())
    with pytest.raises(EncoderMismatchError) as caught:
        QEReasoningBank(path, encoder=other_encoder).initialize()
    assert "embedded with hashing:64 (64 dimensions" in str(caught.value)
    assert "aqe patterns reindex --encoder hashing:32" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_revision_of_the_same_encoder_is_refused(
    path: Path, encoder: Any, pattern: Make
) -> None:
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_pattern(pattern())
        with bank.database.write() as connection:
            connection.execute("update encoders set revision = 'older weights'")
    for bank in (QEReasoningBank(path), QEReasoningBank(path, encoder=encoder)):
        with pytest.raises(EncoderMismatchError, match="reindex --encoder hashing:64"):
            bank.search("login")
        bank.close()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_a_bad_embedding_is_refused_and_nothing_stored(
    bank: QEReasoningBank,
    pattern: Make,
    encoder: Any,
    monkeypatch: pytest.MonkeyPatch,
    value: float,
) -> None:
    good = type(encoder).encode

    def bad(texts: list[str]) -> Any:
        return np.full_like(good(encoder, texts), value)

    monkeypatch.setattr(encoder, "encode", bad)
    with pytest.raises(ValueError, match="embedding must be finite and longer than"):
        bank.store_pattern(pattern())
    assert bank.get_statistics().patterns == 0


def test_an_embedding_of_another_shape_is_refused(encoder: Any) -> None:
    good = encoder.encode_query("a")
    for bad in (good[:-1], good.astype("float64"), good[None, :], good[:0]):
        with pytest.raises(ValueError, match=r"embedding must be float32 of shape \(64,\), got"):
            as_blob(bad, 64)


# -- the word index ------------------------------------------------------------------------------


def test_a_word_index_of_another_version_is_made_anew(
    path: Path, encoder: Any, pattern: Make
) -> None:
    with QEReasoningBank(path, encoder=encoder) as bank:
        stored = bank.store_pattern(pattern(template="loginUser()"))
        with bank.database.write() as connection:
            connection.execute("update patterns_fts set code = 'nothing of it'")
            connection.execute("update bank_facts set value = 'old' where key = 'words_version'")
    with QEReasoningBank(path, encoder=encoder) as again:
        assert again.search("user", mode="text")[0].pattern.id == stored.id


# -- without sqlite-vec --------------------------------------------------------------------------


@pytest.fixture
def without_vec(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Takes sqlite-vec away, or gives it back."""
    found = importlib.util.find_spec

    def switch(missing: bool) -> None:
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *rest: None if missing and name == "sqlite_vec" else found(name, *rest),
        )

    return switch


def test_without_sqlite_vec_words_are_searched_with_one_warning(
    path: Path,
    encoder: Any,
    pattern: Make,
    without_vec: Callable[[bool], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    without_vec(True)
    with (
        caplog.at_level(logging.WARNING),
        QEReasoningBank(path, encoder=encoder) as bank,
    ):
        one = pattern()
        assert bank.store_pattern(one).status == "created"
        bank.store_pattern(pattern("login too", template="login()"))
        for mode in ("hybrid", "text"):
            matches = bank.search("login", mode=mode)
            assert {match.pattern.name for match in matches} == {one.name, "login too"}
        assert bank.search("login", mode="vector") == []
        assert bank.find_similar_patterns(one.id)[0].pattern.name == "login too"
        bank.record_usage(one.id, PatternUsageContext(success=True))
        bank.store_pattern(pattern(tags=["x"]))
        with bank.database.read() as connection:
            assert connection.execute("select count(*) from pattern_embeddings").get == 2
        bank.delete_pattern(one.id)
    messages = [record.message for record in caplog.records]
    assert len(messages) == 1
    assert messages[0].startswith("sqlite-vec is missing or cannot be loaded")


def test_when_sqlite_vec_is_back_what_was_stored_meanwhile_is_found(
    path: Path, encoder: Any, pattern: Make, without_vec: Callable[[bool], None]
) -> None:
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_patterns([pattern("login"), pattern("doomed")])
    without_vec(True)
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_pattern(pattern("cart total", template="compute_price(cart)"))
        bank.store_pattern(pattern("login", template="sign_in()", category="e2e"))
        bank.delete_pattern(pattern("doomed").id)
    embedded = encoder.texts
    without_vec(False)
    for _ in range(2):
        with QEReasoningBank(path, encoder=encoder) as bank:
            for query, name in (("price of the cart", "cart total"), ("sign in", "login")):
                assert bank.search(query, mode="vector")[0].pattern.name == name
            e2e = PatternSearchCriteria(category="e2e")
            found = bank.search("cart", criteria=e2e, mode="vector")
            assert [match.pattern.name for match in found] == ["login"]
    assert encoder.texts == embedded


def test_a_bank_begun_without_sqlite_vec_is_searched_by_vectors_later(
    path: Path, encoder: Any, pattern: Make, without_vec: Callable[[bool], None]
) -> None:
    without_vec(True)
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_pattern(pattern("login"))
    without_vec(False)
    with QEReasoningBank(path, encoder=encoder) as bank:
        assert bank.search("login", mode="vector")[0].pattern.name == "login"


# -- real ----------------------------------------------------------------------------------------


def test_end_to_end_with_the_default_encoder(path: Path, pattern: Make, run_python: Run) -> None:
    with QEReasoningBank(path) as bank:
        bank.store_patterns(
            [
                pattern(
                    "test_rejects_wrong_password",
                    description="A user with a wrong password is turned away.",
                    template="def test_it(client):\n    assert client.login('x').status == 401\n",
                ),
                pattern(
                    "test_sums_a_cart",
                    description="The total of a cart is the sum of its lines.",
                    template="def test_it():\n    assert Cart([1, 2]).total() == 3\n",
                ),
            ]
        )
    script = (
        "import sys; from aqe import QEReasoningBank\n"
        "with QEReasoningBank(sys.argv[1]) as bank:\n"
        "    for query in ('authentication failure', 'add up the prices of the items'):\n"
        "        print(bank.find_matching_patterns(query)[0].pattern.name)\n"
    )
    assert run_python(script, path).split() == ["test_rejects_wrong_password", "test_sums_a_cart"]
