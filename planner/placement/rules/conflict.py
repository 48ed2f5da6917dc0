"""A minimal set of named constraints that no placement can respect together, and what would do instead."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.machine.topology import Topology
from planner.placement.rules.relaxation import Relaxation, relaxations_of
from planner.placement.rules.settling import Settling


@dataclass(frozen=True, slots=True)
class Conflict:
    """Names of constraints; minimal where each was found to be needed."""

    names: tuple[str, ...] = ()
    is_minimal: bool = False
    relaxations: tuple[Relaxation, ...] = ()


def find_conflict(app: Application, machine: Topology, seed: int = 0, time_limit: float | None = None) -> Conflict:
    """The constraints left when parts were tried without, with the nearest weaker form of each that would do.

    Kinds of constraints are dropped as a whole where that leaves a conflict, halved where it does not, down to single
    ones. Every deletion is solved again and the placement that it leaves is checked, so a set called minimal is:
    without any one of it there is a placement. What `time_limit` (seconds) leaves untried stays in the set, which is
    not called minimal then; relaxations may be missing.
    """
    settle = Settling(app, machine, seed, time_limit)
    kept = list(app.constraints)
    is_minimal = True
    waiting = [list(alike) for alike in _by_kind(kept)]
    while waiting:
        part = waiting.pop(0)
        fewer = [other for other in kept if other not in part]
        status = settle(fewer).status
        if status == "infeasible":
            kept = fewer
        elif len(part) > 1:
            waiting[:0] = [part[: len(part) // 2], part[len(part) // 2 :]]
        elif status == "unknown":
            is_minimal = False
    names = tuple(constraint.name for constraint in kept)
    return Conflict(names, is_minimal, relaxations_of(settle, kept))


def _by_kind(constraints: Sequence[Constraint]) -> Iterator[Iterable[Constraint]]:
    """Constraints of one kind together; those that follow from keys and defaults come first and leave first."""
    ordered = sorted(constraints, key=lambda one: (one.kind != "isolated", one.kind))
    for _, alike in groupby(ordered, key=lambda one: one.kind):
        yield alike
