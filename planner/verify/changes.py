"""A check by simulation: whether EDF keeps every deadline of one core while applications change phase at any time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.admission.reservations import Reservation, Schedule


@dataclass(frozen=True, slots=True)
class Change:
    """At `at_ns` the application enters the phase; its earlier jobs are dropped, unfinished or not."""

    at_ns: int
    application: str
    phase: int


@dataclass(slots=True)
class _Task:
    reservation: Reservation
    next_release_ns: int
    left_ns: int = 0
    due_ns: int = 0


def misses_under_changes(
    schedules: Sequence[Schedule], core: int, changes: Sequence[Change], until_ns: int
) -> list[tuple[int, str]]:
    """Deadlines missed on one core, as (instant, application), from phase 0 of every application on.

    A phase's first release is the first instant congruent to its offset after activation and delay.
    """
    offered = _reservations(schedules, core)
    applications = sorted({application for application, _ in offered})
    pending = sorted([Change(0, application, 0) for application in applications] + list(changes), key=lambda c: c.at_ns)
    active: dict[str, list[_Task]] = {}
    missed: list[tuple[int, str]] = []
    now_ns = 0
    while now_ns < until_ns:
        while pending and pending[0].at_ns <= now_ns:
            change = pending.pop(0)
            active[change.application] = _activate(offered.get((change.application, change.phase), ()), now_ns)
        tasks = [task for own in active.values() for task in own]
        for task in tasks:
            missed += _release(task, now_ns)
        ready = [task for task in tasks if task.left_ns]
        limits = [until_ns, *(task.next_release_ns for task in tasks), *(change.at_ns for change in pending[:1])]
        running = min(ready, key=lambda task: task.due_ns, default=None)
        if running is not None:
            limits.append(now_ns + running.left_ns)
        until = min(limit for limit in limits if limit > now_ns)
        if running is not None:
            running.left_ns -= until - now_ns
            if running.left_ns == 0 and until > running.due_ns:
                missed.append((running.due_ns, running.reservation.application))
        now_ns = until
    return missed


def _reservations(schedules: Sequence[Schedule], core: int) -> Mapping[tuple[str, int], tuple[Reservation, ...]]:
    """What each application has on the core in each of its phases."""
    found: dict[tuple[str, int], tuple[Reservation, ...]] = {}
    for schedule in schedules:
        for application, phase in schedule.phases.items():
            found[application, phase] = tuple(
                one
                for one in schedule.reservations
                if one.application == application and one.core == core and one.period_ns
            )
    return found


def _activate(reservations: Sequence[Reservation], now_ns: int) -> list[_Task]:
    tasks = []
    for one in reservations:
        earliest_ns = now_ns + one.delay_ns
        tasks.append(_Task(one, earliest_ns + (one.release_ns - earliest_ns) % one.period_ns))
    return tasks


def _release(task: _Task, now_ns: int) -> list[tuple[int, str]]:
    if now_ns < task.next_release_ns:
        return []
    late = [(task.due_ns, task.reservation.application)] if task.left_ns else []
    task.left_ns = task.reservation.wcet_ns
    task.due_ns = now_ns + task.reservation.deadline_ns
    task.next_release_ns += task.reservation.period_ns
    return late
