"""Unmap, retype and revoke in a running kernel: what they cost and leave behind, and what busy cores do to them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from kernelsim_machines import HZ, MS, US, S, barrier_beside_cpu_bound, cycles, machine

from kernelsim import Application, Machine, Operation, Outcome, Reservation, Scenario, ScenarioError, run
from kernelsim.scenario import CpuBound, Deallocation, Scripted
from kernelsim.system.agreement.routes import by_package, farthest_first, unicast
from kernelsim.system.agreement.shootdown import broadcast_ps, multicast_ps

CORES = tuple(range(16))


def quiet(*operations: Operation, cores: int = 16, second: bool = False) -> Scenario:
    """An application whose dispatcher 0 asks and waits while all others sleep; or two that ask from either end."""
    times = sorted({one.at_ps for one in operations})
    waits = [(i * US // 2, "block") for i in range(1, 50)]
    asking = tuple((at + later, what) for at in times for later, what in ((-1, "run"), *waits))
    scripts = Scripted((asking, *((),) * (cores - 1)))
    applications = [Application("app", scripts, tuple(range(cores)))]
    if second:
        applications.append(Application("other", scripts, tuple(reversed(range(cores)))))
    return Scenario(machine(cores), tuple(applications), 20 * MS, operations=operations)


def taken(outcome: Outcome) -> list[int]:
    found = [one.cycles for one in outcome.operations]
    assert all(each is not None for each in found)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("sends", [None, by_package(machine(), 0, CORES), {0: (1,), 1: tuple(range(2, 16))}])
@pytest.mark.parametrize("order", ["forward first", "work first", "serial"])
def test_no_translation_is_left_when_an_unmap_is_answered(
    sends: Mapping[int, tuple[int, ...]] | None, order: str
) -> None:
    outcome = run(quiet(Operation("unmap", "app", 7, at_ps=1 * MS, sends=sends, order=order)))
    (unmap,) = outcome.operations
    assert unmap.done
    assert unmap.messages == 30
    assert sum(message.kind.startswith("invalidate") for message in outcome.trace.messages) == 30


@pytest.mark.parametrize("sends", [None, by_package(machine(), 0, CORES)])
def test_a_page_mapped_on_one_core_is_there_on_all_after_one_round(
    sends: Mapping[int, tuple[int, ...]] | None,
) -> None:
    there_and_gone = (
        Operation("map", "app", 7, at_ps=1 * MS, sends=sends),
        Operation("unmap", "app", 7, at_ps=5 * MS, sends=sends),
    )
    mapped, unmapped = run(quiet(*there_and_gone)).operations
    assert (mapped.done, mapped.messages, unmapped.done) == (True, 30, True)
    assert mapped.cycles == unmapped.cycles


def test_who_waits_for_each_reply_pays_for_each_core() -> None:
    together, serial = (
        taken(run(quiet(Operation("unmap", "app", at_ps=MS, order=order))))[0] for order in ("forward first", "serial")
    )
    assert serial > 15 * 10_000
    assert together < 2 * (10_000 + 2 * 1463) + 15 * 285


def test_a_monitor_in_the_kernel_saves_a_constant_and_no_slope() -> None:
    """The monitor's share is its LMP and its work: without both, each further core costs what it did."""

    def latency(cores: int, *, merged: bool) -> int:
        work_ps = cycles(800) if merged else None
        scenario = quiet(Operation("unmap", "app", at_ps=MS, order="forward first", work_ps=work_ps), cores=cores)
        if merged:
            scenario = replace(scenario, machine=replace(scenario.machine, lmp_ps=(0,) * cores))
        return taken(run(scenario))[0]

    split, merged = ({n: latency(n, merged=merged) for n in (24, 32)} for merged in (False, True))
    assert split[32] - split[24] == pytest.approx(merged[32] - merged[24], rel=0.02)
    assert split[32] - merged[32] == pytest.approx(2 * 1463 + 9_200, rel=0.15)


# -- a capability for another core -----------------------------------------------------------------------------


def test_a_capability_for_another_core_takes_one_message_between_the_two_monitors_and_a_local_one_at_either_end() -> (
    None
):
    of = machine()
    outcome = run(quiet(Operation("send", "app", 9, to="frame", at_ps=MS)))
    (sent,) = outcome.operations
    assert sent.done
    assert [(each.source, each.target, each.kind) for each in outcome.trace.messages] == [(0, 9, "capability frame")]
    assert {each.who for each in outcome.trace.slices if each.who.startswith("monitor")} == {"monitor.0", "monitor.9"}
    assert sent.answered_ps is not None
    least = of.lmp_ps[0] + of.work_ps[0] + of.latency_ps[0][9] + of.receive_ps(0, 9) + of.work_ps[9] + of.lmp_ps[9]
    assert least <= sent.answered_ps - sent.requested_ps < least + of.context_switch_ps


# -- messages alone --------------------------------------------------------------------------------------------


def messaging(of: Machine, sends: Mapping[int, tuple[int, ...]]) -> float:
    return multicast_ps(of, 0, range(of.cores), sends) * HZ / 1e12


def test_unicast_costs_one_occupancy_a_core_and_multicast_by_packages_a_fraction_of_it() -> None:
    large = machine(32)
    by_unicast = messaging(large, unicast(0, range(32)))
    assert by_unicast == pytest.approx(31 * 1000 / 3.51, rel=0.08)
    assert messaging(large, by_package(large, 0, range(32))) < 0.55 * by_unicast
    assert messaging(large, farthest_first(large, 0, range(32))) < 0.55 * by_unicast
    assert broadcast_ps(large, 0, range(32)) * HZ / 1e12 > by_unicast


def test_trees_by_package_reach_everybody_once_from_any_root() -> None:
    for root in (0, 5, 15):
        for tree in (by_package(machine(), root, CORES), farthest_first(machine(), root, CORES)):
            assert sorted(child for children in tree.values() for child in children) == [
                core for core in CORES if core != root
            ]


def test_a_shootdown_that_misses_a_core_or_goes_in_a_circle_is_refused() -> None:
    for sends in ({0: (1,)}, {0: (1,), 2: (3,), 3: (2,)}):
        with pytest.raises(ScenarioError, match="once, by members only"):
            multicast_ps(machine(4), 0, range(4), sends)


# -- two phases ------------------------------------------------------------------------------------------------


def test_a_retype_takes_a_prepare_a_vote_and_a_commit_from_every_other_core() -> None:
    outcome = run(quiet(Operation("retype", "app", 3, at_ps=MS)))
    kinds = [message.kind for message in outcome.trace.messages]
    assert {kind: kinds.count(kind) for kind in kinds} == {"prepare retype": 15, "vote retype": 15, "commit retype": 15}
    assert [one.done for one in outcome.operations] == [True]


def test_of_two_conflicting_retypes_at_the_same_time_one_is_refused() -> None:
    asks = (Operation("retype", "app", 3, at_ps=MS), Operation("retype", "other", 3, "page table", at_ps=MS))
    outcome = run(quiet(*asks, second=True))
    assert sorted(one.done for one in outcome.operations) == [False, True]


def test_retype_revoke_and_retype_follow_each_other() -> None:
    kinds = ("revoke", "retype", "retype", "revoke", "retype")
    asks = [Operation(kind, "app", 3, at_ps=at * MS) for at, kind in enumerate(kinds, 1)]
    assert [one.done for one in run(quiet(*asks)).operations] == [False, True, False, True, True]


def test_pipelined_retypes_of_different_regions_cost_less_each_than_one_alone() -> None:
    one = run(quiet(Operation("retype", "app", 0, at_ps=MS), cores=8))
    many = run(quiet(*(Operation("retype", "app", region, at_ps=MS) for region in range(16)), cores=8))
    answered = [each.answered_ps or 0 for each in many.operations]
    assert all(each.done for each in many.operations)
    assert (max(answered) - many.operations[0].requested_ps) / 16 < 0.9 * cycles(taken(one)[0])


def test_a_core_that_has_left_is_asked_no_more_until_it_joins_again() -> None:
    asks = [("retype", 7), ("leave", 3), ("revoke", 7), ("leave", 3), ("join", 3), ("retype", 7)]
    outcome = run(
        quiet(*(Operation(kind, "app", subject, at_ps=at * MS) for at, (kind, subject) in enumerate(asks, 1)))
    )
    assert [one.done for one in outcome.operations] == [True, True, True, False, True, True]
    assert [one.messages for one in outcome.operations] == [45, 45, 42, 0, 45, 45]
    left, back = outcome.operations[2].requested_ps, outcome.operations[4].requested_ps
    assert not [
        each for each in outcome.trace.messages if left <= each.sent_ps < back and 3 in (each.source, each.target)
    ]


def test_a_core_that_leaves_while_a_retype_is_under_way_makes_one_of_the_two_wait_or_fail() -> None:
    for late_us in range(0, 60, 3):
        asks = (Operation("retype", "app", 7, at_ps=MS), Operation("leave", "other", 3, at_ps=MS + late_us * US))
        outcome = run(quiet(*asks, second=True))
        assert any(one.done for one in outcome.operations)
        assert all(one.answered_ps for one in outcome.operations)


# -- cores that were taken back --------------------------------------------------------------------------------


@pytest.mark.parametrize("sends", [None, {0: (1,), 1: (2, 3)}])
@pytest.mark.parametrize("taken_back", [0, 1])
def test_an_unmap_reaches_also_the_core_that_its_application_has_lost(
    taken_back: int, sends: Mapping[int, tuple[int, ...]] | None
) -> None:
    (unmap,) = run(losing_a_core(taken_back, Operation("unmap", "app", 7, at_ps=30 * MS, sends=sends))).operations
    assert (unmap.done, unmap.messages) == (True, 6)


@pytest.mark.parametrize("taken_back", [0, 1])
def test_a_region_stays_retyped_when_the_application_has_lost_a_core(taken_back: int) -> None:
    asks = (Operation("retype", "app", 7, at_ps=1 * MS), Operation("retype", "app", 7, to="page table", at_ps=90 * MS))
    first, second = run(losing_a_core(taken_back, *asks)).operations
    assert (first.done, first.answered_ps is not None) == (True, True)
    assert (second.done, second.answered_ps is not None) == (False, True)


def losing_a_core(dispatcher: int, *asks: Operation) -> Scenario:
    """An application on four cores, which does not listen when one of them is asked back after 10 ms."""
    asked = Deallocation("app", dispatcher, 10 * MS, 5 * MS)
    loop = Application("app", CpuBound(), (0, 1, 2, 3))
    return Scenario(machine(4, timeslice_ps=MS), (loop,), 200 * MS, operations=asks, deallocations=(asked,))


# -- the monitor's turn ----------------------------------------------------------------------------------------


def beside_load(*, reserved: bool, unmaps: int = 20) -> list[int]:
    """Unmaps by a busy application on cores that CPU-bound programs share, in microseconds."""
    asks = tuple(Operation("unmap", "app", page, at_ps=(500 + 237 * page) * MS) for page in range(unmaps))
    load = Application("cpu", CpuBound(), tuple(range(8)))
    monitors = {core: Reservation(0, "H", wcet_ps=50 * US, period_ps=1 * MS, deadline_ps=1 * MS) for core in range(8)}
    scenario = Scenario(
        machine(8),
        (Application("app", CpuBound(), tuple(range(8))), load),
        8 * S,
        operations=asks,
        timer_offset_ps=tuple(core * 11 * MS for core in range(8)),
        monitors=monitors if reserved else {},
    )
    answered = [(each.answered_ps or 0) - each.requested_ps for each in run(scenario).operations if each.answered_ps]
    assert len(answered) == unmaps
    return sorted(each // US for each in answered)


def test_on_busy_cores_an_unmap_waits_for_monitors_up_to_time_slices_unless_they_have_a_reservation() -> None:
    waiting, reserved = beside_load(reserved=False), beside_load(reserved=True)
    assert waiting[-1] > 80_000 / 2
    assert reserved[-1] < 5_000


# -- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [
        Operation("remap", "app"),
        Operation("unmap", "nobody"),
        Operation("unmap", "app", order="at random"),
        Operation("retype", "app", to="raw"),
        Operation("unmap", "app", at_ps=-1),
        Operation("unmap", "app", sends={0: (1,)}),
        Operation("leave", "app", 9),
        Operation("send", "app", 9),
        Operation("send", "app", 0),
        Operation("send", "app", 1, to="page table"),
    ],
)
def test_an_operation_that_cannot_be_is_refused(operation: Operation) -> None:
    with pytest.raises(ScenarioError, match="accepted"):
        run(quiet(operation, cores=4))


def test_a_scenario_without_operations_has_none_in_its_outcome() -> None:
    assert run(replace(barrier_beside_cpu_bound(4), duration_ps=1 * S)).operations == ()
