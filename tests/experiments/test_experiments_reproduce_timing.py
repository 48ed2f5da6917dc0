"""Drift, synchronisation, traces and the ends of periods beside what was published of them."""

import pytest

from experiments.reproduce import Row
from experiments.reproduce.timing import TIMING


@pytest.mark.parametrize("name", TIMING)
def test_every_claim_holds_and_every_ablation_breaks(name: str, full_scale: bool) -> None:
    row: Row = TIMING[name](20 if full_scale else 2)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.ablations
    assert row.verdict == ("fitted" if name == "REP-26" else "reproduced")


def test_two_gangs_without_laxity_are_never_silently_late() -> None:
    """The counter-example of admission by utilisation: each late job is counted, and only offsets avoid them."""
    misses = TIMING["REP-29"](1).series["misses"]
    assert isinstance(misses, dict)
    assert misses["same release"] == len((0, 1, 2, 3)) * 12
    assert misses["apart"] == misses["protected"] == 0
