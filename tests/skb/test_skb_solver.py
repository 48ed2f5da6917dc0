"""Solving: random small problems against brute force, statuses, bounds, minimal conflicts, the re-check."""

import os
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skb.errors import ProblemError
from skb.solving import enumeration
from skb.solving.checking import holds, objective_value, violations
from skb.solving.constraints import (
    AllDifferent,
    Constraint,
    Cumulative,
    Domain,
    Element,
    Function,
    Linear,
    Objective,
    Posted,
    Problem,
    Reified,
    Table,
)
from skb.solving.solver import solve, solve_all

IS_FULL = os.environ.get("SKB_TEST_SCALE") == "full"
EXAMPLES = 5000 if IS_FULL else 40
NAMES = ("a", "b", "c")

names = st.sampled_from(NAMES)
sizes = st.sampled_from(["bit", "one", "two"])
small = st.integers(-3, 3)
tables = st.builds(
    lambda variables, rows, is_forbidden: Table(tuple(variables), tuple(rows), is_forbidden),
    st.lists(names, min_size=2, max_size=2, unique=True),
    st.lists(st.tuples(small, small), max_size=6),
    st.booleans(),
)
linears = st.builds(
    lambda terms, operator, constant: Linear(tuple(terms), operator, constant),
    st.lists(st.tuples(small, names), min_size=1, max_size=3),
    st.sampled_from(["==", "!=", "<=", ">=", "<", ">"]),
    small,
)
constraints = st.one_of(
    tables,
    linears,
    st.lists(names, min_size=2, max_size=3, unique=True).map(lambda found: AllDifferent(tuple(found))),
    st.builds(
        lambda index, values, result: Element(index, tuple(values), result),
        names,
        st.lists(small, min_size=1, max_size=4),
        names,
    ),
    st.builds(
        lambda index, values, result: Element(index, tuple(values), result),
        names,
        st.lists(st.one_of(small, names), min_size=1, max_size=4),
        names,
    ),
    st.builds(
        lambda starts, durations, demands, capacity: Cumulative(tuple(starts), durations, demands, capacity),
        st.lists(names, min_size=2, max_size=2),
        st.tuples(sizes, sizes),
        st.tuples(sizes, sizes),
        sizes,
    ),
    st.builds(
        lambda name, result, operands: Function(name, result, operands),
        st.sampled_from(["min", "max", "product", "div", "rem", "floor", "mod"]),
        names,
        st.tuples(names, names),
    ),
    st.builds(lambda result, operand: Function("abs", result, (operand,)), names, names),
    st.builds(Reified, st.just("bit"), st.one_of(tables, linears)),
)
domains = st.sets(small, min_size=1, max_size=5).map(Domain.of_values)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    fixed = {"bit": Domain.of_range(0, 1), "one": Domain.of_range(1, 1), "two": Domain.of_range(2, 2)}
    variables = {name: draw(domains) for name in NAMES} | fixed
    posted = tuple(
        Posted(each, draw(st.sampled_from([None, "one", "two", "three"])))
        for each in draw(st.lists(constraints, max_size=4))
    )
    objective = None
    if draw(st.booleans()):
        terms = tuple(draw(st.lists(st.tuples(small, names), min_size=1, max_size=3)))
        objective = Objective(terms, draw(small), draw(st.booleans()))
    return Problem(variables, posted, objective)


def brute_force(problem: Problem) -> list[dict[str, int]]:
    keys = list(problem.variables)
    found = []
    for values in product(*problem.variables.values()):
        assignment = dict(zip(keys, values, strict=True))
        if all(holds(posted.constraint, assignment) for posted in problem.constraints):
            found.append(assignment)
    return found


@given(problems())
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
def test_random_problems_are_solved_as_brute_force_does(problem: Problem) -> None:
    wanted = brute_force(problem)
    solution = solve(problem, workers=1)
    if not wanted:
        assert solution.status == "infeasible"
        _check_conflict(problem, solution.conflict, solution.minimal)
    elif problem.objective is None:
        assert solution.status == "feasible"
        assert solution.values in wanted
    else:
        best = [objective_value(problem.objective, values) for values in wanted]
        assert solution.status == "optimal"
        assert solution.objective == (max(best) if problem.objective.is_maximised else min(best))
        assert solution.bound == solution.objective


def _check_conflict(problem: Problem, conflict: tuple[str, ...], minimal: bool | None) -> None:
    if not problem.labels:
        return
    assert minimal is True
    assert not brute_force(problem.restricted_to(conflict))
    for label in conflict:
        assert brute_force(problem.restricted_to(set(conflict) - {label}))


@given(problems())
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
def test_all_solutions_are_those_of_brute_force(problem: Problem) -> None:
    found = solve_all(problem)
    assert found.status == "complete"
    assert sorted(map(_key, found.solutions)) == sorted(map(_key, brute_force(problem)))


def test_large_problems_are_enumerated_by_cp_sat() -> None:
    wide = {f"x{at}": Domain.of_range(0, 9) for at in range(8)}
    chain = tuple(Posted(Linear(((1, f"x{at}"), (-1, f"x{at + 1}")), "==", 0)) for at in range(7))
    problem = Problem(wide, chain)
    assert not enumeration.is_small(problem)
    assert len(solve_all(problem).solutions) == 10
    assert solve_all(problem, most=3).stopped_by == "max_rows"


def _key(values: object) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(values.items()))  # type: ignore[attr-defined]


def test_a_search_without_time_is_unknown_and_has_no_values() -> None:
    variables = {f"x{at}": Domain.of_range(0, 59) for at in range(40)}
    different = Posted(AllDifferent(tuple(variables)))
    squares = [Posted(Function("product", f"x{at}", (f"x{at + 1}", f"x{at + 2}"))) for at in range(0, 30, 3)]
    solution = solve(Problem(variables, (different, *squares)), time_limit_s=0.0)
    assert solution.status == "unknown"
    assert solution.stopped_by == "time_ms"
    with pytest.raises(LookupError):
        _ = solution.values


def test_a_conflict_whose_check_was_cut_short_is_not_called_minimal() -> None:
    product = 999_983 * 1_000_003
    variables = {
        "x": Domain.of_range(2, 2_000_000),
        "y": Domain.of_range(2, 2_000_000),
        "p": Domain.of_range(product, product),
        "z": Domain.of_range(0, 4),
    }
    low, high = Posted(Linear(((1, "z"),), "<", 2), "low"), Posted(Linear(((1, "z"),), ">", 2), "high")
    problem = Problem(variables, (Posted(Function("product", "p", ("x", "y"))), low, high))
    found = solve(problem, deterministic_limit=1e-6, workers=1)
    assert (found.status, found.minimal) == ("infeasible", False)
    assert found.conflict == ("high", "low")


def test_a_solution_that_breaks_a_constraint_is_named() -> None:
    problem = Problem({"a": Domain.of_range(0, 3)}, (Posted(Linear(((1, "a"),), ">=", 2)),))
    assert violations(problem, {"a": 1}) == [str(problem.constraints[0])]
    assert violations(problem, {"a": 7}) == ["a = 7 lies outside its domain"]
    assert violations(problem, {"a": 3}) == []


def test_a_product_beyond_exact_numbers_is_refused() -> None:
    wide = {"a": Domain.of_range(0, 2**40), "b": Domain.of_range(0, 2**40)}
    with pytest.raises(ProblemError):
        Problem(wide, (Posted(Function("product", "a", ("a", "b"))),))


@pytest.mark.parametrize(
    "constraint",
    [
        Linear(((1, "nobody"),), "==", 1),
        Linear(((1, "a"),), "~", 1),
        Linear(((2**60, "a"),), "==", 1),
        Table(("a",), ((1, 2),)),
        Function("power", "a", ("a", "a")),
        Cumulative(("a",), ("a", "a"), ("a",), "a"),
        Reified("a", Linear(((1, "nobody"),), "==", 1)),
    ],
)
def test_a_malformed_problem_is_refused(constraint: Constraint) -> None:
    with pytest.raises(ProblemError):
        Problem({"a": Domain.of_range(0, 3)}, (Posted(constraint),))
