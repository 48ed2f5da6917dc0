"""One core under a central gang scheduler: it runs the member of the gang whose turn the coordinator has announced."""

from kernelsim.core.schedulers.rbed import Task


class GangTurns:
    """A run queue that follows announcements and no clock (dissertation, section 4.2.2).

    `turn` is the gang that has the machine, None while an interrupt handler has this core. Whoever is in no gang, a
    monitor, goes first. A core whose member of the gang cannot run idles: nobody is filled in. It has RBED's
    operations, so that a CPU driver takes either.
    """

    __slots__ = ("_gangs", "current", "protect_hard", "queue", "turn")

    def __init__(self, gangs: tuple[str, ...]) -> None:
        self._gangs = frozenset(gangs)
        self.turn: str | None = None
        self.queue: list[Task] = []
        self.current: Task | None = None
        self.protect_hard = False

    def make_runnable(self, task: Task, now: int) -> None:
        """Queue a task at the end."""
        if not task.queued:
            task.queued = True
            self.queue.append(task)

    def remove(self, task: Task) -> None:
        """Take a task out: it blocks."""
        if task.queued:
            task.queued = False
            self.queue.remove(task)

    def give_up(self, task: Task, now: int) -> None:
        """A yield within a gang's slice comes straight back: there is nobody else to run."""

    def self_yielded(self, task: Task, then: int) -> None:
        """A yield changes nothing."""

    def is_alone(self, task: Task) -> bool:
        """Whether nobody but this task could have the core in this slice."""
        return task.queued and all(other is task or self._waits(other) for other in self.queue)

    def switch_to(self, task: Task) -> None:
        """A directed switch: the task goes to the head of the queue."""
        self.queue.remove(task)
        self.queue.insert(0, task)

    def schedule(self, now: int) -> Task | None:
        """Whoever is in no gang, else the member of the gang whose turn it is."""
        ready = [task for task in self.queue if not self._waits(task)]
        self.current = min(ready, key=lambda task: _gang(task) in self._gangs, default=None)
        return self.current

    def next_look(self, now: int) -> int | None:
        """Never: local clocks are ignored."""

    def _waits(self, task: Task) -> bool:
        gang = _gang(task)
        return self.turn is None or (gang in self._gangs and gang != self.turn)


def _gang(task: Task) -> str:
    return str(getattr(task.owner, "application", ""))
