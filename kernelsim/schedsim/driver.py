"""Runs a scheduler scenario tick by tick in effect, from one scheduling event to the next in cost."""

from kernelsim.core.schedulers.rbed import Kind, Rbed, Task
from kernelsim.errors import ScenarioError, SchedulerPanic
from kernelsim.schedsim.chart import Chart
from kernelsim.schedsim.events import MAX_TASKS, TIMESLICE_TICKS, Event, events, refuse


def chart(text: str, runtime: int, quantum: int = 1) -> str:
    """The chart of `runtime` ticks of the scenario `text`, `schedule` being called every `quantum` ticks.

    Raises ScenarioError for a scenario that cannot be read and SchedulerPanic where the reference panics.
    Source: tools/schedsim of Barrelfish.
    """
    return drive(text, runtime, quantum).text()


def drive(text: str, runtime: int, quantum: int = 1, *, every_tick: bool = False) -> Chart:
    """As `chart`, but the chart itself; `every_tick` looks at every tick, as the reference does, and gives
    the same.
    """
    if runtime < 0 or quantum < 1:
        raise ScenarioError(
            "bad_scenario",
            f"runtime {runtime} and quantum {quantum} cannot be run; accepted: runtime >= 0, quantum >= 1",
            runtime=runtime,
            quantum=quantum,
        )
    return _Driver(text, runtime, quantum, every_tick or quantum > 1).run()


class _Driver:
    """One core under the exact rules, the events still to come, and the chart so far."""

    def __init__(self, text: str, runtime: int, quantum: int, every_tick: bool) -> None:
        self.runtime = runtime
        self.quantum = quantum
        self.every_tick = every_tick
        self.core = Rbed(TIMESLICE_TICKS)
        self.tasks: list[Task] = []
        self.chart = Chart(runtime)
        self.pending = events(text)
        self.event = next(self.pending, None) if runtime else None

    def run(self) -> Chart:
        tick = 0
        while tick < self.runtime:
            self._apply_events(tick)
            if tick % self.quantum == 0:
                self.core.schedule(tick)
            end = tick + 1 if self.every_tick else self._next_tick(tick)
            self._record(tick, end)
            tick = end
        return self.chart

    def _apply_events(self, tick: int) -> None:
        if self.event is None or self.event.tick != tick:
            return
        if not self.every_tick:
            self.core.settle(tick - 1)  # the reference has billed the running task at the tick before
        while self.event is not None and self.event.tick == tick:
            self._apply(self.event)
            if self.event.operation != "c":
                self.core.schedule(tick)
            self.event = next(self.pending, None)

    def _next_tick(self, tick: int) -> int:
        ends = [self.runtime]
        if (look := self.core.next_look(tick)) is not None:
            ends.append(look)
        if self.event is not None and self.event.tick > tick:
            ends.append(self.event.tick)
        current = self.core.current
        if current is not None and not current.queued:
            ends.append(tick + 1)
        return max(min(ends), tick + 1)

    def _record(self, start: int, end: int) -> None:
        current = self.core.current
        running = None if current is None else self.tasks.index(current)
        self.chart.record(start, end, running, [task.release for task in self.tasks])

    # -- operations ------------------------------------------------------------------------------------------

    def _apply(self, event: Event) -> None:
        if event.operation in "HBS":
            self._create(event)
            return
        task = self._task(event)
        if event.operation == "d":
            self.core.remove(task)
        elif event.operation == "y":
            self.core.give_up(task, event.tick)
        elif event.operation == "c":
            self.core.switch_to(task)
        else:
            if task.kind is Kind.HARD:
                task.release = event.tick
            self.core.make_runnable(task, event.tick)

    def _create(self, event: Event) -> None:
        if event.operation == "S":
            raise SchedulerPanic("Unimplemented")
        if len(self.tasks) == MAX_TASKS:
            raise refuse(event.line, f"an eleventh task {event.operation!r}", f"at most {MAX_TASKS} tasks")
        if event.operation == "H":
            budget, period, _block, *deadline = event.numbers
            task = Task(
                Kind.HARD,
                release=event.tick,
                budget=budget,
                period=period,
                deadline=deadline[0] if deadline else period,
            )
        else:
            task = Task(Kind.BEST_EFFORT, weight=event.numbers[0] % 65536)
        self.tasks.append(task)
        self.chart.add_task(event.operation.lower(), event.tick)
        self.core.make_runnable(task, event.tick)

    def _task(self, event: Event) -> Task:
        number = event.numbers[0]
        if number >= len(self.tasks):
            created = f"0 to {len(self.tasks) - 1}" if self.tasks else "none, no task has been created yet"
            raise refuse(event.line, f"{event.operation!r} names task {number}, which is not yet created", created)
        return self.tasks[number]
