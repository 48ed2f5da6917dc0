"""The baselines beside what was published of them; the whole rows at full scale, their mechanisms always."""

from dataclasses import replace

import pytest

from experiments.reproduce import Row
from experiments.reproduce.baselines import BASELINES
from experiments.reproduce.baselines.two_gangs import Setting, alternate, gain

FEW_PAIRS = Setting(0, pairs=10)


@pytest.mark.parametrize("name", BASELINES)
def test_every_claim_holds_and_every_ablation_breaks(name: str, full_scale: bool) -> None:
    if not full_scale:
        pytest.skip("takes seconds: SKB_TEST_SCALE=full")
    row: Row = BASELINES[name](20)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.ablations


@pytest.mark.parametrize(("slice_us", "least", "most"), [(80_000, 0.0, 0.001), (500, 0.0, 0.015), (20, 0.15, 0.45)])
def test_phase_locking_gains_only_at_slices_shorter_than_200_us(slice_us: int, least: float, most: float) -> None:
    assert least <= gain(replace(FEW_PAIRS, slice_us=slice_us, ipi_us=3.5)) <= most


@pytest.mark.parametrize("slice_us", [20, 200])
def test_interrupts_that_cost_nothing_are_as_good_as_phase_locking(slice_us: int) -> None:
    assert abs(gain(replace(FEW_PAIRS, slice_us=slice_us, ipi_us=0.0))) < 0.005


@pytest.mark.parametrize("ipi_us", [None, 3.5])
def test_alternating_gangs_advance_alike_when_every_iteration_is_carried_out(ipi_us: float | None) -> None:
    quick = replace(FEW_PAIRS, slice_us=20, ipi_us=ipi_us)
    assert alternate(quick) == alternate(replace(quick, step_by_step=True))
