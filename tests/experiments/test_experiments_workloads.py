"""Workloads of scenario files whose threads work together."""

from typing import Any

import pytest

import experiments
from experiments import ExperimentError

HEAD = 'machine = "amd-4x4"\nseconds = 0.5\n'
RIVAL = '[[application]]\nname = "rival"\nworkload = "cpu-bound"\nthreads = 4\ncores = "0-3"\n'


def team(kind: str, *lines: str, threads: int = 4) -> str:
    head = f'[[application]]\nname = "team"\nworkload = "{kind}"\nthreads = {threads}\ncores = "0-3"\n'
    return head + "".join(f"{line}\n" for line in lines)


def progress(text: str) -> Any:
    return experiments.run_scenario(text).to_json()["applications"]["team"]["progress"]


@pytest.mark.parametrize(
    ("kind", "options", "meetings"),
    [
        ("garbage-collected", "", 45),
        ("garbage-collected", "{ interval_ms = 4, collection_ms = 1 }", 100),
        ("virtual-machine", "", 500),
        ("virtual-machine", "{ interval_ms = 20 }", 25),
    ],
)
def test_alone_threads_meet_as_often_as_their_interval_says(kind: str, options: str, meetings: int) -> None:
    line = (f"workload_options = {options}",) if options else ()
    assert progress(HEAD + team(kind, *line)) == pytest.approx(4 * meetings, rel=0.05)


def test_a_kernel_counts_its_intervals_and_a_cube_its_iterations() -> None:
    """Interval: 40 ms of work on four threads. Iteration: 16^3 points of 45,680 cycles on four ranks."""
    kernel = team("kernel", "workload_options = { work_cycles = 400_000_000, barriers = 4, locks = 40 }")
    assert progress(HEAD + kernel) == pytest.approx(4 * 0.5 / 0.01, rel=0.05)
    cube = progress(HEAD + team("lu", "workload_options = { points = 16, point_cycles = 45680 }"))
    assert 0.7 < cube / (4 * 0.5 * 2.5e9 * 4 / (16**3 * 45_680)) < 1


def test_ranks_that_form_no_grid_are_refused() -> None:
    with pytest.raises(ExperimentError, match="with 3 threads; accepted: a power of two"):
        experiments.run_scenario(HEAD + team("lu", threads=3))


@pytest.mark.parametrize("kind", ["garbage-collected", "virtual-machine"])
def test_more_threads_than_cores_meet_less_often(kind: str) -> None:
    assert 0 < progress(HEAD + team(kind, threads=8)) / 8 < progress(HEAD + team(kind)) / 4


def test_as_a_gang_a_guest_keeps_half_and_misses_nothing() -> None:
    text = HEAD + team("virtual-machine", 'manifest = "H 80 160 80\\n"') + RIVAL
    found = experiments.run_scenario(text).to_json()["applications"]["team"]
    assert (found["progress"], found["misses"]) == (pytest.approx(4 * 250, rel=0.1), 0)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("garbage-collected", "{ interval_ms = 0 }", r"interval_ms: found 0; accepted: at least 0\.001"),
        ("garbage-collected", '{ wait = "hope" }', "found 'hope'; accepted: block or yield"),
        ("garbage-collected", "{ work_cycles = 3 }", "accepted: interval_ms, collection_ms, spin_us, wait"),
        ("virtual-machine", "{ spin_us = 3 }", "accepted: interval_ms"),
        ("kernel", "{ work_cycles = 1e6 }", "work_cycles"),
        ("kernel", "{ work_cycles = 1000, barriers = 2 }", "found 1000; accepted: 1000 for each of 2 barriers"),
        ("kernel", "{ work_cycles = 100000, barriers = 100 }", "larger workload_options.work_cycles"),
        ("kernel", '{ work_cycles = 1000000, barrier = "hope" }', "accepted: counter or system call"),
        ("lu", "{ points = 3 }", "points: found 3"),
        ("lu", "{ point_cycles = 1 }", "larger workload_options.point_cycles"),
        (
            "virtual-machine",
            "{ interval_ms = 0.001 }",
            "accesses to shared lines and messages; accepted: at most 2000000",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(kind: str, options: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        experiments.run_scenario(HEAD + team(kind, f"workload_options = {options}"))


@pytest.mark.parametrize(
    ("kind", "options", "is_blocking"),
    [
        ("garbage-collected", "{}", True),
        ("garbage-collected", '{ wait = "yield" }', False),
        ("kernel", '{ work_cycles = 100_000_000, barrier = "system call" }', True),
        ("kernel", "{ work_cycles = 100_000_000, locks = 9 }", True),
        ("kernel", "{ work_cycles = 100_000_000 }", False),
    ],
)
def test_what_blocks_is_refused_in_real_time(kind: str, options: str, is_blocking: bool) -> None:
    text = HEAD + team(kind, f"workload_options = {options}", 'manifest = "H 80 160 80\\n"')
    if not is_blocking:
        assert progress(text) > 0
        return
    with pytest.raises(Exception, match="accepted: wait = yield or spin"):
        experiments.run_scenario(text)
