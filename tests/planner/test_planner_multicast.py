import random
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import opteron

from planner import PlanError, Topology, multicast, multicast_matrix
from planner.trees.answer import MulticastTree
from planner.trees.bound import lower_bound
from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost, busy_times
from planner.trees.order import best_order, ready_times
from planner.trees.search.repair import sends_of
from planner.verify.errors import ViolationError
from planner.verify.tree import check_tree
from planner.verify.tree_bound import check_counting, check_optimum

METHODS = ["lookahead", "two-level", "sequential", "binomial", "mst", "adaptive", "adaptive-shuffle-sort"]


def matrix(size: int, seed: int) -> list[list[float]]:
    draw = random.Random(seed)
    return [
        [0.0 if a == b else draw.choice([20, 50, 90, 200]) + draw.random() for b in range(size)] for a in range(size)
    ]


def cost_of_pair(delay_ns: list[list[float]], busy_ns: list[list[float]]) -> MulticastCost:
    delay, busy = (np.rint(np.array(rows) * 1000).astype(np.int64) for rows in (delay_ns, busy_ns))
    return MulticastCost(tuple(range(len(delay))), delay, busy, (0,) * len(delay), "stated")


def cost_of(latency: list[list[float]], share: float) -> MulticastCost:
    delay = np.rint(np.array(latency) * 1000).astype(np.int64)
    busy = busy_times(delay, round(share * 10**6), 0)
    return MulticastCost(tuple(range(len(delay))), delay, busy, (0,) * len(delay), "stated")


def shortest_possible(cost: MulticastCost, caps: Caps) -> int | None:
    """Every tree in its best sending order; None where none keeps the caps."""
    every = (
        best_order(cost, [-1, *parents])
        for parents in product(range(cost.size), repeat=cost.size - 1)
        if all(_leads_to_root([-1, *parents], core) for core in range(1, cost.size))
    )
    return min((max(ready_times(cost, tree)) for tree in every if caps.holds_for(tree)), default=None)


def _leads_to_root(parents: list[int], core: int) -> bool:
    for _ in parents:
        core = parents[core]
        if core == 0:
            return True
        if core < 0:
            return False
    return False


caps_asked = st.builds(Caps, st.sampled_from([None, 1, 2, 3]), st.sampled_from([None, 1, 2, 3]))


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6), st.sampled_from([0.0, 0.19, 1.0, 1.7]), caps_asked)
def test_small_groups_get_the_best_of_all_trees_that_keep_the_caps(
    size: int, seed: int, share: float, caps: Caps
) -> None:
    delay = matrix(size, seed)
    busy = [[share * value for value in row] for row in matrix(size, seed + 1)]
    asked = {"max_fanout": caps.fanout, "max_depth": caps.depth}
    best = shortest_possible(cost_of_pair(delay, busy), caps)
    if best is None:
        with pytest.raises(PlanError, match="no tree reaches"):
            multicast_matrix({"delay": delay, "busy": busy}, **asked)
        return
    tree = multicast_matrix({"delay": delay, "busy": busy}, **asked)
    assert (tree.makespan_ps, tree.is_proven) == (best, True)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6), st.sampled_from([0.0, 0.19, 0.5, 1.0]))
def test_no_tree_beats_the_bound(size: int, seed: int, share: float) -> None:
    cost = cost_of(matrix(size, seed), share)
    best = shortest_possible(cost, Caps())
    assert best is not None
    assert lower_bound(cost).bound_ps <= best


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
    assert min(took.values()) == took["lookahead"]


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
    latency = [[0.0 if a == b else 20.0 + abs(a - b) * (a % 5 + 1) for b in range(24)] for a in range(24)]
    first, second = (multicast_matrix(latency, iterations=2000, seed=3) for _ in range(2))
    assert first.sends == second.sends
    assert first.makespan_ps < multicast_matrix(latency, method="lookahead").makespan_ps


@pytest.mark.parametrize("caps", [{"max_fanout": 3}, {"max_depth": 3}, {"max_fanout": 4, "max_depth": 4}])
def test_a_searched_tree_keeps_its_caps(caps: dict[str, int]) -> None:
    tree = multicast_matrix(matrix(24, 3), iterations=2000, **caps)
    free = multicast_matrix(matrix(24, 3), iterations=2000)
    assert tree.makespan_ps >= free.lower_bound_ps
    assert max(map(len, tree.sends.values())) <= caps.get("max_fanout", 24)


def test_caps_that_no_tree_keeps_are_infeasible_with_the_reason() -> None:
    with pytest.raises(PlanError, match="with max_fanout 2 and max_depth 3 it reaches 14 at most") as refused:
        multicast_matrix(matrix(16, 1), max_fanout=2, max_depth=3)
    assert refused.value.code == "infeasible"
    assert refused.value.details == {"members": 15, "most": 14, "keys": ["max_fanout", "max_depth"]}


def test_a_root_that_may_be_chosen_is_no_worse_than_any() -> None:
    latency = matrix(7, 5)
    chosen = multicast_matrix(latency, "choose")
    assert chosen.is_proven
    assert chosen.makespan_ps == min(multicast_matrix(latency, root).makespan_ps for root in range(7))


def test_the_root_of_a_large_group_is_chosen_with_a_bound_for_every_root() -> None:
    latency = matrix(30, 5)
    chosen = multicast_matrix(latency, "choose", iterations=2000)
    others = [multicast_matrix(latency, root, method="lookahead") for root in range(0, 30, 5)]
    assert chosen.lower_bound_ps <= min(other.makespan_ps for other in others)
    assert chosen.makespan_ps <= max(other.makespan_ps for other in others)


def test_send_receive_and_propagation_add_up_to_the_delay() -> None:
    send, receive, wire = matrix(6, 1), matrix(6, 2), matrix(6, 3)
    delay = [[sum(cells) for cells in zip(*rows, strict=True)] for rows in zip(send, receive, wire, strict=True)]
    parts = multicast_matrix({"send": send, "receive": receive, "propagation": wire})
    assert parts.sends == multicast_matrix({"delay": delay, "busy": send}).sends


def test_the_longest_latency_that_is_read_has_its_share() -> None:
    tree = multicast_matrix([[0.0 if a == b else 1e12 for b in range(20)] for a in range(20)], send_share=0.5)
    assert tree.makespan_ps == 10**15 * 5 // 2 + 10**15
    assert tree.is_proven


def test_an_acknowledgement_adds_the_way_of_the_last_core_to_the_root() -> None:
    latency = matrix(9, 4)
    tree = multicast_matrix(latency, objective="with_ack")
    last = tree.critical_path[-1]
    assert tree.makespan_ps == max(tree.ready_ps.values()) + round(1000 * latency[last][0])
    plain = multicast_matrix(latency)
    assert tree.makespan_ps <= plain.makespan_ps + round(1000 * latency[plain.critical_path[-1]][0])


def test_smelts_tree_sends_once_to_each_other_package_the_furthest_first() -> None:
    tree = multicast(Topology.of(opteron()), 0, method="adaptive")
    package = {core: core // 4 for core in range(16)}
    crossing = [core for sender, own in tree.sends.items() for core in own if package[sender] != package[core]]
    assert sorted(package[core] for core in crossing) == [1, 2, 3]
    assert package[tree.sends[0][0]] == 2


def test_the_best_tree_is_never_longer_than_smelts() -> None:
    for seed in range(3):
        latency = matrix(20, seed)
        best = multicast_matrix(latency, iterations=16)
        assert best.makespan_ps <= multicast_matrix(latency, method="adaptive-shuffle-sort").makespan_ps


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"root": 99}, "core 99 does not exist"),
        ({"root": 0, "members": [77]}, "core 77 does not exist"),
        (
            {"root": 0, "method": "carrier-pigeon"},
            "best, exact, lookahead, two-level, sequential, binomial, mst, adaptive, adaptive-shuffle-sort are",
        ),
        ({"root": 0, "send_share": 1.5}, "the send share is 1.5"),
        ({"root": 0, "send_share": float("nan")}, "the send share is nan"),
        ({"root": 0, "objective": "fame"}, "objective 'fame' is unknown; last_receive, with_ack are accepted"),
        ({"root": 0, "max_fanout": 0}, "max_fanout is 0"),
        ({"root": 0, "time_limit": float("nan")}, "time_limit is nan"),
        ({"root": 0, "iterations": -1}, "iterations is -1"),
        ({"root": "somewhere"}, "the root is 'somewhere'"),
        ({"root": 0, "method": "sequential", "max_fanout": 3}, "method 'sequential' does not do"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(options: dict, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        multicast(Topology.of(opteron()), **options)


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ({"delay": [[0.0]]}, "the cost is given by delay; accepted: latency; delay and busy"),
        ({"delay": [[0.0]], "busy": [[0.0, 1.0], [1.0, 0.0]]}, "delay has 1 rows, busy has 2 rows"),
        ({"send": [[0.0]], "receive": [[float("nan")]]}, "row 0, column 0 is nan"),
        ({"latency": [[0.0, -1.0], [1.0, 0.0]]}, "row 0, column 1 is -1"),
    ],
)
def test_a_cost_that_cannot_be_meant_is_refused(cost: dict, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        multicast_matrix(cost)


def test_the_checker_finds_whatever_a_tree_claims_wrongly() -> None:
    true = MulticastTree(
        0,
        (1, 2),
        {0: (1, 2)},
        {0: 0, 1: 100, 2: 110},
        "last_receive",
        110,
        110,
        (0, 2),
        90,
        "counting",
        (),
        "best",
        "stated",
        0,
        0.0,
    )
    cost = lambda a, b: (100, 10)  # noqa: E731
    check_tree(true, cost)
    for wrong, message in [
        ({"sends": {0: (1,)}}, r"does not reach \[2\]"),
        ({"members": (1,)}, r"reaches \[2\], which nobody asked for"),
        ({"ready_ps": {0: 0, 1: 100, 2: 100}}, "are ready at"),
        ({"makespan_ps": 100}, "110 ps, 100 were claimed"),
        ({"objective": "with_ack"}, "210 ps, 110 were claimed"),
        ({"critical_path": (0, 1)}, "does not lead from 0"),
        ({"lower_bound_ps": 111}, "lies above"),
    ]:
        with pytest.raises(ViolationError, match=message):
            check_tree(replace(true, **wrong), cost)
    with pytest.raises(ViolationError, match="sends to 2 cores, 1 are allowed"):
        check_tree(true, cost, max_fanout=1)


@settings(derandomize=True, max_examples=15, deadline=None)
@given(st.integers(2, 14), st.integers(0, 10**6), st.sampled_from([None, 2]), st.booleans())
def test_the_bound_is_what_its_certificate_counts_and_not_more(
    size: int, seed: int, fanout: int | None, is_rooted: bool
) -> None:
    cost = cost_of(matrix(size, seed), 0.19)
    bound = lower_bound(cost, fanout, is_rooted=is_rooted)
    claim = (cost.delay_ps, cost.busy_ps, bound.levels[1:], fanout)
    check_counting(*claim, bound.bound_ps, is_rooted=is_rooted)
    with pytest.raises(ViolationError, match="was claimed"):
        check_counting(*claim, bound.bound_ps + 1, is_rooted=is_rooted)


def test_the_checker_of_a_proof_finds_a_better_tree() -> None:
    cost = cost_of(matrix(6, 2), 0.19)
    best = multicast_matrix(matrix(6, 2)).makespan_ps
    check_optimum(cost.delay_ps, cost.busy_ps, best)
    with pytest.raises(ViolationError, match="a tree takes"):
        check_optimum(cost.delay_ps, cost.busy_ps, best + 1)


def test_who_leaves_moves_only_those_it_sent_to() -> None:
    latency = matrix(20, 6)
    before = multicast_matrix(latency, iterations=2000)
    gone = before.sends[0][0]
    after = multicast_matrix(latency, 0, [core for core in range(20) if core != gone], previous=before.sends)
    assert after.changes is not None
    assert after.changes.left == (gone,)
    assert {move.core for move in after.changes.moved} <= set(before.sends[gone])
    assert after.changes.kept + len(after.changes.moved) == 18
    assert all(f"its sender {gone} left" == move.reason for move in after.changes.moved)


def test_who_joins_moves_nobody_else() -> None:
    latency = matrix(20, 6)
    before = multicast_matrix(latency, 0, range(18), iterations=2000)
    after = multicast_matrix(latency, "choose", range(20), previous=before.sends)
    assert after.changes is not None
    assert (after.root, after.changes.joined, after.changes.moved) == (0, (18, 19), ())
    assert after.to_json()["changes"]["kept"] == 17


@pytest.mark.parametrize(
    ("previous", "message"),
    [
        ({1: [2]}, "leads to core 2 from 1, not from the root 0"),
        ({0: [1], 1: [0]}, "not from the root 0"),
    ],
)
def test_a_previous_tree_of_another_root_is_refused(previous: dict[int, list[int]], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        multicast_matrix(matrix(3, 1), 0, previous=previous)


@pytest.mark.parametrize("document", [7, {"sends": [1]}, {"sends": {"0": "x"}}, {"sends": {"0": [1, 1]}}, {"0": None}])
def test_a_previous_tree_that_is_none_is_refused(document: object) -> None:
    with pytest.raises(PlanError, match="the previous tree"):
        sends_of(document)


def test_real_matrices_get_trees_near_their_bound(shared_data: Path) -> None:
    path = shared_data / "core-to-core" / "Dual Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz.csv"
    rows = [[float(cell) if cell.strip() else 0.0 for cell in line.split(",")] for line in path.read_text().split()]
    size = len(rows)
    latency = [[0.0 if a == b else rows[max(a, b)][min(a, b)] for b in range(size)] for a in range(size)]
    tree = multicast_matrix(latency, iterations=20_000)
    assert tree.makespan_ps < 0.65 * multicast_matrix(latency, method="two-level").makespan_ps
    assert tree.makespan_ps < 1.15 * tree.lower_bound_ps
    cost = cost_of(latency, 0.19)
    check_counting(cost.delay_ps, cost.busy_ps, lower_bound(cost).levels[1:], None, tree.lower_bound_ps)
