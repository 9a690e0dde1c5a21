"""The commands that choose and explain the ranking run on a small judged set and on real tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aqe.bench.quality.beir import Document, JudgedSet, read_judged_set, write_judged_set
from aqe.bench.studies import ablation, ranking_cost, ranking_weight
from aqe.bench.studies.answers import near_duplicates
from aqe.models import HashingEncoder

WORDS = (
    "singular matrix",
    "login refused",
    "file saved",
    "seed repeated",
    "graph cycle",
    "page closed",
)


@pytest.fixture
def judged(tmp_path: Path) -> JudgedSet:
    documents = tuple(Document(str(n), "", f"def f{n}():\n    {w}") for n, w in enumerate(WORDS))
    queries = {f"q{number}": words for number, words in enumerate(WORDS)}
    judgements = {f"q{number}": {str(number): 1} for number in range(len(WORDS))}
    return JudgedSet("small", documents, queries, judgements)


def test_halves_of_the_queries_are_apart_and_whole(judged: JudgedSet) -> None:
    tuning = ranking_weight.tuning_half(judged)
    checking = ranking_weight.tuning_half(judged, checking=True)
    assert not set(tuning.queries) & set(checking.queries)
    assert set(tuning.queries) | set(checking.queries) == set(judged.queries)


def test_weights_table_finds_what_only_the_words_find(judged: JudgedSet, tmp_path: Path) -> None:
    values = ranking_weight.weights_table(judged, "template", HashingEncoder(), tmp_path)
    assert values.shape == (len(ranking_weight.WEIGHTS),)
    assert np.all((values >= 0) & (values <= 1))
    assert values[-1] == pytest.approx(1.0)


def test_ranking_weight_prints_a_table(
    judged: JudgedSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_judged_set(tmp_path / "set", judged)
    assert read_judged_set(tmp_path / "set").queries == judged.queries
    arguments = [f"{tmp_path}/set:template", "--encoder", "hashing", "--cache", str(tmp_path)]
    ranking_weight.main(arguments)
    assert "| mean |" in capsys.readouterr().out
    ablation.main(arguments)
    printed = capsys.readouterr().out
    assert all(system in printed for system in ablation.SYSTEMS)
    for main in (ranking_weight.main, ablation.main):
        with pytest.raises(SystemExit) as ended:
            main([f"{tmp_path}/set:prose"])
        assert ended.value.code == 2


def test_ablation_tells_the_systems_apart(judged: JudgedSet, tmp_path: Path) -> None:
    row = ablation.ablation_row(judged, "template", HashingEncoder(), tmp_path)
    assert set(row) == set(ablation.SYSTEMS)
    assert row["text alone"] == pytest.approx(1.0)
    assert row["ranking of the bank, rules aside"] >= row["vectors alone"]


def test_near_duplicates_are_measured_on_real_tests() -> None:
    lines = near_duplicates.measure_near_duplicates(120, 60).splitlines()
    assert lines[0].startswith("| difflib ratio")
    assert sum(line.startswith("| 0.") for line in lines) == 6


def test_ranking_cost_compares_the_same_look_up(capsys: pytest.CaptureFixture[str]) -> None:
    ranking_cost.main(["--patterns", "60", "--queries", "8"])
    figures = json.loads(capsys.readouterr().out)
    for share in (50, 95):
        ours, plain = figures[f"p{share}_ms"], figures[f"convex_p{share}_ms"]
        assert ours > 0
        assert plain > 0
        assert figures[f"growth_p{share}"] == pytest.approx(ours / plain - 1, abs=0.01)
    with pytest.raises(SystemExit):
        ranking_cost.main(["--queries", "0"])
