"""Annotated phases become a manifest, and what was granted decides what runs."""

import pytest

from experiments.annotations import Annotated, run_annotated
from experiments.errors import ExperimentError
from experiments.machines import find_machine
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Member
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

MS = 10**9


def one_core() -> Topology:
    return find_machine("synthetic:package:1 core:1 pu:1").true


def video(log: list[tuple[str, float]], at_least: float | None = 0.5) -> Annotated:
    program = Annotated("video")

    @program.phase(wcet_ms=lambda frames: 2 * frames, period_ms=40, begins_ms=10)
    def show(me: Member) -> Program:
        log.append(("all", 1.0))
        yield me.compute_ps(1 * MS)
        me.count()

    if at_least is not None:

        @show.otherwise(at_least=at_least)
        def show_some(me: Member, kept: float) -> Program:
            log.append(("some", kept))
            yield me.compute_ps(1 * MS)
            me.count()

    return program


def rival(wcet_ms: int) -> Manifest:
    return Manifest.from_text(f"B 1\nH {wcet_ms} 40", name="rival", dispatchers=1)


def test_annotations_become_a_manifest_that_follows_what_the_program_is_started_with() -> None:
    program = video([])
    assert program.manifest(5).to_text() == Manifest.from_text("B 1\nH 10 40 40 0", name="video").to_text()
    assert program.manifest(5) != program.manifest(6)
    assert program.manifest(6).phase_count == 2


def test_who_gets_all_runs_the_phase_and_misses_nothing() -> None:
    log: list[tuple[str, float]] = []
    decision, outcome = run_annotated(video(log), one_core(), size=5, duration_ps=200 * MS)
    assert (log, decision.reductions) == ([("all", 1.0)], {})
    assert (outcome.applications["video"].progress, outcome.applications["video"].failures) == (1, ())
    assert outcome.applications["video"].misses == ()


def test_a_partial_grant_runs_its_handler_with_the_part_that_was_granted() -> None:
    log: list[tuple[str, float]] = []
    decision, outcome = run_annotated(video(log), one_core(), [rival(30)], size=10, duration_ps=200 * MS)
    assert log == [("some", decision.reductions["video"] / 1e6)]
    assert 0.5 < log[0][1] < 0.8
    assert outcome.applications["video"].progress == 1


@pytest.mark.parametrize("at_least", [0.9, None])
def test_less_than_the_handler_can_do_with_is_an_outcome_of_the_run(at_least: float | None) -> None:
    log: list[tuple[str, float]] = []
    _, outcome = run_annotated(video(log, at_least), one_core(), [rival(30)], size=10, duration_ps=200 * MS)
    (failure,) = outcome.applications["video"].failures
    assert (log, "of what is asked for was granted" in failure.what) == ([], True)


def test_annotations_that_no_manifest_may_say_are_refused() -> None:
    with pytest.raises(PlanError):
        video([]).manifest(-1)
    with pytest.raises(ExperimentError, match="above 0, up to 1"):
        video([], at_least=1.5)
