"""What remains of the promises under SCHED_DEADLINE: EDF without release offsets, so every release must be assumed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from planner.linux_deadline.attributes import DeadlineTask
from planner.linux_deadline.root_domain import RootDomain

MOST_POINTS = 200_000
MOST_COMBINATIONS = 512

HARD = "no deadline is missed: EDF on the CPU alone meets them from whatever instants on the tasks are released"
NO_LOCKSTEP = (
    "a gang's members are not released together: Linux keeps no offsets, so each meets its own deadline and no two "
    "need run at the same time"
)
NOT_HARD = (
    "deadlines may be missed: the kernel bounds runtime over period alone, and the admitted schedule keeps these apart "
    "by offsets that Linux does not have; each still gets its runtime in every period of the long run"
)
REFUSED = "the kernel refuses the last of them (EBUSY): together they are over its bound on bandwidth"
NO_MARGIN = "a deadline that equals the runtime leaves nothing for the kernel's own delays"
UNDECIDED = "not decided: too many combinations of phases, or intervals too long, to look at them all"


@dataclass(frozen=True, slots=True)
class Promise:
    """For one root domain: `is_hard` where every deadline is met, with the sentences that say so and what is lost."""

    cpus: tuple[int, ...]
    is_hard: bool
    sentences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"cpus": list(self.cpus), "hard": self.is_hard, "says": list(self.sentences)}


def promise(domain: RootDomain) -> Promise:
    """For a domain of one CPU, over all combinations of its applications' phases."""
    sentences = []
    verdict = _meets_all(domain.tasks) if domain.is_admitted else False
    sentences.append(
        REFUSED if not domain.is_admitted else UNDECIDED if verdict is None else HARD if verdict else NOT_HARD
    )
    if any(task.is_gang for task in domain.tasks):
        sentences.append(NO_LOCKSTEP)
    if any(task.deadline_ns == task.runtime_ns for task in domain.tasks):
        sentences.append(NO_MARGIN)
    return Promise(domain.cpus, verdict is True, tuple(sentences))


def _meets_all(tasks: Sequence[DeadlineTask]) -> bool | None:
    for number, combination in enumerate(_combinations(tasks)):
        if number == MOST_COMBINATIONS:
            return None
        verdict = meets_every_deadline(combination)
        if verdict is not True:
            return verdict
    return True


def _combinations(tasks: Sequence[DeadlineTask]) -> Iterator[list[DeadlineTask]]:
    phases: dict[str, dict[int, list[DeadlineTask]]] = {}
    for task in tasks:
        phases.setdefault(task.application, {}).setdefault(task.phase, []).append(task)
    for chosen in product(*(own.values() for own in phases.values())):
        yield [task for own in chosen for task in own]


def meets_every_deadline(tasks: Sequence[DeadlineTask]) -> bool | None:
    """The exact test for sporadic tasks on one CPU (Baruah, Rosier and Howell 1990); None where it would take too long.

    Demand in an interval is greatest when all tasks are released at its start; no interval longer than the bound of
    load and laxity can fail.
    """
    load = sum((Fraction(task.runtime_ns, task.period_ns) for task in tasks), Fraction(0))
    if load > 1:
        return False
    if all(task.deadline_ns == task.period_ns for task in tasks):
        return True
    if load == 1:
        return None
    slack = sum(
        (Fraction((task.period_ns - task.deadline_ns) * task.runtime_ns, task.period_ns) for task in tasks), Fraction(0)
    )
    horizon_ns = max(int(slack / (1 - load)), max(task.deadline_ns for task in tasks))
    if sum(horizon_ns // task.period_ns + 1 for task in tasks) > MOST_POINTS:
        return None
    points = {end for task in tasks for end in range(task.deadline_ns, horizon_ns + 1, task.period_ns)}
    return all(_demand_ns(tasks, length_ns) <= length_ns for length_ns in points)


def _demand_ns(tasks: Sequence[DeadlineTask], length_ns: int) -> int:
    return sum(
        ((length_ns - task.deadline_ns) // task.period_ns + 1) * task.runtime_ns
        for task in tasks
        if length_ns >= task.deadline_ns
    )
