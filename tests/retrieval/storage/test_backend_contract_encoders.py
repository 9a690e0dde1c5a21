"""Every backend keeps vector spaces apart, and rebuilds what is derived from the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from aqe.models import HashingEncoder, QueryEmbedding, identity_of
from aqe.retrieval import PatternBackend
from aqe.retrieval.storage.backend import PatternWriter
from aqe.retrieval.storage.storage_values import SearchQuery
from aqe.retrieval.text.pattern_text import embedded_text, text_hash
from aqe.schema import DatabaseError, EncoderIdentity, EncoderMismatchError, TestPattern

from .bank_content import (
    ANYTHING,
    IDENTITY,
    OTHER_ENCODER,
    OTHER_IDENTITY,
    PowerCutError,
    change,
    content_of,
    ids_in,
    ids_of,
    interrupted,
    look,
    put,
    stored_in,
)
from .conftest import Connect

Make = Callable[..., TestPattern]


def names_of(patterns: dict[int, TestPattern]) -> list[str]:
    return [pattern.id for _, pattern in sorted(patterns.items())]


def fill(session: PatternWriter, limit: int = 100) -> int:
    """Embeds patterns with the other encoder; returns how many."""
    missing = session.unembedded(OTHER_IDENTITY, limit)
    for key, pattern in missing.items():
        text = embedded_text(pattern)
        embedding = OTHER_ENCODER.encode([text])[0]
        session.put_embedding(OTHER_IDENTITY, key, embedding, text_hash(text))
    return len(missing)


# -- opening -------------------------------------------------------------------------------------


def test_open_is_idempotent(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"))
    backend.open(IDENTITY)
    backend.open(None)
    assert (backend.identity, backend.has_vectors) == (IDENTITY, True)
    assert backend.label
    assert ids_in(backend) == ["a"]


def test_open_finds_the_encoder_of_the_bank(
    backend: PatternBackend, connect: Connect, pattern: Make
) -> None:
    put(backend, pattern())
    other = connect()
    other.open(None, OTHER_IDENTITY)
    assert other.identity == IDENTITY


def test_a_new_bank_adopts_the_default_with_its_first_write(
    connect: Connect, pattern: Make
) -> None:
    first, second = connect(), connect()
    first.open(None, OTHER_IDENTITY)
    assert first.identity == OTHER_IDENTITY
    second.open(IDENTITY)  # nothing was written yet
    put(second, pattern(id="a"))
    with pytest.raises(EncoderMismatchError, match="embedded with"), first.reading() as session:
        session.get_many(["a"])


def test_open_without_any_encoder_is_refused(connect: Connect) -> None:
    with pytest.raises(DatabaseError, match="no encoder"):
        connect().open(None)


@pytest.mark.parametrize(
    "encoder",
    [OTHER_IDENTITY, replace(IDENTITY, revision="other"), replace(IDENTITY, name="other")],
)
def test_open_with_another_encoder_is_refused(
    backend: PatternBackend, connect: Connect, pattern: Make, encoder: EncoderIdentity
) -> None:
    put(backend, pattern(id="a"))
    other = connect()
    with pytest.raises(EncoderMismatchError, match="embedded with hashing:64") as raised:
        other.open(encoder)
    assert (raised.value.expected, raised.value.found) == (IDENTITY, encoder)
    other.open(IDENTITY)
    assert ids_in(other) == ["a"]


# -- embeddings ----------------------------------------------------------------------------------


def test_an_embedding_is_returned_as_it_was_written(backend: PatternBackend, pattern: Make) -> None:
    content = content_of(pattern(id="a"))
    assert content.embedding is not None
    longer = content.embedding * np.float32(3)
    with backend.writing() as session:
        key = session.insert(replace(content, embedding=longer)).key
        assert session.embedding(key + 1) is None
    with backend.reading() as session:
        embedding = session.embedding(key)
    assert embedding is not None
    assert embedding.dtype == np.float32
    assert np.array_equal(embedding, longer)


def test_embedded_hashes_are_those_of_the_texts(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"))
    new = pattern(id="b", template="changed()")
    change(backend, "b", new)
    with backend.reading() as session:
        hashes = session.embedded_hashes(["b", "unknown", "a", "a"])
    assert hashes == {
        "a": text_hash(embedded_text(pattern(id="a"))),
        "b": text_hash(embedded_text(new)),
    }


def test_an_empty_bank_has_no_embeddings(backend: PatternBackend) -> None:
    with backend.reading() as session:
        assert (session.embedded_hashes(["a"]), session.embedding(1)) == ({}, None)


# -- another encoder -----------------------------------------------------------------------------


def test_unembedded_are_the_oldest_first(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(id=id) for id in "cab"])
    with backend.writing() as session:
        assert session.unembedded(IDENTITY, 9) == {}
        assert names_of(session.unembedded(OTHER_IDENTITY, 2)) == ["c", "a"]
        assert fill(session, 2) == 2
        assert names_of(session.unembedded(OTHER_IDENTITY, 9)) == ["b"]


def test_put_embedding_is_not_searched_yet(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern("zebra", id="a"), pattern("lion", id="b"))
    with backend.writing() as session:
        assert fill(session) == 2
    found = look(backend, "zebra", depth=1)
    assert found.vectors is not None
    assert found.vectors.shape[1] == 64
    assert ids_of(found) == ["a"]
    assert (backend.identity, backend.check()) == (IDENTITY, [])


def test_a_changed_text_is_unembedded_again(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(id=id) for id in "abc"])
    with backend.writing() as session:
        fill(session)
    change(backend, "a", pattern(id="a", template="changed()"))
    change(backend, "b", pattern(id="b", tags=["new"]), embedding=None)
    with backend.writing() as session:
        assert names_of(session.unembedded(OTHER_IDENTITY, 9)) == ["a"]


def test_put_embedding_replaces_the_one_before(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"))
    key = stored_in(backend, "a").key
    last = np.eye(32, dtype=np.float32)[3]
    with backend.writing() as session:
        fill(session)
        session.put_embedding(OTHER_IDENTITY, key, last, "h")
        assert session.switch_encoder(OTHER_IDENTITY) == 1
    backend.open(OTHER_IDENTITY)
    with backend.reading() as session:
        assert np.array_equal(session.embedding(key), last)  # type: ignore[arg-type]
        assert session.embedded_hashes(["a"]) == {"a": "h"}


@pytest.mark.parametrize(
    "bad", [np.ones(64, np.float32), np.full(32, np.nan, np.float32), np.zeros(32, np.float32)]
)
def test_put_embedding_refuses_a_bad_one(
    backend: PatternBackend, pattern: Make, bad: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> None:
    put(backend, pattern(id="a"))
    key = stored_in(backend, "a").key
    with pytest.raises(ValueError, match="embedding must be"), backend.writing() as session:
        session.put_embedding(OTHER_IDENTITY, key, bad, "h")
    with backend.writing() as session:
        assert names_of(session.unembedded(OTHER_IDENTITY, 9)) == ["a"]


def test_switch_encoder_puts_the_other_vectors_to_use(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, pattern("zebra", id="a"), pattern("lion", id="b"), pattern("bear", id="c"))
    look(backend, "zebra")
    with backend.writing() as session:
        fill(session, 2)
        assert session.switch_encoder(OTHER_IDENTITY) == 2
    with pytest.raises(EncoderMismatchError), backend.reading():
        pass
    backend.open(OTHER_IDENTITY)
    embedding = QueryEmbedding.without_pieces(OTHER_ENCODER.encode_query("zebra"))
    for _ in range(3):
        with backend.reading() as session:
            query = SearchQuery("zebra", ("zebra",), embedding)
            found = session.candidates(query, ANYTHING, depth=9)
            assert set(session.embedded_hashes(["a", "b", "c"])) == {"a", "b"}
        assert ids_of(found) == ["a", "b"]
        assert found.vectors is not None
        assert found.vectors.shape == (2, 32)
    with backend.writing() as session:
        assert names_of(session.unembedded(OTHER_IDENTITY, 9)) == ["c"]
        assert names_of(session.unembedded(IDENTITY, 9)) == ["a", "b", "c"]


def test_switch_encoder_of_the_same_width_does_not_mix(
    backend: PatternBackend, pattern: Make
) -> None:
    twin = replace(IDENTITY, revision="next")
    put(backend, pattern("zebra", id="a"), pattern("lion", id="b"))
    look(backend, "zebra")
    key = stored_in(backend, "b").key
    with backend.writing() as session:
        session.put_embedding(twin, key, HashingEncoder(64).encode(["zebra"])[0], "h")
        assert session.switch_encoder(twin) == 1
    backend.open(twin)
    for _ in range(3):
        assert ids_of(look(backend, "zebra", "vector")) == ["b"]
    assert backend.identity == twin


def test_switch_to_the_encoder_in_use_indexes_what_was_missing(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, pattern("zebra", id="a"), pattern("lion", id="b"))
    with backend.writing() as session:
        assert session.switch_encoder(IDENTITY) == 2
    assert ids_of(look(backend, "zebra", "vector")) == ["a", "b"]
    assert backend.check() == []


def test_switch_encoder_is_undone_with_its_session(backend: PatternBackend, pattern: Make) -> None:
    def work(session: PatternWriter) -> None:
        fill(session)
        session.switch_encoder(OTHER_IDENTITY)

    put(backend, pattern("zebra", id="a"))
    with pytest.raises(PowerCutError):
        interrupted(backend, work)
    assert ids_of(look(backend, "zebra", "vector")) == ["a"]
    with backend.writing() as session:
        assert names_of(session.unembedded(OTHER_IDENTITY, 9)) == ["a"]


def test_another_process_is_told_of_a_switch(
    backend: PatternBackend, connect: Connect, pattern: Make
) -> None:
    put(backend, pattern(id="a"))
    other = connect()
    other.open(None)
    look(other, "zebra")
    with backend.writing() as session:
        fill(session)
        session.switch_encoder(OTHER_IDENTITY)
    for open_session in (other.reading, other.writing):
        with pytest.raises(EncoderMismatchError, match="hashing:32"), open_session():
            pass
    other.open(identity_of(OTHER_ENCODER))
    assert ids_in(other) == ["a"]


# -- derived data --------------------------------------------------------------------------------


def test_rebuild_text_index_finds_the_same(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(f"zebra {n}", id=f"p{n}") for n in range(5)])
    change(backend, "p0", pattern("lion", id="p0"))
    before = look(backend, "zebra 3", "text")
    with backend.writing() as session:
        session.rebuild_text_index()
    after = look(backend, "zebra 3", "text")
    assert ids_of(after) == ids_of(before) == ["p1", "p2", "p3", "p4"]
    assert after.bm25 == pytest.approx(dict(before.bm25))


def test_upkeep_changes_no_answer(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(f"zebra {n}", id=f"p{n}") for n in range(5)])
    before = ids_of(look(backend, "zebra", depth=3))
    backend.tidy()
    assert backend.update_vector_file() == 0  # nothing is left to apply
    assert backend.repair() == 0
    statistics = backend.vector_statistics()
    assert statistics.rows + statistics.file_vectors <= 5
    assert ids_of(look(backend, "zebra", depth=3)) == before
    assert backend.check() == []


def test_check_of_a_used_bank_finds_nothing(backend: PatternBackend, pattern: Make) -> None:
    assert backend.check() == []
    put(backend, *[pattern(f"zebra {n}", id=f"p{n}", tags=["t"]) for n in range(5)])
    change(backend, "p0", pattern("renamed", id="p0", category="e2e", confidence=0.3))
    with backend.writing() as session:
        session.delete(["p1"])
        session.set_place(session.get_many(["p2"])[0].key, source="b.py:1", project="p")
    assert backend.check() == []
