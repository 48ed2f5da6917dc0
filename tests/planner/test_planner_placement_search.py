"""The parts of the placement search: exchanges, crossings, bisections, trees of locations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.placement.problem import Apart, Inside, Problem, Together
from planner.placement.search.budget import Budget
from planner.placement.search.crossing import crossed
from planner.placement.search.portfolio import search
from planner.placement.search.tabu import Tabu
from planner.placement.search.walk import Walk
from planner.placement.seeds.bisection import bisect
from planner.placement.seeds.location_tree import leaves, location_tree
from planner.placement.seeds.tree_matching import tree_matched


def problem_of(random, size, locations, *, symmetric=False, density=1.0, linear=False, rules=()):
    flow = random.integers(1, 10, (size, size)) * (random.random((size, size)) < density)
    distance = random.integers(1, 10, (locations, locations))
    if symmetric:
        flow, distance = flow + flow.T, distance + distance.T
    own = random.integers(0, 10, (size, locations)) if linear else np.zeros((size, locations))
    order = tuple(range(locations))
    for square in (flow, distance):
        np.fill_diagonal(square, 0)
    return Problem(flow.astype(float), distance.astype(float), own.astype(float), rules, order, order[::-1])


@given(
    seed=st.integers(0, 2**31),
    size=st.integers(2, 7),
    spare=st.integers(0, 3),
    symmetric=st.booleans(),
    density=st.sampled_from([0.05, 0.3, 1.0]),
    linear=st.booleans(),
)
def test_the_change_of_every_exchange_is_what_the_cost_then_differs_by(seed, size, spare, symmetric, density, linear):
    random = np.random.default_rng(seed)
    problem = problem_of(random, size, size + spare, symmetric=symmetric, density=density, linear=linear)
    walk = Walk(problem)
    walk.place(random.permutation(size + spare)[:size].tolist())
    for _ in range(4):
        one, other = random.choice(size + spare, 2, replace=False)
        walk.exchange(int(one), int(other))
    assert walk.cost == pytest.approx(problem.cost(walk.assignment()))
    for one in range(size + spare):
        for other in range(size + spare):
            if one != other:
                at = walk.at.copy()
                at[[one, other]] = at[[other, one]]
                assert walk.change[one, other] == pytest.approx(problem.cost(at[:size]) - walk.cost)


@given(seed=st.integers(0, 2**31), size=st.integers(1, 9), spare=st.integers(0, 4))
def test_a_child_uses_each_location_once_and_keeps_what_its_parents_agree_on(seed, size, spare):
    random = np.random.default_rng(seed)
    one, other = (tuple(random.permutation(size + spare)[:size].tolist()) for _ in range(2))
    child = crossed(one, other, size + spare, random)
    assert len(set(child)) == size
    assert all(a == c for a, b, c in zip(one, other, child, strict=True) if a == b)


@given(seed=st.integers(0, 2**31), count=st.integers(1, 14), data=st.data())
def test_a_bisection_has_the_sizes_asked_for(seed, count, data):
    size = data.draw(st.integers(0, count))
    flow = np.random.default_rng(seed).integers(0, 4, (count, count)).astype(float)
    second = bisect(flow + flow.T, size, np.random.default_rng(seed), 3)
    assert int((~second).sum()) == size


def test_two_halves_that_hardly_talk_are_parted():
    flow = np.kron(np.eye(2), np.ones((12, 12))) * 10 + 1
    order = np.random.default_rng(4).permutation(24)
    second = bisect(flow[np.ix_(order, order)], 12, np.random.default_rng(0), 2)
    assert {bool(second[where]) for where in range(24) if order[where] < 12} in ({True}, {False})


def test_locations_make_the_tree_that_their_distances_tell():
    core, package = np.kron(np.eye(8), np.ones((2, 2))), np.kron(np.eye(2), np.ones((8, 8)))
    noise = np.random.default_rng(1).random((16, 16))
    distance = 200 - 100 * package - 80 * core + noise + noise.T
    tree = location_tree(distance, 1.2)
    assert [sorted(map(sorted, child)) for child in sorted(tree, key=leaves)] == [
        [[start, start + 1] for start in range(first, first + 8, 2)] for first in (0, 8)
    ]


@given(seed=st.integers(0, 2**31), size=st.integers(1, 12), spare=st.integers(0, 5))
def test_a_map_on_the_tree_uses_each_location_once(seed, size, spare):
    problem = problem_of(np.random.default_rng(seed), size, size + spare, density=0.3)
    mapped = tree_matched(problem, np.random.default_rng(seed), 0)
    assert len(set(mapped)) == size
    assert set(mapped) <= set(range(size + spare))


@given(seed=st.integers(0, 2**31))
def test_a_walk_never_leaves_the_rules(seed):
    random = np.random.default_rng(seed)
    halves = (0, 0, 0, 0, 1, 1, 1, 1)
    rules = (Together("close", (0, 1), halves), Apart("far", (2, 3), halves), Inside("here", (4,), frozenset({6, 7})))
    problem = problem_of(random, 6, 8, rules=rules)
    start = (0, 1, 2, 4, 6, 3)
    assert problem.allows(start)
    tabu = Tabu(problem, Budget(60, None), random)
    found = tabu.run(tabu.shaken(start, 5), 20)
    assert problem.allows(found.assignment)
    assert found.cost == problem.cost(found.assignment)


@given(seed=st.integers(0, 2**31))
def test_a_facility_that_may_be_in_few_places_stays_there(seed):
    random = np.random.default_rng(seed)
    problem = problem_of(random, 5, 7, rules=(Inside("here", (1, 2), frozenset({0, 3, 6})),))
    found = search(problem, [(1, 0, 3, 4, 5)], Budget(80, None), seed=seed)
    assert problem.allows(found)


def test_planted_blocks_are_found():
    """Eight blocks of eight that talk inside only, on eight clusters of eight: the best is known."""
    distance = 10.0 - 9 * np.kron(np.eye(8), np.ones((8, 8)))
    np.fill_diagonal(distance, 0)
    flow = np.kron(np.eye(8), np.ones((8, 8)))
    order = np.random.default_rng(3).permutation(64)
    flow = flow[np.ix_(order, order)]
    np.fill_diagonal(flow, 0)
    problem = Problem(flow, distance, np.zeros((64, 64)), (), tuple(range(64)), tuple(range(64)))
    found = search(problem, [tuple(range(64))], Budget(200, None))
    assert problem.cost(found) == flow.sum()


def test_threads_that_talk_to_nobody_do_not_keep_the_search_busy():
    random = np.random.default_rng(5)
    distance = random.random((50, 50))
    np.fill_diagonal(distance, 0)
    flow = np.zeros((40, 40))
    flow[0, 1] = 1.0
    problem = Problem(flow, distance, np.zeros((40, 50)), (), tuple(range(50)), tuple(range(50)))
    found = search(problem, [tuple(range(40))], Budget(400, None))
    assert problem.cost(found) == distance[~np.eye(50, dtype=bool)].min()
