"""Cores of two speeds and an accelerator: who knows of them places better, and nobody runs where he cannot."""

from functools import cache
from itertools import pairwise

import pytest

import skb
from experiments.comparing.asymmetric import RingWork, Way, compare_ways, rounds
from experiments.errors import ExperimentError
from kernelsim.errors import ScenarioError
from planner.machine.topology import Topology

LITTLE_HZ, BIG_HZ, ACCELERATOR_HZ = 1_000_000_000, 3_000_000_000, 800_000_000
LITTLE, BIG, ACCELERATOR = (0, 1, 2, 3), (4, 5, 6, 7), (8, 9)


def big_little(big_hz: int = BIG_HZ) -> Topology:
    """A package of four little cores, two of two big ones, and an accelerator, all in a row."""
    packages = [(0, LITTLE, LITTLE_HZ, 0, "x86_64"), (1, BIG[:2], big_hz, 1, "x86_64")]
    packages += [(2, BIG[2:], big_hz, 1, "x86_64"), (3, ACCELERATOR, ACCELERATOR_HZ, 0, "nfp")]
    lines = ["machine('big-little')."]
    for package, cores, hz, kind, isa in packages:
        for core in cores:
            lines.append(f"core({core}, {package}). clock_hz({core}, {hz}). core_kind({core}, {kind}).")
            lines.append(f"isa({core}, {isa}). cache({package}, {core}, 2, unified, 1048576, 64).")
    lines += [f"package_hops({a}, {b}, {abs(a - b)})." for a in range(4) for b in range(4)]
    return Topology.of(skb.load("\n".join(lines)).snapshot())


@cache
def ways(work: RingWork, big_hz: int = BIG_HZ) -> tuple[dict[str, Way], list[Way]]:
    """All ways by name, and those that know nothing."""
    found = {way.name: way for way in compare_ways(big_little(big_hz), work, draws=3)}
    return found, [way for name, way in found.items() if name.startswith("oblivious")]


@pytest.mark.parametrize("work_cycles", [20, 3000])
def test_who_knows_of_speeds_and_ways_gets_further_than_who_does_not(work_cycles: int) -> None:
    found, oblivious = ways(RingWork(4, work_cycles))
    assert found["aware"].rounds > 1.1 * max(way.rounds for way in oblivious)
    assert found["aware"].rounds == max(found["near"].rounds, found["fastest"].rounds)


def test_fast_cores_are_worth_the_way_to_them_only_where_there_is_much_to_compute() -> None:
    little_work, much_work = (ways(RingWork(4, cycles))[0] for cycles in (20, 3000))
    assert set(little_work["aware"].cores) == set(LITTLE)
    assert set(much_work["aware"].cores) == set(BIG)
    assert little_work["near"].rounds > 1.3 * little_work["fastest"].rounds
    assert much_work["fastest"].rounds > 2 * much_work["near"].rounds


def test_what_is_gained_comes_from_the_speeds_and_goes_with_them() -> None:
    found, oblivious = ways(RingWork(4, 3000), LITTLE_HZ)
    assert found["aware"].rounds < 1.1 * min(way.rounds for way in oblivious)


def test_a_prediction_by_clocks_and_latencies_orders_placements_as_runs_do() -> None:
    found, _ = ways(RingWork(4, 3000, filters=1, filter_cycles=100, filter_isa="nfp"))
    by_prediction = sorted(found.values(), key=lambda way: way.predicted_ps)
    for better, worse in pairwise(by_prediction):
        assert better.rounds >= 0.98 * worse.rounds


def test_nobody_is_placed_on_a_core_without_his_instruction_set() -> None:
    machine, work = big_little(), RingWork(3, 1000, filters=2, filter_cycles=100, filter_isa="nfp")
    for way in compare_ways(machine, work, draws=2):
        assert [machine.core(core).isa for core in way.cores] == list(work.isas), way.name
    with pytest.raises(ExperimentError, match="no placement on big-little"):
        compare_ways(machine, RingWork(3, 100, filters=3, filter_cycles=100, filter_isa="nfp"))


def test_a_kernel_refuses_a_dispatcher_of_another_instruction_set() -> None:
    machine, work = big_little(), RingWork(2, 100, filters=1, filter_cycles=100, filter_isa="nfp")
    assert rounds(machine, work, (0, 1, 8)) > 0
    with pytest.raises(ScenarioError, match="compiled for nfp on core 2; accepted: x86_64"):
        rounds(machine, work, (0, 1, 2))


def test_a_ring_of_one_or_with_more_filters_than_workers_is_refused() -> None:
    for workers, filters in ((1, 0), (2, 3), (2, -1)):
        with pytest.raises(ExperimentError, match="two workers or more"):
            RingWork(workers, 100, filters=filters)
