"""The three classes of applications: what each gets beside the others, with guarantees and without."""

from dataclasses import replace
from random import Random

from kernelsim_machines import MS, machine

from kernelsim import Outcome, Scenario, run
from kernelsim.applications.application_classes import ClassMix, Report, class_mix

SECOND = 1000 * MS


def inputs(seed: int) -> tuple[int, ...]:
    """A user who wants something every 50 to 150 ms."""
    draw, times = Random(seed), [60 * MS]
    while times[-1] < SECOND - 200 * MS:
        times.append(times[-1] + draw.randrange(50, 150) * MS)
    return tuple(times)


MIX = ClassMix(4, inputs(1))


def used(mix: ClassMix, **more: object) -> tuple[Outcome, Report]:
    applications, schedules, report = class_mix(mix)
    scenario = Scenario(machine(4, timeslice_ps=20 * MS), applications, SECOND, schedules, synchronise=bool(schedules))
    return run(replace(scenario, **more)), report  # type: ignore[arg-type]


def elastic_share(outcome: Outcome) -> float:
    cpu_ps = (sum(one.cpu_ps) for name, one in outcome.applications.items() if name.startswith("elastic"))
    return sum(cpu_ps) / (4 * outcome.duration_ps)


def test_with_guarantees_the_user_is_answered_in_time_and_no_frame_is_late() -> None:
    outcome, report = used(MIX)
    assert report.late_answers == 0
    assert len(report.responses_ps) == len(MIX.inputs_ps)
    assert report.frames == 2 * 50
    assert report.late_frames == 0
    assert all(not one.misses for one in outcome.applications.values())


def test_as_best_effort_beside_elastic_applications_answers_and_frames_are_late() -> None:
    crowd = replace(MIX, elastic=4)
    _, report = used(replace(crowd, guaranteed=False))
    assert report.late_answers > len(MIX.inputs_ps) / 2
    assert report.late_frames > report.frames / 2
    _, report = used(crowd)
    assert report.late_answers == report.late_frames == 0


def test_alone_best_effort_is_as_good() -> None:
    _, report = used(replace(MIX, guaranteed=False, elastic=0))
    assert report.late_answers == report.late_frames == 0


def test_elastic_applications_have_what_the_others_leave() -> None:
    outcome, _ = used(MIX)
    demand = (len(MIX.inputs_ps) * MIX.answer_ps + 2 * 50 * MIX.frame_ps) / (4 * SECOND)
    assert 1 - demand - 0.02 < elastic_share(outcome) <= 1 - demand


def test_an_answer_larger_than_its_share_is_reported_late() -> None:
    _, report = used(replace(MIX, answer_ps=200 * MS))
    assert report.late_answers == len(MIX.inputs_ps)
