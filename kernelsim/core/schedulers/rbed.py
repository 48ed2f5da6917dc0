"""RBED, the rate-based earliest-deadline scheduler of one core, as a state machine without a clock.

Source: Brandt et al., RTSS 2003, with the release times and end-of-period rules of Peter's dissertation
(section 3.6.4) as Barrelfish's kernel applies them. One code, two rule sets:

- ``exact``: Barrelfish's rules to the letter, its order of insertion and its late-noticed deadlines included.
- ``protect_hard``: two additions. A best-effort task is selected only while no released real-time task has
budget left, and a spent real-time task is rotated (release += period) at once, not when it is next selected.
Under these rules an admitted set of hard tasks misses no deadline, whatever soft tasks and best effort do beside it.

A soft task that `may_overrun` ends its job by a yield. One that needs more than its budget goes on with that of the
next period, which Barrelfish's public code leaves out. With `donate_slack`, as in RBED's paper, it may go on at once in
what real-time tasks gave back by yielding early, until their deadlines, and while the core would be idle.

Time is an integer in the caller's unit: ticks in the scheduler simulator, picoseconds in a booted kernel.
"""

from collections.abc import Callable
from enum import IntEnum

from kernelsim.errors import ScenarioError, SchedulerPanic

ONE = 1_000_000
"""Fixed-point one: utilisations are parts per million."""
BEST_EFFORT_SHARE = ONE // 10
"""What RBED keeps for best effort on every core."""


class Kind(IntEnum):
    """What a task was promised; the order is that of precedence under `protect_hard`."""

    HARD = 0
    SOFT = 1
    BEST_EFFORT = 2


HARD, SOFT, BEST_EFFORT = Kind
"""The members by names of their own: to look one up in its class takes as long as all else in a comparison of kinds."""


class Task:
    """What RBED knows of one dispatcher. `deadline` is relative to `release`; `used` counts against
    `budget`.
    """

    __slots__ = ("budget", "deadline", "dispatched", "finished", "kind", "may_overrun", "overrun_due", "owner",
                 "period", "queued", "release", "used", "weight")  # fmt: skip

    def __init__(
        self,
        kind: Kind,
        *,
        release: int = 0,
        budget: int = 0,
        period: int = 0,
        deadline: int = 0,
        weight: int = 0,
        owner: object = None,
        may_overrun: bool = False,
    ) -> None:
        self.kind = kind
        self.may_overrun = may_overrun and kind is SOFT
        """Whether its jobs end when it yields, and not with its budget."""
        self.release = release
        self.budget = budget
        self.period = period
        self.deadline = deadline
        self.weight = weight
        self.owner = owner
        self.used = 0
        self.dispatched = 0
        self.finished: int | None = None
        """When the budget of the present period was used up."""
        self.overrun_due: int | None = None
        """Of a soft job that has overrun: its absolute deadline."""
        self.queued = False

    @property
    def job_due(self) -> int:
        """The absolute deadline of the job that it is at."""
        return self.due if self.overrun_due is None else self.overrun_due

    @property
    def due(self) -> int:
        """The absolute deadline. Of a best-effort task it may be stale: it is refreshed when the task is
        selected.
        """
        return self.release + self.deadline

    @property
    def load(self) -> int:
        """The share of the core in parts per million, floored as the kernel floors it (32 bits)."""
        return (self.budget * ONE // self.period) & 0xFFFFFFFF


class Rbed:
    """The run queue of one core.

    Every operation takes `now`; `schedule` answers with the task that the core shows, `next_look` with the
    time at which it has to be asked again if nothing else happens before. `on_period_end(task, finished)` is
    told of every job of a real-time task that is done; without it a job selected late is a `SchedulerPanic`,
    as in Barrelfish. `slack` is what has been given back and not been used, `slack_until` when it is lost.
    """

    __slots__ = ("_in_slack", "_slack_from", "best_effort_weight", "charged", "current", "donate_slack", "hard_load",
                 "on_period_end", "protect_hard", "queue", "queued_best_effort", "slack", "slack_until",
                 "timeslice")  # fmt: skip

    def __init__(
        self,
        timeslice: int,
        *,
        protect_hard: bool = False,
        donate_slack: bool = False,
        on_period_end: Callable[[Task, int], None] | None = None,
    ) -> None:
        self.timeslice = timeslice
        self.protect_hard = protect_hard
        self.donate_slack = donate_slack
        self.slack = 0
        self.slack_until = 0
        self._in_slack: Task | None = None
        self._slack_from = 0
        self.on_period_end = on_period_end
        self.queue: list[Task] = []
        self.hard_load = 0
        self.best_effort_weight = 0
        self.queued_best_effort = 0
        self.charged: Task | None = None
        self.current: Task | None = None

    # -- operations ------------------------------------------------------------------------------------------

    def make_runnable(self, task: Task, now: int) -> None:
        """Queue a task. A best-effort task is released now; a real-time task at its own `release`, not in the
        past.
        """
        if task.queued:
            return
        if task.kind is BEST_EFFORT:
            task.weight = task.weight or 1
            self.best_effort_weight += task.weight
            self.queued_best_effort += 1
            task.deadline = task.period = self.queued_best_effort * self.timeslice
            task.release = now
        else:
            self.hard_load += task.load
        if self.hard_load + BEST_EFFORT_SHARE > ONE:
            percent = (self.hard_load + BEST_EFFORT_SHARE) // 10_000
            raise SchedulerPanic(f"RBED scheduler overload (loaded {percent}%)!")
        if task.release < now:
            raise SchedulerPanic("Released in the past")
        task.used = 0
        task.finished = task.overrun_due = None
        self._insert(task)

    def remove(self, task: Task) -> None:
        """Take a task out (it blocks, or its parameters change). Its period stays open."""
        if not task.queued:
            return
        self._take_out(task)
        if task.kind is BEST_EFFORT:
            self.best_effort_weight -= task.weight
            self.queued_best_effort -= 1
        else:
            self.hard_load -= task.load

    def give_up(self, task: Task, now: int) -> None:
        """`yield`: the task ends its period. A real-time task comes back one period later, best effort at
        once.
        """
        if task.queued and task is self._in_slack:
            self._end_job(task, now)
            return
        if not task.queued or task.release > now:
            return
        self._give_back(task, now)
        self._end_period(task, now, yields=True)
        if task.kind is BEST_EFFORT:
            task.release = now
        else:
            task.release += task.period
        self._insert(task)

    def self_yielded(self, task: Task, then: int) -> None:
        """The only queued task, best effort, has yielded again and again to itself, the last time at
        `then`.
        """
        task.release = task.dispatched = then
        task.used = 0

    def is_alone(self, task: Task) -> bool:
        """Whether a yield of this best-effort task would only give it the core again."""
        return len(self.queue) == 1 and task.queued and task.kind is BEST_EFFORT

    def switch_to(self, task: Task) -> None:
        """A directed context switch: the core shows `task`, the one who was charged goes on paying."""
        self.current = task

    def switch_back(self) -> None:
        """The end of a directed switch: the core shows the one who is charged."""
        self.current = self.charged

    def settle(self, now: int) -> None:
        """Bill the running task up to `now` without looking at the queue."""
        task = self.charged
        if task is not None and task.dispatched < now and task.release <= now:
            task.used += now - max(task.dispatched, task.release)
            task.dispatched = now

    # -- decisions -------------------------------------------------------------------------------------------

    def schedule(self, now: int) -> Task | None:
        """Charge, select and return the task that the core shows from `now` on; None when it idles."""
        self._charge(now)
        rotations = 0
        while self.queue and (task := self._select(now)) is not None:
            if task.kind is BEST_EFFORT and self.slack and self._run_in_slack(now):
                return self.current
            if task.kind is BEST_EFFORT:
                self._allocate(task, now)
            elif self.on_period_end is None and now > task.release + task.deadline:
                raise SchedulerPanic(f"Missed hard deadline: now = {now}, deadline = {task.due}")
            if task.used < task.budget:
                return self._dispatch(task, now)
            rotations += 1
            if rotations > len(self.queue):
                raise ScenarioError(
                    "endless_schedule",
                    f"the scheduler would rotate its queue for ever at time {now}: a task's budget is zero",
                    now=now,
                )
            self._rotate(task, now)
        if self.donate_slack and self._run_in_slack(now):
            return self.current
        self.charged = self.current = None
        return None

    def next_look(self, now: int) -> int | None:
        """The next time at which `schedule` can decide otherwise; None when only an operation can change
        anything.
        """
        running = self.charged
        if running is None:
            if not self.queue:
                return None
            look = min((task.release for task in self.queue if task.release > now), default=None)
            if self._in_slack is None or not self.slack:
                return look
            end = now + min(self.slack, self.slack_until - now)
            return end if look is None else min(look, end)
        look = now + running.budget - running.used
        if not self.protect_hard:
            if now < running.release + running.deadline + 1 < look:
                look = running.release + running.deadline + 1
            for task in self.queue:
                if task is running:
                    break
                look = min(look, task.release)
            return max(look, now + 1)
        if running.kind is BEST_EFFORT:
            look = min(look, max(running.release + running.deadline, now) + 1)
        for task in self.queue:
            if now < task.release < look and task.kind is not BEST_EFFORT:
                look = task.release
        return look

    # -- the rules -------------------------------------------------------------------------------------------

    def _charge(self, now: int) -> None:
        if self.donate_slack:
            self._charge_slack(now)
        task = self.charged
        if task is None or task.release > now:
            return
        task.used += now - (task.dispatched if task.dispatched > task.release else task.release)
        is_spent = task.kind is not BEST_EFFORT and task.used >= task.budget
        if is_spent and task.finished is None:
            task.finished = now - (task.used - task.budget)
        if self.protect_hard:
            task.dispatched = now
            if is_spent and task.queued:
                self._rotate(task, now)

    def _select(self, now: int) -> Task | None:
        if not self.protect_hard:
            return next((task for task in self.queue if task.release <= now), None)
        if len(self.queue) == 1:
            return self.queue[0] if self.queue[0].release <= now else None
        chosen: Task | None = None
        for task in self.queue:
            if task.release <= now and (chosen is None or _precedes(task, chosen)):
                chosen = task
        return chosen

    def _allocate(self, task: Task, now: int) -> None:
        """A best-effort task learns its budget and period anew whenever it is selected."""
        share = max(BEST_EFFORT_SHARE, ONE - self.hard_load) * task.weight // self.best_effort_weight
        task.deadline = task.period = self.queued_best_effort * self.timeslice
        task.budget = (task.period * share + ONE // 2) // ONE
        if task.release + task.deadline < now:
            task.release = now

    def _dispatch(self, task: Task, now: int) -> Task:
        task.dispatched = now
        shown = self.current
        if self.charged is task and shown is not None and shown.queued:
            return shown
        self.charged = self.current = task
        return task

    def _rotate(self, task: Task, now: int) -> None:
        """A spent task ends its period: its budget is full again at the next release."""
        self._end_period(task, now)
        if task.kind is BEST_EFFORT:
            task.release = now
        elif now > task.release:
            task.release += task.period
        self._insert(task)

    def _end_period(self, task: Task, now: int, *, yields: bool = False) -> None:
        self._take_out(task)
        if task.may_overrun:
            task.overrun_due = task.job_due
            if yields:
                self._end_job(task, now)
        elif self.on_period_end is not None and task.kind is not BEST_EFFORT:
            self.on_period_end(task, now if task.finished is None else task.finished)
        task.used = 0
        task.finished = None
        self.charged = None

    def _end_job(self, task: Task, now: int) -> None:
        """A soft task has done what it had to do."""
        if self.on_period_end is not None:
            self.on_period_end(task, now)
        task.overrun_due = None

    # -- slack -----------------------------------------------------------------------------------------------

    def _give_back(self, task: Task, now: int) -> None:
        """What is left of a budget may be used by others until its deadline."""
        if not self.donate_slack or task.kind is BEST_EFFORT:
            return
        if now >= self.slack_until:
            self.slack = 0
        used = task.used + (now - max(task.dispatched, task.release) if task is self.charged else 0)
        self.slack += max(0, task.budget - used)
        self.slack_until = max(self.slack_until, task.due)

    def _charge_slack(self, now: int) -> None:
        if self._in_slack is not None:
            self.slack -= min(self.slack, now - self._slack_from)
            self._in_slack = None
        if now >= self.slack_until:
            self.slack = 0

    def _run_in_slack(self, now: int) -> bool:
        """The soft task that has overrun and whose deadline is the earliest, if there is any, has the core."""
        late = [task for task in self.queue if task.overrun_due is not None and task.release > now]
        if not late:
            return False
        self.charged = None
        self._in_slack = self.current = min(late, key=lambda task: task.job_due)
        self._slack_from = now
        return True

    def _insert(self, task: Task) -> None:
        """The only place where order is decided: behind equal deadlines, best effort also behind all that is
        released.
        """
        best_effort, due, release = task.kind is BEST_EFFORT, task.release + task.deadline, task.release
        place = 0
        for other in self.queue:
            overtakes_not = best_effort and release >= other.release
            if not overtakes_not and due < other.release + other.deadline:
                break
            place += 1
        self.queue.insert(place, task)
        task.queued = True

    def _take_out(self, task: Task) -> None:
        self.queue.remove(task)
        task.queued = False


def _precedes(task: Task, other: Task) -> bool:
    """Whether `task`, which stands behind `other` in the queue, goes first under `protect_hard`."""
    if task.kind is not other.kind:
        return task.kind < other.kind
    return task.kind is not BEST_EFFORT and task.release + task.deadline < other.release + other.deadline
