"""Curves to many cores: what grows how, small enough to be run each time, and the page that is written from them."""

from pathlib import Path

import pytest

from experiments.beyond import Finding, find, page_text, write_page
from experiments.beyond.channels import all_send_ps, channel_costs
from experiments.beyond.congestion import loaded
from experiments.beyond.gang_starts import LOADS_PERCENT, skew_us
from experiments.beyond.machines import growth
from experiments.beyond.monitor_turns import unmaps_us
from experiments.beyond.page import row_text
from experiments.beyond.phase_changes import WAYS, cycles
from experiments.errors import ExperimentError
from experiments.parameters import Parameter

PAGE = Path(__file__).resolve().parents[2] / "docs" / "beyond.md"
FREE = Parameter("p", 1, "s", "free")
TOY = Finding("BEY-0", "Toy", "How many?", ("cores", "toys"), ((16, 1_000),), "Toys.", (FREE,))


def test_a_phase_change_grows_with_the_cores_by_unicast_and_hardly_by_tree(full_scale: bool) -> None:
    few, many = (256, 1024) if full_scale else (32, 128)
    alone = cycles(1, "unicast")
    unicast, tree = (
        growth((few, cycles(few, way) - alone), (many, cycles(many, way) - alone))
        for way in ("unicast", "planner's tree")
    )
    assert 0.9 <= unicast <= 1.1
    assert tree < 0.6


def test_routers_are_crowded_when_everybody_sends_and_channels_of_ones_own_are_not() -> None:
    assert all_send_ps(16, routed=True) == all_send_ps(16, routed=False)
    assert all_send_ps(64, routed=True) > 5 * all_send_ps(64, routed=False)


def test_only_monitors_with_guaranteed_time_answer_within_milliseconds_on_busy_cores() -> None:
    waiting, guaranteed = (unmaps_us(16, reserved=reserved) for reserved in (False, True))
    assert min(waiting) > 80_000
    assert max(guaranteed) < 3_000


def test_gangs_by_interrupts_start_further_apart_the_more_cores_and_the_more_traffic_there_are() -> None:
    assert skew_us(16, 0) < skew_us(64, 0) < skew_us(64, 50)
    assert skew_us(16, 50) < skew_us(64, 50)


def test_the_page_holds_what_the_command_measures() -> None:
    lines = PAGE.read_text().splitlines()
    starts = row_text((64, *(skew_us(64, load) for load in LOADS_PERCENT)))
    for line in (row_text(channel_costs(64)), row_text((32, *(cycles(32, way) for way in WAYS))), starts):
        assert line in lines, "run `python -m experiments.beyond --write`"


def test_a_page_has_a_table_of_every_question_and_names_what_breaks_first() -> None:
    text = page_text([TOY])
    assert "| [BEY-0](#bey-0) | Toy | Toys. |" in text
    assert "| 16 | 1,000 |" in text
    assert TOY.column("toys") == [1_000]


def test_an_unknown_question_or_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="accepted: BEY-01"):
        find(["BEY-99"])
    with pytest.raises(ExperimentError, match="accepted: one that exists"):
        write_page([TOY], tmp_path / "missing")


def test_a_phase_change_waits_on_a_congested_mesh_and_not_on_an_idle_one() -> None:
    alone = cycles(16, "unicast")
    idle, busy = (loaded(16, "unicast", load) for load in (0, 90))
    assert idle == pytest.approx(alone, rel=0.01)
    assert busy > 1.5 * alone
