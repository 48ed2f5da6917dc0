"""Workloads of scenario files whose threads stop together."""

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
        (
            "virtual-machine",
            "{ interval_ms = 0.001 }",
            "with 4 threads; accepted: at most 125000",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(kind: str, options: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        experiments.run_scenario(HEAD + team(kind, f"workload_options = {options}"))
