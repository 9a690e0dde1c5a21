"""Evidence measured on judged data: replay, groups and floods."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aqe.bench.quality.beir import Document, JudgedSet, write_judged_set
from aqe.bench.studies.evidence import (
    AGENTS,
    main,
    measure_evidence,
    split_queries,
)
from aqe.models import HashingEncoder


def twins(pairs: int = 12) -> JudgedSet:
    """Returns needs that two documents meet equally well in words; one of each was judged right."""
    documents, queries, judgements = [], {}, {}
    for number in range(pairs):
        words = f"widget{number} gadget{number}"
        documents.append(Document(f"wrong{number}", words, f"Checks {words} alpha."))
        documents.append(Document(f"right{number}", words, f"Checks {words} omega."))
        for variant in ("find", "show", "list"):
            id = f"{variant}{number}"
            queries[id] = f"{variant} {words}"
            judgements[id] = {f"right{number}": 1}
    return JudgedSet("twins", tuple(documents), queries, judgements)


def test_groups_are_disjoint_and_follow_the_judgements() -> None:
    judged = twins()
    groups = split_queries(judged, seed=4)
    assert groups == split_queries(judged, seed=4) != split_queries(judged, seed=5)
    everything = [*groups.replayed, *groups.paraphrases, *groups.others]
    assert sorted(everything) == sorted(judged.queries)
    assert len(groups.replayed) == 18
    met = {next(iter(judged.relevant(id))) for id in groups.replayed}
    for id in groups.paraphrases:
        assert judged.relevant(id) <= met
    for id in groups.others:
        assert judged.relevant(id).isdisjoint(met)


def test_use_lifts_what_worked_above_what_did_not_and_one_agent_cannot(tmp_path: Path) -> None:
    report = measure_evidence(
        twins(),
        field="description",
        encoder=HashingEncoder(),
        cache=tmp_path,
        seed=4,
        false_successes=40,
    )
    for name in ("replayed", "paraphrases"):
        group = report["groups"][name]
        assert group["ndcg@10_after"] > group["ndcg@10_before"], name
        assert group["gain"] == pytest.approx(group["ndcg@10_after"] - group["ndcg@10_before"])
        assert group["interval"][0] <= group["gain"] <= group["interval"][1]
    assert report["uses"] == len(AGENTS) * 18 * 3
    flood = report["flood"]
    assert flood["queries"] > 0
    assert flood["passed_the_proven"] == 0
    assert flood["rose_after_the_first_few"] == 0
    for each in flood["each"]:
        assert each["proven_rank"] < each["rank_after"] <= each["rank_before"]


def test_command_prints_json_or_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_judged_set(tmp_path / "set", twins(4))
    options = ["--encoder", "hashing:64", "--cache", str(tmp_path / "cache")]
    arguments = [str(tmp_path / "set"), *options, "--limit-queries", "8"]
    assert main([*arguments, "--false-successes", "5"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["dataset"] == "set"
    assert sum(group["queries"] for group in report["groups"].values()) == 8
    assert main([str(tmp_path / "nowhere"), *options]) == 1
    assert capsys.readouterr().err.startswith("error: expected a folder")
