"""A dispatcher: one domain's presence on one core, with a scheduler of its own for user-level threads."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from kernelsim.core.activation import Activation
from kernelsim.core.schedulers.rbed import BEST_EFFORT, Task
from kernelsim.core.threads import UserThread
from kernelsim.engine import Engine


class DispatcherHost(Protocol):
    """What a dispatcher may ask of its core's CPU driver."""

    core: int
    engine: Engine

    def is_alone(self, dispatcher: "Dispatcher") -> bool: ...
    def self_yielded(self, dispatcher: "Dispatcher", then_ps: int) -> None: ...
    def give_up(self, dispatcher: "Dispatcher") -> None: ...
    def sleep(self, dispatcher: "Dispatcher") -> None: ...
    def wake(self, dispatcher: "Dispatcher") -> None: ...
    def call(self, callee: "Dispatcher") -> None: ...
    def hand_back(self, dispatcher: "Dispatcher") -> None: ...
    def section_ended(self, dispatcher: "Dispatcher") -> None: ...


class Dispatcher:
    """Dispatchers never migrate. At the Run entry point the next runnable thread is taken, round robin; the
    dispatcher yields once all its threads have yielded in this time slice, and sleeps when all of them are
    blocked (dissertation, section 3.6.5).
    """

    __slots__ = ("_cpu_ps", "_started", "activation", "application", "core", "deallocations", "driver", "index", "name",
                 "noted", "on_run", "overran_in", "runs", "sections", "task", "threads", "timeslices", "told_of",
                 "weight")  # fmt: skip

    def __init__(
        self, application: str, index: int, driver: DispatcherHost, threads: list[UserThread], weight: int
    ) -> None:
        self.application = application
        self.index = index
        self.name = f"{application}.{index}"
        self.driver = driver
        self.core = driver.core
        self.threads = deque(threads)
        for thread in threads:
            thread.dispatcher = self
        self.weight = weight
        """Its weight while it has no manifest."""
        self.task = Task(BEST_EFFORT, weight=weight, owner=self)
        self.activation = Activation()
        self.sections = 0
        """How many critical sections its threads are in."""
        self.told_of = -1
        """The deadline that a soft job is known to have missed, though it is not done."""
        self.overran_in = -1
        """The release of the last period in which a soft job went on."""
        self.timeslices = 0
        self.deallocations = 0
        """How often it has lost its core: counted by the driver, for its peers to read."""
        self.noted = 0
        """`deallocations` as it was at its last Run: where they differ, it does not run."""
        self.runs = False
        self.on_run: deque[Callable[[], None]] = deque()
        """What its threads want to ask for as soon as one of them runs."""
        self._cpu_ps = 0
        self._started = 0

    # -- upcalls of the CPU driver ---------------------------------------------------------------------------

    def start(self, now: int, runs_from: int) -> None:
        """The Run entry point."""
        self.timeslices += 1
        self.noted = self.deallocations
        self.runs = True
        self._started = now
        if len(self.threads) > 1:
            self._to_next_runnable()
        self.threads[0].start(now, runs_from)
        while self.on_run:
            self.on_run.popleft()()

    def stop(self, now: int) -> None:
        """Preempted, or gone by itself."""
        self.runs = False
        self.deallocations += 1
        self._cpu_ps += now - self._started
        self.threads[0].stop(now)

    def settle(self, now: int) -> None:
        """Account for the time up to `now`."""
        self.threads[0].settle(now)

    def reconsider(self) -> None:
        """Other dispatchers have come to this core, or left it."""
        self.threads[0].reconsider()

    def cpu_ps(self, now: int) -> int:
        """How long it has had its core."""
        return self._cpu_ps + (now - self._started if self.runs else 0)

    @property
    def has_work(self) -> bool:
        """Whether any of its threads can run."""
        return any(not thread.blocked for thread in self.threads)

    # -- calls of its threads --------------------------------------------------------------------------------

    def is_alone(self) -> bool:
        """Whether a yield of its thread would come straight back to it."""
        return len(self.threads) == 1 and self.driver.is_alone(self)

    def self_yielded(self, times: int, then_ps: int) -> None:
        """Its thread, alone, has yielded so many times and come straight back, the last time at `then_ps`."""
        self.timeslices += times
        self.driver.self_yielded(self, then_ps)

    def yield_thread(self, thread: UserThread) -> None:
        """The running thread gives way to one that has not yielded in this time slice; if none is left, all
        yield.
        """
        thread.yielded_in = self.timeslices
        if not self._switch_thread():
            self.driver.give_up(self)

    def block_thread(self, thread: UserThread) -> None:
        """The running thread waits for a wake-up."""
        thread.blocked = True
        if len(self.threads) == 1:
            self.driver.sleep(self)
        elif self._switch_thread():
            return
        elif self.has_work:
            self.driver.give_up(self)
        else:
            self.driver.sleep(self)

    def enter_section(self) -> None:
        """One of its threads holds what others wait for: the driver may be asked for more slack."""
        self.sections += 1

    def leave_section(self) -> None:
        """It holds it no longer."""
        self.sections -= 1
        if not self.sections:
            self.driver.section_ended(self)

    def end_work(self) -> None:
        """None of its threads has anything to do any more."""
        self.driver.sleep(self)

    def rehost(self, driver: DispatcherHost) -> None:
        """The system takes it off its core and multiplexes it on another, best effort, from its next wake-up on."""
        self.driver.sleep(self)
        self.driver, self.core = driver, driver.core
        self.task = Task(BEST_EFFORT, weight=self.weight, owner=self)

    def release_thread(self, thread: UserThread) -> None:
        """One of its threads, running or blocked, leaves for another dispatcher."""
        if not thread.blocked:
            self.block_thread(thread)
        self._settle_running()
        self.threads.remove(thread)
        if self.runs:
            self.reconsider()

    def adopt_thread(self, thread: UserThread, *, is_runnable: bool = True) -> None:
        """A thread that another dispatcher has released is this one's."""
        self._settle_running()
        thread.dispatcher = self
        thread.yielded_in = -1
        self.threads.append(thread)
        if is_runnable:
            self.wake_thread(thread)
        elif self.runs:
            self.reconsider()

    def _settle_running(self) -> None:
        if self.runs:
            self.settle(self.driver.engine.now)

    def wake_thread(self, thread: UserThread) -> None:
        """A blocked thread can go on."""
        thread.blocked = False
        self.driver.wake(self)

    def call_thread(self, thread: UserThread) -> None:
        """A dispatcher of this core calls this one: a directed switch."""
        thread.blocked = False
        self.driver.call(self)

    def rest(self) -> None:
        """It has nothing to do before its next period, or before its caller goes on."""
        self.driver.hand_back(self)

    def _switch_thread(self) -> bool:
        candidates = [thread for thread in self.threads if not thread.blocked and thread.yielded_in != self.timeslices]
        if not candidates:
            return False
        now = self.driver.engine.now
        self.threads[0].stop(now)
        self._to_front(candidates[0])
        self.threads[0].start(now, now)
        return True

    def _to_next_runnable(self) -> None:
        self.threads.rotate(-1)
        self._to_front(next(thread for thread in self.threads if not thread.blocked))

    def _to_front(self, thread: UserThread) -> None:
        while self.threads[0] is not thread:
            self.threads.rotate(-1)
