"""What a scenario must satisfy to be run; everything else is refused, saying what would be accepted."""

from dataclasses import replace

from kernelsim.capabilities.kinds import FROM_RAW, TRAVELLING
from kernelsim.core.schedulers.rbed import BEST_EFFORT_SHARE, ONE
from kernelsim.errors import ScenarioError
from kernelsim.scenario import (
    BARRIERS,
    GANGS_IN_TURN,
    MICROSECOND_PS,
    OPERATIONS,
    ORDERS,
    PLACEMENTS,
    RULES,
    SCHEDULERS,
    WAITS,
    Application,
    Barrier,
    CpuBound,
    Operation,
    Programs,
    Reservation,
    Scenario,
    Schedule,
    Scripted,
    StreamClustering,
    Traffic,
    domain_of,
    group_key,
)

LARGEST_WEIGHT = 65535
LEAST_SPIN_PS = MICROSECOND_PS // 25
"""One turn of a spin loop (dissertation, section 3.2.5)."""
MOST_SPREAD_PERCENT = 99
RESERVED_NAME = "monitor"


def check(scenario: Scenario) -> None:
    """Raise ScenarioError for what cannot be run."""
    _one_of("scheduler", scenario.scheduler, SCHEDULERS)
    _one_of("rules", scenario.rules, RULES)
    if scenario.duration_ps <= 0 or scenario.warmup_ps < 0:
        raise _refusal(f"a run of {scenario.duration_ps} ps after {scenario.warmup_ps} ps", "a positive duration")
    scenario.machine.check()
    names = [application.name for application in scenario.applications]
    if len(set(names)) != len(names) or RESERVED_NAME in names:
        raise _refusal(f"applications named {names}", f"different names, none of them {RESERVED_NAME!r}")
    _check_timers(scenario)
    _check_interrupts(scenario)
    for core, after_ps in scenario.stops_ps.items():
        scenario.machine.check_core(core, "stops_ps")
        if after_ps < 0:
            raise _refusal(f"core {core} that stops at {after_ps} ps", "a time from 0 on")
    if scenario.interconnect is not None:
        scenario.interconnect.check(scenario.machine.cores)
    for application in scenario.applications:
        _check_application(scenario, application)
    _check_joins(scenario)
    _check_deallocations(scenario)
    guaranteed = sorted(_guaranteed(scenario))
    for schedule in scenario.schedules:
        _check_schedule(scenario, schedule)
    _check_monitors(scenario)
    for change in scenario.phase_changes:
        if change.application not in guaranteed or change.at_ps < 0 or change.phase < 0:
            raise _refusal(
                f"a change of {change.application!r} to phase {change.phase} at {change.at_ps} ps",
                f"one of {guaranteed}, a phase and a time from 0",
            )
        _one_of("order", change.order, ORDERS)
    for operation in scenario.operations:
        _check_operation(operation, names)


def _check_operation(operation: Operation, names: list[str]) -> None:
    _one_of("kind", operation.kind, OPERATIONS)
    _one_of("order", operation.order, ORDERS)
    if operation.application not in names or operation.at_ps < 0 or (operation.work_ps or 0) < 0:
        raise _refusal(
            f"{operation.kind!r} by {operation.application!r} at {operation.at_ps} ps, {operation.work_ps} ps of work",
            f"one of {names}, a time and work from 0",
        )
    if operation.kind == "retype":
        _one_of("type", operation.to, FROM_RAW)
    if operation.kind == "send":
        _one_of("type", operation.to, TRAVELLING)


def _guaranteed(scenario: Scenario) -> dict[str, Application]:
    """What schedules may name: applications, and of those with groups the groups."""
    return {
        key: application
        for application in scenario.applications
        for key in ([group_key(application.name, group) for group in application.groups] or [application.name])
    }


def _check_joins(scenario: Scenario) -> None:
    grouped = {application.name: application for application in scenario.applications if application.groups}
    for application in grouped.values():
        if len(set(application.groups)) != len(application.groups) or "" in application.groups:
            raise _refusal(f"groups {list(application.groups)} of {application.name!r}", "a name of its own for each")
    for join in scenario.joins:
        one = f"dispatcher {join.dispatcher} of {join.application!r} joining {join.group!r} at {join.at_ps} ps"
        if join.application not in grouped or join.at_ps < 0:
            raise _refusal(one, f"a time from 0, one of the applications with groups, {sorted(grouped)}")
        application = grouped[join.application]
        if join.group not in application.groups or not 0 <= join.dispatcher < application.dispatchers:
            raise _refusal(one, f"dispatchers 0 to {application.dispatchers - 1}, groups {list(application.groups)}")


def _check_deallocations(scenario: Scenario) -> None:
    sizes = {application.name: application.dispatchers for application in scenario.applications}
    for one in scenario.deallocations:
        asked = f"asking {one.application!r} for dispatcher {one.dispatcher} at {one.at_ps} ps, {one.grace_ps} ps ahead"
        if scenario.scheduler != "rbed" or min(one.at_ps, one.grace_ps) < 0:
            raise _refusal(f"{asked}, under scheduler {scenario.scheduler!r}", "rbed, and times from 0 on")
        if sizes.get(one.application, 0) < 2 or not 0 <= one.dispatcher < sizes[one.application]:
            raise _refusal(asked, f"one of the dispatchers of an application with several: {sizes}")


def _check_timers(scenario: Scenario) -> None:
    cores = scenario.machine.cores
    for key in ("timer_offset_ps", "clock_skew_ps", "response_delay_ps"):
        values = getattr(scenario, key)
        if values and (len(values) != cores or min(values) < 0):
            raise _refusal(f"{key} of {len(values)} values from {min(values)} on", f"{cores} values from 0 on, or none")
    if scenario.shared_read_ps < 0:
        raise _refusal(f"a reference clock read in {scenario.shared_read_ps} ps", "0 (a clock on each core) or more")
    for core, slices in scenario.slices_ps.items():
        if not slices or min(slices) <= 0:
            raise _refusal(f"time slices {list(slices)} of core {core}", "at least one, each positive")


def _check_interrupts(scenario: Scenario) -> None:
    for key in ("ipi_ps", "manager_ps", "call_ps", "section_slack_ps"):
        if getattr(scenario, key) < 0:
            raise _refusal(f"{key} = {getattr(scenario, key)}", "0 or more")
    if scenario.scheduler == "user-level-gang":
        _check_daemon(scenario)
    elif not scenario.backfill:
        raise _refusal(
            f"backfill = false under scheduler {scenario.scheduler!r}", "user-level-gang, which does fill in"
        )
    if scenario.scheduler not in GANGS_IN_TURN:
        return
    members = len({core for application in scenario.applications for core in application.cores})
    sending = scenario.ipi_ps * (members - 1 if scenario.serial_ipis else 1)
    if scenario.scheduler == "slurm-like":
        sending = scenario.manager_ps
    if sending >= scenario.machine.timeslice_ps:
        raise _refusal(
            f"slices of {scenario.machine.timeslice_ps} ps that take {sending} ps to announce", "longer slices"
        )


def _check_daemon(scenario: Scenario) -> None:
    """A daemon of Linux knows no reservations, and must leave its gangs most of a slice."""
    reserved = [one for schedule in scenario.schedules for each in schedule.reservations.values() for one in each]
    if any(reservation.kind != "B" for reservation in reserved):
        raise _refusal("guaranteed time under scheduler 'user-level-gang'", "scheduler = rbed, or best effort alone")
    members = len({core for application in scenario.applications for core in application.cores})
    working = scenario.machine.context_switch_ps + 2 * members * scenario.call_ps
    if working >= scenario.machine.timeslice_ps:
        raise _refusal(
            f"slices of {scenario.machine.timeslice_ps} ps of which the daemon needs {working} ps", "longer slices"
        )


def _check_monitors(scenario: Scenario) -> None:
    if scenario.monitors and scenario.scheduler != "rbed":
        raise _refusal(f"monitors with guaranteed time under scheduler {scenario.scheduler!r}", "scheduler = rbed")
    for core, reservation in scenario.monitors.items():
        scenario.machine.check_core(core, "a monitor's reservation")
        if reservation.kind == "B":
            raise _refusal(f"a best-effort reservation for the monitor of core {core}", "H, or none at all")
        _check_reservation(replace(reservation, dispatcher=0), RESERVED_NAME, 1)


def _check_application(scenario: Scenario, application: Application) -> None:
    asked_by = f"application {application.name!r}"
    if not application.cores or len(set(application.cores)) != len(application.cores):
        raise _refusal(f"{asked_by} on cores {list(application.cores)}", "at least one core and each only once")
    for core in application.cores:
        scenario.machine.check_core(core, asked_by)
    if application.threads < 0:
        raise _refusal(f"{asked_by} with {application.threads} threads", "0 (one a core) or more")
    if not 1 <= application.weight <= LARGEST_WEIGHT:
        raise _refusal(f"{asked_by} with weight {application.weight}", f"1 to {LARGEST_WEIGHT}")
    starts = application.starts_ps
    if starts and (len(starts) != len(application.cores) or min(starts) < 0):
        raise _refusal(f"{asked_by} with start times {list(starts)}", "one each, or none, from 0 on")
    _check_instruction_sets(scenario, application, asked_by)
    _check_workload(scenario, application, asked_by)


def _check_instruction_sets(scenario: Scenario, application: Application, asked_by: str) -> None:
    isas, machine = application.isas, scenario.machine
    if isas and len(isas) != len(application.cores):
        raise _refusal(f"{asked_by} compiled for {list(isas)}", f"{len(application.cores)} instruction sets, or none")
    for core, isa in zip(application.cores, isas, strict=False):
        if not machine.can_run(isa, core):
            raise ScenarioError(
                "wrong_isa",
                f"{asked_by} has a dispatcher compiled for {isa} on core {core}; accepted: {machine.isa[core]}",
                core=core,
                application=application.name,
            )


def _check_workload(scenario: Scenario, application: Application, asked_by: str) -> None:
    workload = application.workload
    if isinstance(workload, Barrier | CpuBound) and workload.work_cycles <= 0:
        raise _refusal(f"{asked_by} with {workload.work_cycles} cycles of work", "at least 1")
    if isinstance(workload, Barrier):
        _check_barrier(scenario, application, workload, asked_by)
    elif isinstance(workload, Programs) and workload.blocking:
        _check_blocking(scenario, application, asked_by)
    elif isinstance(workload, StreamClustering):
        _check_stream(scenario, application, workload, asked_by)
    elif isinstance(workload, Scripted):
        early = [time_ps for script in workload.scripts for time_ps, _ in script if time_ps < 0]
        if early:
            raise _refusal(f"{asked_by} with a script that begins at {min(early)} ps", "times from 0 on")
    elif isinstance(workload, Traffic):
        threads = application.threads or len(application.cores)
        for source, target, interval_ps in workload.flows:
            if source == target or not {source, target} <= set(range(threads)) or interval_ps <= 0:
                raise _refusal(
                    f"{asked_by} with a flow from {source} to {target} every {interval_ps} ps",
                    f"two different threads of 0 to {threads - 1} and a positive interval",
                )


def _check_stream(scenario: Scenario, application: Application, stream: StreamClustering, asked_by: str) -> None:
    _one_of("placement", stream.placement, PLACEMENTS)
    _check_barrier(scenario, application, stream.barrier, asked_by)
    own = application.threads or len(application.cores)
    if not 1 <= stream.threads <= own or stream.barriers < 1:
        raise _refusal(
            f"{asked_by} with updates by {stream.threads} of {own} threads that meet {stream.barriers} times",
            f"1 to {own} threads and at least one barrier",
        )
    times = stream.arrives_ps
    if stream.collect_ps < 0 or any(time < 0 for time in times) or sorted(times) != list(times):
        raise _refusal(f"{asked_by} with batches at {list(times)} ps", "times from 0 on, in their order")


def _check_barrier(scenario: Scenario, application: Application, barrier: Barrier, asked_by: str) -> None:
    _one_of("wait", barrier.wait, WAITS)
    _one_of("barrier", barrier.barrier, BARRIERS)
    if not 0 <= barrier.spread_percent <= MOST_SPREAD_PERCENT:
        raise _refusal(f"{asked_by} with a spread of {barrier.spread_percent} %", f"0 to {MOST_SPREAD_PERCENT}")
    if barrier.wait != "spin" and barrier.spin_ps < LEAST_SPIN_PS:
        raise _refusal(f"{asked_by} spinning for {barrier.spin_ps} ps", "at least 40 ns, one turn")
    if barrier.wait == "block":
        _check_blocking(scenario, application, asked_by)


def _check_blocking(scenario: Scenario, application: Application, asked_by: str) -> None:
    own = [
        reservation
        for schedule in scenario.schedules
        for key, reservations in schedule.reservations.items()
        if domain_of(key) == application.name
        for reservation in reservations
    ]
    if any(reservation.kind != "B" for reservation in own):
        raise ScenarioError(
            "blocking_real_time",
            f"{asked_by} blocks and has a real-time phase: waking a hard task inside its period is "
            "RBED's 'released in the past'; accepted: wait = yield or spin",
            application=application.name,
        )


def _check_schedule(scenario: Scenario, schedule: Schedule) -> None:
    guaranteed = _guaranteed(scenario)
    cores = {key: application.cores for key, application in guaranteed.items()}
    owners = {key: application.name for key, application in guaranteed.items()}
    unknown = sorted({*schedule.phases, *schedule.reservations} - set(cores))
    if unknown:
        raise _refusal(f"a schedule for {unknown}", f"applications of the scenario or their groups, {sorted(cores)}")
    if schedule.ships_ps < 0:
        raise _refusal(f"a schedule shipped at {schedule.ships_ps} ps", "0 (known when planners boot) or later")
    load_ppm = {
        (core, RESERVED_NAME): reservation.wcet_ps * ONE // reservation.period_ps
        for core, reservation in scenario.monitors.items()
    }
    for name, reservations in schedule.reservations.items():
        for reservation in reservations:
            _check_reservation(reservation, name, len(cores[name]))
            if reservation.kind != "B":
                own = cores[name][reservation.dispatcher], owners[name]
                load_ppm[own] = max(load_ppm.get(own, 0), reservation.wcet_ps * ONE // reservation.period_ps)
    for core in sorted({core for core, _ in load_ppm}):
        load = sum(each for (where, _), each in load_ppm.items() if where == core)
        if load > ONE - BEST_EFFORT_SHARE:
            phases = dict(schedule.phases)
            raise _refusal(f"{load} ppm of real-time load on core {core} in phases {phases}", "at most 900000 ppm")


def _check_reservation(reservation: Reservation, name: str, dispatchers: int) -> None:
    one = f"a reservation {reservation.kind!r} for dispatcher {reservation.dispatcher} of {name!r}"
    if not 0 <= reservation.dispatcher < dispatchers:
        raise _refusal(one, f"dispatchers 0 to {dispatchers - 1}")
    _one_of("kind", reservation.kind, ("B", "S", "H", "G"))
    if reservation.kind == "B":
        if not 1 <= reservation.weight <= LARGEST_WEIGHT:
            raise _refusal(f"{one} with weight {reservation.weight}", f"1 to {LARGEST_WEIGHT}")
        return
    in_order = 0 < reservation.wcet_ps <= min(reservation.deadline_ps, reservation.period_ps)
    if not in_order or reservation.offset_ps < 0 or reservation.delay_ps < 0:
        raise _refusal(
            f"{one} with WCET {reservation.wcet_ps}, period {reservation.period_ps}, deadline "
            f"{reservation.deadline_ps}, offset {reservation.offset_ps}, delay {reservation.delay_ps} ps",
            "0 < WCET <= deadline and period, offset and delay from 0",
        )


def _one_of(key: str, found: str, accepted: tuple[str, ...]) -> None:
    if found not in accepted:
        raise _refusal(f"{key} = {found!r}", ", ".join(accepted))


def _refusal(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_scenario", f"{found} cannot be run; accepted: {accepted}", found=found, accepted=accepted)
