"""What a scenario as a whole must satisfy to be run: its timers, interrupts, operations, and who takes part."""

from dataclasses import replace

from kernelsim.capabilities.kinds import FROM_RAW, TRAVELLING
from kernelsim.checking.applications import check_application
from kernelsim.checking.refusals import one_of, refusal
from kernelsim.checking.schedules import RESERVED_NAME, check_reservation, check_schedule, guaranteed_by_key
from kernelsim.scenario import (
    GANGS_IN_TURN,
    OPERATIONS,
    ORDERS,
    RULES,
    SCHEDULERS,
    Operation,
    Scenario,
)


def check(scenario: Scenario) -> None:
    """Raise ScenarioError for what cannot be run."""
    one_of("scheduler", scenario.scheduler, SCHEDULERS)
    one_of("rules", scenario.rules, RULES)
    if scenario.duration_ps <= 0 or scenario.warmup_ps < 0:
        raise refusal(f"a run of {scenario.duration_ps} ps after {scenario.warmup_ps} ps", "a positive duration")
    scenario.machine.check()
    names = [application.name for application in scenario.applications]
    if len(set(names)) != len(names) or RESERVED_NAME in names:
        raise refusal(f"applications named {names}", f"different names, none of them {RESERVED_NAME!r}")
    _check_timers(scenario)
    _check_interrupts(scenario)
    for core, after_ps in scenario.stops_ps.items():
        scenario.machine.check_core(core, "stops_ps")
        if after_ps < 0:
            raise refusal(f"core {core} that stops at {after_ps} ps", "a time from 0 on")
    if scenario.interconnect is not None:
        scenario.interconnect.check(scenario.machine.cores)
    for application in scenario.applications:
        check_application(scenario, application)
    _check_joins(scenario)
    _check_deallocations(scenario)
    guaranteed = sorted(guaranteed_by_key(scenario))
    for schedule in scenario.schedules:
        check_schedule(scenario, schedule)
    _check_monitors(scenario)
    for change in scenario.phase_changes:
        if change.application not in guaranteed or change.at_ps < 0 or change.phase < 0:
            raise refusal(
                f"a change of {change.application!r} to phase {change.phase} at {change.at_ps} ps",
                f"one of {guaranteed}, a phase and a time from 0",
            )
        one_of("order", change.order, ORDERS)
    for operation in scenario.operations:
        _check_operation(operation, names)


def _check_operation(operation: Operation, names: list[str]) -> None:
    one_of("kind", operation.kind, OPERATIONS)
    one_of("order", operation.order, ORDERS)
    if operation.application not in names or operation.at_ps < 0 or (operation.work_ps or 0) < 0:
        raise refusal(
            f"{operation.kind!r} by {operation.application!r} at {operation.at_ps} ps, {operation.work_ps} ps of work",
            f"one of {names}, a time and work from 0",
        )
    if operation.kind == "retype":
        one_of("type", operation.to, FROM_RAW)
    if operation.kind == "send":
        one_of("type", operation.to, TRAVELLING)


def _check_joins(scenario: Scenario) -> None:
    grouped = {application.name: application for application in scenario.applications if application.groups}
    for application in grouped.values():
        if len(set(application.groups)) != len(application.groups) or "" in application.groups:
            raise refusal(f"groups {list(application.groups)} of {application.name!r}", "a name of its own for each")
    for join in scenario.joins:
        one = f"dispatcher {join.dispatcher} of {join.application!r} joining {join.group!r} at {join.at_ps} ps"
        if join.application not in grouped or join.at_ps < 0:
            raise refusal(one, f"a time from 0, one of the applications with groups, {sorted(grouped)}")
        application = grouped[join.application]
        if join.group not in application.groups or not 0 <= join.dispatcher < application.dispatchers:
            raise refusal(one, f"dispatchers 0 to {application.dispatchers - 1}, groups {list(application.groups)}")


def _check_deallocations(scenario: Scenario) -> None:
    sizes = {application.name: application.dispatchers for application in scenario.applications}
    for one in scenario.deallocations:
        asked = f"asking {one.application!r} for dispatcher {one.dispatcher} at {one.at_ps} ps, {one.grace_ps} ps ahead"
        if scenario.scheduler != "rbed" or min(one.at_ps, one.grace_ps) < 0:
            raise refusal(f"{asked}, under scheduler {scenario.scheduler!r}", "rbed, and times from 0 on")
        if sizes.get(one.application, 0) < 2 or not 0 <= one.dispatcher < sizes[one.application]:
            raise refusal(asked, f"one of the dispatchers of an application with several: {sizes}")


def _check_timers(scenario: Scenario) -> None:
    cores = scenario.machine.cores
    for key in ("timer_offset_ps", "clock_skew_ps", "response_delay_ps"):
        values = getattr(scenario, key)
        if values and (len(values) != cores or min(values) < 0):
            raise refusal(f"{key} of {len(values)} values from {min(values)} on", f"{cores} values from 0 on, or none")
    if scenario.shared_read_ps < 0:
        raise refusal(f"a reference clock read in {scenario.shared_read_ps} ps", "0 (a clock on each core) or more")
    for core, slices in scenario.slices_ps.items():
        if not slices or min(slices) <= 0:
            raise refusal(f"time slices {list(slices)} of core {core}", "at least one, each positive")


def _check_interrupts(scenario: Scenario) -> None:
    for key in ("ipi_ps", "manager_ps", "call_ps", "section_slack_ps"):
        if getattr(scenario, key) < 0:
            raise refusal(f"{key} = {getattr(scenario, key)}", "0 or more")
    if scenario.scheduler == "user-level-gang":
        _check_daemon(scenario)
    elif not scenario.backfill:
        raise refusal(f"backfill = false under scheduler {scenario.scheduler!r}", "user-level-gang, which does fill in")
    if scenario.scheduler not in GANGS_IN_TURN:
        return
    members = len({core for application in scenario.applications for core in application.cores})
    sending = scenario.ipi_ps * (members - 1 if scenario.serial_ipis else 1)
    if scenario.scheduler == "slurm-like":
        sending = scenario.manager_ps
    if sending >= scenario.machine.timeslice_ps:
        raise refusal(
            f"slices of {scenario.machine.timeslice_ps} ps that take {sending} ps to announce", "longer slices"
        )


def _check_daemon(scenario: Scenario) -> None:
    """A daemon of Linux knows no reservations, and must leave its gangs most of a slice."""
    reserved = [one for schedule in scenario.schedules for each in schedule.reservations.values() for one in each]
    if any(reservation.kind != "B" for reservation in reserved):
        raise refusal("guaranteed time under scheduler 'user-level-gang'", "scheduler = rbed, or best effort alone")
    members = len({core for application in scenario.applications for core in application.cores})
    working = scenario.machine.context_switch_ps + 2 * members * scenario.call_ps
    if working >= scenario.machine.timeslice_ps:
        raise refusal(
            f"slices of {scenario.machine.timeslice_ps} ps of which the daemon needs {working} ps", "longer slices"
        )


def _check_monitors(scenario: Scenario) -> None:
    if scenario.monitors and scenario.scheduler != "rbed":
        raise refusal(f"monitors with guaranteed time under scheduler {scenario.scheduler!r}", "scheduler = rbed")
    for core, reservation in scenario.monitors.items():
        scenario.machine.check_core(core, "a monitor's reservation")
        if reservation.kind == "B":
            raise refusal(f"a best-effort reservation for the monitor of core {core}", "H, or none at all")
        check_reservation(replace(reservation, dispatcher=0), RESERVED_NAME, 1)
