"""Measuring the ranking on judged data."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from aqe import QEReasoningBank
from aqe.bench.quality.beir import Document, JudgedSet, read_judged_set, write_judged_set
from aqe.bench.quality.embedding_cache import CachedEncoder, default_cache_folder
from aqe.bench.quality.judged_bank import MAX_TEXT_BYTES, document_pattern, open_judged_bank
from aqe.bench.quality.retrieval_metrics import (
    compare,
    ndcg_at_10,
    recall_at_100,
    reciprocal_rank_at_10,
)
from aqe.bench.quality.retrieval_quality import SYSTEMS, measure_quality, reciprocal_rank_fusion
from aqe.cli.main import app
from aqe.models import Encoder, HashingEncoder
from aqe.schema import AqeError, InterchangeError, TestPattern

SUBJECTS = "matrix session parser cache socket invoice calendar image queue archive".split()
ACTIONS = "opens closes rejects copies".split()


def small_set() -> JudgedSet:
    """Returns 40 documents and 40 queries; a query has two words of its only relevant one."""
    documents, queries, judgements = [], {}, {}
    for number, (subject, action) in enumerate((s, a) for s in SUBJECTS for a in ACTIONS):
        id = f"doc {number} / ü"  # no pattern may have such an id
        documents.append(Document(id, f"The {subject} {action}", f"It {action} a {subject} once."))
        queries[f"q{number}"] = f"{subject} that {action} something"
        judgements[f"q{number}"] = {id: 1}
    return JudgedSet("small", tuple(documents), queries, judgements)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds the small set in BEIR layout."""
    write_judged_set(tmp_path / "small", small_set())
    return tmp_path / "small"


# -- reading -------------------------------------------------------------------------------------


def test_judged_set_is_read_as_it_was_written(folder: Path) -> None:
    assert read_judged_set(folder) == small_set()


def test_judged_set_takes_splits_numbers_as_ids_and_no_heading(folder: Path) -> None:
    (folder / "qrels.tsv").unlink()
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text('\n{"_id": 7, "text": "seven", "title": null}\n')
    (folder / "queries.jsonl").write_text('{"_id": 1, "text": "7?"}\n{"_id": 2, "text": "no"}\n')
    (folder / "qrels" / "test.tsv").write_bytes(b"1\t7\t2\r\n2\t7\t0\r\n3\t7\t1\r\n")
    judged = read_judged_set(folder)
    assert judged.documents == (Document("7", "", "seven"),)
    assert judged.queries == {"1": "7?"}
    assert judged.relevant("1") == {"7"}
    (folder / "qrels" / "dev.tsv").write_text("1\t7\t1\n")
    with pytest.raises(InterchangeError, match=r"dev.tsv, test.tsv; choose one with --qrels"):
        read_judged_set(folder)
    assert read_judged_set(folder, qrels=folder / "qrels" / "test.tsv") == judged


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("corpus.jsonl", None, "cannot read .*corpus.jsonl: No such file"),
        ("qrels.tsv", None, "cannot read .*qrels.tsv"),
        ("corpus.jsonl", b"", "got 0 documents"),
        ("corpus.jsonl", b"{", "corpus.jsonl:1 must be one JSON object"),
        ("corpus.jsonl", b'{"_id": "\xff"}', "corpus.jsonl:1 must be one JSON object"),
        ("corpus.jsonl", b"[1]", "corpus.jsonl:1 must be an object with an"),
        ("corpus.jsonl", b'{"_id": true, "text": ""}', "must be an object with an"),
        ("corpus.jsonl", b'{"_id": "a"}', 'needs a text in "text", got None'),
        ("corpus.jsonl", b'{"_id": "a", "text": "", "title": 3}', 'needs a text in "title", got 3'),
        (
            "queries.jsonl",
            b'{"_id": "a", "text": ""}\n{"_id": "a", "text": ""}',
            "queries.jsonl:2 repeats the _id 'a'",
        ),
        ("qrels.tsv", b"q1 d1 1\n", "qrels.tsv:1 must be query-id, corpus-id"),
        ("qrels.tsv", b"query-id\tcorpus-id\tscore\nq1\td1\thigh\n", "qrels.tsv:2 must be"),
        ("qrels.tsv", b"other\td1\t1\n", "do the files belong together"),
    ],
)
def test_malformed_folder_is_one_clear_line(
    folder: Path, file: str, content: bytes | None, message: str
) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(InterchangeError, match=message) as raised:
        read_judged_set(folder)
    assert "\n" not in str(raised.value)


def test_missing_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match=r"expected a folder, got .*corpus.jsonl"):
        read_judged_set(tmp_path / "nowhere")


def test_sample_of_queries_is_the_same_for_the_same_seed() -> None:
    judged = small_set()
    sample = judged.sampled(7, seed=3)
    assert len(sample.queries) == len(sample.judgements) == 7
    assert sample == judged.sampled(7, seed=3) != judged.sampled(7, seed=4)
    assert sample.documents == judged.documents
    assert judged.sampled(40, seed=3) is judged


# -- documents as patterns -----------------------------------------------------------------------


def made(document: Document, field: Any) -> TestPattern:
    pattern, _ = document_pattern(document, field)
    assert pattern is not None
    return pattern


def test_document_keeps_title_and_text() -> None:
    prose = made(Document("a b", "  A\n title ", "Some text."), "description")
    assert (prose.name, prose.description, prose.template) == ("A title", "Some text.", "")
    code = made(Document("a b", "A title", "x = 1"), "template")
    assert (code.name, code.description, code.template) == ("A title", "", "x = 1")
    assert prose.id == code.id != made(Document("a c", "A title", "x"), "template").id


def test_document_without_title_is_named_by_its_beginning() -> None:
    text = "one two three four five six seven eight nine"
    assert made(Document("a", "", text), "description").name == text.removesuffix(" nine")
    assert made(Document("a", " ", "\n  def f():\n    pass"), "template").name == "def f():"
    assert made(Document("a", "", "x" * 999), "template").name == "x" * 200


def test_document_without_text_is_described_by_its_title() -> None:
    assert made(Document("a", "Only a title", "\n"), "template").description == "Only a title"


def test_empty_document_is_no_pattern() -> None:
    assert document_pattern(Document("a", "", " \n"), "description") == (None, False)
    assert document_pattern(Document("a", " ", ""), "template") == (None, False)


def test_oversize_document_is_cut_between_characters() -> None:
    pattern, cut = document_pattern(Document("a", "t", "ü" * MAX_TEXT_BYTES), "description")
    assert cut
    assert pattern is not None
    assert pattern.description == "ü" * (MAX_TEXT_BYTES // 2)


# -- the bank --------------------------------------------------------------------------------------


def test_judged_bank_counts_what_became_of_the_documents(encoder: Encoder) -> None:
    key = "AKIA" + "ABCDEFGHIJ234567"
    documents = (
        Document("whole", "login", "checks the login"),
        Document("empty", "", ""),
        Document("long", "long", "word " * MAX_TEXT_BYTES),
        Document("refused", key + "x" * 180 + " " + key, "a name that redaction makes too long"),
    )
    judged = JudgedSet("four", documents, {"q": "login"}, {"q": {"whole": 1}})
    with open_judged_bank(judged, field="description", encoder=encoder) as bank:
        loading = bank.loading
        assert bank.search("login") == ["whole"] or bank.search("login")[0] == "whole"
        assert bank.pattern_id("whole") is not None
        assert bank.pattern_id("empty") is None
    assert (loading.empty, loading.cut, loading.stored) == (1, 1, 3 - loading.rejected)


def test_judged_bank_in_a_file_is_taken_again_but_not_with_other_patterns(
    path: Path, encoder: Encoder, pattern: Any
) -> None:
    progress: list[int] = []
    for _ in range(2):
        with open_judged_bank(
            small_set(),
            field="description",
            encoder=encoder,
            database=path,
            progress=progress.append,
        ) as bank:
            assert bank.loading.stored == 40
    assert progress == [40, 40]
    with QEReasoningBank(path, encoder=encoder) as other:
        other.store_pattern(pattern())
    with (
        pytest.raises(AqeError, match="must hold the 40 documents and nothing else, it holds 41"),
        open_judged_bank(small_set(), field="description", encoder=encoder, database=path),
    ):
        pass


def test_judged_bank_needs_the_vector_index(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        pytest.raises(AqeError, match="needs sqlite-vec"),
        open_judged_bank(small_set(), field="description", encoder=encoder),
    ):
        pass


# -- metrics ---------------------------------------------------------------------------------------


def test_metrics_of_a_ranking_by_hand() -> None:
    judgements = {
        "a": {"x": 1, "y": 1, "z": 0},
        "b": {"x": 2, "y": 1},
        "c": {"x": 1},
        "d": {"x": 1},
    }
    tail = [f"t{number}" for number in range(10)]
    rankings = {"a": ["z", "x"], "b": ["y", "x"], "c": [*tail, "x"]}
    second = 1 / math.log2(3)
    expected = [second / (1 + second), (1 + 2 * second) / (2 + second), 0, 0]
    assert ndcg_at_10(rankings, judgements) == pytest.approx(expected)
    assert reciprocal_rank_at_10(rankings, judgements) == pytest.approx([0.5, 1, 0, 0])
    assert recall_at_100(rankings, judgements) == pytest.approx([0.5, 1, 1, 0])


def test_metrics_without_ir_measures_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ir_measures", None)
    with pytest.raises(AqeError, match=r"pip install 'aqe\[bench\]'"):
        ndcg_at_10({}, {})


def test_difference_is_paired_and_repeatable() -> None:
    ours = np.random.default_rng(1).random(50)
    # A constant gain: unpaired resampling would give an interval with some width.
    same = compare(ours + 0.1, ours, seed=5)
    assert same.mean == pytest.approx(0.1)
    assert same.interval == pytest.approx((0.1, 0.1))
    assert same.relative == pytest.approx(0.1 / ours.mean())
    theirs = np.random.default_rng(2).random(50)
    difference = compare(ours, theirs, seed=5)
    assert difference == compare(ours, theirs, seed=5)
    assert difference.interval[0] < difference.mean < difference.interval[1]


def test_interval_is_that_of_the_normal_approximation_for_many_queries() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = rng.normal(0.1, 1, 2_000), rng.normal(0, 1, 2_000)
    difference = compare(ours, theirs, seed=5)
    error = 1.96 * float((ours - theirs).std()) / math.sqrt(2_000)
    expected = (difference.mean - error, difference.mean + error)
    assert difference.interval == pytest.approx(expected, abs=0.1 * error)


def test_difference_against_nothing_found_has_no_relative_gain() -> None:
    zeros: npt.NDArray[np.float64] = np.zeros(3)
    assert compare(zeros, zeros, seed=1).relative is None


@pytest.mark.parametrize(("ours", "theirs"), [(2, 3), (0, 0)])
def test_difference_needs_the_same_queries(ours: int, theirs: int) -> None:
    with pytest.raises(ValueError, match="values of the same queries"):
        compare(np.zeros(ours), np.zeros(theirs), seed=1)


def test_rrf_by_hand() -> None:
    # b: 1/62 + 1/61, a: 1/61 + 1/63, d and c: 1/63 and 1/62
    assert reciprocal_rank_fusion([["a", "b", "d"], ["b", "c", "a"]]) == ["b", "a", "c", "d"]
    assert reciprocal_rank_fusion([["a"], ["b"]]) == ["a", "b"]


@given(st.lists(st.permutations(list("abcdef")), min_size=1, max_size=3))
def test_rrf_keeps_every_id_once_and_puts_what_all_put_first_first(
    rankings: list[list[str]],
) -> None:
    fused = reciprocal_rank_fusion(rankings)
    assert sorted(fused) == sorted(rankings[0])
    assert reciprocal_rank_fusion([rankings[0]] * 3) == rankings[0]


# -- the whole -------------------------------------------------------------------------------------


def test_quality_measures_what_the_bank_answers(tmp_path: Path) -> None:
    judged, encoder = small_set(), HashingEncoder()
    told: list[int] = []
    report = measure_quality(
        judged, field="description", encoder=encoder, cache=tmp_path, answered=told.append
    )
    assert sum(told) == 40
    assert tuple(report["systems"]) == SYSTEMS
    with open_judged_bank(judged, field="description", encoder=encoder) as bank:
        for system, mode in (("vector", "vector"), ("text", "text"), ("aqe", "hybrid")):
            answers = {
                id: bank.search(text, mode=mode)  # type: ignore[arg-type]
                for id, text in judged.queries.items()
            }
            measured = report["systems"][system]
            assert measured["ndcg@10"] == ndcg_at_10(answers, judged.judgements).mean()
            assert 0 < measured["p50_ms"] <= measured["p95_ms"]
    # Only one document has both words of a query, so the text leg cannot miss it.
    assert report["systems"]["text"]["recall@100"] == 1
    assert report["systems"]["aqe"]["mrr@10"] > 0.9
    best = report["gain_over_best_leg"]
    assert best["ndcg@10"] == pytest.approx(
        report["systems"]["aqe"]["ndcg@10"] - report["systems"][best["leg"]]["ndcg@10"]
    )
    assert best["interval"][0] <= best["ndcg@10"] <= best["interval"][1]
    assert (report["documents"], report["queries"], report["judgements"]) == (40, 40, 40)


def test_quality_with_all_lets_near_duplicates_make_no_room(tmp_path: Path) -> None:
    twin = "def test_total():\n    cart = Cart([1, 2])\n    assert cart.total == 3\n"
    documents = [Document(f"twin{number}", "cart total", twin) for number in range(12)]
    for number, word in enumerate(SUBJECTS):
        code = (
            f"def test_{word}():\n    with {word}.open() as {word}:\n        {word}.cart({word})\n"
        )
        documents.append(Document(f"other{number}", word, code))
    judged = JudgedSet("twins", tuple(documents), {"q": "cart total"}, {"q": {"other3": 1}})
    twins = {}
    for group in (True, False):
        report = measure_quality(
            judged, field="template", encoder=HashingEncoder(), cache=tmp_path, group=group
        )
        assert report["grouped"] is group
        with open_judged_bank(
            judged, field="template", encoder=HashingEncoder(), group=group
        ) as bank:
            twins[group] = sum(id.startswith("twin") for id in bank.search("cart total"))
    assert twins[True] == 1
    assert twins[False] == 10


def test_quality_embeds_each_text_once_for_all_runs(tmp_path: Path) -> None:
    def run(**options: Any) -> dict[str, Any]:
        load: dict[str, Any] = measure_quality(
            small_set(), field="description", encoder=HashingEncoder(64), cache=tmp_path, **options
        )["load"]
        return load

    first, second = run(), run(limit_queries=2)
    assert (first["embedded"], first["embeddings_from_cache"]) == (40, 0)
    assert (second["embedded"], second["embeddings_from_cache"]) == (0, 40)


# -- the cache of embeddings -----------------------------------------------------------------------


def test_cached_encoder_gives_the_encoders_own_vectors(tmp_path: Path, encoder: Any) -> None:
    texts = ["one", "two", "one", "\ud800 lone"]
    expected = HashingEncoder(64).encode(texts)
    for embedded in (3, 0):
        cached = CachedEncoder(encoder, tmp_path)
        assert np.array_equal(cached.encode(texts), expected)
        assert (cached.embedded, cached.reused) == (embedded, 4 - embedded)
        assert cached.encode([]).shape == (0, 64)
        assert (cached.name, cached.dimension, cached.revision) == (
            encoder.name,
            64,
            encoder.revision,
        )
    assert encoder.texts == 3
    cached.encode_query("one")
    cached.encode_query("one")
    assert encoder.queries == 2, "look-ups are measured with their encoding"


def test_cached_encoder_never_mixes_encoders(
    tmp_path: Path, encoder: Encoder, other_encoder: Encoder
) -> None:
    CachedEncoder(encoder, tmp_path).encode(["one"])
    cached = CachedEncoder(other_encoder, tmp_path)
    assert cached.encode(["one"]).shape == (1, 32)
    assert cached.reused == 0


def test_cached_encoder_says_which_file_is_damaged(tmp_path: Path, encoder: Encoder) -> None:
    CachedEncoder(encoder, tmp_path).encode(["one"])
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(AqeError, match=f"{file.name}.*delete it"):
        CachedEncoder(encoder, tmp_path).encode(["one"])


def test_cached_encoder_says_where_it_cannot_write(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AqeError, match=r"cannot write cached embeddings.*--cache"):
        CachedEncoder(encoder, tmp_path / "file").encode(["one"])


def test_default_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_folder({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/aqe")
    assert default_cache_folder({"XDG_CACHE_HOME": "relative"}) == tmp_path / ".cache" / "aqe"
    assert default_cache_folder({}) == tmp_path / ".cache" / "aqe"


# -- the command -----------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    return CliRunner().invoke(
        app,
        ["bench", "quality", *map(str, arguments), "--encoder", "hashing:64"],
        env={"COLUMNS": "90", "NO_COLOR": "1"},
    )


def test_command_prints_one_json_document(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "--json", "--limit-queries", 5, "--cache", tmp_path / "cache")
    assert result.exit_code == 0, result.exception
    report = json.loads(result.stdout)
    assert (report["dataset"], report["queries"]) == ("small", 5)
    assert report["encoder"] == "hashing:64"
    for system in SYSTEMS:
        assert set(report["systems"][system]) == {
            *("ndcg@10", "mrr@10", "recall@100", "p50_ms", "p95_ms")
        }


def test_command_prints_a_table(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    result = run(folder, "--field", "template", "--cache", tmp_path / "cache", "--db", database)
    assert result.exit_code == 0, result.exception
    assert "small: 40 documents, 40 queries, encoder hashing:64" in result.stdout
    for system in SYSTEMS:
        assert f"\n{system}\t" in result.stdout
    assert "aqe against rrf" in result.stdout
    assert "95 % interval" in result.stdout
    assert database.exists()


def test_command_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere")
    assert result.exit_code == 1
    assert isinstance(result.exception, InterchangeError)
