"""Whether the rules leave any placement: facilities of a kind onto locations of a kind, by CP-SAT."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ortools.sat.python import cp_model

from planner.placement.problem import Rule, holds
from planner.placement.rule_model import RuleModel, facility_marks, kinds, location_marks

WORK_LIMIT = 10.0
"""CP-SAT's deterministic seconds: the same on every machine."""

Status = Literal["feasible", "infeasible", "unknown"]


@dataclass(frozen=True, slots=True)
class Feasibility:
    """`assignment` is the location of each facility where the status is feasible, else empty."""

    status: Status
    assignment: tuple[int, ...] = ()


def find_feasible(
    size: int,
    location_count: int,
    rules: Sequence[Rule],
    *,
    is_distinct: bool = True,
    seed: int = 0,
    time_limit: float | None = None,
) -> Feasibility:
    """Any assignment that respects the rules; `is_distinct` lets each location be used once only."""
    if is_distinct and size > location_count:
        return Feasibility("infeasible")
    facilities = kinds(size, [facility_marks(rule, size) for rule in rules])
    locations = kinds(location_count, [location_marks(rule, location_count) for rule in rules])
    model = RuleModel(facilities, locations, rules, is_distinct=is_distinct)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = WORK_LIMIT
    if time_limit is not None:
        solver.parameters.max_time_in_seconds = max(time_limit, 0.01)
    status = solver.solve(model.model)
    if status == cp_model.INFEASIBLE:
        return Feasibility("infeasible")
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Feasibility("unknown")
    assignment = model.read(solver)
    if not all(holds(rule, assignment) for rule in rules):
        raise AssertionError("CP-SAT's placement breaks a rule of its own model")
    return Feasibility("feasible", assignment)
