"""Task graphs give the same results on simulated cores, on processes and one task after the other."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache, partial
from multiprocessing import get_context
from operator import add, truediv
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts
import skb
from experiments.deploy import deploy
from experiments.errors import ExperimentError
from experiments.task_graphs import run_on_cores, run_on_executors
from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.programs.parallel.task_graph import Task, TaskGraph
from planner.machine.topology import Topology

TEXTS = ("a core is a node", "a node sends and a node receives", "no node shares a core", "a message is a line")


@cache
def machine() -> Machine:
    return deploy(Topology.of(skb.load(facts.read("amd-4x4")).snapshot())).machine


def word_count() -> TaskGraph:
    """Map and reduce: a part of the text each, counted, and the counts added up in a tree."""
    tasks = {f"text {i}": Task(partial(str, text), cycles=100, size_bytes=256) for i, text in enumerate(TEXTS)}
    tasks |= {f"words {i}": Task(str.split, (f"text {i}",), 2000, 512) for i in range(len(TEXTS))}
    tasks |= {f"count {i}": Task(Counter, (f"words {i}",), 5000, 512) for i in range(len(TEXTS))}
    tasks |= {f"sum {i}": Task(add, (f"count {2 * i}", f"count {2 * i + 1}"), 1000, 512) for i in range(2)}
    return TaskGraph({**tasks, "total": Task(add, ("sum 0", "sum 1"), 1000)})


def one_after_the_other(graph: TaskGraph) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name in graph.in_order():
        task = graph.tasks[name]
        results[name] = task.work(*(results[each] for each in task.inputs))
    return results


@pytest.fixture
def processes() -> Iterator[list[Executor]]:
    """Two workers, each a process of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn"))) for _ in range(2)]


def mix(*values: int) -> int:
    return (sum(values) * 31 + len(values)) % 10007


@st.composite
def graphs(draw: st.DrawFn) -> TaskGraph:
    count = draw(st.integers(1, 12))
    tasks = {}
    for number in range(count):
        inputs = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        size_bytes = draw(st.sampled_from([0, 1, 64, 65, 1000]))
        tasks[str(number)] = Task(mix, tuple(str(one) for one in inputs), draw(st.integers(0, 9999)), size_bytes)
    return TaskGraph(tasks)


def test_one_graph_gives_one_result_on_simulated_cores_and_on_processes(processes: list[Executor]) -> None:
    graph = word_count()
    on_cores, on_processes = run_on_cores(graph, machine(), (0, 1, 4, 8)), run_on_executors(graph, processes)
    assert on_cores.results == on_processes.results == one_after_the_other(graph)
    assert on_cores.results["total"] == Counter(" ".join(TEXTS).split())


@settings(max_examples=12)
@given(graphs(), st.integers(1, 5), st.booleans())
def test_every_graph_ends_with_the_results_of_one_task_after_the_other(
    graph: TaskGraph, workers: int, moves_little: bool
) -> None:
    cores = tuple(range(0, 3 * (workers + 1), 3))[: workers + 1]
    wanted = one_after_the_other(graph)
    found = run_on_cores(graph, machine(), cores[:6], moves_little=moves_little)
    assert found.results == wanted
    assert (found.moved_bytes == 0) or workers > 1
    with ThreadPoolExecutor(1) as executor:
        assert run_on_executors(graph, [executor] * workers, moves_little=moves_little).results == wanted


def test_tasks_go_where_their_inputs_are() -> None:
    cores = (0, 1, 4, 8, 12)
    little = run_on_cores(word_count(), machine(), cores)
    much = run_on_cores(word_count(), machine(), cores, moves_little=False)
    assert little.results == much.results
    assert little.moved_bytes == 3 * 512
    assert much.moved_bytes > 1.5 * little.moved_bytes
    assert (little.duration_ps or 0) < (much.duration_ps or 0)


def test_more_workers_are_faster_where_there_is_work_for_them() -> None:
    tasks = {str(number): Task(mix, (), 2_000_000) for number in range(8)}
    graph = TaskGraph({**tasks, "all": Task(mix, tuple(tasks))})
    one, four = (run_on_cores(graph, machine(), range(count + 1)).duration_ps or 0 for count in (1, 4))
    assert 3 * four < one < 5 * four


def test_equal_runs_are_equal() -> None:
    first, second = (run_on_cores(word_count(), machine(), (0, 1, 4, 8)) for _ in range(2))
    assert first == second


def test_graphs_that_cannot_be_carried_out_are_refused() -> None:
    with pytest.raises(ScenarioError, match="wait for each other"):
        TaskGraph({"a": Task(mix, ("b",)), "b": Task(mix, ("a",))})
    with pytest.raises(ScenarioError, match="results of a, cycles"):
        TaskGraph({"a": Task(mix, ("b",))})
    with pytest.raises(ScenarioError, match="on 0 workers"):
        run_on_executors(word_count(), [])


def test_too_little_time_is_told() -> None:
    with pytest.raises(ExperimentError, match="more time is needed"):
        run_on_cores(word_count(), machine(), (0, 1), limit_ps=5_000_000)


def test_a_task_that_fails_is_told() -> None:
    graph = TaskGraph({"one": Task(partial(truediv, 1, 0)), "two": Task(mix, ("one",))})
    with pytest.raises(ExperimentError, match=r"0 of 2 tasks are done.*ZeroDivisionError"):
        run_on_cores(graph, machine(), (0, 1))
    with ThreadPoolExecutor(1) as executor, pytest.raises(ZeroDivisionError):
        run_on_executors(graph, [executor])
