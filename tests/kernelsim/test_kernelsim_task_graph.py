"""The scheduler of task graphs, driven in any order in which tasks may come to their end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kernelsim.programs.parallel.task_graph import Assigned, GraphScheduler, Task, TaskGraph


@st.composite
def graphs(draw: st.DrawFn) -> TaskGraph:
    tasks = {}
    for number in range(draw(st.integers(0, 10))):
        inputs = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        tasks[str(number)] = Task(sum, tuple(str(one) for one in inputs), size_bytes=draw(st.integers(0, 100)))
    return TaskGraph(tasks)


@settings(max_examples=40)
@given(graphs(), st.integers(1, 4), st.booleans(), st.data())
def test_in_any_order_of_ends_each_task_runs_once_on_an_idle_worker_with_its_inputs_there(
    graph: TaskGraph, workers: int, moves_little: bool, data: st.DataObject
) -> None:
    scheduler = GraphScheduler(graph, workers, lambda source, target: abs(source - target), moves_little=moves_little)
    running: dict[int, Assigned] = {}
    done: list[str] = []
    held: set[tuple[str, int]] = set()
    moved_bytes = 0
    while not scheduler.is_over:
        assigned = scheduler.assign()
        if assigned is None:
            worker = data.draw(st.sampled_from(sorted(running)))
            ended = running.pop(worker)
            done.append(ended.task)
            held.add((ended.task, worker))
            scheduler.finished(ended.task, worker)
            continue
        assert assigned.worker not in running
        assert set(assigned.fetches) <= held
        held |= {(name, assigned.worker) for name, _ in assigned.fetches}
        moved_bytes += sum(graph.tasks[name].size_bytes for name, _ in assigned.fetches)
        assert {(name, assigned.worker) for name in graph.tasks[assigned.task].inputs} <= held
        running[assigned.worker] = assigned
    assert sorted(done) == sorted(graph.tasks)
    assert scheduler.moved_bytes == moved_bytes


def test_nobody_is_idle_while_a_task_could_begin() -> None:
    graph = TaskGraph({str(number): Task(sum) for number in range(5)})
    scheduler = GraphScheduler(graph, 3, lambda source, target: 1)
    begun = [scheduler.assign() for _ in range(4)]
    assert [one.worker for one in begun if one] == [0, 1, 2]
    assert begun[3] is None


def test_a_result_comes_from_the_nearest_worker_that_has_it() -> None:
    graph = TaskGraph({"a": Task(sum), "b": Task(sum, ("a",)), "c": Task(sum, ("a",)), "d": Task(sum, ("a",))})
    scheduler = GraphScheduler(graph, 3, lambda source, target: abs(source - target))
    first = scheduler.assign()
    assert first == Assigned("a", 0, ())
    scheduler.finished("a", 0)
    assert [scheduler.assign() for _ in range(3)] == [
        Assigned("b", 0, ()),
        Assigned("c", 1, (("a", 0),)),
        Assigned("d", 2, (("a", 1),)),
    ]
