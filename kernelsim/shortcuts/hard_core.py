"""A core that nobody can reach: hard real-time dispatchers that only compute, by earliest deadline first.

The order is RBED's under `protect_hard`: earliest deadline first, among equal ones who was queued first. Two heaps in
place of a queue that is walked, and a loop in place of events.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush

from kernelsim.outcome import Miss
from kernelsim.trace import Mark, Slice, Trace

_slice = partial(tuple.__new__, Slice)
"""Slice._make without its check of the length: a third of the time of a decision was the making of slices."""


@dataclass(slots=True, eq=False)
class HardTask:
    """One dispatcher, created at `start_ps`. `release_ps` is that of its present period, `left_ps` what is left of the
    budget; all times are absolute.
    """

    application: str
    start_ps: int
    release_ps: int
    budget_ps: int
    period_ps: int
    deadline_ps: int
    left_ps: int = 0
    cpu_ps: int = 0
    computed_ps: int = 0
    misses: list[Miss] = field(default_factory=list)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"{self.application}.0"


class HardCore:
    """Runs its tasks up to a given time, again and again. A switch costs who comes `switch_ps` of its budget.

    It has come to `now_ps`. Who has the core has it since `_since_ps`, and computes from `_computes_ps` on.
    """

    def __init__(self, core: int, tasks: list[HardTask], switch_ps: int, trace: Trace) -> None:
        self.core = core
        self.tasks = tasks
        self.dispatches = 0
        self.decisions = 0
        self._switch_ps = switch_ps
        self._trace = trace
        self._record = trace.slices.append
        self._waiting: list[tuple[int, int, HardTask]] = []
        """By release, then by when they were queued."""
        self._ready: list[tuple[int, int, HardTask]] = []
        """By deadline, then by when they were queued."""
        self._queued = 0
        self._running: HardTask | None = None
        self._last: HardTask | None = None
        self.now_ps = self._since_ps = self._computes_ps = 0
        self._to_come = deque(sorted(tasks, key=lambda task: task.start_ps))

    def run(self, until_ps: int) -> None:
        """Decide everything before `until_ps`."""
        while self._to_come and self._to_come[0].start_ps < until_ps:
            task = self._to_come.popleft()
            self._advance(task.start_ps)
            self._wait_for_release(task)
            self._advance(task.start_ps, is_asked=True)
        self._advance(until_ps)

    def used(self, task: HardTask) -> tuple[int, int]:
        """How long it has had the core, and has computed, so far."""
        if task is not self._running:
            return task.cpu_ps, task.computed_ps
        now = self.now_ps
        return task.cpu_ps + now - self._since_ps, task.computed_ps + max(0, now - self._computes_ps)

    def finish(self) -> None:
        """The end of the run: close the last slice, and count the jobs that are late by now."""
        now = self.now_ps
        for due, _, task in self._ready:
            if due < now:
                self._missed(task, due, now)
        self._switch(None, now)

    def _advance(self, until_ps: int, *, is_asked: bool = False) -> None:
        """Decide at every end of a budget and every release before `until_ps`; also at once, where `is_asked`."""
        waiting, ready = self._waiting, self._ready
        now, running = self.now_ps, self._running
        decisions = 0
        while True:
            look = end = until_ps if running is None else now + running.left_ps
            if waiting and waiting[0][0] < end:
                look = waiting[0][0]
            if is_asked:
                look, is_asked = now, False
            elif look >= until_ps:
                break
            decisions += 1
            if running is not None:
                running.left_ps -= look - now
                if look == end:
                    heappop(ready)
                    self._end_period(running, look)
            now = look
            while waiting and waiting[0][0] <= now:
                _, order, task = heappop(waiting)
                heappush(ready, (task.release_ps + task.deadline_ps, order, task))
            chosen = ready[0][2] if ready else None
            if chosen is not running:
                self._switch(chosen, now)
                running = chosen
        if running is not None:
            running.left_ps -= until_ps - now
        self.now_ps = until_ps
        self.decisions += decisions

    def _end_period(self, task: HardTask, now: int) -> None:
        """Its budget is spent; the next one comes a period later."""
        due = task.release_ps + task.deadline_ps
        if now > due:
            self._missed(task, due, now)
        task.release_ps += task.period_ps
        self._wait_for_release(task)

    def _wait_for_release(self, task: HardTask) -> None:
        """With a full budget, behind those who were queued before."""
        task.left_ps = task.budget_ps
        self._queued += 1
        heappush(self._waiting, (task.release_ps, self._queued, task))

    def _switch(self, chosen: HardTask | None, now: int) -> None:
        """Who has the core loses it; `chosen` begins, if anybody."""
        task, since = self._running, self._since_ps
        if task is not None and since < now:
            task.cpu_ps += now - since
            if now > self._computes_ps:
                task.computed_ps += now - self._computes_ps
            self._record(_slice((since, now, self.core, task.name)))
        self._running = chosen
        if chosen is not None:
            self.dispatches += 1
            self._since_ps = now
            self._computes_ps = now if chosen is self._last else now + self._switch_ps
            self._last = chosen

    def _missed(self, task: HardTask, due_ps: int, now: int) -> None:
        task.misses.append(Miss(self.core, 0, due_ps, now))
        self._trace.marks.append(Mark(now, self.core, "miss", f"{task.name} {now - due_ps} ps late"))
