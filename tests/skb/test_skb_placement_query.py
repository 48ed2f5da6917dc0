"""Placement written as a query: the optimum of brute force, whichever lowering its structure chooses."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skb.asking import ask
from skb.query.answer import Limits
from skb.snapshot import Snapshot
from skb.solving.constraints import AllDifferent, Domain, Linear, Objective, Posted, Problem, Table
from skb.solving.pairsums import find_pair_sum
from skb.solving.solver import solve

CORES = range(6)
PLACE = (
    "[T1,T2,T3] :: l3(C,_)/C, all_different([T1,T2,T3]), l3(T1,G), l3(T2,G), {more}"
    " rtt(T1,T2,V1), rtt(T1,T3,V2), rtt(T2,T3,V3), Cost #= V1 + V2 + V3, {goal}(Cost)"
)


def _snapshot(costs: list[int]) -> Snapshot:
    pairs = [(a, b) for a in CORES for b in CORES if a < b]
    facts: list[tuple[str, tuple[int, ...], str, str]] = [("l3", (core, core // 3), "static", "") for core in CORES]
    for (a, b), cost in zip(pairs, costs, strict=True):
        facts += [("rtt", (a, b, cost), "static", ""), ("rtt", (b, a, cost), "static", "")]
    return Snapshot.of_facts(facts)


def _best(costs: list[int], allowed: object = None, choose: object = min) -> int:
    pairs = [(a, b) for a in CORES for b in CORES if a < b]
    cost = dict(zip(pairs, costs, strict=True))
    found = [
        sum(cost[min(p, q), max(p, q)] for p, q in ((a, b), (a, c), (b, c)))
        for a, b, c in permutations(CORES, 3)
        if a // 3 == b // 3 and (allowed is None or allowed(a, b, c))  # type: ignore[operator]
    ]
    return choose(found)  # type: ignore[operator, no-any-return]


cost_lists = st.lists(st.integers(1, 50), min_size=15, max_size=15)


@given(cost_lists)
@settings(max_examples=12, derandomize=True, deadline=None)
def test_the_set_model_finds_the_optimum_of_brute_force(costs: list[int]) -> None:
    answer = ask(_snapshot(costs), PLACE.format(more="", goal="minimize"), limits=Limits(workers=1))
    assert (answer.status, answer.objective) == ("optimal", _best(costs))


@given(cost_lists)
@settings(max_examples=6, derandomize=True, deadline=None)
def test_it_maximises_too(costs: list[int]) -> None:
    answer = ask(_snapshot(costs), PLACE.format(more="", goal="maximize"), limits=Limits(workers=1))
    assert (answer.status, answer.objective) == ("optimal", _best(costs, choose=max))


@given(cost_lists)
@settings(max_examples=6, derandomize=True, deadline=None)
def test_constraints_on_single_threads_keep_their_meaning(costs: list[int]) -> None:
    answer = ask(_snapshot(costs), PLACE.format(more="T1 #> T2 + 1, T3 #\\= 4,", goal="minimize"))
    assert answer.objective == _best(costs, lambda a, b, c: a > b + 1 and c != 4)


@given(cost_lists)
@settings(max_examples=6, derandomize=True, deadline=None)
def test_a_bound_on_one_cost_keeps_its_meaning(costs: list[int]) -> None:
    pairs = [(a, b) for a in CORES for b in CORES if a < b]
    cost = dict(zip(pairs, costs, strict=True))
    answer = ask(_snapshot(costs), PLACE.format(more="V1 #>= 10,", goal="minimize"))
    allowed = [pair for pair in pairs if pair[0] // 3 == pair[1] // 3 and cost[pair] >= 10]
    if not allowed:
        assert answer.status == "infeasible"
    else:
        assert answer.objective == _best(costs, lambda a, b, _c: cost[min(a, b), max(a, b)] >= 10)


def _problem(asymmetric: bool = False, extra: tuple[Posted, ...] = ()) -> Problem:
    values = range(4)
    rows = tuple((a, b, abs(a - b) + (2 * a if asymmetric else 0)) for a in values for b in values if a != b)
    names = ("x", "y", "z")
    pairs = (("x", "y", "p"), ("x", "z", "q"), ("y", "z", "r"))
    posted = [Posted(AllDifferent(names)), *(Posted(Table(pair, rows)) for pair in pairs), *extra]
    variables = {name: Domain.of_range(0, 3) for name in names} | {c: Domain.of_range(0, 20) for _, _, c in pairs}
    return Problem(variables, tuple(posted), Objective(tuple((2, c) for _, _, c in pairs), 5))


def test_equal_members_are_found_to_be_exchangeable() -> None:
    found = find_pair_sum(_problem())
    assert found is not None
    assert (found.classes, found.constant, found.weights[0, 3]) == ((("x", "y", "z"),), 5, 6)


def test_a_constraint_on_one_member_sets_it_apart() -> None:
    found = find_pair_sum(_problem(extra=(Posted(Linear(((1, "x"),), ">=", 2)),)))
    assert found is not None
    assert found.classes == (("x",), ("y", "z"))


@pytest.mark.parametrize(
    "problem",
    [
        _problem(asymmetric=True),
        _problem(extra=(Posted(Linear(((1, "p"),), ">=", 2)),)),
        _problem(extra=(Posted(Table(("p",), ((1,), (2,)))),)),
    ],
)
def test_other_costs_are_no_pair_sum_and_are_solved_all_the_same(problem: Problem) -> None:
    assert find_pair_sum(problem) is None
    assert solve(problem, workers=1).status == "optimal"


def test_members_of_a_pair_sum_get_values_that_the_checker_accepts() -> None:
    found = solve(_problem(extra=(Posted(Linear(((1, "x"), (-1, "z")), ">=", 2)),)), workers=1)
    assert (found.status, found.objective) == ("optimal", 5 + 2 * 4)
