"""One task graph on simulated cores and on processes of a cluster: the same scheduler, the same results."""

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

import kernelsim
from experiments.errors import ExperimentError
from kernelsim.programs.parallel.graph_workers import GraphWorkers
from kernelsim.programs.parallel.task_graph import GraphScheduler, TaskGraph
from kernelsim.scenario import SECOND_PS


@dataclass(frozen=True, slots=True)
class GraphOutcome:
    """Every task's result, the bytes of results that went from one worker to another, and on simulated cores when the
    last task was done.
    """

    results: Mapping[str, Any]
    moved_bytes: int
    duration_ps: int | None = None


def run_on_cores(
    graph: TaskGraph,
    machine: kernelsim.Machine,
    cores: Sequence[int],
    *,
    moves_little: bool = True,
    limit_ps: int = SECOND_PS,
) -> GraphOutcome:
    """The first core gives orders, the others carry them out. Raises ExperimentError where a task fails, or where
    `limit_ps` of virtual time is not enough.
    """
    results: dict[str, Any] = {}
    moved: list[int] = []
    workload = kernelsim.Programs(GraphWorkers(graph, results, moved, moves_little))
    scenario = kernelsim.Scenario(machine, (kernelsim.Application("graph", workload, tuple(cores)),), limit_ps)
    outcome = kernelsim.run(scenario)
    failures = outcome.applications["graph"].failures
    if failures or not moved:
        raise ExperimentError(
            f"{len(results)} of {len(graph.tasks)} tasks are done after {outcome.duration_ps / SECOND_PS:g} virtual "
            f"seconds: {failures[0].what if failures else 'more time is needed'}; accepted: tasks that end",
            code="graph_not_done",
        )
    return GraphOutcome(results, moved[0], max(one.arrived_ps for one in outcome.trace.messages) - outcome.start_ps)


def run_on_executors(graph: TaskGraph, executors: Sequence[Executor], *, moves_little: bool = True) -> GraphOutcome:
    """Each executor is a worker: a process of this machine, or of a cluster, as Dask's `Client.get_executor` makes one
    for an address. Results travel by way of this process, since executors do not know each other. An exception of a
    task is raised as it is.
    """
    scheduler = GraphScheduler(graph, len(executors), _apart, moves_little=moves_little)
    results: dict[str, Any] = {}
    running: dict[Future[Any], tuple[str, int]] = {}
    while not scheduler.is_over:
        assigned = scheduler.assign()
        if assigned is not None:
            task = graph.tasks[assigned.task]
            future = executors[assigned.worker].submit(task.work, *(results[name] for name in task.inputs))
            running[future] = (assigned.task, assigned.worker)
            continue
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task_name, worker = running.pop(future)
            results[task_name] = future.result()
            scheduler.finished(task_name, worker)
    return GraphOutcome(results, scheduler.moved_bytes)


def _apart(source: int, target: int) -> int:
    return int(source != target)
