"""A monitor of one packet stream: each full batch is clustered by a team of threads that meet at barriers."""

from collections.abc import Sequence
from random import Random
from typing import Protocol

from kernelsim.engine import EVALUATION, Engine
from kernelsim.machine.hardware import Machine
from kernelsim.scenario import StreamClustering
from kernelsim.workloads.barrier import BarrierTeam, BarrierThread, iteration_ps, longest_work_ps


class Place(Protocol):
    """What placing a thread looks at: who can run on a core now, and who is placed there until its work is done."""

    core: int
    placed: int

    def runnable(self) -> int: ...


class StreamTeam(BarrierTeam):
    """All threads that the stream may use; an update is done by some of them, the others are blocked.

    A batch that comes while an update is under way waits for its end. `latencies_ps` are the times from the arrival of
    the whole batch, collected, until its update is done (dissertation, section 3.3.3).
    """

    def __init__(self, engine: Engine, workload: StreamClustering, machine: Machine, *, step_by_step: bool) -> None:
        work = longest_work_ps(machine, tuple(range(machine.cores)), workload.barrier)
        super().__init__(engine, workload.barrier, work, work, machine.block_ps, step_by_step)
        self.latencies_ps: list[int] = []
        self._workload = workload
        self._machine = machine
        self._random_places = Random(f"{workload.barrier.seed} places")
        self._all: list[BarrierThread] = []
        self._places: Sequence[Place] = ()
        self._start_ps = 0
        self._batch = 0
        self._begun = 0
        self._ends_at = 0
        """The iteration with which the present update is done."""
        self._is_done = True
        self._looks_at = -1

    def join(self) -> BarrierThread:
        """One more thread that may be used, blocked until it is."""
        thread = BarrierThread(self)
        thread.blocked = True
        self._all.append(thread)
        return thread

    def cores(self) -> frozenset[int]:
        """Where the present update has its threads."""
        return frozenset(member.dispatcher.core for member in self.members)

    def begin(self, start_ps: int, places: Sequence[Place]) -> None:
        """Await the first batch; `places[core]` is what is known of each core."""
        self._start_ps = start_ps
        self._places = places
        self._await_batch(start_ps)

    def _await_batch(self, free_ps: int) -> None:
        """The next batch is collected as it arrives, or as fast once the update before it is done."""
        arrivals = self._workload.arrives_ps
        if self._batch < len(arrivals):
            begin = max(free_ps, self._start_ps + arrivals[self._batch])
            self._batch += 1
            self.engine.at(begin + self._workload.collect_ps, self._update)

    def _update(self) -> None:
        """Place a team and wake it."""
        self._begun = self.engine.now
        self.members = self._placed()
        self.absent = len(self.members)
        self._ends_at = self.iterations + self._workload.barriers
        self._is_done = False
        self.iteration_ps = iteration_ps(
            self._machine, tuple(member.dispatcher.core for member in self.members), self._workload.barrier
        )
        for member in self.members:
            self._places[member.dispatcher.core].placed += 1
            member.arrival = None
            member.remaining_ps = self.next_ps()
        for member in self.members:
            member.dispatcher.wake_thread(member)

    def _placed(self) -> list[BarrierThread]:
        """The threads on the least loaded cores, one on each before a second on any.

        "idlest" counts who can run at this instant, and draws among equals, as Linux does for a new thread; "packed"
        counts who has been placed, the lowest core first.
        """
        threads = list(self._all)
        if self._workload.placement == "idlest":
            self._random_places.shuffle(threads)
        order: list[BarrierThread] = []
        load: dict[int, int] = {}
        while threads and len(order) < self._workload.threads:
            best = min(
                threads, key=lambda thread: self._load(thread.dispatcher.core) + load.get(thread.dispatcher.core, 0)
            )
            threads.remove(best)
            order.append(best)
            load[best.dispatcher.core] = load.get(best.dispatcher.core, 0) + 1
        return order

    def _load(self, core: int) -> int:
        place = self._places[core]
        return place.runnable() if self._workload.placement == "idlest" else place.placed

    # -- the end of an update --------------------------------------------------------------------------------

    def advance(self, now: int) -> None:
        """Nothing moves between two updates."""
        if not self._is_done:
            super().advance(now)

    def _jump(self, last: int, now: int) -> bool:
        """All iterations at once but the one that ends the update."""
        left = self._ends_at - self.iterations - 1
        return left > 0 and super()._jump(last, min(now, last + (left - 1) * self.iteration_ps))

    def _complete(self, time: int) -> None:
        if self.iterations + 1 < self._ends_at:
            super()._complete(time)
            return
        self.iterations += 1
        self._is_done = True
        self.absent = 1
        self.latencies_ps.append(time - self._begun)
        self.engine.at(max(time, self.engine.now), self._disband, EVALUATION)

    def _disband(self) -> None:
        members, self.members = self.members, []
        for member in members:
            self._places[member.dispatcher.core].placed -= 1
            member.blocked = True
        for member in members:
            member.dispatcher.end_work()
        self._await_batch(self.engine.now)

    def _evaluate(self) -> None:
        if not self._is_done:
            super()._evaluate()
            self._look_at_end()

    def _look_at_end(self) -> None:
        """Be there when the update ends, should nothing come between."""
        completion = self._next_completion()
        if completion is None or self.step_by_step:
            return
        end = completion + (self._ends_at - self.iterations - 1) * self.iteration_ps
        if end != self._looks_at:
            self._looks_at = end
            self.engine.at(end, self._evaluate, EVALUATION)
