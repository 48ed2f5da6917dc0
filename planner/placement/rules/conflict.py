"""A minimal set of named constraints that no placement can respect together, and what would do instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.machine.topology import Topology
from planner.placement.rules.relaxation import Relaxation, relaxations_of
from planner.placement.rules.settling import settle


@dataclass(frozen=True, slots=True)
class Conflict:
    """Names of constraints; minimal where each was found to be needed."""

    names: tuple[str, ...] = ()
    is_minimal: bool = False
    relaxations: tuple[Relaxation, ...] = ()


def find_conflict(app: Application, machine: Topology, seed: int = 0) -> Conflict:
    """The constraints left when each one has been tried without, with the nearest weaker form of each that would do.

    Every deletion is solved again as a whole, and the placement that it leaves is checked, so a set called minimal is:
    without any one of it there is a placement.
    """
    kept = list(app.constraints)
    is_minimal = True
    for constraint in _likely_idle_first(kept):
        fewer = [other for other in kept if other is not constraint]
        status = settle(app, machine, fewer, seed).status
        if status == "infeasible":
            kept = fewer
        elif status == "unknown":
            is_minimal = False
    names = tuple(constraint.name for constraint in kept)
    return Conflict(names, is_minimal, relaxations_of(app, machine, kept, seed))


def _likely_idle_first(constraints: Sequence[Constraint]) -> list[Constraint]:
    """Those that are tried first leave the conflict first, so what users asked for last stays in it longest."""
    order = {"isolated": 0, "isa": 1, "forbid": 2}
    return sorted(constraints, key=lambda one: order.get(one.kind, 3))
