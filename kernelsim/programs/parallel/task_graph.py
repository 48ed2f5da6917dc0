"""A task graph: tasks that need each other's results, and who carries out which of them so that little data moves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from kernelsim.errors import ScenarioError


@dataclass(frozen=True, slots=True)
class Task:
    """`work` is called with the results of `inputs`, in their order; its own result takes `size_bytes` to send, and
    `cycles` are what it costs on a simulated core. Results must not be changed by who gets them.
    """

    work: Callable[..., Any]
    inputs: tuple[str, ...] = ()
    cycles: int = 0
    size_bytes: int = 64


@dataclass(frozen=True, slots=True)
class TaskGraph:
    """Tasks by name. Raises ScenarioError for inputs that no task makes, and for tasks that wait for each other."""

    tasks: Mapping[str, Task]

    def __post_init__(self) -> None:
        for name, task in self.tasks.items():
            unknown = [one for one in task.inputs if one not in self.tasks]
            if unknown or task.cycles < 0 or task.size_bytes < 0:
                raise _refused(
                    f"task {name!r} needs {unknown or [task.cycles, task.size_bytes]}",
                    f"results of {', '.join(self.tasks)}, cycles and bytes from 0 on",
                )
        try:
            self.in_order()
        except CycleError as error:
            raise _refused(
                f"tasks wait for each other: {' -> '.join(error.args[1])}", "a graph without cycles"
            ) from None

    def in_order(self) -> tuple[str, ...]:
        """Every task after those whose results it needs."""
        return tuple(TopologicalSorter({name: task.inputs for name, task in self.tasks.items()}).static_order())


@dataclass(frozen=True, slots=True)
class Assigned:
    """A task for a worker, and from which worker each result comes that it has not got."""

    task: str
    worker: int
    fetches: tuple[tuple[str, int], ...]


class GraphScheduler:
    """Decides, and does nothing: told when a task is done, it says what can begin, one task a worker at a time.

    Of the tasks that can begin and the workers that are idle it takes the pair for which the least data moves, bytes
    times `distance(source, target)`; of equal ones the first task on the first worker. Without `moves_little` the first
    task goes to the worker that has done least.
    """

    def __init__(
        self, graph: TaskGraph, workers: int, distance: Callable[[int, int], int], *, moves_little: bool = True
    ) -> None:
        if workers < 1:
            raise _refused(f"a task graph on {workers} workers", "one or more")
        self._graph = graph
        self._distance = distance
        self._moves_little = moves_little
        self._sorter = TopologicalSorter({name: task.inputs for name, task in graph.tasks.items()})
        self._sorter.prepare()
        self._ready: list[str] = list(self._sorter.get_ready())
        self._idle = set(range(workers))
        self._done_by = [0] * workers
        self._holders: dict[str, set[int]] = {name: set() for name in graph.tasks}
        self.moved_bytes = 0

    @property
    def is_over(self) -> bool:
        """Whether every task is done."""
        return not self._sorter.is_active()

    def assign(self) -> Assigned | None:
        """The next task to begin, if one can; its worker is busy from now on."""
        if not self._ready or not self._idle:
            return None
        task, worker = self._choose()
        self._ready.remove(task)
        self._idle.discard(worker)
        fetches = tuple((name, self._nearest(name, worker)) for name in self._missing(task, worker))
        for name, _ in fetches:
            self._holders[name].add(worker)
            self.moved_bytes += self._graph.tasks[name].size_bytes
        return Assigned(task, worker, fetches)

    def finished(self, task: str, worker: int) -> None:
        """A worker has its result, and is idle again."""
        self._holders[task].add(worker)
        self._idle.add(worker)
        self._done_by[worker] += 1
        self._sorter.done(task)
        self._ready += self._sorter.get_ready()

    def _choose(self) -> tuple[str, int]:
        if not self._moves_little:
            return self._ready[0], min(self._idle, key=lambda worker: (self._done_by[worker], worker))
        pairs = [(task, worker) for task in self._ready for worker in sorted(self._idle)]
        return min(pairs, key=lambda pair: self._cost(*pair))

    def _cost(self, task: str, worker: int) -> int:
        return sum(
            self._graph.tasks[name].size_bytes * self._distance(self._nearest(name, worker), worker)
            for name in self._missing(task, worker)
        )

    def _missing(self, task: str, worker: int) -> Sequence[str]:
        inputs = dict.fromkeys(self._graph.tasks[task].inputs)
        return [name for name in inputs if worker not in self._holders[name]]

    def _nearest(self, name: str, worker: int) -> int:
        return min(self._holders[name], key=lambda holder: (self._distance(holder, worker), holder))


def _refused(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_task_graph", f"{found}; accepted: {accepted}")
