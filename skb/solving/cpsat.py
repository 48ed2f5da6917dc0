"""Lowering of a constraint problem to CP-SAT, and its answer read only after its status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from os import cpu_count
from typing import Any

from skb.errors import ProblemError
from skb.solving.constraints import (
    AllDifferent,
    Constraint,
    Cumulative,
    Domain,
    Element,
    Function,
    Linear,
    Problem,
    Reified,
    Table,
)
from skb.solving.pairs.pairsums import PairSum, find_pair_sum
from skb.solving.pairs.rowmodel import RowModel, find_rows
from skb.solving.pairs.setmodel import SetModel
from skb.solving.pairs.setsearch import Found, search_sets
from skb.stopwatch import Stopwatch, importing

_NEGATED = {"==": "!=", "!=": "==", "<=": ">", ">": "<=", ">=": "<", "<": ">="}


@dataclass(frozen=True, slots=True)
class Settings:
    """How CP-SAT may search: seconds, deterministic time, seed, workers (at most 8 are used)."""

    time_limit_s: float | None = None
    deterministic_limit: float | None = None
    seed: int = 0
    workers: int = 8

    def after(self, seconds: float) -> "Settings":
        """The settings for what follows when some seconds are spent."""
        if self.time_limit_s is None:
            return self
        return replace(self, time_limit_s=max(0.01, self.time_limit_s - seconds))


@dataclass(frozen=True, slots=True)
class Outcome:
    """OPTIMAL, FEASIBLE, INFEASIBLE or UNKNOWN; values only for the first two."""

    status: str
    values: dict[str, int] | None
    bound: float | None


def search(problem: Problem, settings: Settings, hint: Mapping[str, int] | None = None) -> Outcome:
    """Solves once. Raises ProblemError for a model that CP-SAT refuses."""
    pair_sum = find_pair_sum(problem)
    if pair_sum is None:
        return run_model(problem, None, settings, hint)
    watch = Stopwatch()
    found = search_sets(pair_sum, settings.time_limit_s)
    if found is not None and found.is_optimal:
        return Outcome("OPTIMAL", found.values, float(found.bound))
    start = hint if found is None or found.values is None else found.values
    outcome = run_model(problem, pair_sum, settings.after(watch.seconds), start)
    return outcome if found is None else _better(outcome, found, pair_sum.is_maximised)


def _better(outcome: Outcome, found: Found, is_maximised: bool) -> Outcome:
    """The greater proof of both, and a solution where only one has it."""
    if outcome.status in ("OPTIMAL", "INFEASIBLE"):
        return outcome
    bounds = [float(found.bound)] + ([] if outcome.bound is None else [outcome.bound])
    bound = min(bounds) if is_maximised else max(bounds)
    values = found.values if outcome.values is None else outcome.values
    return Outcome("UNKNOWN" if values is None else "FEASIBLE", values, bound)


def run_model(
    problem: Problem, pair_sum: PairSum | None, settings: Settings, hint: Mapping[str, int] | None = None
) -> Outcome:
    """Solves with CP-SAT alone, symmetric pair sums as sets and other costs of pairs as rows."""
    sets = SetModel(pair_sum) if pair_sum is not None and pair_sum.is_symmetric else None
    rows = find_rows(problem) if sets is None else None
    lowered = _Lowering(sets.problem if sets else rows.problem if rows else problem, hint or {})
    if rows is not None:
        lowered.post_rows(rows)
    if sets is not None:
        lowered.post_sets(sets)
        if settings.deterministic_limit is None:
            # Its proof is one long tree search: workers beyond the processors only take turns.
            settings = replace(settings, workers=min(settings.workers, cpu_count() or 1))
    solver = lowered.solver(settings)
    status = solver.status_name(solver.solve(lowered.model))
    if status == "MODEL_INVALID":
        raise ProblemError(f"the problem is not accepted by the solver: {lowered.model.validate()[:200]}")
    has_objective = problem.objective is not None
    bound = solver.best_objective_bound if has_objective and status != "INFEASIBLE" else None
    if status not in ("OPTIMAL", "FEASIBLE"):
        return Outcome(status, None, bound)
    values = {name: int(solver.value(variable)) for name, variable in lowered.variables.items()}
    return Outcome(status, values if sets is None else sets.completed(values, solver.value), bound)


def enumerate_solutions(problem: Problem, settings: Settings, take: Callable[[dict[str, int]], bool]) -> str:
    """Hands every solution to `take` until it says False; the status: OPTIMAL means all of them were found."""
    with importing():
        from ortools.sat.python import cp_model  # here: ortools takes half a second to import

    lowered = _Lowering(problem, {})

    class _Collector(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            values = {name: int(self.value(variable)) for name, variable in lowered.variables.items()}
            if not take(values):
                self.stop_search()

    solver = lowered.solver(Settings(settings.time_limit_s, settings.deterministic_limit, settings.seed, 1))
    solver.parameters.enumerate_all_solutions = True
    return str(solver.status_name(solver.solve(lowered.model, _Collector())))


class _Lowering:
    def __init__(self, problem: Problem, hint: Mapping[str, int]) -> None:
        with importing():
            from ortools.sat.python import cp_model  # here: ortools takes half a second to import

        self._cp = cp_model
        self.model: Any = cp_model.CpModel()
        self.variables: dict[str, Any] = {
            name: self._variable(name, domain) for name, domain in problem.variables.items()
        }
        for posted in problem.constraints:
            self._post(posted.constraint)
        if problem.objective is not None:
            self._set_objective(problem)
        for name, value in hint.items():
            if name in self.variables:
                self.model.add_hint(self.variables[name], value)

    def solver(self, settings: Settings) -> Any:
        solver = self._cp.CpSolver()
        if settings.time_limit_s is not None:
            solver.parameters.max_time_in_seconds = max(0.0, settings.time_limit_s)
        if settings.deterministic_limit is not None:
            solver.parameters.max_deterministic_time = settings.deterministic_limit
            solver.parameters.interleave_search = settings.workers > 1
        solver.parameters.random_seed = settings.seed
        # More than 8 workers were reported to prove false infeasibility (or-tools issue 5295).
        solver.parameters.num_workers = max(1, min(8, settings.workers))
        return solver

    def _variable(self, name: str, domain: Domain) -> Any:
        intervals = [list(each) for each in domain.intervals]
        if not intervals:
            self.model.add_bool_or([])
            intervals = [[0, 0]]
        return self.model.new_int_var_from_domain(self._cp.Domain.from_intervals(intervals), name)

    def _set_objective(self, problem: Problem) -> None:
        assert problem.objective is not None
        expression = self._sum(problem.objective.terms) + problem.objective.constant
        if problem.objective.is_maximised:
            self.model.maximize(expression)
        else:
            self.model.minimize(expression)

    def _sum(self, terms: tuple[tuple[int, str], ...]) -> Any:
        return self._cp.LinearExpr.weighted_sum(
            [self.variables[name] for _, name in terms], [factor for factor, _ in terms]
        )

    def post_rows(self, rows: RowModel) -> None:
        rows.post(self.model, self.variables, self._cp.LinearExpr.weighted_sum)

    def post_sets(self, sets: SetModel) -> None:
        sets.post(self.model, self.variables, self._cp.LinearExpr.weighted_sum)

    def _post(self, constraint: Constraint) -> Any:
        at = self.variables
        match constraint:
            case Linear(terms=terms, operator=operator, constant=constant):
                return self._post_linear(terms, operator, constant)
            case AllDifferent(variables=names):
                return self.model.add_all_different([at[name] for name in names])
            case Table():
                return self._post_table(constraint, constraint.is_forbidden)
            case Element(index=index, values=values, result=result):
                listed = [at[value] if isinstance(value, str) else value for value in values]
                return self.model.add_element(at[index], listed, at[result])
            case Cumulative():
                return self._post_cumulative(constraint)
            case Function(name=name, result=result, operands=operands):
                return self._post_function(name, at[result], [at[each] for each in operands])
            case Reified(indicator=indicator, constraint=inner):
                return self._post_reified(at[indicator], inner)

    def _post_linear(self, terms: tuple[tuple[int, str], ...], operator: str, constant: int) -> Any:
        total = self._sum(terms)
        match operator:
            case "==":
                return self.model.add(total == constant)
            case "!=":
                return self.model.add(total != constant)
            case "<=":
                return self.model.add(total <= constant)
            case ">=":
                return self.model.add(total >= constant)
            case "<":
                return self.model.add(total < constant)
            case _:
                return self.model.add(total > constant)

    def _post_table(self, table: Table, is_forbidden: bool) -> Any:
        variables = [self.variables[name] for name in table.variables]
        if not table.rows or not variables:
            is_possible = is_forbidden if not table.rows else not is_forbidden
            return self.model.add_bool_or([] if not is_possible else [True])
        if is_forbidden:
            return self.model.add_forbidden_assignments(variables, table.rows)
        return self.model.add_allowed_assignments(variables, table.rows)

    def _post_function(self, name: str, result: Any, operands: list[Any]) -> Any:
        match name:
            case "min":
                return self.model.add_min_equality(result, operands)
            case "max":
                return self.model.add_max_equality(result, operands)
            case "product":
                return self.model.add_multiplication_equality(result, operands)
            case "abs":
                return self.model.add_abs_equality(result, operands[0])
            case "div":
                return self._post_division(operands[0], operands[1], quotient=result, is_floored=False)
            case "rem":
                return self._post_division(operands[0], operands[1], remainder=result, is_floored=False)
            case "floor":
                return self._post_division(operands[0], operands[1], quotient=result, is_floored=True)
            case _:
                return self._post_division(operands[0], operands[1], remainder=result, is_floored=True)

    def _post_cumulative(self, tasks: Cumulative) -> Any:
        at, wide = self.variables, 2**54
        intervals = [
            self.model.new_interval_var(at[start], at[duration], self.model.new_int_var(-wide, wide, ""), "")
            for start, duration in zip(tasks.starts, tasks.durations, strict=True)
        ]
        return self.model.add_cumulative(intervals, [at[each] for each in tasks.demands], at[tasks.capacity])

    def _post_division(
        self, value: Any, divisor: Any, *, quotient: Any = None, remainder: Any = None, is_floored: bool
    ) -> None:
        """value = divisor x quotient + remainder with |remainder| < |divisor|.

        The remainder has the divisor's sign when floored, else the value's. CP-SAT's own division refuses a model
        whose divisor may only be 0, and its remainder knows no negative divisor.
        """
        wide = 2**53
        quotient = self.model.new_int_var(-wide, wide, "") if quotient is None else quotient
        remainder = self.model.new_int_var(-wide, wide, "") if remainder is None else remainder
        product = self.model.new_int_var(-wide, wide, "")
        self.model.add_multiplication_equality(product, [divisor, quotient])
        self.model.add(value == product + remainder)
        sizes = [self.model.new_int_var(0, wide, "") for _ in range(2)]
        self.model.add_abs_equality(sizes[0], remainder)
        self.model.add_abs_equality(sizes[1], divisor)
        self.model.add(sizes[0] < sizes[1])
        leading = divisor if is_floored else value
        is_positive = self.model.new_bool_var("")
        self.model.add(leading >= 0).only_enforce_if(is_positive)
        self.model.add(leading < 0).only_enforce_if(~is_positive)
        self.model.add(remainder >= 0).only_enforce_if(is_positive)
        self.model.add(remainder <= 0).only_enforce_if(~is_positive)

    def _post_reified(self, indicator: Any, inner: Linear | Table) -> None:
        literal = self.model.new_bool_var("")
        self.model.add(indicator == literal)
        if isinstance(inner, Linear):
            self._post(inner).only_enforce_if(literal)
            negated = Linear(inner.terms, _NEGATED[inner.operator], inner.constant)
            self._post(negated).only_enforce_if(~literal)
        else:
            self._post_table(inner, inner.is_forbidden).only_enforce_if(literal)
            self._post_table(inner, not inner.is_forbidden).only_enforce_if(~literal)
