import pytest
from planner_machines import flat, opteron

from planner import Manifest, PlanError, Reservation, Schedule, Topology, admit
from planner.verify import ViolationError, check_decision, count_misses

FIGURE_3_4 = "B 1\nH 80 160 80 480\n"
MACHINE = Topology.of(opteron())


def gang(name: str, text: str, dispatchers: int = 16) -> Manifest:
    return Manifest.from_text(text, name=name, dispatchers=dispatchers)


def test_the_dissertations_gang_is_admitted_beside_best_effort() -> None:
    machine = Topology.of(opteron())
    decision = admit([gang("barrier", FIGURE_3_4), gang("cpu", "B 1", 8)], machine)
    assert decision.admitted
    assert [schedule.phases for schedule in decision.schedules] == [
        {"barrier": 0, "cpu": 0},
        {"barrier": 1, "cpu": 0},
    ]
    windows = [one for one in decision.schedules[1].reservations if one.application == "barrier"]
    assert [one.core for one in windows] == list(range(16))
    assert {(one.wcet_ns, one.deadline_ns, one.release_ns) for one in windows} == {(80_000_000, 80_000_000, 0)}


def test_two_gangs_of_half_the_machine_are_refused_for_their_load() -> None:
    machine = Topology.of(opteron())
    decision = admit([gang("a", FIGURE_3_4), gang("b", FIGURE_3_4)], machine)
    assert not decision.admitted
    assert decision.refusal is not None
    assert decision.refusal.rule == "utilisation"
    assert decision.refusal.minimal
    assert [(cause.application, cause.phase) for cause in decision.refusal.causes] == [("a", 1), ("b", 1)]


def test_two_smaller_gangs_take_turns() -> None:
    machine = Topology.of(opteron())
    decision = admit([gang("a", "H 60 160 60"), gang("b", "H 60 160 60")], machine)
    assert decision.admitted
    assert len({one.release_ns for one in decision.schedules[0].reservations}) == 2


def test_windows_that_cannot_be_kept_apart_are_refused_though_the_load_fits() -> None:
    decision = admit([gang("a", "G 4 8", 1), gang("b", "G 3 9", 1)], Topology.of(flat(1)))
    assert decision.refusal is not None
    assert decision.refusal.rule == "windows"
    assert decision.refusal.minimal


def test_a_phase_of_both_is_named_when_only_that_one_conflicts() -> None:
    decision = admit([gang("a", "B 1\nH 1 10\nG 6 10", 1), gang("b", "G 5 10", 1)], Topology.of(flat(1)))
    assert decision.refusal is not None
    assert [cause.to_json() for cause in decision.refusal.causes] == [
        {"application": "a", "phase": 2},
        {"application": "b", "phase": 0},
    ]


def test_an_application_keeps_cores_and_offsets_in_every_combination() -> None:
    asked = [gang("a", "B 1\nG 2 10\nG 3 10", 2), gang("b", "G 4 10\nB 2\nG 1 20", 2)]
    decision = admit(asked, Topology.of(flat(2)))
    assert decision.admitted
    assert len(decision.schedules) == 9
    places = {
        (one.application, one.dispatcher, schedule.phases[one.application], one.core, one.release_ns)
        for schedule in decision.schedules
        for one in schedule.reservations
    }
    assert len(places) == 2 * 3 * 2
    assert decision.cores == {"a": (0, 1), "b": (0, 1)}


def test_the_running_combination_comes_first() -> None:
    asked = [gang("a", "B 1\nG 2 10", 1), gang("b", "B 1\nG 2 10", 1)]
    decision = admit(asked, Topology.of(flat(1)), running={"b": 1})
    assert decision.schedules[0].phases == {"a": 0, "b": 1}
    assert decision.schedule({"a": 1, "b": 1}).phases == {"a": 1, "b": 1}


def test_combinations_beyond_the_cap_are_admitted_but_not_listed() -> None:
    asked = [gang(name, "B 1\n" * 8, 1) for name in "abc"]
    decision = admit(asked, Topology.of(flat(2)), most_combinations=100)
    assert len(decision.schedules) == 100
    assert "100 of 512 combinations" in decision.notes[0]


def test_those_that_run_already_stay_where_they_are() -> None:
    machine = Topology.of(flat(3))
    standing = admit([gang("a", "G 4 10", 2)], machine)
    later = admit([gang("b", "G 5 10", 3), gang("a", "G 4 10", 2)], machine, standing=standing)
    assert later.cores["a"] == standing.cores["a"]
    assert {one.release_ns for one in later.schedules[0].reservations if one.application == "a"} == {0}


def test_given_cores_are_kept_in_the_order_of_the_dispatchers() -> None:
    decision = admit([gang("a", FIGURE_3_4, 3)], MACHINE, cores={"a": [7, 2, 9]})
    assert decision.cores == {"a": (7, 2, 9)}


def test_best_effort_goes_where_least_is_promised() -> None:
    decision = admit([gang("hard", "H 5 10", 1), gang("soft", "B 3", 2)], Topology.of(flat(3)))
    assert decision.cores == {"hard": (0,), "soft": (1, 2)}
    assert decision.to_json()["schedules"][0]["reservations"][1] == {
        "application": "soft",
        "dispatcher": 0,
        "core": 1,
        "kind": "B",
        "weight": 3,
    }


def test_a_task_with_laxity_runs_beside_a_window() -> None:
    decision = admit([gang("gang", "G 5 10", 1), gang("task", "H 4 10 6", 1)], Topology.of(flat(1)))
    assert decision.admitted
    assert count_misses(decision.schedules[0].reservations) == 0


def test_a_task_that_no_offset_helps_is_refused_for_its_demand() -> None:
    decision = admit([gang("gang", "G 5 10", 1), gang("task", "H 3 10 4", 1)], Topology.of(flat(1)))
    assert decision.admitted
    refused = admit([gang("gang", "G 4 8", 1), gang("task", "H 3 16 3.5", 1)], Topology.of(flat(1)))
    assert refused.admitted
    tight = admit([gang("gang", "G 4 8", 1), gang("task", "H 4.5 16 6", 1)], Topology.of(flat(1)))
    assert tight.refusal is not None
    assert (tight.refusal.rule, tight.refusal.minimal) == ("demand", True)


def test_a_window_that_is_in_the_way_by_itself_is_named_without_the_others_phases() -> None:
    asked = [gang("task", "B 1\nS 2 8 7", 3), gang("gang", "G 4 12\nH 4 24 4\nH 14 24 14", 3)]
    decision = admit(asked, Topology.of(flat(3)))
    assert decision.refusal is not None
    assert (decision.refusal.rule, decision.refusal.minimal) == ("demand", True)
    assert [(cause.application, cause.phase) for cause in decision.refusal.causes] == [("task", 1), ("gang", 2)]


def test_a_change_that_could_hurt_is_refused_as_a_transition() -> None:
    asked = [gang("a", "H 4 10\nH 4 9", 1), gang("b", "H 4 10", 1)]
    decision = admit(asked, Topology.of(flat(1)))
    assert decision.refusal is not None
    assert decision.refusal.rule == "transition"


def test_each_share_is_cut_to_whole_parts_per_million_as_rbed_does() -> None:
    asked = [gang("a", "H 1 3", 1), gang("b", "H 1 3", 1), gang("c", "H 0.7 3", 1)]
    assert admit(asked, Topology.of(flat(1))).admitted
    asked[2] = gang("c", "H 0.70001 3", 1)
    assert not admit(asked, Topology.of(flat(1))).admitted


def test_reducing_takes_the_same_part_from_everyone() -> None:
    decision = admit([gang("a", "H 5 10", 1), gang("b", "H 7 10", 1)], Topology.of(flat(1)), policy="reduce")
    assert decision.admitted
    assert decision.reductions["a"] == decision.reductions["b"] == pytest.approx(750_000, abs=1)
    assert sum(one.share_ppm for one in decision.schedules[0].reservations) <= 900_000


def test_times_come_out_in_microseconds_with_at_most_three_places() -> None:
    decision = admit([gang("a", "H 0.000001 0.5", 1)], Topology.of(flat(1)))
    (one,) = decision.to_json()["schedules"][0]["reservations"]
    assert (one["wcet_us"], one["period_us"], one["release_us"]) == (0.001, 500, 0)


def test_odd_periods_are_answered_by_a_sufficient_test_that_says_so() -> None:
    asked = [gang("a", "H 1.000001 9.700003", 1), gang("b", "H 1.3 10.10007 9", 1)]
    decision = admit(asked, Topology.of(flat(1)))
    assert decision.admitted
    assert "sufficient" in decision.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cores": {"x": [0]}}, "none of the applications: a"),
        ({"cores": {"a": [0, 99]}}, "core 99 does not exist"),
        ({"cores": {"a": [0]}}, "2 dispatchers and 1 cores"),
        ({"cores": {"a": [3, 3]}}, "a core twice"),
        ({"policy": "pray"}, "refuse or reduce"),
        ({"guard_ns": -1}, "the guard is -1 ns"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(options: dict, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        admit([gang("a", "B 1", 2)], MACHINE, **options)


def test_two_manifests_of_one_name_are_refused() -> None:
    with pytest.raises(PlanError, match="two manifests are named 'a'"):
        admit([gang("a", "B 1", 1), gang("a", "B 1", 1)], MACHINE)


def test_groups_of_one_application_may_share_a_core_in_turn() -> None:
    text = "".join(
        f'[[group]]\nname = "{name}"\ndispatchers = 2\n[[group.phase]]\nkind = "G"\nwcet_ms = 4\nperiod_ms = 10\n'
        for name in ("left", "right")
    )
    decision = admit([Manifest.from_toml(text, name="a")], Topology.of(flat(2)))
    assert decision.admitted
    assert [one.dispatcher for one in decision.schedules[0].reservations] == [0, 1, 2, 3]


def test_the_checker_finds_overlap_overload_and_movement() -> None:
    def window(name: str, core: int, release: int, wcet: int = 4) -> Reservation:
        return Reservation(name, 0, core, "G", wcet, 10, wcet, release)

    with pytest.raises(ViolationError, match="overlap"):
        check_decision([Schedule({"a": 0, "b": 0}, (window("a", 0, 0), window("b", 0, 3)))])
    with pytest.raises(ViolationError, match="overlap"):
        check_decision([Schedule({"a": 0, "b": 0}, (window("a", 0, 0), window("b", 0, 4)))], guard_ns=1)
    with pytest.raises(ViolationError, match="1000000 ppm"):
        check_decision([Schedule({"a": 0, "b": 0}, (window("a", 0, 0, 5), window("b", 0, 5, 5)))])
    with pytest.raises(ViolationError, match="moves"):
        check_decision([Schedule({"a": 0}, (window("a", 0, 0),)), Schedule({"a": 1}, (window("a", 1, 0),))])
