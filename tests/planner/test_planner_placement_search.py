"""The parts of the placement search: exchanges, crossings, bisections, trees of locations."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.placement.problem import Apart, Inside, Problem, Together
from planner.placement.search.budget import Budget
from planner.placement.search.crossing import crossed
from planner.placement.search.elites import Elites
from planner.placement.search.portfolio import search
from planner.placement.search.tabu import Found, Tabu
from planner.placement.search.walks import Walks
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
    count=st.integers(1, 3),
    is_whole=st.booleans(),
)
def test_the_change_of_every_exchange_is_what_the_cost_then_differs_by(
    seed, size, spare, symmetric, density, linear, count, is_whole
):
    """Exactly for whole numbers, in walks side by side as in a single one."""
    random = np.random.default_rng(seed)
    problem = problem_of(random, size, size + spare, symmetric=symmetric, density=density, linear=linear)
    if not is_whole:
        problem = replace(problem, flow=problem.flow * 1.1, distance=problem.distance * 0.7)
    walks = Walks(problem, count)
    assert walks.change.dtype == np.float32 or not is_whole
    for walk in range(count):
        walks.place(walk, random.permutation(size + spare)[:size].tolist())
    for _ in range(4):
        walks.exchange(np.array([random.choice(size + spare, 2, replace=False) for _ in range(count)]))
    for walk in range(count):
        cost = problem.cost(walks.assignment(walk))
        assert walks.cost[walk] == pytest.approx(cost, rel=0.0 if is_whole else 1e-9)
        for one in range(size + spare):
            for other in range(size + spare):
                if one != other:
                    at = walks.at[walk].copy()
                    at[[one, other]] = at[[other, one]]
                    after = problem.cost(at[:size]) - cost
                    assert walks.change[walk, one, other] == (after if is_whole else pytest.approx(after))


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
    for found in walked(problem, [start] * 2, 40, random):
        assert problem.allows(found.assignment)
        assert found.cost == problem.cost(found.assignment)


@given(seed=st.integers(0, 2**31), count=st.sampled_from([1, 5]))
def test_walks_side_by_side_leave_facilities_where_they_may_be(seed, count):
    """At every move, not only in the best one; one facility may be in a single place."""
    random = np.random.default_rng(seed)
    rules = (Inside("here", (1, 2), frozenset({0, 3, 6})), Inside("fixed", (4,), frozenset({5})))
    problem = problem_of(random, 5, 8, rules=rules)
    start = (1, 0, 3, 4, 5)
    assert problem.allows(start)
    tabu = Tabu(problem, count, random)
    for walk in range(count):
        tabu.begin(walk, tabu.shaken(start, 4), 100)
    met = [set() for _ in range(count)]
    for _ in range(40):
        tabu.step()
        for walk in range(count):
            now = tabu.assignment(walk)
            assert problem.allows(now)
            met[walk].add(now)
    assert min(map(len, met)) > 5


def test_a_walk_that_may_not_move_ends_where_it_began():
    rules = tuple(Inside("fixed", (who,), frozenset({who})) for who in range(3))
    problem = problem_of(np.random.default_rng(0), 3, 3, rules=rules)
    tabu = Tabu(problem, 2, np.random.default_rng(0))
    for walk in range(2):
        tabu.begin(walk, (0, 1, 2), 50)
    assert tabu.step() == [0, 1]
    assert tabu.found(1) == Found(problem.cost((0, 1, 2)), (0, 1, 2))


def test_a_walk_does_not_depend_on_those_beside_it():
    """Moves without tabu, the first ones downhill, are those of the same walk alone."""
    random = np.random.default_rng(7)
    problem = problem_of(random, 12, 12)
    starts = [tuple(random.permutation(12).tolist()) for _ in range(3)]
    beside, alone = Tabu(problem, 3, random), [Tabu(problem, 1, random) for _ in range(3)]
    for walk, start in enumerate(starts):
        beside.begin(walk, start, 50)
        alone[walk].begin(0, start, 50)
    for _ in range(3):
        beside.step()
        for tabu in alone:
            tabu.step()
    assert [beside.assignment(walk) for walk in range(3)] == [tabu.assignment(0) for tabu in alone]


def test_a_search_gives_the_same_answer_for_a_seed():
    problem = problem_of(np.random.default_rng(3), 14, 16)
    start = tuple(range(14))
    found = [search(problem, [start], Budget(60, None), seed=seed) for seed in (5, 5)]
    assert found[0] == found[1]
    assert problem.cost(found[0]) < problem.cost(start)


def test_an_assignment_near_the_best_replaces_it_and_crowds_out_no_other():
    elites = Elites()
    elites.keep(Found(10.0, (0, 1, 2)))
    elites.keep(Found(12.0, (2, 1, 0)))
    assert not elites.keep(Found(11.0, (0, 2, 1)), is_near=True)
    assert elites.keep(Found(9.0, (1, 0, 2)), is_near=True)
    assert [elites[rank].cost for rank in range(len(elites))] == [9.0, 12.0]


def walked(problem, starts, rounds, random):
    """What tabu walks from shaken starts found."""
    tabu = Tabu(problem, len(starts), random)
    for walk, start in enumerate(starts):
        tabu.begin(walk, tabu.shaken(start, 5), 20)
    for _ in range(rounds):
        tabu.step()
    return [tabu.found(walk) for walk in range(len(starts))]


@given(seed=st.integers(0, 2**31))
def test_a_facility_that_may_be_in_few_places_stays_there(seed):
    random = np.random.default_rng(seed)
    problem = problem_of(random, 5, 7, rules=(Inside("here", (1, 2), frozenset({0, 3, 6})),))
    found = search(problem, [(1, 0, 3, 4, 5)], Budget(25, None), seed=seed)
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
