"""Which scenarios and applications are plain enough to be taken apart."""

from dataclasses import MISSING, fields
from typing import Any

from kernelsim.scenario import Application, Barrier, CpuBound, Reservation, Scenario

_FREE = {"machine", "applications", "duration_ps", "schedules", "scheduler", "rules", "synchronise", "timer_offset_ps",
         "clock_skew_ps", "warmup_ps"}  # fmt: skip
_FREE_OF_APPLICATION = {"name", "workload", "cores", "threads", "weight", "starts_ps"}


def is_plain(scenario: Scenario) -> bool:
    """Whether nothing happens in it but RBED's decisions: no messages after the timers' synchronisation, no changes, no
    answers that are late.
    """
    return (
        scenario.scheduler == "rbed"
        and not _differing(scenario, _FREE)
        and all(schedule.ships_ps == 0 for schedule in scenario.schedules)
        and not any(_differing(application, _FREE_OF_APPLICATION) for application in scenario.applications)
    )


def first_reservations(scenario: Scenario) -> dict[str, tuple[Reservation, ...]]:
    """What the applications are promised when all are in phase 0, the last word where it was said twice."""
    known = {name for schedule in scenario.schedules for name in schedule.phases}
    found: dict[str, tuple[Reservation, ...]] = {}
    for schedule in scenario.schedules:
        if set(schedule.phases) == known and not any(schedule.phases.values()):
            found = dict(schedule.reservations)
    return found


def threads_of(application: Application, slot: int) -> int:
    """How many threads a dispatcher runs."""
    count = application.threads or len(application.cores)
    return len(range(slot, count, len(application.cores)))


def is_even(application: Application) -> bool:
    """Whether its threads differ in nothing but their cores."""
    workload = application.workload
    if isinstance(workload, Barrier):
        return workload.spread_percent == 0
    return isinstance(workload, CpuBound)


def _differing(value: Any, free: set[str]) -> bool:
    """Whether any field that is not `free` was given."""
    for each in fields(value):
        if each.name in free:
            continue
        default = each.default if each.default_factory is MISSING else each.default_factory()
        if getattr(value, each.name) != default:
            return True
    return False
