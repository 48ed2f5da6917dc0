"""A desktop in every combination of the phases of its video and script pages."""

from functools import cache

import pytest
from kernelsim_machines import MS, US, S, machine

from kernelsim import Outcome, PhaseChange, Scenario, run
from kernelsim.applications.browser import BrowserDesktop, Frames

CORES = machine(4, per_package=2)
DISPLAY = Frames(0, period_ps=16 * MS, work_ps=1500 * US, budget_ps=2 * MS)
VIDEO = Frames(1, period_ps=40 * MS, work_ps=8 * MS, budget_ps=10 * MS, offset_ps=30 * MS)
INPUTS_PS = (100 * MS, 700 * MS, 1000 * MS)
COMBINATIONS = [(video, script) for video in (False, True) for script in (False, True)]


@cache
def two_seconds(video: bool, script: bool) -> tuple[BrowserDesktop, Outcome]:
    desktop = BrowserDesktop((0, 1, 2, 3), DISPLAY, VIDEO, INPUTS_PS, script_ps=10 * MS, script_offset_ps=4 * MS)
    wanted = (("video", video), ("script", script))
    changes = tuple(PhaseChange(name, 1, 1 * MS) for name, is_guaranteed in wanted if is_guaranteed)
    scenario = Scenario(CORES, desktop.applications(), 2 * S, desktop.schedules(), synchronise=True,
                        phase_changes=changes)  # fmt: skip
    return desktop, run(scenario)


@pytest.mark.parametrize(("video", "script"), COMBINATIONS)
def test_in_every_combination_of_phases_guarantees_are_kept_and_pages_come_in_time(video: bool, script: bool) -> None:
    desktop, outcome = two_seconds(video, script)
    assert [one for one in outcome.applications.values() if one.misses or one.failures] == []
    assert desktop.late_frames["display"] == 0
    assert len(desktop.responses_ps) == len(INPUTS_PS)
    assert max(desktop.responses_ps) < 5 * S


@pytest.mark.parametrize("script", [False, True])
def test_a_video_page_is_in_time_in_its_guaranteed_phase_alone(script: bool) -> None:
    assert two_seconds(True, script)[0].late_frames["video"] == 0
    assert two_seconds(False, script)[0].late_frames["video"] > 20


@pytest.mark.parametrize("video", [False, True])
def test_a_script_page_gets_on_as_a_gang_and_hardly_otherwise(video: bool) -> None:
    done = [two_seconds(video, script)[1].applications["script"].progress for script in (False, True)]
    assert done[1] > 5 * done[0]


def test_the_index_takes_what_the_others_leave() -> None:
    used = [sum(two_seconds(*phases)[1].applications["index"].cpu_ps) for phases in ((False, False), (True, True))]
    assert 0 < used[1] < used[0]


def test_late_interactive_responses_are_counted() -> None:
    desktop, _ = two_seconds(False, False)
    quickest, *_, slowest = sorted(desktop.responses_ps)
    assert [desktop.late_responses(limit) for limit in (quickest - 1, slowest - 1, slowest)] == [3, 1, 0]


def test_there_is_a_schedule_for_every_combination() -> None:
    schedules = two_seconds(True, True)[0].schedules()
    assert len({(one.phases["video"], one.phases["script"]) for one in schedules}) == len(schedules) == 4
