"""Placement written as a query: the optimum of brute force, whichever lowering its structure chooses."""

import os
from dataclasses import dataclass
from itertools import combinations, cycle, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skb.asking import ask
from skb.query.answer import Limits
from skb.snapshot import Snapshot
from skb.solving.constraints import AllDifferent, Domain, Linear, Objective, Posted, Problem, Table
from skb.solving.cpsat import Settings, run_model
from skb.solving.pairs.pairsums import find_pair_sum
from skb.solving.pairs.setsearch import search_sets
from skb.solving.solver import solve

EXAMPLES = 5000 if os.environ.get("SKB_TEST_SCALE") == "full" else 40
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
        _problem(extra=(Posted(Linear(((1, "p"),), ">=", 2)),)),
        _problem(extra=(Posted(Table(("p",), ((1,), (2,)))),)),
    ],
)
def test_other_costs_are_no_pair_sum_and_are_solved_all_the_same(problem: Problem) -> None:
    assert find_pair_sum(problem) is None
    assert solve(problem, workers=1).status == "optimal"


def test_directed_costs_are_a_pair_sum_in_the_order_of_its_members() -> None:
    found = find_pair_sum(_problem(asymmetric=True))
    assert found is not None
    assert not found.is_symmetric
    assert (found.weights[0, 3], found.weights[3, 0]) == (6, 18)


def test_both_directions_of_a_pair_together_are_symmetric() -> None:
    problem = _problem(asymmetric=True)
    turned = tuple(
        Posted(Table((b, a, f"{cost}2"), posted.constraint.rows))
        for posted in problem.constraints
        if isinstance(posted.constraint, Table)
        for a, b, cost in [posted.constraint.variables]
    )
    costs = {f"{name}2": Domain.of_range(0, 20) for name in "pqr"}
    assert problem.objective is not None
    objective = Objective((*problem.objective.terms, *((2, name) for name in costs)), 5)
    found = find_pair_sum(Problem({**problem.variables, **costs}, (*problem.constraints, *turned), objective))
    assert found is not None
    assert found.is_symmetric
    assert found.weights[0, 3] == 6 + 18


def test_members_of_a_pair_sum_get_values_that_the_checker_accepts() -> None:
    found = solve(_problem(extra=(Posted(Linear(((1, "x"), (-1, "z")), ">=", 2)),)), workers=1)
    assert (found.status, found.objective) == ("optimal", 5 + 2 * 4)


EXTRA = {
    "": lambda t, l3: True,
    "T1 #> T2 + 1,": lambda t, l3: t[0] > t[1] + 1,
    "T2 #\\= 4,": lambda t, l3: t[1] != 4,
    "l3(T1, G), l3(T2, G),": lambda t, l3: l3[t[0]] == l3[t[1]],
    "l3(T1, G1), l3(T2, G2), G1 #\\= G2,": lambda t, l3: l3[t[0]] != l3[t[1]],
    "l3(T1, G1), l3(T2, G2), l3(T3, G3), all_different([G1, G3]),": lambda t, l3: l3[t[0]] != l3[t[2]],
    "T1 + T2 + T3 #=< 6,": lambda t, l3: sum(t[:3]) <= 6,
    "apart @ T3 #< 2,": lambda t, l3: t[2] < 2,
}


@dataclass(frozen=True)
class Placement:
    """A random placement question: costs by ordered pair, which may lack some or differ by direction."""

    costs: dict[tuple[int, int], int]
    members: int
    extra: str
    is_both_ways: bool
    goal: str
    factors: tuple[int, ...]
    is_cost_first: bool

    def snapshot(self) -> Snapshot:
        groups = [("l3", (core, core // 2), "static", "") for core in CORES]
        return Snapshot.of_facts(
            [*groups, *(("rtt", (*pair, cost), "static", "") for pair, cost in self.costs.items())]
        )

    def question(self) -> str:
        names = [f"T{at + 1}" for at in range(self.members)]
        pairs = list(permutations(names, 2)) if self.is_both_ways else list(combinations(names, 2))
        costs = [f"cost(V{a}{b}, {a}, {b})" if self.is_cost_first else f"rtt({a}, {b}, V{a}{b})" for a, b in pairs]
        total = " + ".join(f"{factor} * V{a}{b}" for factor, (a, b) in zip(cycle(self.factors), pairs, strict=False))
        listed = ", ".join(names)
        return (
            f"[{listed}] :: l3(C, _)/C, all_different([{listed}]), {self.extra} {', '.join(costs)},"
            f" Cost #= {total}, {self.goal}(Cost)"
        )

    def best(self) -> int | None:
        pairs = permutations if self.is_both_ways else combinations
        found = [
            sum(factor * self.costs[pair] for factor, pair in zip(cycle(self.factors), pairs(taken, 2), strict=False))
            for taken in permutations(CORES, self.members)
            if all(pair in self.costs for pair in pairs(taken, 2))
            and EXTRA[self.extra](taken, {core: core // 2 for core in CORES})  # type: ignore[no-untyped-call]
        ]
        return None if not found else min(found) if self.goal == "minimize" else max(found)


@st.composite
def placements(draw: st.DrawFn) -> Placement:
    cost = st.integers(-5, 30)
    lower = {(a, b): draw(cost) for a, b in combinations(CORES, 2)}
    turned = (
        {(b, a): draw(cost) for a, b in lower} if draw(st.booleans()) else {(b, a): v for (a, b), v in lower.items()}
    )
    costs = lower | turned
    for pair in draw(st.lists(st.sampled_from(sorted(costs)), max_size=8)):
        costs.pop(pair, None)
    members = draw(st.sampled_from([3, 4]))
    goal = draw(st.sampled_from(["minimize", "minimize", "maximize"]))
    factors = draw(st.sampled_from([(1,), (1,), (3, 1, 2), (1, 0), (2, -1)]))
    extra = draw(st.sampled_from(sorted(EXTRA)))
    return Placement(costs, members, extra, draw(st.booleans()), goal, factors, draw(st.booleans()))


@given(placements())
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
def test_random_placements_have_the_optimum_of_brute_force(placement: Placement) -> None:
    rules = "cost(V, A, B) :- rtt(A, B, V)."
    answer = ask(placement.snapshot(), placement.question(), rules=rules, limits=Limits(workers=1))
    best = placement.best()
    assert (answer.status, answer.objective) == (("infeasible", None) if best is None else ("optimal", best))


def test_the_sets_of_the_solver_agree_with_the_search_over_sets() -> None:
    problem = _problem(extra=(Posted(Linear(((1, "x"), (-1, "z")), ">=", 2)),))
    pair_sum = find_pair_sum(problem)
    assert pair_sum is not None
    found = search_sets(pair_sum, None)
    assert found is not None
    assert found.is_optimal
    outcome = run_model(problem, pair_sum, Settings(workers=1))
    assert (outcome.status, outcome.bound, found.cost) == ("OPTIMAL", 13, 13)


def test_many_members_of_directed_costs_get_a_solution_and_a_bound() -> None:
    values = range(15)
    rows = tuple((a, b, abs(a - b) + (a > b)) for a in values for b in values if a != b)
    names = [f"x{at}" for at in range(14)]
    pairs = {(a, b): f"c{a}{b}" for a, b in combinations(names, 2)}
    tables = tuple(Posted(Table((*pair, cost), rows)) for pair, cost in pairs.items())
    variables = {name: Domain.of_range(0, 14) for name in names} | {c: Domain.of_range(0, 15) for c in pairs.values()}
    objective = Objective(tuple((1, cost) for cost in pairs.values()))
    pair_sum = find_pair_sum(Problem(variables, (Posted(AllDifferent(tuple(names))), *tables), objective))
    assert pair_sum is not None
    found = search_sets(pair_sum, None)
    assert found is not None
    assert found.values is not None
    assert found.cost == found.bound == sum(abs(a - b) for a, b in combinations(range(14), 2))
