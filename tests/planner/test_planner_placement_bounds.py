"""Bounds and proofs of placements: below every assignment, equal to brute force where they claim so, and checked."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.matrix_text import read_qaplib
from planner.placement import place_matrix, qap
from planner.placement.bounds.branching.assignments import solve_many
from planner.placement.bounds.branching.search import branch
from planner.placement.bounds.branching.symmetry import Symmetry
from planner.placement.bounds.linear_assignment import solve_assignment
from planner.placement.bounds.proving import Limits, cheap_bound, level_evidence, other_proofs, tree_proofs
from planner.placement.bounds.threshold import below, grid, raised
from planner.placement.bounds.trees.small_sets import SmallSets
from planner.placement.problem import Apart, Inside, Problem, Together
from planner.placement.solve import solve
from planner.verify.errors import ViolationError
from planner.verify.placement_bound import check_evidence

NO_LIMITS = Limits(0, None)

shapes = st.tuples(st.integers(2, 5), st.integers(0, 2)).map(lambda both: (both[0], both[0] + both[1]))


def problem_of(seed, size, places, *, kind="random", rules=(), density=0.6):
    """Locations with random distances, on a noisy tree, or on an exact one."""
    random = np.random.default_rng(seed)
    flow = random.integers(1, 10, (size, size)) * (random.random((size, size)) < density)
    halves = np.arange(places) % 2
    distance = 10.0 + 20.0 * (halves[:, None] != halves[None, :])
    if kind == "noisy":
        distance += random.random((places, places))
    elif kind == "random":
        distance = random.integers(1, 10, (places, places)).astype(float)
    linear = random.integers(0, 8, (size, places)) * float(random.random() < 0.5)
    np.fill_diagonal(flow, 0)
    np.fill_diagonal(distance, 0)
    order = tuple(range(places))
    return Problem(flow.astype(float), distance, linear, rules, order, order)


def least_cost(problem):
    everyone = permutations(range(problem.location_count), problem.size)
    return min(problem.cost(one) for one in everyone if problem.allows(one))


kinds = st.sampled_from(["random", "noisy", "exact"])
seeds = st.integers(0, 2**31)


@given(seed=seeds, shape=shapes, kind=kinds, is_ruled=st.booleans())
@settings(max_examples=25)
def test_no_assignment_costs_less_than_any_bound_and_the_checker_agrees(seed, shape, kind, is_ruled):
    rules = (Inside("here", (0,), frozenset({0, 1})), Apart("far", (0, 1), (0, 1) * 4)) if is_ruled else ()
    rules = tuple(
        replace(rule, classes=rule.classes[: shape[1]]) if isinstance(rule, Apart) else rule for rule in rules
    )
    problem = problem_of(seed, *shape, kind=kind, rules=rules)
    start = next(one for one in permutations(range(shape[1]), shape[0]) if problem.allows(one))
    least = least_cost(problem)
    found = [cheap_bound(problem, start), *level_evidence(problem, start, -1.0, NO_LIMITS)]
    found += [*tree_proofs(problem, start, 0.0, NO_LIMITS), *other_proofs(problem, start, 0.0, NO_LIMITS)]
    for evidence in found:
        assert evidence.bound <= least + 1e-6, evidence.method
        assert check_evidence(problem, evidence) == (evidence.certificate is not None)
        assert problem.allows(evidence.assignment)


@given(seed=seeds, shape=shapes, kind=kinds)
@settings(max_examples=25)
def test_branch_and_bound_finds_what_trying_everything_finds(seed, shape, kind):
    rules = (Inside("here", (1,), frozenset({0, shape[1] - 1})),)
    problem = problem_of(seed, *shape, kind=kind, rules=rules)
    start = next(one for one in permutations(range(shape[1]), shape[0]) if problem.allows(one))
    done = branch(problem, start, most_nodes=10**6, deadline=None)
    assert done.is_complete
    assert problem.allows(done.assignment)
    assert done.bound == pytest.approx(least_cost(problem))
    assert problem.cost(done.assignment) == pytest.approx(done.bound)


@given(seed=seeds, shape=st.sampled_from([(3, 3), (4, 5), (5, 5)]))
@settings(max_examples=20)
def test_a_noisy_tree_is_proven_under_a_rule_of_sharing(seed, shape):
    size, places = shape
    rules = (Together("close", (0, 1), tuple(place % 2 for place in range(places))),)
    problem = problem_of(seed, size, places, kind="noisy", rules=rules)
    found = solve(problem, 0, None, 50)
    assert found.status == "optimal"
    assert found.cost == pytest.approx(least_cost(problem))


@pytest.mark.parametrize("nodes", [1, 3, 10])
def test_a_search_that_is_cut_short_still_bounds_from_below(nodes):
    problem = problem_of(5, 6, 6)
    done = branch(problem, tuple(range(6)), most_nodes=nodes, deadline=None)
    assert not done.is_complete
    assert done.bound <= least_cost(problem)


@given(seed=seeds, size=st.integers(1, 7), count=st.integers(1, 6))
@settings(max_examples=30)
def test_many_linear_assignments_at_once_cost_what_each_costs_alone(seed, size, count):
    cost = np.random.default_rng(seed).integers(0, 12, (count, size, size)).astype(float)
    rows, columns = solve_many(cost, np.full(count, np.inf))
    assert (cost - rows[:, :, None] - columns[:, None, :]).min() >= -1e-9
    assert rows.sum(axis=1) + columns.sum(axis=1) == pytest.approx([solve_assignment(one).value for one in cost])


def test_corners_edges_and_the_middle_of_a_grid_are_alike_until_one_is_fixed():
    across, down = np.divmod(np.arange(9), 3)
    distance = np.abs(across[:, None] - across) + np.abs(down[:, None] - down)
    symmetry = Symmetry(distance.astype(float), [0] * 9)
    assert symmetry.representatives([]).tolist() == [0, 1, 0, 1, 4, 1, 0, 1, 0]
    assert symmetry.representatives([0]).tolist() == [0, 1, 2, 1, 4, 5, 2, 5, 8]
    assert symmetry.representatives([0, 1]).tolist() == list(range(9))


@given(seed=seeds, count=st.integers(4, 9), data=st.data())
@settings(max_examples=25)
def test_the_cheapest_set_is_the_one_that_listing_all_sets_finds(seed, count, data):
    size = data.draw(st.integers(1, count - 1))
    random = np.random.default_rng(seed)
    flow, price = random.integers(0, 5, (count, count)).astype(float), random.random(count)
    sets = SmallSets(flow)
    inside = np.array([np.isin(np.arange(count), chosen) for chosen in combinations(range(count), size)])
    values = sets.crossing(inside) - inside @ price
    least, found = sets.least(size, price, 3, None)
    assert least == pytest.approx(values.min())
    assert (sets.crossing(found) - found @ price)[0] == pytest.approx(least)


def test_costs_of_whole_numbers_lie_on_a_grid_and_bounds_are_raised_to_it():
    problem = problem_of(1, 4, 4)
    symmetric = replace(
        problem, flow=3 * (problem.flow + problem.flow.T), distance=problem.distance + problem.distance.T
    )
    step = grid(replace(symmetric, linear=np.zeros((4, 4))))
    assert step % 6 == 0
    assert all(symmetric.cost(one) % grid(symmetric) == 0 for one in permutations(range(4)))
    assert grid(replace(problem, distance=problem.distance + 0.5)) == 0.0
    assert raised(replace(symmetric, linear=np.zeros((4, 4))), 2.5 * step) == 3 * step
    assert below(symmetric, 100.0) < 100.0


def test_sixteen_threads_are_proven_on_a_machine_with_noise():
    random = np.random.default_rng(2)
    package, pair = (np.kron(np.eye(parts), np.ones((16 // parts,) * 2)) for parts in (2, 8))
    noise = random.random((16, 16))
    distance = 90.0 - 60.0 * package - 15.0 * pair + noise + noise.T
    flow = np.roll(np.eye(16), 1, axis=1) + np.roll(np.eye(16), 4, axis=1)
    found = place_matrix(distance.tolist(), flow.tolist())
    assert found.status == "optimal"
    assert found.proof["nodes"] > 1


def test_a_regular_machine_is_proven_by_tables_that_were_checked():
    package, cache = (np.kron(np.eye(parts), np.ones((12 // parts,) * 2)) for parts in (2, 4))
    flow = np.random.default_rng(3).integers(0, 9, (12, 12)).tolist()
    found = place_matrix((200.0 - 100.0 * package - 60.0 * cache).tolist(), flow)
    assert (found.status, found.proof["checked"]) == ("optimal", True)


def test_levels_bound_what_is_too_large_to_be_proven():
    package, cache = (np.kron(np.eye(parts), np.ones((24 // parts,) * 2)) for parts in (2, 6))
    random = np.random.default_rng(4)
    flow = random.integers(0, 9, (24, 24)) * (random.random((24, 24)) < 0.2)
    found = place_matrix((200.0 - 100.0 * package - 60.0 * cache).tolist(), flow.tolist(), iterations=300)
    assert found.proof["method"] == "least flow between clusters, level by level"
    assert found.bound > 0.9 * found.cost


def test_the_floor_of_sets_too_many_to_list_is_spectral_and_checked():
    distance = 50.0 - 40.0 * np.kron(np.eye(3), np.ones((12, 12)))
    np.fill_diagonal(distance, 0.0)
    flow = np.kron(np.eye(3), np.ones((12, 12))) + 0.1
    np.fill_diagonal(flow, 0.0)
    order = tuple(range(36))
    problem = Problem(flow, distance, np.zeros((36, 36)), (), order, order)
    (evidence,) = level_evidence(problem, order, -1.0, NO_LIMITS)
    assert any(level.is_spectral for level in evidence.certificate.levels)
    assert 0.99 * problem.cost(order) < evidence.bound <= problem.cost(order) * (1 + 1e-9)
    assert check_evidence(problem, evidence)


@pytest.mark.parametrize("name", ["cheap", "tree", "levels"])
def test_the_checker_refuses_a_bound_that_is_too_high(name):
    problem = problem_of(9, 6, 6, kind="exact")
    start = tuple(range(6))
    given_by = {
        "cheap": lambda: cheap_bound(problem, start),
        "tree": lambda: next(tree_proofs(problem, start, 0.0, NO_LIMITS)),
        "levels": lambda: next(level_evidence(problem, start, -1.0, NO_LIMITS)),
    }
    evidence = given_by[name]()
    with pytest.raises(ViolationError, match="was claimed"):
        check_evidence(problem, replace(evidence, bound=evidence.bound + 1.0))
    with pytest.raises(ViolationError):
        check_evidence(replace(problem, distance=problem.distance * 0.9), evidence)


@pytest.mark.parametrize(("name", "best"), [("nug12", 578), ("had12", 1652), ("chr12a", 9552)])
def test_small_qaplib_instances_are_proven(name, best, shared_data):

    path = shared_data / "qaplib" / f"{name}.dat"
    found = qap(*read_qaplib(path.read_text(), str(path)))
    assert (found.status, found.cost, found.bound) == ("optimal", best, best)


def test_a_proof_keeps_to_the_time_that_is_left():
    problem = problem_of(11, 16, 16)
    found = solve(problem, 0, 0.2, None)
    assert found.status == "feasible"
    assert 0 < found.bound < found.cost
