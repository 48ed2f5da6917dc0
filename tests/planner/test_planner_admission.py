from planner_machines import flat, opteron

from planner import Manifest, Topology, admit

FIGURE_3_4 = "B 1\nH 80 160 80 480\n"


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
