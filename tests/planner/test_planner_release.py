"""Releases that admission finds: planners with guaranteed time, and the path to the last of them."""

from dataclasses import replace

import pytest
from planner_machines import flat, opteron

from planner import Decision, Manifest, PlanError, Topology, admit
from planner.admission.requests import Request
from planner.release.slots import choose_slot
from planner.verify import ViolationError, check_decision
from planner.verify.release import check_release

MS = 1_000_000


def manifest(text: str, name: str = "a", dispatchers: int = 1) -> Manifest:
    return Manifest.from_text(text, name=name, dispatchers=dispatchers)


def window(wcet_ms: float, period_ms: float) -> Request:
    return Request("a", "main", (0,), "G", round(wcet_ms * MS), round(period_ms * MS), round(wcet_ms * MS), 0, True)


def derived(decision: Decision) -> list[int | None]:
    return [one.derived_ns for one in decision.releases]


def test_the_dissertations_gang_is_released_sooner_than_its_authors_chose_by_hand() -> None:
    decision = admit([manifest("B 1\nH 80 160 80 auto", dispatchers=16)], Topology.of(opteron()))
    (release,) = decision.releases
    assert release.derived_ns is not None
    assert 160 * MS < release.derived_ns < 480 * MS
    assert {one.delay_ns for one in decision.schedules[1].reservations} == {release.derived_ns}
    assert [hop.parent for hop in release.path] == [None, 0]
    assert [one.core for one in decision.planners] == list(range(16))


def test_a_stated_release_is_the_least_that_is_kept() -> None:
    decision = admit([manifest("B 1\nH 1 10 10 900\nH 1 10 10 auto")], Topology.of(flat(1)))
    later, sooner = decision.releases
    assert (later.stated_ns, later.release_ns) == (900 * MS, 900 * MS)
    assert sooner.release_ns == sooner.derived_ns == later.derived_ns


def test_planners_are_best_effort_unless_asked_for_and_then_nothing_is_derived() -> None:
    decision = admit([manifest("B 1\nH 80 160 80 480")], Topology.of(flat(1)))
    assert decision.planners == ()
    (release,) = decision.to_json()["releases"]
    assert (release["release_us"], release["derived_us"]) == (480_000, None)
    assert "best effort" in release["how"]


def test_planners_count_within_the_nine_tenths() -> None:
    asked = [manifest("H 9 10")]
    assert admit(asked, Topology.of(flat(1))).admitted
    refused = admit(asked, Topology.of(flat(1)), planner_reservation=True)
    assert refused.refusal is not None
    assert refused.refusal.rule == "utilisation"
    assert "10000 ppm for the core's planner" in refused.refusal.message


def test_no_planner_takes_more_than_its_share_and_the_checker_holds_it_beside_the_others() -> None:
    decision = admit([manifest("G 4 10 auto\nH 3 7 5", dispatchers=2)], Topology.of(flat(2)), planner_reservation=True)
    assert decision.admitted
    assert all(one.share_ppm <= 10_000 for one in decision.planners)
    crowded = [replace(one, wcet_ns=one.period_ns // 2) for one in decision.planners]
    with pytest.raises(ViolationError):
        check_decision(decision.schedules, planners=crowded)


def test_a_planner_looks_as_often_as_the_windows_of_its_core_allow() -> None:
    often = choose_slot([(window(2, 10), 0)], 20_000)
    seldom = choose_slot([(window(80, 160), 0)], 20_000)
    assert often is not None
    assert seldom is not None
    assert often.response_ns < 10 * MS < 100 * MS < seldom.response_ns <= 161 * MS


def test_periods_without_a_common_multiple_worth_the_name_still_leave_a_planner_its_slot() -> None:
    periods = ("86399999.999999", "86399999.999998", "7777777.777777")
    asked = [manifest(f"H 1 {period} 1000 auto", f"a{index}") for index, period in enumerate(periods)]
    decision = admit(asked, Topology.of(flat(1)))
    assert decision.admitted
    assert "sufficient" in decision.notes[0]
    assert all(one is not None and one < 100 * MS for one in derived(decision))


def test_a_core_without_any_gap_has_no_room_for_a_planner() -> None:
    assert choose_slot([(window(10, 10), 0)], 20_000) is None


def test_a_way_over_more_hops_takes_longer() -> None:
    machine, asked = Topology.of(opteron()), [manifest("B 1\nG 8 40 40 auto", dispatchers=8)]
    chain = {core: (core + 1,) for core in range(7)}
    (short,) = derived(admit(asked, machine))
    (long,) = derived(admit(asked, machine, trees={"a": chain}))
    assert short is not None
    assert long is not None
    assert long > 3 * short


def test_the_clocks_error_is_added_once() -> None:
    machine, asked = Topology.of(flat(2)), [manifest("B 1\nG 8 40 40 auto", dispatchers=2)]
    (exact,) = derived(admit(asked, machine))
    (drifting,) = derived(admit(asked, machine, guard_ns=50_000))
    assert exact is not None
    assert drifting == exact + 50_000


def test_the_checker_finds_a_release_that_comes_too_early() -> None:
    decision = admit([manifest("B 1\nG 8 40 40 auto", dispatchers=2)], Topology.of(flat(2)))
    (release,) = decision.releases
    assert release.derived_ns is not None
    check_release(release, (0, 1), decision.planners, {(0, 1): 0})
    with pytest.raises(ViolationError, match="may know of it only after"):
        check_release(replace(release, derived_ns=release.derived_ns // 2), (0, 1), decision.planners, {(0, 1): 0})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a", {"planner_reservation": False}, "planners were asked to have no guaranteed time"),
        ("monitor", {}, "another name is accepted"),
        ("a", {"trees": {"a": {0: (2,)}}}, "each of \\[1\\] once is accepted"),
        ("a", {"trees": {"a": {1: (1,)}}}, "each of \\[1\\] once is accepted"),
    ],
)
def test_a_release_that_cannot_be_derived_is_refused(name: str, options: dict, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        admit([manifest("B 1\nG 1 10 10 auto", name, 2)], Topology.of(flat(3)), **options)
