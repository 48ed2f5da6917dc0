"""Whether the rules leave any placement: facilities of a kind onto locations of a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from planner.placement.problem import Inside, Rule, holds
from planner.placement.rules.alike import alike
from planner.placement.rules.arithmetic import is_overfull
from planner.placement.rules.model import RuleModel

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
    avoided: Inside | None = None,
) -> Feasibility:
    """Any assignment that respects the rules; `is_distinct` lets each location be used once only.

    With `avoided` the one with the fewest members outside what that rule permits.
    """
    if is_distinct and (size > location_count or is_overfull(size, location_count, rules)):
        return Feasibility("infeasible")
    same = alike(size, location_count, rules, avoided)
    asked = RuleModel(same.facilities, same.locations, same.rules, is_distinct=is_distinct, teams=same.teams)
    outside = asked.outside(avoided) if avoided else None
    solution = asked.model.solve(seed=seed, work_limit=WORK_LIMIT, time_limit=time_limit, minimise=outside)
    if not solution.solutions:
        return Feasibility("infeasible" if solution.status == "infeasible" else "unknown")
    assignment = asked.read(solution.values)
    if not all(holds(rule, assignment) for rule in rules):
        raise AssertionError("the solver's placement breaks a rule of its own model")
    return Feasibility("feasible", assignment)
