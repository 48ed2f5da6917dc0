"""Work stealing: who has nothing left takes from the others; from peers without their core also what they are at."""

from dataclasses import dataclass

from kernelsim.programs.cell import Cell
from kernelsim.programs.requests import Program, Steps
from kernelsim.programs.team import Body, Member, Team

TAKES_OVER = ("never", "by count", "always")
"""When a thief takes over what another is in the middle of: never (only what is still queued), where the count of
de-allocations says that the other has lost its core (dissertation, section 2.5.2), or without asking."""

Task = Cell[tuple[int, int]]
"""Whose it is, and how many steps are left."""


@dataclass(frozen=True, slots=True)
class WorkStealing:
    """Phases without end, each of `tasks` tasks in `steps` steps of `step_ps`, dealt out to the workers in turn. A
    phase begins when the one before is done. Progress counts the steps; one that its worker has lost meanwhile to a
    thief is done for nothing. `look_ps` is how long a worker that finds nothing waits before it looks again.
    """

    tasks: int
    steps: int
    step_ps: int
    takes_over: str = "by count"
    look_ps: int = 20_000_000

    def __call__(self, team: Team) -> Body:
        """What a `Programs` workload calls. Raises ValueError for a phase without work."""
        if min(self.tasks, self.steps, self.step_ps, self.look_ps) < 1 or self.takes_over not in TAKES_OVER:
            raise ValueError(f"{self} cannot be run; accepted: positive counts and times, takes_over in {TAKES_OVER}")
        return _Pool(self, team).work


class _Pool:
    """What the workers share."""

    def __init__(self, stealing: WorkStealing, team: Team) -> None:
        self._stealing = stealing
        self._team = team
        self._queues: list[Cell[tuple[Task, ...]]] = [Cell(team, (), "a queue of tasks") for _ in range(team.size)]
        self._at: list[Task | None] = [None] * team.size
        self._open = 0
        self._deal()

    def work(self, me: Member) -> Program:
        """One worker's program."""
        while True:
            task = (yield from self._take(me)) or (yield from self._steal(me))
            if task is None:
                yield me.compute_ps(self._stealing.look_ps)
                yield me.give_way()
            else:
                yield from self._carry_out(me, task)

    def _deal(self) -> None:
        """A new phase."""
        self._open = self._stealing.tasks
        for number in range(self._stealing.tasks):
            queue = self._queues[number % len(self._queues)]
            queue.value = (*queue.value, Cell(self._team, (-1, self._stealing.steps), "a task"))

    def _take(self, me: Member) -> Steps[Task | None]:
        queue = yield from self._queues[me.index].update(me, lambda tasks: tasks[1:])
        return (yield from self._own(me, queue[0], -1)) if queue else None

    def _steal(self, me: Member) -> Steps[Task | None]:
        victims = [(me.index + step) % self._team.size for step in range(1, self._team.size)]
        for victim in victims:
            queue = yield from self._queues[victim].update(me, lambda tasks: tasks[:-1])
            if queue:
                return (yield from self._own(me, queue[-1], -1))
        if self._stealing.takes_over == "never":
            return None
        for victim in victims:
            task = self._at[victim]
            if task is not None and (yield from self._may_take_from(me, victim)):
                taken = yield from self._own(me, task, victim)
                if taken is not None:
                    return taken
        return None

    def _may_take_from(self, me: Member, victim: int) -> Steps[bool]:
        """Reading the other's count costs its line."""
        if self._stealing.takes_over == "always":
            return True
        core = self._team.members[victim].core
        yield me.compute_ps(self._team.machine.line_ps[core][me.core])
        return not self._team.runs_on(core)

    def _own(self, me: Member, task: Task, owner: int) -> Steps[Task | None]:
        """Make it this worker's, if it is still `owner`'s and not done."""
        found, left = yield from task.update(
            me, lambda state: (me.index, state[1]) if state[0] == owner and state[1] else state
        )
        return task if found == owner and left else None

    def _carry_out(self, me: Member, task: Task) -> Program:
        self._at[me.index] = task
        while True:
            yield me.compute_ps(self._stealing.step_ps)
            owner, left = yield from task.update(
                me, lambda state: (state[0], state[1] - 1) if state[0] == me.index else state
            )
            if owner != me.index:
                break
            me.count()
            if left == 1:
                self._finish()
                break
        self._at[me.index] = None

    def _finish(self) -> None:
        self._open -= 1
        if not self._open:
            self._deal()
