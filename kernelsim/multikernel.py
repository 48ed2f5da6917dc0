"""Runs a scenario on a booted multikernel, from the first start of an application to what is measured."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from kernelsim.booting import Multikernel
from kernelsim.checking.scenarios import check
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.engine import REQUEST, Ask, Engine, never
from kernelsim.outcome import ApplicationOutcome, Outcome, Stopped
from kernelsim.scenario import Deallocation, Join, Operation, PhaseChange, Scenario, Schedule, domain_of
from kernelsim.shortcuts.apart import take_apart
from kernelsim.shortcuts.symmetry import fold
from kernelsim.system.agreement.operations import Operations, check_operation
from kernelsim.system.agreement.phase_change import PhaseChangeProtocol
from kernelsim.system.agreement.round import check_cover
from kernelsim.system.groups import Joining
from kernelsim.system.monitor import Monitor
from kernelsim.system.taking_back import TakingBack
from kernelsim.trace import Mark

Measured = tuple[int, list[int]]
"""An application's progress, and the core time of each of its dispatchers."""


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
    return _Run(scenario, Multikernel(scenario, Engine(is_asked_to_stop))).outcome()


def _run_folded(scenario: Scenario, is_asked_to_stop: Ask) -> Outcome:
    folded = fold(scenario)
    if folded is None:
        return run_whole(scenario, is_asked_to_stop)
    booted = Multikernel(folded.scenario, Engine(is_asked_to_stop), folded.stand_ins())
    return folded.unfold(_Run(folded.scenario, booted, folded.times).outcome())


class _Run:
    """One run of a booted machine, each of whose cores stands for `times` cores, if it is there."""

    def __init__(
        self, scenario: Scenario, booted: Multikernel, times: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        self._scenario = scenario
        self._times = times
        self._booted = booted
        self._engine, self._trace = booted.engine, booted.trace
        self._monitors, self._drivers = booted.monitors, booted.drivers
        self._protocols: list[PhaseChangeProtocol] = []
        self._stopped: list[Stopped] = []
        self._operations = Operations(scenario.operations, self._monitors, self._engine, self._trace)

    def outcome(self) -> Outcome:
        """Start everything, run to the end, and say what became of it."""
        scenario, engine = self._scenario, self._engine
        self._plan()
        for application in scenario.applications:
            self._booted.crews[application.name].begin(
                self._booted.start_ps, self._trace, self._drivers, self._monitors
            )
        begin = self._booted.start_ps + scenario.warmup_ps
        engine.run(begin)
        before, measured_from = self._measure(), engine.now
        engine.run(begin + scenario.duration_ps)
        after = self._measure()
        for driver in self._drivers:
            driver.finish()
        return self._outcome(before, after, engine.now - measured_from)

    def _plan(self) -> None:
        """Enter what the scenario wants to happen at its time."""
        scenario, engine, start_ps = self._scenario, self._engine, self._booted.start_ps
        for schedule in scenario.schedules:
            if schedule.ships_ps:
                engine.at(start_ps + schedule.ships_ps, partial(self._ship, schedule), rank=REQUEST)
        for join in scenario.joins:
            self._plan_join(join)
        for core, after_ps in sorted(scenario.stops_ps.items()):
            engine.at(start_ps + after_ps, partial(self._stop, core))
        for wanted in scenario.deallocations:
            self._plan_deallocation(wanted)
        for change in scenario.phase_changes:
            self._plan_phase_change(change)
        for operation in scenario.operations:
            self._plan_operation(operation)

    def _ship(self, schedule: Schedule) -> None:
        """The placement controller, on core 0, has derived one more schedule: every planner is told."""
        first = self._monitors[0]

        def take(monitor: Monitor) -> None:
            monitor.planner.receive(schedule)
            monitor.planner.apply()

        def tell() -> None:
            for monitor in self._monitors.values():
                if monitor is not first:
                    first.send(monitor, "schedule", partial(take, monitor))
            first.then(0, partial(take, first))

        first.post(0, tell)

    def _plan_join(self, join: Join) -> None:
        callers = self._booted.dispatchers[join.application]
        monitors = {caller.core: self._monitors[caller.core] for caller in callers}
        joining = Joining(callers[join.dispatcher], join.group, monitors, self._engine, self._trace)
        self._once_it_runs(callers[join.dispatcher], join.at_ps, joining.request)

    def _stop(self, core: int) -> None:
        now = self._engine.now
        self._drivers[core].halt()
        self._trace.marks.append(Mark(now, core, "stopped", "a core that answers nothing from now on"))
        self._stopped.append(Stopped(core, now))

    def _plan_deallocation(self, wanted: Deallocation) -> None:
        dispatchers = self._booted.dispatchers[wanted.application]
        taking = TakingBack(
            dispatchers, wanted.dispatcher, wanted.grace_ps, self._monitors, self._drivers, self._engine, self._trace
        )
        self._engine.at(self._booted.start_ps + wanted.at_ps, taking.request)

    def _plan_phase_change(self, change: PhaseChange) -> None:
        dispatchers = self._booted.dispatchers[domain_of(change.application)]
        cores = [dispatcher.core for dispatcher in dispatchers]
        sends = change.sends if change.sends is not None else {cores[0]: tuple(cores[1:])}
        monitors = {core: self._monitors[core] for core in cores}
        check_cover(sends, cores[0], tuple(cores), repr(change.application))
        protocol = PhaseChangeProtocol(change, dispatchers[0], sends, monitors, self._engine, self._trace)
        self._protocols.append(protocol)
        self._once_it_runs(dispatchers[0], change.at_ps, protocol.request)

    def _plan_operation(self, operation: Operation) -> None:
        callers = self._booted.dispatchers[operation.application]
        cores = tuple(dispatcher.core for dispatcher in callers)
        check_operation(operation, cores)
        self._once_it_runs(callers[0], operation.at_ps, partial(self._operations.ask, operation, callers[0], cores))

    def _once_it_runs(self, caller: Dispatcher, at_ps: int, request: Callable[[], None]) -> None:
        """Call `request` when `caller` first runs, from `at_ps` after the start on."""

        def ask() -> None:
            if caller.runs:
                request()
            else:
                caller.on_run.append(request)

        self._engine.at(self._booted.start_ps + at_ps, ask, rank=REQUEST)

    def _measure(self) -> dict[str, Measured]:
        """Of every application, now."""
        now = self._engine.now
        measured = {}
        for name, dispatchers in self._booted.dispatchers.items():
            for dispatcher in dispatchers:
                if dispatcher.runs:
                    dispatcher.settle(now)
            progress = self._booted.crews[name].progress(now)
            measured[name] = (progress, [dispatcher.cpu_ps(now) for dispatcher in dispatchers])
        return measured

    def _outcome(self, before: dict[str, Measured], after: dict[str, Measured], duration_ps: int) -> Outcome:
        engine, drivers = self._engine, self._drivers
        phase_changes = [protocol.outcome() for protocol in self._protocols]
        return Outcome(
            applications={name: self._application(name, before[name], after[name]) for name in after},
            phase_changes=tuple(change for change in phase_changes if change is not None),
            phase_locked=self._booted.phase_locked,
            start_ps=self._booted.start_ps,
            duration_ps=duration_ps,
            interrupted_ps=engine.now if engine.is_stopped else None,
            events=engine.executed,
            events_represented=engine.executed + engine.skipped,
            dispatches=sum(driver.dispatches * self._times.get(driver.core, 1) for driver in drivers),
            trace=self._trace,
            monitor_misses=tuple(miss for driver in drivers for miss in driver.misses.get("monitor", ())),
            operations=self._operations.outcomes(),
            stopped=tuple(self._stopped),
        )

    def _application(self, name: str, before: Measured, after: Measured) -> ApplicationOutcome:
        (progress_before, cpu_before_ps), (progress, cpu_ps) = before, after
        misses = sorted(
            (miss for driver in self._drivers for miss in driver.misses.get(name, ())),
            key=lambda miss: (miss.time_ps, miss.core),
        )
        used = tuple(now - then for now, then in zip(cpu_ps, cpu_before_ps, strict=True))
        crew = self._booted.crews[name]
        return ApplicationOutcome(
            progress - progress_before, tuple(misses), used, *crew.received(), crew.failures(), crew.latencies_ps()
        )
