"""The CPU driver of one core: it dispatches dispatchers as its scheduler decides, and touches nothing of
other cores.
"""

from kernelsim.core.dispatcher import Dispatcher
from kernelsim.core.schedulers.gang_turns import GangTurns
from kernelsim.core.schedulers.rbed import BEST_EFFORT, HARD, SOFT, Rbed, Task
from kernelsim.core.schedulers.round_robin import RoundRobin
from kernelsim.core.schedulers.two_classes import TwoClasses
from kernelsim.engine import LOOK, Engine
from kernelsim.outcome import Miss
from kernelsim.scenario import Reservation
from kernelsim.trace import Mark, Slice, Trace

Scheduler = Rbed | RoundRobin | GangTurns | TwoClasses

_KINDS = {"B": BEST_EFFORT, "S": SOFT, "H": HARD, "G": HARD}


class CpuDriver:
    """Event-driven and non-preemptable. Its scheduler works in local time: picoseconds since this core's
    timer started, at `origin_ps`. A switch to another dispatcher costs `switch_ps`, charged to the one that
    comes.
    """

    def __init__(
        self,
        core: int,
        engine: Engine,
        trace: Trace,
        scheduler: Scheduler,
        origin_ps: int,
        switch_ps: int,
    ) -> None:
        self.core = core
        self.engine = engine
        self.scheduler = scheduler
        self.origin_ps = origin_ps
        self.dispatches = 0
        self.placed = 0
        """Threads placed here whose work is not done, whether they can run or not."""
        self.misses: dict[str, list[Miss]] = {}
        self.running: Dispatcher | None = None
        self.halted = False
        self._trace = trace
        self._record = trace.slices.append
        self._switch_ps = switch_ps
        self._last: Dispatcher | None = None
        self._slice: tuple[int, Dispatcher] | None = None
        self._slice_end = -1
        self._look_at = -1
        self._has_spared = False
        self.section_slack_ps = 0
        """How long a slice is prolonged, at most, for who is in a critical section."""
        if isinstance(scheduler, Rbed):
            scheduler.on_period_end = self._job_done

    # -- what dispatchers and monitors ask for ---------------------------------------------------------------

    def wake(self, dispatcher: Dispatcher) -> None:
        """Make a dispatcher runnable."""
        if self.running is not None:
            self._settle()
        self.scheduler.make_runnable(dispatcher.task, self.engine.now - self.origin_ps)
        self._decide()

    def sleep(self, dispatcher: Dispatcher) -> None:
        """A dispatcher has no more work."""
        self._settle()
        self.scheduler.remove(dispatcher.task)
        self._decide()

    def give_up(self, dispatcher: Dispatcher) -> None:
        """A dispatcher yields; if it gets the core again, that is a dispatch like any other."""
        self._settle()
        self.scheduler.give_up(dispatcher.task, self._local())
        if self.running is dispatcher:
            self._stop_running()
        self._decide()

    def call(self, callee: Dispatcher) -> None:
        """An LMP with a directed context switch: the callee runs at once, in the caller's time."""
        self._settle()
        self.scheduler.make_runnable(callee.task, self._local())
        self.scheduler.switch_to(callee.task)
        self._decide()

    def interrupt(self, cost_ps: int) -> None:
        """A device's: whoever runs loses `cost_ps` of its time to the handler."""
        self._settle()
        running = self.running
        if running is not None and cost_ps:
            self._stop_running()
            self._start(running, cost_ps)

    def hand_back(self, dispatcher: Dispatcher) -> None:
        """It ends its own period, or gives the core back to the caller in whose time it ran."""
        self._settle()
        assert isinstance(self.scheduler, Rbed)
        if self.scheduler.charged is dispatcher.task:
            self.scheduler.give_up(dispatcher.task, self._local())
        else:
            self.scheduler.switch_back()
        if self.running is dispatcher:
            self._stop_running()
        self._decide()

    def adopt(self, dispatcher: Dispatcher, reservation: Reservation, asked_ps: int | None = None) -> int | None:
        """Give a dispatcher new parameters from now on; returns the (global) first release of a real-time
        task.

        Its first release is the first instant that is congruent to its offset, not before the delay that its
        manifest asks for, counted from `asked_ps`, when a phase change was asked for. If that is still to come it is
        the same instant on every core; else it is counted from now, and not inside a period that it has already begun.
        """
        self._settle()
        old, now = dispatcher.task, self._local()
        earliest = (now if asked_ps is None else asked_ps - self.origin_ps) + reservation.delay_ps
        if asked_ps is not None and earliest >= now:
            pass
        elif old.kind is not BEST_EFFORT and old.queued and old.release <= now:
            earliest = max(earliest, now, old.release + old.period)
        else:
            earliest = max(earliest, now)
        self.scheduler.remove(old)
        task = dispatcher.task = _task(dispatcher, reservation, earliest)
        dispatcher.activation.allocated_ps, dispatcher.activation.period_ps = reservation.wcet_ps, reservation.period_ps
        if dispatcher.has_work:
            self.scheduler.make_runnable(task, now)
        self._decide()
        return None if task.kind is BEST_EFFORT else self.origin_ps + task.release

    def follow(self, gang: str | None) -> None:
        """An interrupt: from now on it is this gang's turn; None while the handler itself needs the core."""
        assert isinstance(self.scheduler, GangTurns)
        self._settle()
        self.scheduler.turn = gang
        self._decide()

    def promote(self, gangs: frozenset[str]) -> None:
        """A system call of the gang daemon has returned: these gangs' members are in the real-time class here."""
        assert isinstance(self.scheduler, TwoClasses)
        self._settle()
        self.scheduler.promote(gangs, self._local())
        self._decide()

    def occupy(self, *, busy: bool) -> None:
        """The gang daemon has this core, or has left it; whoever comes next pays for a switch."""
        assert isinstance(self.scheduler, TwoClasses)
        self._settle()
        self._last = None
        self.scheduler.is_daemon_here = busy
        self._decide()

    def is_alone(self, dispatcher: Dispatcher) -> bool:
        """Whether nobody else wants this core."""
        return self.scheduler.is_alone(dispatcher.task)

    def section_ended(self, dispatcher: Dispatcher) -> None:
        """Who was spared for its critical section has left it: its slice is over."""
        if self.running is dispatcher and self._has_spared:
            self._look_at = self.engine.now
            self.engine.at(self.engine.now, self._look, LOOK + self.core)

    def runnable(self) -> int:
        """How many dispatchers want this core now."""
        return len(self.scheduler.queue)

    def self_yielded(self, dispatcher: Dispatcher, then_ps: int) -> None:
        """A dispatcher that is alone has yielded to itself, the last time at `then_ps`."""
        self.scheduler.self_yielded(dispatcher.task, then_ps - self.origin_ps)

    def halt(self) -> None:
        """The core fails: whoever runs stops, and nobody runs here again."""
        self._settle()
        self._stop_running()
        self._close_slice()
        self.halted = True

    def finish(self) -> None:
        """The end of the run: close the last slice, and count the jobs that are late by now."""
        self._settle()
        if self.running is not None:
            self._stop_running()
        self._close_slice()
        now = self._local()
        for task in self.scheduler.queue:
            if task.may_overrun and task.overrun_due is not None:
                self._job_done(task, now)
            elif task.kind is not BEST_EFFORT and task.release + task.deadline < now:
                if task.used < task.budget:
                    self._missed(task, now)
                elif task.finished is not None:
                    self._job_done(task, task.finished)

    # -- deciding and switching ------------------------------------------------------------------------------

    def _local(self) -> int:
        return self.engine.now - self.origin_ps

    def _settle(self) -> None:
        if self.running is not None:
            self.running.settle(self.engine.now)

    def _look(self) -> None:
        if self.engine.now == self._look_at:
            self._look_at = -1
            self._settle()
            if not self._spares():
                self._has_spared = False
                self._decide(tick=True)

    def _decide(self, *, tick: bool = False) -> None:
        """Ask the scheduler. A tick that leaves several threads their core is an entry at Run all the same."""
        if self.halted:
            return
        local, running = self.engine.now - self.origin_ps, self.running
        task = self.scheduler.schedule(local)
        chosen = None if task is None else task.owner
        if chosen is not running:
            if running is not None and running.sections:
                running.activation.preempted_in_section += 1
            self._stop_running()
            if isinstance(chosen, Dispatcher):
                self._start(chosen)
        elif running is not None and tick and len(running.threads) > 1:
            self._stop_running()
            self._start(running)
        elif running is not None:
            running.reconsider()
        look = self.scheduler.next_look(local)
        if look is not None and look + self.origin_ps != self._look_at:
            self._look_at = look + self.origin_ps
            self.engine.at(self._look_at, self._look, LOOK + self.core)

    def _spares(self) -> bool:
        """Whether who runs keeps the core a little longer, for it is in a critical section: once in a slice, best
        effort only, and never against a real-time task.
        """
        running, now = self.running, self._local()
        if running is None or not running.sections or not self.section_slack_ps or self._has_spared:
            return False
        releases = [task.release for task in self.scheduler.queue if task.kind is not BEST_EFFORT]
        until = min([now + self.section_slack_ps, *(max(release, now) for release in releases)])
        if running.task.kind is not BEST_EFFORT or until == now:
            return False
        self._has_spared = True
        self._look_at = until + self.origin_ps
        self.engine.at(self._look_at, self._look, LOOK + self.core)
        return True

    def _start(self, dispatcher: Dispatcher, handler_ps: int = 0) -> None:
        now = self.engine.now
        self._has_spared = False
        if self._slice is not None and (self._slice_end != now or self._slice[1] is not dispatcher):
            self._close_slice()
        if self._slice is None:
            self._slice = (now, dispatcher)
            self.dispatches += 1
        cost = 0 if dispatcher is self._last or dispatcher.application == "monitor" else self._switch_ps
        self._last = self.running = dispatcher
        if dispatcher.task.overrun_due is not None:
            self._tell_of_overrun(dispatcher)
        dispatcher.start(now, now + cost + handler_ps)

    def _stop_running(self) -> None:
        if self.running is not None:
            dispatcher, self.running = self.running, None
            self._slice_end = self.engine.now
            dispatcher.stop(self.engine.now)

    def _close_slice(self) -> None:
        if self._slice is not None:
            start, dispatcher = self._slice
            if self._slice_end > start:
                self._record(Slice(start, self._slice_end, self.core, dispatcher.name))
            self._slice = None

    # -- deadlines -------------------------------------------------------------------------------------------

    def _job_done(self, task: Task, finished: int) -> None:
        dispatcher = task.owner
        assert isinstance(dispatcher, Dispatcher)
        if finished > task.job_due and dispatcher.told_of != task.job_due:
            self._missed(task, finished)

    def _tell_of_overrun(self, dispatcher: Dispatcher) -> None:
        """A soft job that goes on in another period: its dispatcher learns of its deadline once that has passed."""
        task, now = dispatcher.task, self._local()
        assert task.overrun_due is not None
        if task.release <= now and dispatcher.overran_in != task.release:
            dispatcher.overran_in = task.release
            dispatcher.activation.overruns += 1
        if now >= task.overrun_due and dispatcher.told_of != task.overrun_due:
            dispatcher.told_of = task.overrun_due
            self._missed(task, now)

    def _missed(self, task: Task, time: int) -> None:
        dispatcher = task.owner
        assert isinstance(dispatcher, Dispatcher)
        dispatcher.activation.missed += 1
        due, done = task.job_due + self.origin_ps, time + self.origin_ps
        self.misses.setdefault(dispatcher.application, []).append(Miss(self.core, dispatcher.index, due, done))
        self._trace.marks.append(Mark(done, self.core, "miss", f"{dispatcher.name} {done - due} ps late"))


def _task(dispatcher: Dispatcher, reservation: Reservation, earliest: int) -> Task:
    kind = _KINDS[reservation.kind]
    if kind is BEST_EFFORT:
        return Task(kind, weight=reservation.weight, owner=dispatcher)
    release = earliest + (reservation.offset_ps - earliest) % reservation.period_ps
    return Task(
        kind,
        release=release,
        budget=reservation.wcet_ps,
        period=reservation.period_ps,
        deadline=reservation.deadline_ps,
        owner=dispatcher,
        may_overrun=any(thread.announces_end for thread in dispatcher.threads),
    )
