"""Boots a multikernel on a machine and runs a scenario on it."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from kernelsim.checking import check
from kernelsim.core.cpu_driver import CpuDriver, Scheduler
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.core.gang_turns import GangTurns
from kernelsim.core.rbed import Rbed
from kernelsim.core.round_robin import RoundRobin
from kernelsim.core.two_classes import TwoClasses
from kernelsim.engine import Ask, Engine, never
from kernelsim.machine.interconnect import Network
from kernelsim.messages.mesh import Mesh
from kernelsim.outcome import ApplicationOutcome, Outcome, Stopped
from kernelsim.scenario import (
    GANGS_IN_TURN,
    Deallocation,
    PhaseChange,
    Reservation,
    Scenario,
    Schedule,
)
from kernelsim.shortcuts.apart import take_apart
from kernelsim.shortcuts.symmetry import fold
from kernelsim.system.agreement import PhaseChangeProtocol
from kernelsim.system.coordinator import Coordinator
from kernelsim.system.gang_daemon import Gang, GangDaemon
from kernelsim.system.groups import Joining, domain_of
from kernelsim.system.monitor import Monitor
from kernelsim.system.operations import Operations, check_operation
from kernelsim.system.planner import Planner
from kernelsim.system.round import check_cover
from kernelsim.system.taking_back import TakingBack
from kernelsim.system.timesync import synchronise
from kernelsim.trace import Mark, Trace
from kernelsim.workloads.crew import Crew, StandIn
from kernelsim.workloads.scripted import ScriptedThread

Measured = dict[str, tuple[int, list[int]]]
"""Progress and core time of each dispatcher, by application."""


def run(scenario: Scenario, is_asked_to_stop: Ask = never) -> Outcome:
    """Boot, start every application in phase 0, carry out the phase changes, and measure.

    Equal scenarios give equal outcomes, traces included. A missed deadline is part of the outcome. A run that is asked
    to stop, as it looks now and then, ends there with the outcome and the trace so far. Raises ScenarioError for what
    cannot be run.
    """
    check(scenario)
    if scenario.step_by_step:
        return run_whole(scenario, is_asked_to_stop)
    apart = take_apart(scenario)
    if apart is None:
        return _run_folded(scenario, is_asked_to_stop)
    return apart.join(_run_folded(apart.rest, is_asked_to_stop), is_asked_to_stop)


def run_whole(scenario: Scenario, is_asked_to_stop: Ask = never) -> Outcome:
    """The same with every core simulated for itself."""
    return _Multikernel(scenario, Engine(is_asked_to_stop)).run()


def _run_folded(scenario: Scenario, is_asked_to_stop: Ask) -> Outcome:
    folded = fold(scenario)
    if folded is None:
        return run_whole(scenario, is_asked_to_stop)
    engine = Engine(is_asked_to_stop)
    return folded.unfold(_Multikernel(folded.scenario, engine, folded.stand_ins(), folded.times).run())


class _Multikernel:
    """The machine under way: a node per core, the channels between them, and the applications on top."""

    def __init__(
        self,
        scenario: Scenario,
        engine: Engine,
        stand_ins: Mapping[str, StandIn] = MappingProxyType({}),
        times: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self.scenario = scenario
        self._times = times
        self.engine = engine
        self.trace = Trace()
        self.network = Network(scenario.interconnect, self.engine) if scenario.interconnect else None
        self.mesh = Mesh(scenario.machine, self.trace, self.network)
        self.late_ps = (0,) * scenario.machine.cores
        self.phase_locked, self.start_ps = self._synchronise()
        self.drivers = [self._driver(core) for core in range(scenario.machine.cores)]
        self.monitors = {
            core: Monitor(core, self.engine, scenario.machine, self.mesh) for core in range(len(self.drivers))
        }
        self.crews = {
            application.name: Crew(
                application,
                self.engine,
                scenario.machine,
                step_by_step=scenario.step_by_step,
                stand_in=stand_ins.get(application.name),
            )
            for application in scenario.applications
        }
        self.dispatchers = {name: self._dispatchers(crew) for name, crew in self.crews.items()}
        self.protocols: list[PhaseChangeProtocol] = []
        self.stopped: list[Stopped] = []
        self.operations = Operations(scenario.operations, self.monitors, self.engine, self.trace)
        for core in range(len(self.drivers)):
            self._boot_node(core)
        if scenario.scheduler in GANGS_IN_TURN and scenario.applications:
            self._coordinate()
        elif scenario.scheduler == "user-level-gang" and scenario.applications:
            self._run_daemon()

    # -- booting ---------------------------------------------------------------------------------------------

    def _synchronise(self) -> tuple[bool, int]:
        scenario = self.scenario
        if not scenario.synchronise:
            return False, 0
        result = synchronise(
            self.mesh,
            scenario.machine.cores,
            scenario.response_delay_ps,
            self.trace,
            shared_read_ps=scenario.shared_read_ps,
        )
        self.late_ps = result.late_ps
        return result.succeeded, result.stamp_ps

    def _driver(self, core: int) -> CpuDriver:
        scenario = self.scenario
        if scenario.scheduler == "rbed":
            protect = scenario.rules == "protect_hard"
            scheduler: Scheduler = Rbed(
                scenario.machine.timeslice_ps, protect_hard=protect, donate_slack=scenario.donate_slack
            )
        elif scenario.scheduler in GANGS_IN_TURN:
            scheduler = GangTurns(tuple(application.name for application in scenario.applications))
        else:
            slices = scenario.slices_ps.get(core, (scenario.machine.timeslice_ps,))
            preempts = scenario.wakeup_preemption
            if scenario.scheduler == "linux-like":
                scheduler = RoundRobin(slices, wakeup_preemption=preempts)
            else:
                scheduler = TwoClasses(slices, wakeup_preemption=preempts, backfill=scenario.backfill)
        late = scenario.clock_skew_ps if self.phase_locked else scenario.timer_offset_ps
        origin = self.start_ps + self.late_ps[core] + (late[core] if late else 0)
        driver = CpuDriver(core, self.engine, self.trace, scheduler, origin, scenario.machine.context_switch_ps)
        driver.section_slack_ps = scenario.section_slack_ps
        return driver

    def _coordinate(self) -> None:
        """Every application is a gang; the lowest core that has a member coordinates."""
        scenario = self.scenario
        is_managed = scenario.scheduler == "slurm-like"
        used = sorted({core for application in scenario.applications for core in application.cores})
        mesh = None if is_managed else scenario.interconnect
        Coordinator(
            self.engine,
            self.trace,
            [self.drivers[core] for core in used],
            [application.name for application in scenario.applications],
            slice_ps=scenario.machine.timeslice_ps,
            send_ps=scenario.manager_ps if is_managed else scenario.ipi_ps,
            serial=scenario.serial_ipis and not is_managed,
            everywhere=is_managed,
            network=self.network if mesh and mesh.carries_interrupts else None,
        ).begin()

    def _run_daemon(self) -> None:
        """Every application is a gang of Linux processes."""
        machine = self.scenario.machine

        def gangs() -> list[Gang]:
            now = ((name, crew.active_cores()) for name, crew in self.crews.items())
            return [Gang(name, cores) for name, cores in now if cores]

        GangDaemon(
            self.engine,
            self.trace,
            dict(enumerate(self.drivers)),
            gangs,
            slice_ps=machine.timeslice_ps,
            call_ps=self.scenario.call_ps,
            switch_ps=machine.context_switch_ps,
        ).begin()

    def _boot_node(self, core: int) -> None:
        driver, monitor = self.drivers[core], self.monitors[core]
        own = Dispatcher("monitor", core, driver, [monitor], weight=1)
        if core in self.scenario.monitors:
            monitor.poll()
            self.engine.at(driver.origin_ps, partial(_adopt, driver, own, self.scenario.monitors[core]))
        local = {
            name: dispatcher
            for name, dispatchers in self.dispatchers.items()
            for dispatcher in dispatchers
            if dispatcher.driver is driver
        }
        grouped = frozenset(application.name for application in self.scenario.applications if application.groups)
        monitor.planner = Planner(driver, local, phase_locked=self.phase_locked, grouped=grouped)
        for schedule in self.scenario.schedules:
            if not schedule.ships_ps:
                monitor.planner.receive(schedule)
        for application in self.scenario.applications:
            if application.name in local:
                dispatcher = local[application.name]
                start = application.starts_ps[dispatcher.index] if application.starts_ps else 0
                self.engine.at(driver.origin_ps + start, partial(self._start, monitor, dispatcher))

    def _start(self, monitor: Monitor, dispatcher: Dispatcher) -> None:
        monitor.planner.begin(dispatcher.application)
        for thread in dispatcher.threads:
            if isinstance(thread, ScriptedThread):
                thread.begin(self.engine.now)

    def _dispatchers(self, crew: Crew) -> list[Dispatcher]:
        application = crew.application
        return [
            Dispatcher(application.name, index, self.drivers[core], crew.of(index), application.weight)
            for index, core in enumerate(application.cores)
            if crew.of(index)
        ]

    # -- running ---------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        scenario, engine = self.scenario, self.engine
        for schedule in scenario.schedules:
            if schedule.ships_ps:
                engine.at(self.start_ps + schedule.ships_ps, partial(self._ship, schedule), rank=1 << 19)
        for join in scenario.joins:
            callers = self.dispatchers[join.application]
            monitors = {caller.core: self.monitors[caller.core] for caller in callers}
            joining = Joining(callers[join.dispatcher], join.group, monitors, engine, self.trace)
            self._once_it_runs(callers[join.dispatcher], join.at_ps, joining.request)
        for core, after_ps in sorted(scenario.stops_ps.items()):
            engine.at(self.start_ps + after_ps, partial(self._stop, core))
        for wanted in scenario.deallocations:
            self._plan_deallocation(wanted)
        for change in scenario.phase_changes:
            self._plan_phase_change(change)
        for operation in scenario.operations:
            callers = self.dispatchers[operation.application]
            check_operation(operation, tuple(dispatcher.core for dispatcher in callers))
            self._once_it_runs(callers[0], operation.at_ps, partial(self.operations.ask, operation, callers))
        for application in scenario.applications:
            self.crews[application.name].begin(self.start_ps, self.trace, self.drivers, self.monitors)
        begin = self.start_ps + scenario.warmup_ps
        engine.run(begin)
        before, measured_from = self._measure(), engine.now
        engine.run(begin + scenario.duration_ps)
        after = self._measure()
        for driver in self.drivers:
            driver.finish()
        return self._outcome(before, after, engine.now - measured_from)

    def _stop(self, core: int) -> None:
        self.drivers[core].halt()
        self.trace.marks.append(Mark(self.engine.now, core, "stopped", "a core that answers nothing from now on"))
        self.stopped.append(Stopped(core, self.engine.now))

    def _ship(self, schedule: Schedule) -> None:
        """The placement controller, on core 0, has derived one more schedule: every planner is told."""
        first = self.monitors[0]

        def take(monitor: Monitor) -> None:
            monitor.planner.receive(schedule)
            monitor.planner.apply()

        def tell() -> None:
            for monitor in self.monitors.values():
                if monitor is not first:
                    first.send(monitor, "schedule", partial(take, monitor))
            first.then(0, partial(take, first))

        first.post(0, tell)

    def _plan_deallocation(self, wanted: Deallocation) -> None:
        dispatchers = self.dispatchers[wanted.application]
        taking = TakingBack(
            dispatchers, wanted.dispatcher, wanted.grace_ps, self.monitors, self.drivers, self.engine, self.trace
        )
        self.engine.at(self.start_ps + wanted.at_ps, taking.request)

    def _plan_phase_change(self, change: PhaseChange) -> None:
        dispatchers = self.dispatchers[domain_of(change.application)]
        cores = [dispatcher.core for dispatcher in dispatchers]
        sends = change.sends if change.sends is not None else {cores[0]: tuple(cores[1:])}
        monitors = {core: self.monitors[core] for core in cores}
        check_cover(sends, cores[0], tuple(cores), repr(change.application))
        protocol = PhaseChangeProtocol(change, dispatchers[0], sends, monitors, self.engine, self.trace)
        self.protocols.append(protocol)
        self._once_it_runs(dispatchers[0], change.at_ps, protocol.request)

    def _once_it_runs(self, caller: Dispatcher, at_ps: int, request: Callable[[], None]) -> None:
        """Call `request` when `caller` first runs, from `at_ps` after the start on."""

        def ask() -> None:
            if caller.runs:
                request()
            else:
                caller.on_run.append(request)

        self.engine.at(self.start_ps + at_ps, ask, rank=1 << 19)

    def _measure(self) -> Measured:
        """Progress and core time of every application, now."""
        now = self.engine.now
        measured = {}
        for name, dispatchers in self.dispatchers.items():
            for dispatcher in dispatchers:
                if dispatcher.runs:
                    dispatcher.settle(now)
            measured[name] = (self.crews[name].progress(now), [dispatcher.cpu_ps(now) for dispatcher in dispatchers])
        return measured

    def _outcome(self, before: Measured, after: Measured, duration_ps: int) -> Outcome:
        applications = {}
        for name, (progress, cpu_ps) in after.items():
            misses = sorted(
                (miss for driver in self.drivers for miss in driver.misses.get(name, ())),
                key=lambda miss: (miss.time_ps, miss.core),
            )
            used = tuple(now - then for now, then in zip(cpu_ps, before[name][1], strict=True))
            crew = self.crews[name]
            applications[name] = ApplicationOutcome(
                progress - before[name][0], tuple(misses), used, *crew.received(), crew.failures(), crew.latencies_ps()
            )
        outcomes = [protocol.outcome() for protocol in self.protocols]
        return Outcome(
            applications=applications,
            phase_changes=tuple(outcome for outcome in outcomes if outcome is not None),
            phase_locked=self.phase_locked,
            start_ps=self.start_ps,
            duration_ps=duration_ps,
            interrupted_ps=self.engine.now if self.engine.is_stopped else None,
            events=self.engine.executed,
            events_represented=self.engine.executed + self.engine.skipped,
            dispatches=sum(driver.dispatches * self._times.get(driver.core, 1) for driver in self.drivers),
            trace=self.trace,
            monitor_misses=tuple(miss for driver in self.drivers for miss in driver.misses.get("monitor", ())),
            operations=self.operations.outcomes(),
            stopped=tuple(self.stopped),
        )


def _adopt(driver: CpuDriver, monitor: Dispatcher, reservation: Reservation) -> None:
    driver.adopt(monitor, reservation)
