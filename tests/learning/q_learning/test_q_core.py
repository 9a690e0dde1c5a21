"""The Q-learning core: table, update rules, and the draws of replay."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.learning import QLearningConfig
from aqe.learning.q_learning.counter_rng import coin, draw, sample_without_replacement, seed_of
from aqe.learning.q_learning.q_table import QTable
from aqe.learning.q_learning.update_rules import update
from aqe.schema import LearningError


def filled_table() -> QTable:
    """Two states, three actions; Q(s1, ·) = 1, 4, 2."""
    table = QTable(["s0", "s1"], ["a0", "a1", "a2"])
    for action, value in enumerate((1.0, 4.0, 2.0)):
        table.set_value(1, action, value)
        table.set_counts(1, action, 1, value)
    return table


def test_update_q_learning_equals_the_hand_computed_value() -> None:
    table = filled_table()
    table.set_value(0, 0, 0.5)
    update(table, 0, 0, 2.0, 1, learning_rate=0.1, discount_factor=0.9)
    assert table.value(0, 0) == pytest.approx(0.5 + 0.1 * (2.0 + 0.9 * 4.0 - 0.5), abs=1e-15)


def test_update_of_a_terminated_step_does_not_bootstrap() -> None:
    table = filled_table()
    update(table, 0, 0, 2.0, None, learning_rate=0.1, discount_factor=0.9)
    assert table.value(0, 0) == pytest.approx(0.2, abs=1e-15)


def test_update_expected_sarsa_equals_the_hand_computed_value() -> None:
    table = filled_table()
    update(
        table,
        0,
        0,
        2.0,
        1,
        learning_rate=0.1,
        discount_factor=0.9,
        rule="expected-sarsa",
        epsilon=0.3,
    )
    expected = 0.7 * 4.0 + 0.3 * (1.0 + 4.0 + 2.0) / 3
    assert table.value(0, 0) == pytest.approx(0.1 * (2.0 + 0.9 * expected), abs=1e-15)


def test_update_double_q_takes_the_other_estimate_of_its_own_best_action() -> None:
    table = filled_table()
    table.set_estimate(1, 1, -1.0, estimate=1)  # B thinks little of what A likes best
    update(table, 0, 0, 2.0, 1, learning_rate=0.5, discount_factor=0.9, rule="double-q", coin=False)
    assert table.estimate_value(0, 0, estimate=0) == pytest.approx(0.5 * (2.0 + 0.9 * -1.0))
    assert table.estimate_value(0, 0, estimate=1) == 0.0
    update(table, 0, 1, 1.0, 1, learning_rate=0.5, discount_factor=0.9, rule="double-q", coin=True)
    # B's best in s1 is action 2 (value 2), which A values at 2.
    assert table.estimate_value(0, 1, estimate=1) == pytest.approx(0.5 * (1.0 + 0.9 * 2.0))
    assert table.value(0, 0) == pytest.approx(0.5 * 0.5 * (2.0 + 0.9 * -1.0))


def test_double_q_overestimates_less_than_q_learning_where_rewards_are_noise() -> None:
    """van Hasselt's bias: ten actions of mean -0.1; the maximum of noisy estimates lies above 0."""
    rng = random.Random(5)
    biased, doubled = QTable(["s", "t"]), QTable(["s", "t"])
    for table in (biased, doubled):
        for number in range(10):
            table.add_action(str(number))
    for _ in range(3_000):
        action, reward, toss = rng.randrange(10), rng.gauss(-0.1, 1), rng.random() < 0.5
        for table in (biased, doubled):
            table.count_visit(1, action, reward)
        update(biased, 1, action, reward, None, learning_rate=0.1, discount_factor=1)
        update(
            doubled, 1, action, reward, None, learning_rate=0.1, discount_factor=1,
            rule="double-q", coin=toss,
        )  # fmt: skip
        update(biased, 0, 0, 0.0, 1, learning_rate=0.1, discount_factor=1)
        update(
            doubled, 0, 0, 0.0, 1, learning_rate=0.1, discount_factor=1,
            rule="double-q", coin=rng.random() < 0.5,
        )  # fmt: skip
    assert biased.value(0, 0) > 0.1 > doubled.value(0, 0)


@pytest.mark.parametrize("rule", ["q-learning", "expected-sarsa", "double-q"])
def test_update_from_a_state_where_nothing_applies_expects_nothing(rule: str) -> None:
    table = QTable(["s0", "s1"])
    table.add_action("a")
    update(table, 0, 0, 1.0, 1, learning_rate=1.0, discount_factor=0.9, rule=rule)  # type: ignore[arg-type]
    assert table.estimate_value(0, 0, estimate=0) == 1.0


@pytest.mark.parametrize("rule", ["q-learning", "expected-sarsa", "double-q"])
def test_update_rules_reach_the_optimum_of_a_small_chain(rule: str) -> None:
    """Five states in a row, reward 1 at the right end: Q*(i, right) = 0.9 ** (3 - i)."""
    rng = random.Random(3)
    table = QTable([str(state) for state in range(5)], ["left", "right"])
    for _ in range(4_000):
        state, action = rng.randrange(4), rng.randrange(2)
        follows = max(0, state - 1) if action == 0 else state + 1
        end = follows == 4
        table.count_visit(state, action, float(end))
        update(
            table, state, action, float(end), None if end else follows, learning_rate=0.3,
            discount_factor=0.9, rule=rule, coin=rng.random() < 0.5,  # type: ignore[arg-type]
        )  # fmt: skip
    for state in range(4):
        assert table.value(state, 1) == pytest.approx(0.9 ** (3 - state), abs=0.01)


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 20), st.floats(-2, 2)), max_size=300))
def test_table_grows_without_forgetting(visits: list[tuple[int, int, float]]) -> None:
    table, oracle = QTable(), dict[tuple[str, str], tuple[int, float]]()
    for state, action, reward in visits:
        row, column = table.add_state(f"s{state}"), table.add_action(f"a{action}")
        table.count_visit(row, column, reward)
        table.set_value(row, column, reward)
        count, _ = oracle.get((f"s{state}", f"a{action}"), (0, 0.0))
        oracle[f"s{state}", f"a{action}"] = (count + 1, reward)
    assert table.total_visits() == len(visits)
    for (state_key, action_key), (count, value) in oracle.items():
        row_index, column_index = table.state_index(state_key), table.action_index(action_key)
        assert row_index is not None
        assert column_index is not None
        assert table.visit_count(row_index, column_index) == count
        assert table.value(row_index, column_index) == value
    for row in range(len(table.states)):
        tried = [v for (s, _), (_, v) in oracle.items() if s == table.states[row]]
        assert table.best_value(row) == max(tried, default=0.0)


def test_table_value_of_an_action_tried_elsewhere_does_not_count() -> None:
    table = QTable(["here", "there"])
    table.add_action("sensible")
    table.add_action("only there")
    table.count_visit(0, 0, -1.0)
    table.set_value(0, 0, -1.0)
    assert table.best_value(0) == -1.0  # not the 0 of what was never tried here
    assert QTable(["here"], ["everywhere"]).best_value(0) == 0.0


def test_table_reads_are_copies() -> None:
    table = filled_table()
    table.values(1)[0] = 99
    table.visits(1)[0] = 99
    table.reward_sums(1)[0] = 99
    assert table.value(1, 0) == 1.0
    assert table.visit_count(1, 0) == 1
    assert table.reward_sum(1, 0) == 1.0


def test_table_refuses_to_grow_beyond_its_limit() -> None:
    table = QTable(max_cells=64 * 8)
    for number in range(64):
        table.add_state(str(number))
    with pytest.raises(LearningError, match="128 states x 8 actions"):
        table.add_state("one too many")


def test_table_with_two_estimates_grows_both() -> None:
    table = QTable(["s"], ["a"])
    table.set_estimate(0, 0, 4.0, estimate=1)
    for number in range(200):
        table.add_state(f"s{number}")
    assert table.has_second_estimate
    assert table.value(0, 0) == 2.0
    assert table.values(0).tolist() == [2.0]
    table.set_value(0, 0, 3.0)
    assert table.estimate_value(0, 0, estimate=1) == 3.0


def test_draws_depend_on_their_place_alone() -> None:
    seed = seed_of("test-generator", 0)
    assert draw(seed, 7, 3) == draw(seed, 7, 3)
    assert seed == seed_of("test-generator", 0) != seed_of("test-generator", 1)
    # SplitMix64 from state 0: the first output of the published reference implementation.
    assert draw(0, 0, 0) == 0xE220A8397B1DCDAF


def test_coin_is_fair() -> None:
    heads = sum(coin(seed_of("x", 0), number, 0) for number in range(20_000))
    assert abs(heads - 10_000) < 5 * 71  # five standard deviations


@given(st.integers(0, 2**64 - 1), st.integers(0, 10_000), st.integers(0, 50), st.integers(0, 60))
def test_sample_has_no_repetition(seed: int, number: int, size: int, more: int) -> None:
    sample = sample_without_replacement(seed, number, size, size + more)
    assert len(set(sample)) == size
    assert all(0 <= number < size + more for number in sample)


def test_sample_is_uniform() -> None:
    counts = np.zeros(10)
    for number in range(5_000):
        counts[sample_without_replacement(1, number, 3, 10)] += 1
    assert np.all(np.abs(counts - 1_500) < 5 * np.sqrt(5_000 * 0.3 * 0.7))


def test_sample_refuses_more_than_there_are() -> None:
    with pytest.raises(ValueError, match="from 0 to 2"):
        sample_without_replacement(1, 1, 3, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"learning_rate": 0},
        {"learning_rate": 1.1},
        {"discount_factor": -0.1},
        {"epsilon": float("nan")},
        {"epsilon": 0.1, "epsilon_min": 0.2},
        {"replay_batch": 0},
        {"replay_interval": -1},
        {"replay_capacity": 10_001},
        {"update_rule": "sarsa"},
        {"policy": "greedy"},
    ],
)
def test_config_refuses(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        QLearningConfig(**fields)  # type: ignore[arg-type]
