"""One core of Linux under a gang scheduler in user space: the real-time class first, then the time-sharing class."""

from collections.abc import Sequence

from kernelsim.core.schedulers.rbed import Task
from kernelsim.core.schedulers.round_robin import RoundRobin

ALWAYS_FIRST = "monitor"


class TwoClasses:
    """A run queue in two classes, between which a daemon moves the members of gangs (dissertation, section 3.3.3).

    A core whose promoted member blocks is filled in with whoever of the time-sharing class can run, unless `backfill`
    is off. `is_daemon_here` while the daemon itself needs the core. It has RBED's operations, so that a CPU driver
    takes either.
    """

    __slots__ = ("_classes", "backfill", "current", "is_daemon_here", "promoted", "protect_hard", "real_time", "shared")

    def __init__(self, slices: Sequence[int], *, wakeup_preemption: bool = False, backfill: bool = True) -> None:
        self.real_time = RoundRobin(slices)
        self.shared = RoundRobin(slices, wakeup_preemption=wakeup_preemption)
        self.backfill = backfill
        self.promoted: frozenset[str] = frozenset()
        self.is_daemon_here = False
        self.current: Task | None = None
        self.protect_hard = False
        self._classes = (self.real_time, self.shared)

    @property
    def queue(self) -> list[Task]:
        """All that can run, the real-time class first."""
        return self.real_time.queue + self.shared.queue

    def promote(self, gangs: frozenset[str], now: int) -> None:
        """From now on the members of these gangs are in the real-time class, all others are not."""
        self.promoted = gangs
        for own in self._classes:
            for task in [task for task in own.queue if self._class(task) is not own]:
                own.remove(task)
                self._class(task).make_runnable(task, now)

    def make_runnable(self, task: Task, now: int) -> None:
        """Queue a task in its class."""
        self._class(task).make_runnable(task, now)

    def remove(self, task: Task) -> None:
        """Take a task out: it blocks."""
        self._class(task).remove(task)

    def give_up(self, task: Task, now: int) -> None:
        """`sched_yield`: to the end of its class, never to the other class."""
        self._class(task).give_up(task, now)

    def self_yielded(self, task: Task, then: int) -> None:
        """A yield of the only task of its class changes nothing."""

    def is_alone(self, task: Task) -> bool:
        """Whether a yield of this task would only give it the core again."""
        return self._class(task).is_alone(task)

    def switch_to(self, task: Task) -> None:
        """A directed switch: the task goes to the head of its class."""
        self._class(task).switch_to(task)

    def schedule(self, now: int) -> Task | None:
        """The head of the real-time class, else of the time-sharing class if cores may be filled in."""
        self.current = None
        if not self.is_daemon_here:
            self.current = self.real_time.schedule(now)
            if self.current is None and self.backfill:
                self.current = self.shared.schedule(now)
        return self.current

    def next_look(self, now: int) -> int | None:
        """The end of the slice, where several of the class share the core."""
        if self.current is None:
            return None
        own = self._class(self.current)
        return own.next_look(now) if own is self.shared or len(own.queue) > 1 else None

    def _class(self, task: Task) -> RoundRobin:
        who = str(getattr(task.owner, "application", ""))
        return self.real_time if who in self.promoted or who == ALWAYS_FIRST else self.shared
