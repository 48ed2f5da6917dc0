"""What an application must be: its cores, its threads, and what they do."""

from kernelsim.checking.refusals import one_of, refusal
from kernelsim.checking.schedules import LARGEST_WEIGHT
from kernelsim.errors import ScenarioError
from kernelsim.scenario import (
    BARRIERS,
    MICROSECOND_PS,
    PLACEMENTS,
    WAITS,
    Application,
    Barrier,
    CpuBound,
    Programs,
    Scenario,
    Scripted,
    StreamClustering,
    Traffic,
    domain_of,
)

LEAST_SPIN_PS = MICROSECOND_PS // 25
"""One turn of a spin loop (dissertation, section 3.2.5)."""
MOST_SPREAD_PERCENT = 99


def check_application(scenario: Scenario, application: Application) -> None:
    """Raise ScenarioError for one that cannot be run on its cores."""
    asked_by = f"application {application.name!r}"
    if not application.cores or len(set(application.cores)) != len(application.cores):
        raise refusal(f"{asked_by} on cores {list(application.cores)}", "at least one core and each only once")
    for core in application.cores:
        scenario.machine.check_core(core, asked_by)
    if application.threads < 0:
        raise refusal(f"{asked_by} with {application.threads} threads", "0 (one a core) or more")
    if not 1 <= application.weight <= LARGEST_WEIGHT:
        raise refusal(f"{asked_by} with weight {application.weight}", f"1 to {LARGEST_WEIGHT}")
    starts = application.starts_ps
    if starts and (len(starts) != len(application.cores) or min(starts) < 0):
        raise refusal(f"{asked_by} with start times {list(starts)}", "one each, or none, from 0 on")
    _check_instruction_sets(scenario, application, asked_by)
    _check_workload(scenario, application, asked_by)


def _check_instruction_sets(scenario: Scenario, application: Application, asked_by: str) -> None:
    isas, machine = application.isas, scenario.machine
    if isas and len(isas) != len(application.cores):
        raise refusal(f"{asked_by} compiled for {list(isas)}", f"{len(application.cores)} instruction sets, or none")
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
        raise refusal(f"{asked_by} with {workload.work_cycles} cycles of work", "at least 1")
    if isinstance(workload, Barrier):
        _check_barrier(scenario, application, workload, asked_by)
    elif isinstance(workload, Programs) and workload.blocking:
        _check_blocking(scenario, application, asked_by)
    elif isinstance(workload, StreamClustering):
        _check_stream(scenario, application, workload, asked_by)
    elif isinstance(workload, Scripted):
        early = [time_ps for script in workload.scripts for time_ps, _ in script if time_ps < 0]
        if early:
            raise refusal(f"{asked_by} with a script that begins at {min(early)} ps", "times from 0 on")
    elif isinstance(workload, Traffic):
        threads = application.threads or len(application.cores)
        for source, target, interval_ps in workload.flows:
            if source == target or not {source, target} <= set(range(threads)) or interval_ps <= 0:
                raise refusal(
                    f"{asked_by} with a flow from {source} to {target} every {interval_ps} ps",
                    f"two different threads of 0 to {threads - 1} and a positive interval",
                )


def _check_stream(scenario: Scenario, application: Application, stream: StreamClustering, asked_by: str) -> None:
    one_of("placement", stream.placement, PLACEMENTS)
    _check_barrier(scenario, application, stream.barrier, asked_by)
    own = application.threads or len(application.cores)
    if not 1 <= stream.threads <= own or stream.barriers < 1:
        raise refusal(
            f"{asked_by} with updates by {stream.threads} of {own} threads that meet {stream.barriers} times",
            f"1 to {own} threads and at least one barrier",
        )
    times = stream.arrives_ps
    if stream.collect_ps < 0 or any(time < 0 for time in times) or sorted(times) != list(times):
        raise refusal(f"{asked_by} with batches at {list(times)} ps", "times from 0 on, in their order")


def _check_barrier(scenario: Scenario, application: Application, barrier: Barrier, asked_by: str) -> None:
    one_of("wait", barrier.wait, WAITS)
    one_of("barrier", barrier.barrier, BARRIERS)
    if not 0 <= barrier.spread_percent <= MOST_SPREAD_PERCENT:
        raise refusal(f"{asked_by} with a spread of {barrier.spread_percent} %", f"0 to {MOST_SPREAD_PERCENT}")
    if barrier.wait != "spin" and barrier.spin_ps < LEAST_SPIN_PS:
        raise refusal(f"{asked_by} spinning for {barrier.spin_ps} ps", "at least 40 ns, one turn")
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
