import random
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import opteron

from planner import PlanError, Topology, multicast, multicast_matrix
from planner.trees.bound import lower_bound
from planner.trees.cost import MulticastCost, busy_times
from planner.trees.order import best_order, ready_times
from planner.verify.errors import ViolationError
from planner.verify.tree import check_tree

METHODS = ["lookahead", "two-level", "sequential", "binomial", "mst"]


def matrix(size: int, seed: int) -> list[list[float]]:
    draw = random.Random(seed)
    return [
        [0.0 if a == b else draw.choice([20, 50, 90, 200]) + draw.random() for b in range(size)] for a in range(size)
    ]


def cost_of(latency: list[list[float]], share: float) -> MulticastCost:
    delay = np.rint(np.array(latency) * 1000).astype(np.int64)
    busy = busy_times(delay, round(share * 10**6), 0)
    return MulticastCost(tuple(range(len(delay))), delay, busy, (0,) * len(delay), "stated")


def shortest_possible(cost: MulticastCost) -> int:
    """Every tree in its best sending order."""
    best = None
    for parents in product(range(cost.size), repeat=cost.size - 1):
        order = [-1, *parents]
        if all(_leads_to_root(order, core) for core in range(1, cost.size)):
            makespan = max(ready_times(cost, best_order(cost, order)))
            best = makespan if best is None else min(best, makespan)
    assert best is not None
    return best


def _leads_to_root(parents: list[int], core: int) -> bool:
    for _ in parents:
        core = parents[core]
        if core == 0:
            return True
        if core < 0:
            return False
    return False


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6), st.sampled_from([0.0, 0.19, 0.5, 1.0]))
def test_no_tree_beats_the_bound_nor_the_brute_force(size: int, seed: int, share: float) -> None:
    cost = cost_of(matrix(size, seed), share)
    best = shortest_possible(cost)
    found = multicast_matrix(matrix(size, seed), send_share=share, iterations=300)
    assert lower_bound(cost).bound_ps <= best <= found.makespan_ps <= 1.1 * best


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6))
def test_the_sending_order_is_the_best_of_all_orders(children: int, seed: int) -> None:
    cost = cost_of(matrix(children + 1, seed), 0.4)
    ordered = best_order(cost, [-1] + [0] * children)
    every = [max(ready_times(cost, {0: list(order)})) for order in permutations(range(1, children + 1))]
    assert max(ready_times(cost, ordered)) == min(every)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reaches_every_member_once(method: str) -> None:
    tree = multicast(Topology.of(opteron()), 5, method=method)
    reached = [child for own in tree.sends.values() for child in own]
    assert sorted(reached) == [core for core in range(16) if core != 5]
    assert tree.lower_bound_ps <= tree.makespan_ps


def test_lookahead_is_quicker_than_the_baselines_on_the_opteron() -> None:
    machine = Topology.of(opteron())
    took = {method: multicast(machine, 0, method=method).makespan_ps for method in METHODS}
    assert min(took, key=lambda method: took[method]) == "lookahead"


def test_the_two_level_tree_serves_each_package_through_one_core() -> None:
    tree = multicast(Topology.of(opteron()), 0, method="two-level")
    assert tree.sends[0] == (8, 4, 12, 1, 2, 3)
    assert tree.sends[8] == (9, 10, 11)


def test_a_group_need_not_hold_its_root() -> None:
    tree = multicast(Topology.of(opteron()), 0, [8, 9, 0])
    assert tree.members == (8, 9)
    assert tree.to_json()["latency"] == "stated"


def test_a_root_alone_takes_no_time() -> None:
    tree = multicast(Topology.of(opteron()), 3, [3])
    assert (tree.makespan_ps, tree.sends, tree.is_proven) == (0, {}, True)


def test_improvement_by_iterations_gives_the_same_tree_twice() -> None:
    latency = matrix(12, 7)
    first, second = (multicast_matrix(latency, iterations=200, seed=3) for _ in range(2))
    assert first.sends == second.sends
    assert first.makespan_ps <= multicast_matrix(latency).makespan_ps


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"root": 99}, "core 99 does not exist"),
        ({"root": 0, "members": [77]}, "core 77 does not exist"),
        (
            {"root": 0, "method": "carrier-pigeon"},
            "lookahead, two-level, sequential, binomial, mst are accepted",
        ),
        ({"root": 0, "send_share": 1.5}, "the send share is 1.5"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(options: dict, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        multicast(Topology.of(opteron()), **options)


def test_the_checker_finds_a_core_left_out_and_a_wrong_time() -> None:
    cost = lambda a, b: (100, 10)  # noqa: E731
    with pytest.raises(ViolationError, match=r"does not reach \[2\]"):
        check_tree(0, [1, 2], {0: [1]}, 100, 0, cost)
    with pytest.raises(ViolationError, match="110 ps, 100 were claimed"):
        check_tree(0, [1, 2], {0: [1, 2]}, 100, 0, cost)


def test_real_matrices_get_trees_near_their_bound(shared_data: Path) -> None:
    path = shared_data / "core-to-core" / "Dual Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz.csv"
    rows = [[float(cell) if cell.strip() else 0.0 for cell in line.split(",")] for line in path.read_text().split()]
    size = len(rows)
    latency = [[0.0 if a == b else rows[max(a, b)][min(a, b)] for b in range(size)] for a in range(size)]
    tree = multicast_matrix(latency)
    assert tree.makespan_ps < multicast_matrix(latency, method="two-level").makespan_ps
    assert tree.gap < 0.35
