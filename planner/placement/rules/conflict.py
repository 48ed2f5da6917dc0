"""A minimal set of named constraints that no placement can respect together."""

from collections.abc import Sequence

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.machine.topology import Topology
from planner.placement.machine_problem import rules_of
from planner.placement.rules.feasibility import Status, find_feasible


def minimal_conflict(app: Application, machine: Topology, seed: int = 0) -> tuple[tuple[str, ...], bool]:
    """Names of the constraints left when each one has been tried without; True where every try came to an
    end.

    Every deletion is solved again as a whole, so a set called minimal is: without any one of it there is a
    placement.
    """
    conflict = list(app.constraints)
    is_minimal = True
    for constraint in list(conflict):
        fewer = [other for other in conflict if other is not constraint]
        status = _status(app, machine, fewer, seed)
        if status == "infeasible":
            conflict = fewer
        elif status == "unknown":
            is_minimal = False
    return tuple(dict.fromkeys(constraint.name for constraint in conflict)), is_minimal


def _status(app: Application, machine: Topology, kept: Sequence[Constraint], seed: int) -> Status:
    return find_feasible(
        len(app.dispatchers),
        len(machine.allowed_ids),
        rules_of(app, machine, kept),
        is_distinct=any(constraint.kind == "distinct" for constraint in kept),
        seed=seed,
    ).status
