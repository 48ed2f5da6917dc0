"""One core's RBED without a kernel around it: operations at given times, time from look to look."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kernelsim.core.schedulers.rbed import Kind, Rbed, Task

Operation = tuple[int, Callable[[int], None]]


@dataclass
class Bench:
    """`ran[task]` is how long the core showed a task; `jobs` are (task, release, finished) of jobs that are done."""

    core: Rbed
    ran: Counter[Task] = field(default_factory=Counter)
    jobs: list[tuple[Task, int, int]] = field(default_factory=list)
    shown: list[tuple[int, Task | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core.on_period_end = lambda task, finished: self.jobs.append((task, task.release, finished))

    def start(self, *tasks: Task, now: int = 0) -> None:
        """Make tasks runnable, one after the other."""
        for task in tasks:
            self.core.make_runnable(task, now)
            self.core.schedule(now)

    def play(self, until: int, operations: Sequence[Operation] = ()) -> None:
        """Let the time from 0 to `until` pass."""
        now, pending = 0, sorted(operations, key=lambda operation: operation[0])
        while now < until:
            while pending and pending[0][0] <= now:
                pending.pop(0)[1](now)
                self.core.schedule(now)
            task = self.core.schedule(now)
            ends = [until, *(time for time, _ in pending[:1])]
            if (look := self.core.next_look(now)) is not None:
                assert look > now, "a look at the same time again would never end"
                ends.append(look)
            if task is not None:
                self.ran[task] += min(ends) - now
            self.shown.append((now, task))
            now = min(ends)
        self.core.schedule(until)

    def misses(self, until: int) -> int:
        """Jobs that were late, or that should have been done by `until` and are not."""
        late = sum(finished > release + task.deadline for task, release, finished in self.jobs)
        hard = (task for task in self.core.queue if task.kind is Kind.HARD)
        return late + sum(task.due <= until and task.used < task.budget for task in hard)
