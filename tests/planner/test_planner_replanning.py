"""After a run, and after cores came or went: what was measured is told, and as little moves as can be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts
import skb
from planner import Manifest, PlanError, Topology, admit
from planner.control.replanning import replan
from planner.control.utilisation import suggest
from planner.controller import change_phase, consider, submissions, submit
from skb.knowledge import KnowledgeBase

MS = 1_000_000


def machine(cores: int) -> KnowledgeBase:
    return skb.load(facts.read(f"synthetic:pack:1 core:{cores} pu:1"))


def put(known: KnowledgeBase, name: str, text: str, dispatchers: int = 1, cores: tuple[int, ...] | None = None) -> int:
    fixed = {name: cores} if cores else None
    accepted, decision = submit(
        known, Manifest.from_text(text, name=name, dispatchers=dispatchers), cores=fixed, policy="reduce"
    )
    assert accepted is not None, decision.refusal
    return accepted.id


def lose(known: KnowledgeBase, *cores: int) -> None:
    known.tell([("disallowed", (core,)) for core in cores])


def cores_of(known: KnowledgeBase) -> dict[str, tuple[int, ...]]:
    return {one.manifest.name: one.cores for one in submissions(known)}


def test_only_the_dispatcher_whose_core_went_moves() -> None:
    known = machine(4)
    put(known, "gang", "B 1\nG 4 10 4", 2, (0, 1))
    put(known, "other", "H 3 10", 1, (2,))
    before = {one.id: one.reservations for one in submissions(known)}
    lose(known, 1)
    with pytest.raises(PlanError, match="replan, or withdraw"):
        consider(known)
    found = replan(known)
    assert [(move.application, move.dispatcher, move.source) for move in found.moves] == [("gang", 1, 1)]
    assert "core 1 is no longer offered" in found.moves[0].reason
    assert [name for name, _ in found.kept] == ["other"]
    after = {one.id: one for one in submissions(known)}
    assert cores_of(known)["gang"][0] == 0
    assert {one.release_ns for own in after.values() for each in own.reservations for one in each if one.wcet_ns} == {
        one.release_ns for own in before.values() for each in own for one in each if one.wcet_ns
    }
    assert consider(known).admitted


def test_a_dry_run_changes_nothing() -> None:
    known = machine(3)
    put(known, "gang", "G 4 10", 2, (0, 1))
    lose(known, 0)
    revision = known.revision
    assert replan(known, dry_run=True).is_changed
    assert known.revision == revision


def test_an_application_moves_as_a_whole_where_its_lost_dispatcher_fits_nowhere_else() -> None:
    known = machine(4)
    put(known, "gang", "G 5 10 5", 2, (0, 1))
    put(known, "wide", "H 5 10", 2, (2, 3))
    put(known, "pair", "G 3 10 3", 1, (0,))
    lose(known, 1)
    found = replan(known)
    assert found.decision.admitted or found.decision.refusal is not None
    if found.decision.admitted:
        assert set(cores_of(known)["gang"]) <= {0, 2, 3}


def test_where_nothing_fits_any_more_everything_is_left_and_the_conflict_is_told() -> None:
    known = machine(2)
    put(known, "a", "H 8 10", 1, (0,))
    put(known, "b", "H 8 10", 1, (1,))
    before = cores_of(known)
    lose(known, 1)
    found = replan(known)
    assert found.decision.refusal is not None
    assert {cause.application for cause in found.decision.refusal.causes} == {"a", "b"}
    assert not found.is_changed
    assert cores_of(known) == before


def test_without_a_lost_core_nobody_moves() -> None:
    known = machine(3)
    put(known, "a", "G 4 10", 2)
    revision = known.revision
    found = replan(known)
    assert (found.moves, found.is_changed, known.revision) == ((), False, revision)


def test_whoever_was_reduced_gets_his_time_back_when_a_core_comes() -> None:
    known = machine(2)
    lose(known, 1)
    put(known, "a", "H 8 10")
    put(known, "b", "H 8 10")
    assert {one.kept_ppm for one in submissions(known)} == {562_500}
    known.retract([("disallowed", (1,))])
    found = replan(known)
    assert set(found.regained) == {"a", "b"}
    assert {one.kept_ppm for one in submissions(known)} == {1_000_000}
    assert len(set(cores_of(known).values())) == 2


@settings(derandomize=True, max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4), st.integers(0, 3))
def test_after_any_loss_the_plan_holds_on_what_is_left(drawn: list[tuple[int, int]], gone: int) -> None:
    known = machine(4)
    for index, (wcet, count) in enumerate(drawn):
        accepted, _ = submit(known, Manifest.from_text(f"B 1\nG {wcet} 10", name=f"a{index}", dispatchers=count))
        if accepted is None:
            return
    before = cores_of(known)
    lose(known, gone)
    found = replan(known)
    if found.decision.admitted:
        assert all(gone not in own for own in cores_of(known).values())
        assert consider(known).admitted
        moved = {move.application for move in found.moves}
        assert all(cores_of(known)[name] == own for name, own in before.items() if name not in moved)


def test_a_reservation_much_larger_than_what_was_measured_is_told_as_a_suggestion() -> None:
    known = machine(2)
    number = put(known, "gang", "B 1\nG 6 10", 2, (0, 1))
    change_phase(known, number, 1)
    known.tell([("measured_utilisation_ppm", ("gang", 0, 200_000))], layer="measured")
    assert suggest(submissions(known), Topology.of(known)) == ()
    known.tell([("measured_utilisation_ppm", ("gang", 1, 250_000))], layer="measured")
    (found,) = suggest(submissions(known), Topology.of(known))
    assert (found.reserved_ppm, found.measured_ppm, found.suggested_wcet_ns) == (600_000, 250_000, 2_750_000)
    assert "2.75 ms would do" in consider(known).notes[0]


def test_best_effort_avoids_cores_that_best_effort_was_measured_to_use() -> None:
    known = machine(3)
    put(known, "busy", "B 1", 1, (0,))
    put(known, "calm", "B 1", 1, (1,))
    put(known, "idle", "B 1", 1, (2,))
    measured = {"busy": (0, 900_000), "calm": (1, 20_000), "idle": (2, 400_000)}
    known.tell([("measured_utilisation_ppm", (name, *own)) for name, own in measured.items()], layer="measured")
    assert consider(known, [Manifest.from_text("B 1", name="new")]).cores["new"] == (1,)


def test_kept_dispatchers_stay_on_their_cores_whoever_is_sought_for_the_others() -> None:
    asked = [Manifest.from_text("G 4 10", name="gang", dispatchers=3), Manifest.from_text("G 8 10", name="big")]
    decision = admit(asked, Topology.of(machine(5)), keep={"gang": (4, None, 1)})
    assert decision.cores["gang"][0] == 4
    assert decision.cores["gang"][2] == 1
    assert len(set(decision.cores["gang"])) == 3
