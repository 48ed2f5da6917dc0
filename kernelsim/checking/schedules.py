"""What schedules may promise: reservations for dispatchers that are there, and no more than a core has."""

from kernelsim.checking.refusals import one_of, refusal
from kernelsim.core.schedulers.rbed import BEST_EFFORT_SHARE, ONE
from kernelsim.scenario import (
    Application,
    Reservation,
    Scenario,
    Schedule,
    group_key,
)

LARGEST_WEIGHT = 65535
RESERVED_NAME = "monitor"


def guaranteed_by_key(scenario: Scenario) -> dict[str, Application]:
    """What schedules may name: applications, and of those with groups the groups."""
    return {
        key: application
        for application in scenario.applications
        for key in ([group_key(application.name, group) for group in application.groups] or [application.name])
    }


def check_schedule(scenario: Scenario, schedule: Schedule) -> None:
    """Raise ScenarioError for one that no planner could be given."""
    guaranteed = guaranteed_by_key(scenario)
    cores = {key: application.cores for key, application in guaranteed.items()}
    owners = {key: application.name for key, application in guaranteed.items()}
    unknown = sorted({*schedule.phases, *schedule.reservations} - set(cores))
    if unknown:
        raise refusal(f"a schedule for {unknown}", f"applications of the scenario or their groups, {sorted(cores)}")
    if schedule.ships_ps < 0:
        raise refusal(f"a schedule shipped at {schedule.ships_ps} ps", "0 (known when planners boot) or later")
    load_ppm = {
        (core, RESERVED_NAME): reservation.wcet_ps * ONE // reservation.period_ps
        for core, reservation in scenario.monitors.items()
    }
    for name, reservations in schedule.reservations.items():
        for reservation in reservations:
            check_reservation(reservation, name, len(cores[name]))
            if reservation.kind != "B":
                own = cores[name][reservation.dispatcher], owners[name]
                load_ppm[own] = max(load_ppm.get(own, 0), reservation.wcet_ps * ONE // reservation.period_ps)
    for core in sorted({core for core, _ in load_ppm}):
        load = sum(each for (where, _), each in load_ppm.items() if where == core)
        if load > ONE - BEST_EFFORT_SHARE:
            phases = dict(schedule.phases)
            raise refusal(f"{load} ppm of real-time load on core {core} in phases {phases}", "at most 900000 ppm")


def check_reservation(reservation: Reservation, name: str, dispatchers: int) -> None:
    """Raise ScenarioError for one that RBED could not keep, or of a dispatcher that is not there."""
    one = f"a reservation {reservation.kind!r} for dispatcher {reservation.dispatcher} of {name!r}"
    if not 0 <= reservation.dispatcher < dispatchers:
        raise refusal(one, f"dispatchers 0 to {dispatchers - 1}")
    one_of("kind", reservation.kind, ("B", "S", "H", "G"))
    if reservation.kind == "B":
        if not 1 <= reservation.weight <= LARGEST_WEIGHT:
            raise refusal(f"{one} with weight {reservation.weight}", f"1 to {LARGEST_WEIGHT}")
        return
    in_order = 0 < reservation.wcet_ps <= min(reservation.deadline_ps, reservation.period_ps)
    if not in_order or reservation.offset_ps < 0 or reservation.delay_ps < 0:
        raise refusal(
            f"{one} with WCET {reservation.wcet_ps}, period {reservation.period_ps}, deadline "
            f"{reservation.deadline_ps}, offset {reservation.offset_ps}, delay {reservation.delay_ps} ps",
            "0 < WCET <= deadline and period, offset and delay from 0",
        )
