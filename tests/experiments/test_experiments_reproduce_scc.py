"""What was published of messages on the Single-chip Cloud Computer, beside the simulator's operation counts."""

from experiments.reproduce.scc import SCC
from experiments.reproduce.scc.cloud import cloud


def test_the_order_of_the_designs_follows_and_says_what_of_it_is_fitted() -> None:
    row = SCC["REP-20"](1)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.ablations
    assert row.verdict == "fitted"
    assert {claim.verdict for claim in row.claims} == {"reproduced", "fitted"}
    assert row.pictures["rep-20"].startswith("<svg")


def test_the_described_machine_is_the_chip_of_48_cores() -> None:
    chip, costs = cloud()
    assert chip.cores == 48
    assert max(chip.hops(0, core) for core in range(48)) == 8
    assert costs.core_hz == 533_000_000
