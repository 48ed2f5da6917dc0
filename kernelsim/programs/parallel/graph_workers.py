"""Workers on simulated cores that carry out a task graph: they are told what to do, and send each other results."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from kernelsim.machine.hardware import Machine
from kernelsim.programs.inbox import Inbox
from kernelsim.programs.parallel.task_graph import GraphScheduler, TaskGraph
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team

LINE_BYTES = 64


@dataclass(frozen=True, slots=True)
class _Send:
    name: str
    worker: int


@dataclass(frozen=True, slots=True)
class _Carry:
    task: str


_Order = _Send | _Carry | None
"""What a worker is told; None is the end."""


@dataclass(frozen=True, slots=True)
class GraphWorkers:
    """Thread 0 gives orders, the others carry out tasks and count them; `results` get every task's, `moved` the bytes
    that went from worker to worker. A result goes in cache lines, a message each.

    Nobody waits for ever: orders are given so that a result is sent before anybody is told to need it, and each worker
    obeys in that order.
    """

    graph: TaskGraph
    results: MutableMapping[str, Any]
    moved: list[int]
    moves_little: bool = True

    def __call__(self, team: Team) -> Body:
        """What a `Programs` workload calls. Raises ScenarioError for a team without a worker."""
        return _Crew(self, team).body


class _Crew:
    def __init__(self, asked: GraphWorkers, team: Team) -> None:
        self._asked = asked
        cores = team.cores[1:]
        self._scheduler = GraphScheduler(
            asked.graph, len(cores), _distance(team.machine, cores), moves_little=asked.moves_little
        )
        self._orders = [Inbox[_Order](team, core, what="order") for core in cores]
        self._data = [Inbox[tuple[str, Any] | None](team, core, what="result") for core in cores]
        self._done = Inbox[tuple[str, int]](team, team.cores[0], what="done")

    def body(self, me: Member) -> Program:
        """One thread's program."""
        return self._work(me, me.index - 1) if me.index else self._lead(me)

    def _lead(self, me: Member) -> Program:
        scheduler = self._scheduler
        while not scheduler.is_over:
            assigned = scheduler.assign()
            if assigned is None:
                scheduler.finished(*(yield from self._done.receive(me)))
                continue
            for name, source in assigned.fetches:
                yield from self._orders[source].send(me, _Send(name, assigned.worker))
            yield from self._orders[assigned.worker].send(me, _Carry(assigned.task))
        self._asked.moved.append(scheduler.moved_bytes)
        for orders in self._orders:
            yield from orders.send(me, None)

    def _work(self, me: Member, own: int) -> Program:
        tasks, known = self._asked.graph.tasks, dict[str, Any]()
        while (order := (yield from self._orders[own].receive(me))) is not None:
            if isinstance(order, _Send):
                for _ in range(1, -(-tasks[order.name].size_bytes // LINE_BYTES)):
                    yield from self._data[order.worker].send(me, None)
                yield from self._data[order.worker].send(me, (order.name, known[order.name]))
                continue
            task = tasks[order.task]
            while not known.keys() >= set(task.inputs):
                part = yield from self._data[own].receive(me)
                if part is not None:
                    known[part[0]] = part[1]
            yield me.compute(task.cycles)
            known[order.task] = self._asked.results[order.task] = task.work(*(known[name] for name in task.inputs))
            me.count()
            yield from self._done.send(me, (order.task, own))


def _distance(machine: Machine, cores: tuple[int, ...]) -> Any:
    return lambda source, target: machine.latency_ps[cores[source]][cores[target]] if source != target else 0
