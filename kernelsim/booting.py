"""Boots a machine: a node on every core, channels between them, the applications' dispatchers on top."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from kernelsim.core.cpu_driver import CpuDriver, Scheduler
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.core.schedulers.gang_turns import GangTurns
from kernelsim.core.schedulers.rbed import Rbed
from kernelsim.core.schedulers.round_robin import RoundRobin
from kernelsim.core.schedulers.two_classes import TwoClasses
from kernelsim.engine import Engine
from kernelsim.machine.interconnect import Network
from kernelsim.messages.mesh import Mesh
from kernelsim.scenario import GANGS_IN_TURN, Reservation, Scenario
from kernelsim.system.coordinator import Coordinator
from kernelsim.system.gang_daemon import Gang, GangDaemon
from kernelsim.system.monitor import Monitor
from kernelsim.system.planner import Planner
from kernelsim.system.timesync import synchronise
from kernelsim.trace import Trace
from kernelsim.workloads.crew import Crew, StandIn
from kernelsim.workloads.scripted import ScriptedThread


class Multikernel:
    """A scenario's machine, ready to run from `start_ps` on, when its timers have been synchronised.

    `drivers[core]`, `monitors[core]` and the channels of the mesh are the nodes; `crews` and `dispatchers` are the
    threads and dispatchers of each application by its name. An application of `stand_ins` stands for a larger one.
    """

    def __init__(
        self, scenario: Scenario, engine: Engine, stand_ins: Mapping[str, StandIn] = MappingProxyType({})
    ) -> None:
        self._scenario = scenario
        self.engine = engine
        self.trace = Trace()
        self._network = Network(scenario.interconnect, engine) if scenario.interconnect else None
        self._mesh = Mesh(scenario.machine, self.trace, self._network)
        self._late_ps = (0,) * scenario.machine.cores
        self.phase_locked, self.start_ps = self._synchronise()
        cores = range(scenario.machine.cores)
        self.drivers = [self._driver(core) for core in cores]
        self.monitors = {core: Monitor(core, engine, scenario.machine, self._mesh) for core in cores}
        self.crews = {
            application.name: Crew(
                application,
                engine,
                scenario.machine,
                step_by_step=scenario.step_by_step,
                stand_in=stand_ins.get(application.name),
            )
            for application in scenario.applications
        }
        self.dispatchers = {name: self._dispatchers(crew) for name, crew in self.crews.items()}
        for core in cores:
            self._boot_node(core)
        if scenario.scheduler in GANGS_IN_TURN and scenario.applications:
            self._coordinate()
        elif scenario.scheduler == "user-level-gang" and scenario.applications:
            self._run_daemon()

    def _synchronise(self) -> tuple[bool, int]:
        scenario = self._scenario
        if not scenario.synchronise:
            return False, 0
        result = synchronise(
            self._mesh,
            scenario.machine.cores,
            scenario.response_delay_ps,
            self.trace,
            shared_read_ps=scenario.shared_read_ps,
        )
        self._late_ps = result.late_ps
        return result.succeeded, result.stamp_ps

    def _driver(self, core: int) -> CpuDriver:
        scenario = self._scenario
        late = scenario.clock_skew_ps if self.phase_locked else scenario.timer_offset_ps
        origin = self.start_ps + self._late_ps[core] + (late[core] if late else 0)
        switch_ps = scenario.machine.context_switch_ps
        driver = CpuDriver(core, self.engine, self.trace, _scheduler(scenario, core), origin, switch_ps)
        driver.section_slack_ps = scenario.section_slack_ps
        return driver

    def _dispatchers(self, crew: Crew) -> list[Dispatcher]:
        application = crew.application
        return [
            Dispatcher(application.name, index, self.drivers[core], crew.of(index), application.weight)
            for index, core in enumerate(application.cores)
            if crew.of(index)
        ]

    def _boot_node(self, core: int) -> None:
        driver, monitor = self.drivers[core], self.monitors[core]
        own = Dispatcher("monitor", core, driver, [monitor], weight=1)
        if core in self._scenario.monitors:
            monitor.poll()
            self.engine.at(driver.origin_ps, partial(_adopt, driver, own, self._scenario.monitors[core]))
        local = {
            name: dispatcher
            for name, dispatchers in self.dispatchers.items()
            for dispatcher in dispatchers
            if dispatcher.driver is driver
        }
        grouped = frozenset(application.name for application in self._scenario.applications if application.groups)
        monitor.planner = Planner(driver, local, phase_locked=self.phase_locked, grouped=grouped)
        for schedule in self._scenario.schedules:
            if not schedule.ships_ps:
                monitor.planner.receive(schedule)
        for application in self._scenario.applications:
            if application.name in local:
                dispatcher = local[application.name]
                start = application.starts_ps[dispatcher.index] if application.starts_ps else 0
                self.engine.at(driver.origin_ps + start, partial(self._start, monitor, dispatcher))

    def _start(self, monitor: Monitor, dispatcher: Dispatcher) -> None:
        monitor.planner.begin(dispatcher.application)
        for thread in dispatcher.threads:
            if isinstance(thread, ScriptedThread):
                thread.begin(self.engine.now)

    def _coordinate(self) -> None:
        """Every application is a gang; the lowest core that has a member coordinates."""
        scenario = self._scenario
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
            network=self._network if mesh and mesh.carries_interrupts else None,
        ).begin()

    def _run_daemon(self) -> None:
        """Every application is a gang of Linux processes."""
        machine = self._scenario.machine

        def gangs() -> list[Gang]:
            now = ((name, crew.active_cores()) for name, crew in self.crews.items())
            return [Gang(name, cores) for name, cores in now if cores]

        GangDaemon(
            self.engine,
            self.trace,
            dict(enumerate(self.drivers)),
            gangs,
            slice_ps=machine.timeslice_ps,
            call_ps=self._scenario.call_ps,
            switch_ps=machine.context_switch_ps,
        ).begin()


def _scheduler(scenario: Scenario, core: int) -> Scheduler:
    """What decides who runs next on a core."""
    if scenario.scheduler == "rbed":
        protect = scenario.rules == "protect_hard"
        return Rbed(scenario.machine.timeslice_ps, protect_hard=protect, donate_slack=scenario.donate_slack)
    if scenario.scheduler in GANGS_IN_TURN:
        return GangTurns(tuple(application.name for application in scenario.applications))
    slices = scenario.slices_ps.get(core, (scenario.machine.timeslice_ps,))
    preempts = scenario.wakeup_preemption
    if scenario.scheduler == "linux-like":
        return RoundRobin(slices, wakeup_preemption=preempts)
    return TwoClasses(slices, wakeup_preemption=preempts, backfill=scenario.backfill)


def _adopt(driver: CpuDriver, monitor: Dispatcher, reservation: Reservation) -> None:
    driver.adopt(monitor, reservation)
