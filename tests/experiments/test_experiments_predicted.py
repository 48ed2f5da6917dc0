"""Predictions held against runs: the order of plans is right, the error is told."""

import pytest

import facts
import skb
from experiments.comparing.predicted import Comparison, Pair, compare_placements, compare_trees
from planner import Topology


def test_a_comparison_tells_mean_error_and_rank_correlation() -> None:
    found = Comparison("m", "plans", (Pair("a", 90, 100), Pair("b", 220, 200), Pair("c", 300, 300)))
    assert found.mean_error == pytest.approx((0.1 + 0.1 + 0) / 3)
    assert found.rank_correlation == pytest.approx(1)
    crossed = Comparison("m", "plans", (Pair("a", 1, 3), Pair("b", 2, 2), Pair("c", 3, 1)))
    assert crossed.rank_correlation == pytest.approx(-1)
    assert Comparison("m", "plans", (Pair("a", 1, 3), Pair("b", 1, 2))).rank_correlation is None


def test_better_predictions_are_better_runs() -> None:
    machine = Topology.of(skb.load(facts.read("amd-4x4")))
    placements = compare_placements(machine, placements=6)
    trees = compare_trees(machine, methods=("two-level", "sequential", "binomial"))
    for found in (placements, trees):
        assert found.rank_correlation is not None
        assert found.rank_correlation > 0.7
        assert 0 < found.mean_error < 0.3
