"""The Linux-like baseline: every task of a core in turn, none of them special, time slices of varying
length.
"""

from collections.abc import Sequence

from kernelsim.core.schedulers.rbed import Task


class RoundRobin:
    """A run queue that knows no deadlines, no gangs and no synchronisation (dissertation, section 3.1.2).

    The time slices are given, and used in turn. A woken task goes to the end of the queue and preempts
    nobody, unless `wakeup_preemption` lets it take the core at once, for a slice of its own; a yield gives up
    the rest of the slice. It has RBED's operations, so that a CPU driver takes either.
    """

    __slots__ = ("_drawn", "_slices", "current", "ends", "protect_hard", "queue", "wakeup_preemption")

    def __init__(self, slices: Sequence[int], *, wakeup_preemption: bool = False) -> None:
        self._slices = slices
        self.wakeup_preemption = wakeup_preemption
        self._drawn = 0
        self.queue: list[Task] = []
        self.current: Task | None = None
        self.ends = 0
        self.protect_hard = False

    def make_runnable(self, task: Task, now: int) -> None:
        """Queue a task at the end, or before all others."""
        if not task.queued:
            task.queued = True
            self.queue.insert(0 if self.wakeup_preemption else len(self.queue), task)

    def remove(self, task: Task) -> None:
        """Take a task out: it blocks."""
        if task.queued:
            task.queued = False
            self.queue.remove(task)

    def give_up(self, task: Task, now: int) -> None:
        """`sched_yield`: to the end of the queue. Alone there it goes on with its slice."""
        if task.queued and len(self.queue) > 1:
            self.queue.remove(task)
            self.queue.append(task)
            self.ends = now

    def self_yielded(self, task: Task, then: int) -> None:
        """A yield of the only task changes nothing."""

    def is_alone(self, task: Task) -> bool:
        """Whether a yield of this task would only give it the core again."""
        return len(self.queue) == 1 and task.queued

    def switch_to(self, task: Task) -> None:
        """A directed switch: the task goes to the head of the queue."""
        self.queue.remove(task)
        self.queue.insert(0, task)
        self.current = task

    def schedule(self, now: int) -> Task | None:
        """The head of the queue, moved to its end when its slice is over."""
        if not self.queue:
            self.current = None
            return None
        if self.current is not self.queue[0] or now >= self.ends:
            if self.current is self.queue[0]:
                self.queue.append(self.queue.pop(0))
            self.current = self.queue[0]
            self.ends = now + self._slices[self._drawn % len(self._slices)]
            self._drawn += 1
        return self.current

    def next_look(self, now: int) -> int | None:
        """The end of the slice."""
        return self.ends if self.queue else None
