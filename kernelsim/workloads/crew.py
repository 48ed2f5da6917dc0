"""The threads of one application, made from its workload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kernelsim.core.threads import UserThread
from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.outcome import Failure
from kernelsim.programs.deadlock import deadlocks
from kernelsim.programs.team import Team, start_programs
from kernelsim.programs.thread import ProgramThread
from kernelsim.scenario import Application, Barrier, CpuBound, Programs, Scripted, StreamClustering, Traffic
from kernelsim.system.speaker import Speaker
from kernelsim.trace import Trace
from kernelsim.workloads.barrier import BarrierTeam, iteration_ps, longest_work_ps
from kernelsim.workloads.cpu_bound import CpuBoundThread
from kernelsim.workloads.scripted import ScriptedThread
from kernelsim.workloads.stream_clustering import Place, StreamTeam
from kernelsim.workloads.traffic import Flow, TrafficThread, channels


@dataclass(frozen=True, slots=True)
class StandIn:
    """The application that a smaller one stands for, and how many cores each of its cores does."""

    whole: Application
    times: Mapping[int, int]


class Crew:
    """Thread i runs on dispatcher i modulo their number; `cores[i]` is its core."""

    def __init__(
        self,
        application: Application,
        engine: Engine,
        machine: Machine,
        *,
        step_by_step: bool,
        stand_in: StandIn | None = None,
    ) -> None:
        self.application = application
        self._engine = engine
        self._machine = machine
        self._stand_in = stand_in or StandIn(application, {})
        self._team: BarrierTeam | None = None
        self.cores = _cores_of_threads(application)
        self.threads = self._threads(step_by_step)

    def of(self, dispatcher: int) -> list[UserThread]:
        """The threads of one dispatcher."""
        return list(self.threads[dispatcher :: len(self.application.cores)])

    def begin(self, start_ps: int, trace: Trace, places: Sequence[Place], monitors: Mapping[int, Speaker]) -> None:
        """Enter what happens to it from the start on, whoever runs."""
        workload = self.application.workload
        if isinstance(workload, Traffic):
            self._begin_traffic(workload, start_ps, trace)
        elif isinstance(workload, Programs):
            threads = tuple(thread for thread in self.threads if isinstance(thread, ProgramThread))
            team = Team(self._engine, self._machine, self.application.name, self.cores, trace, threads, monitors)
            start_programs(workload.make, team)
        elif isinstance(self._team, StreamTeam):
            self._team.begin(start_ps, places)

    def progress(self, now: int) -> int:
        """Iterations of the whole team, or of all its threads together."""
        if self._team is None:
            times = self._stand_in.times
            cores = zip(self.threads, self.cores, strict=True)
            return sum(thread.progress(now) * times.get(core, 1) for thread, core in cores)
        self._team.advance(now)
        return self._team.iterations

    def active_cores(self) -> frozenset[int]:
        """The cores of the threads that have work, whether they can run or not."""
        return self._team.cores() if isinstance(self._team, StreamTeam) else frozenset(self.cores)

    def latencies_ps(self) -> tuple[int, ...]:
        """Of a stream's batches that are done: from the whole batch to its update."""
        return tuple(self._team.latencies_ps) if isinstance(self._team, StreamTeam) else ()

    def failures(self) -> tuple[Failure, ...]:
        """Programs that failed, by thread, and those that wait for ever."""
        threads = [thread for thread in self.threads if isinstance(thread, ProgramThread)]
        return (*(thread.failure for thread in threads if thread.failure is not None), *deadlocks(threads))

    def received(self) -> tuple[int, int | None]:
        """How many messages it received, and how long one took in the mean."""
        threads = [thread for thread in self.threads if isinstance(thread, TrafficThread)]
        received = sum(thread.received for thread in threads)
        return received, sum(thread.waited_ps for thread in threads) // received if received else None

    # -- making threads --------------------------------------------------------------------------------------

    def _threads(self, step_by_step: bool) -> tuple[UserThread, ...]:
        workload = self.application.workload
        if isinstance(workload, StreamClustering):
            self._team = StreamTeam(self._engine, workload, self._machine, step_by_step=step_by_step)
            return tuple(self._team.join() for _ in self.cores)
        if isinstance(workload, Barrier):
            self._team = self._barrier_team(workload, step_by_step)
            return tuple(self._team.join() for _ in self.cores)
        if isinstance(workload, CpuBound):
            return tuple(CpuBoundThread(self._work_ps(workload, core)) for core in self.cores)
        if isinstance(workload, Traffic):
            return tuple(TrafficThread(self._engine) for _ in self.cores)
        if isinstance(workload, Programs):
            return tuple(ProgramThread(self._engine, self._machine.block_ps) for _ in self.cores)
        return self._scripted(workload)

    def _work_ps(self, workload: CpuBound, core: int) -> int:
        hz = self._machine.clock_hz[core]
        return (workload.work_cycles * 10**12 + hz // 2) // hz

    def _scripted(self, workload: Scripted) -> tuple[ScriptedThread, ...]:
        if len(workload.scripts) != len(self.cores):
            raise ScenarioError(
                "bad_scenario",
                f"application {self.application.name!r} has {len(workload.scripts)} scripts for {len(self.cores)} "
                "threads; accepted: one script each",
            )
        return tuple(ScriptedThread(self._engine, script) for script in workload.scripts)

    def _barrier_team(self, barrier: Barrier, step_by_step: bool) -> BarrierTeam:
        cores = _cores_of_threads(self._stand_in.whole)
        iteration = iteration_ps(self._machine, cores, barrier)
        work = longest_work_ps(self._machine, cores, barrier)
        return BarrierTeam(self._engine, barrier, iteration, work, self._machine.block_ps, step_by_step)

    def _begin_traffic(self, traffic: Traffic, start_ps: int, trace: Trace) -> None:
        threads = [thread for thread in self.threads if isinstance(thread, TrafficThread)]
        lanes = channels(self._machine, trace, traffic.flows, self.cores)
        for number, ((source, target, interval_ps), channel) in enumerate(zip(traffic.flows, lanes, strict=True)):
            first = start_ps + interval_ps + number * interval_ps // len(lanes)
            Flow(self._engine, threads[source], threads[target], channel, interval_ps).begin(first)


def _cores_of_threads(application: Application) -> tuple[int, ...]:
    count = application.threads or len(application.cores)
    return tuple(application.cores[index % len(application.cores)] for index in range(count))
