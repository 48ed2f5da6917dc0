"""Phase changes, shootdowns and two-phase commit beside what was published of them."""

import pytest

from experiments.reproduce import Row
from experiments.reproduce.agreement import AGREEMENT
from experiments.reproduce.agreement.rep22 import crossing, loaded_unmaps_ms, unmap_cycles

FITTED = {"REP-10", "REP-21", "REP-22"}
"""Those whose value rests on a constant that was chosen for it."""


@pytest.mark.parametrize("name", AGREEMENT)
def test_every_claim_holds_and_every_ablation_breaks(name: str, full_scale: bool) -> None:
    row: Row = AGREEMENT[name](20 if full_scale else 1)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.ablations
    assert row.verdict == ("fitted" if name in FITTED else "reproduced")
    assert any(claim.fitted for claim in row.claims) == (name in FITTED)
    assert row.free_parameters


def test_a_crossing_is_where_one_stays_the_cheaper() -> None:
    assert crossing({1: 5, 2: 5, 3: 5}, {1: 1, 2: 6, 3: 7}) == 2
    assert crossing({1: 5, 2: 5, 3: 5}, {1: 6, 2: 6, 3: 5}) is None


def test_a_constant_of_the_monitor_is_no_slope() -> None:
    """A thousand cycles more in each monitor cost two thousand in the package, three beyond it, at any size."""
    for cores, monitors_in_a_row in ((2, 2), (4, 2), (16, 3), (32, 3)):
        more = unmap_cycles(cores, work_cycles=3_804) - unmap_cycles(cores, work_cycles=2_804)
        assert more == pytest.approx(1_000 * monitors_in_a_row, abs=120)


def test_load_gives_an_unmap_a_tail_of_time_slices() -> None:
    taken = loaded_unmaps_ms(4, 5)
    assert len(taken) == 5
    assert max(taken) > 40
