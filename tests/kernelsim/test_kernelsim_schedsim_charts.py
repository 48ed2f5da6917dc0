"""Charts of the scheduler simulator: the reference's own, and some worked out by hand from the rules."""

from pathlib import Path

import pytest

from kernelsim import ScenarioError, SchedulerPanic
from kernelsim.schedsim import chart

REFERENCE = ("be0", "be1", "be2", "be4", "be6", "be8", "be10", "be12", "be16", "gang0", "gang2", "hrt0", "hrt1",
             "hrt3", "hrtbe0", "hrtbe3")  # fmt: skip


def rows(text: str, runtime: int, quantum: int = 1) -> list[str]:
    """The lines of a chart under its four lines of ruler."""
    return chart(text, runtime, quantum).split("\n")[4:-1]


@pytest.mark.parametrize("name", REFERENCE)
def test_a_reference_scenario_gives_the_reference_chart(shared_data: Path, name: str) -> None:
    folder = shared_data / "schedsim"
    if not folder.is_dir():
        pytest.skip(f"the reference charts are not here: {folder}")
    assert chart((folder / f"{name}.cfg").read_text(), 1000) == (folder / f"{name}.txt").read_text()


def test_releasing_a_running_hard_task_again_gives_it_back_its_last_tick() -> None:
    assert rows("0 H 4 10 0\n2 r 0\n", 15) == [
        "h 0: #####       ###",
        "     r r         r  ",
    ]


def test_a_yield_of_another_task_forgives_the_running_one_its_last_tick() -> None:
    assert rows("0 H 4 10 0\n0 B 1\n2 y 1\n", 16) == [
        "h 0: #####     ####  ",
        "     r         r     ",
        "b 1:      #####    ##",
        "     r r             ",
    ]


def test_a_yield_of_the_running_hard_task_ends_its_period() -> None:
    assert rows("0 H 4 10 0\n2 y 0\n", 15) == [
        "h 0: ##        #### ",
        "     r         r    ",
    ]


def test_a_directed_switch_shows_its_target_until_the_charged_task_has_paid_for_it() -> None:
    assert rows("0 B 1\n0 B 1\n3 c 1\n", 165) == [
        "b 0: ###" + " " * 157 + "#####",
        "     r" + " " * 79 + "r" + " " * 84,
        "b 1:    " + "#" * 157 + " " * 5,
        "     r" + " " * 159 + "r" + " " * 4,
    ]


def test_a_directed_switch_to_a_blocked_task_does_not_outlive_its_tick() -> None:
    scenario = "0 B 1\n0 B 1\n2 d 1\n3 c 1\n"
    assert rows(scenario, 6)[0] == "b 0: ######"
    assert rows(scenario, 6, quantum=2)[0::2] == ["b 0: ### ##", "b 1:    #  "]


def test_a_task_created_later_is_also_marked_in_column_0() -> None:
    assert rows("5 H 2 6 0\n", 14) == [
        "h 0:      ##    ## ",
        "     r    r     r  ",
    ]


def test_an_idle_core_keeps_a_spent_hard_task_waiting_for_its_next_period() -> None:
    assert rows("0 H 1 4 0\n", 9) == [
        "h 0: #   #   #",
        "     r   r   r",
    ]


def test_a_removed_task_runs_no_more_and_blocked_time_is_not_made_up_for() -> None:
    assert rows("0 H 3 10 0\n1 d 0\n6 r 0\n", 18) == [
        "h 0: #     ###       ##",
        "     r     r         r ",
    ]


def test_an_event_before_the_one_that_has_just_been_carried_out_waits_for_ever_with_all_behind_it() -> None:
    assert rows("5 B 1\n3 B 1\n7 B 1\n", 10) == [
        "b 0:      #####",
        "     r    r    ",
    ]


def test_comments_and_empty_lines_are_skipped() -> None:
    assert rows("# a comment\n\n0 B 1\n", 3) == rows("0 B 1\n", 3)


def test_a_chart_of_no_tasks_is_a_ruler_and_of_no_ticks_a_margin() -> None:
    assert chart("", 12) == "     0           \n     0           \n     0         1 \n     012345678901\n"
    assert chart("0 B 1\n", 0) == "     \n" * 4


def test_the_ruler_counts_thousands_hundreds_and_tens() -> None:
    thousands, hundreds, tens, ones = (line[5:] for line in chart("", 11_102).split("\n")[:4])
    assert {tick: digit for tick, digit in enumerate(thousands) if digit != " "} == {
        tick: str(tick // 1000 % 10) for tick in range(0, 11_102, 1000)
    }
    assert (thousands[1000], thousands[10_000], thousands[11_000]) == ("1", "0", "1")
    assert (hundreds[900], hundreds[1000], hundreds[1100], hundreds[1050]) == ("9", "0", "1", " ")
    assert (tens[1090], tens[1100], tens[1095]) == ("9", "0", " ")
    assert ones[1095:1102] == "5678901"


# -- panics ----------------------------------------------------------------------------------------------------


def test_a_deadline_found_missed_is_a_panic_with_the_kernels_words() -> None:
    with pytest.raises(SchedulerPanic, match=r"^Missed hard deadline: now = 6, deadline = 5$"):
        chart("0 H 6 10 0 5\n", 20)


def test_a_deadline_is_not_found_missed_by_a_chart_that_ends_before() -> None:
    assert rows("0 H 6 10 0 5\n", 6)[0] == "h 0: ######"


def test_a_set_of_hard_tasks_beyond_nine_tenths_of_the_core_is_a_panic() -> None:
    with pytest.raises(SchedulerPanic, match=r"^RBED scheduler overload \(loaded 105%\)!$"):
        chart("0 H 95 100 0\n", 10)
    assert rows("0 H 9 10 0\n", 11)[0] == "h 0: ######### #"


def test_soft_tasks_are_a_panic_because_the_reference_has_none() -> None:
    with pytest.raises(SchedulerPanic):
        chart("0 S 1 2 3\n", 10)


# -- schedules without an end ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0 H 0 10 0\n", id="a hard task without a budget"),
        pytest.param(
            "0 B 4293\n0 B 4293\n0 B 4293\n0 H 1 100 0 130\n1 d 0\n1 d 1\n1 B 1\n",
            id="a best-effort task whose budget rounds to nothing before a hard task of the future",
        ),
    ],
)
def test_a_schedule_without_an_end_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        chart(text, 20)
    assert caught.value.code == "endless_schedule"


def test_a_budget_that_rounds_to_nothing_is_no_harm_where_somebody_else_can_run() -> None:
    assert rows("0 B 1\n0 B 4293\n", 10)[0::2] == ["b 0:           ", "b 1: ##########"]
