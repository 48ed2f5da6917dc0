"""Applications beside what was published of them; the whole rows at full scale, their mechanisms always."""

from itertools import product

import pytest

from experiments.reproduce import Row
from experiments.reproduce.applications import APPLICATIONS, kernel_runs, lu_runs, web_runs
from kernelsim.applications.web_service import WebLoad

QUICK = ("REP-18",)
"""Rows that take well under a second."""


@pytest.mark.parametrize("name", APPLICATIONS)
def test_every_claim_holds_and_every_ablation_breaks(name: str, full_scale: bool) -> None:
    if not full_scale and name not in QUICK:
        pytest.skip("takes seconds: SKB_TEST_SCALE=full")
    row: Row = APPLICATIONS[name](1)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.ablations


@pytest.mark.parametrize(("domains", "kinds"), [(("one",), 1), (("one", "other"), 3), (("a", "b", "c"), 10)])
def test_placements_that_cannot_be_told_apart_are_tried_once(domains: tuple[str, ...], kinds: int) -> None:
    assert len(list(web_runs.placements(domains))) == kinds


def test_where_packages_are_not_apart_the_placement_of_the_driver_does_not_matter() -> None:
    load, near = WebLoad(server_cycles=140_000, driver_cycles=3000), web_runs.flat(web_runs.web_machine())
    for machine, is_equal in ((None, False), (near, True)):
        found = [
            web_runs.serve(load, {"server": 3, "driver": driver}, 10, machine=machine).pages_per_s for driver in (2, 1)
        ]
        assert (found[0] == found[1]) is is_equal


@pytest.mark.parametrize("machine", ["amd-2x2", "intel-2x4", "scc"])
def test_lu_by_messages_takes_about_as_long_as_the_native_version_in_the_same_language(machine: str) -> None:
    for ranks in (1, 4):
        own, native = (
            lu_runs.completion_s(lu_runs.Setting(machine, ranks, system, language="C"))
            for system in ("barrelfish", "native")
        )
        assert 0.95 <= own / native <= 1.05


def test_with_the_same_barrier_a_kernel_takes_as_long_on_both_systems() -> None:
    times = {
        (barrier, scheduler): kernel_runs.total_s(kernel_runs.CG, barrier, scheduler, 8, 0)
        for barrier, scheduler in product(("counter", "system call"), ("rbed", "linux-like"))
    }
    assert times["counter", "rbed"] == times["counter", "linux-like"]
    assert times["counter", "rbed"] < times["system call", "rbed"] == times["system call", "linux-like"]
