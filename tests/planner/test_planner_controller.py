"""The placement controller: admitted for good means that everyone keeps what was promised."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts
import skb
from planner import Manifest, PlanError
from planner.controller import (
    change_phase,
    consider,
    find_submission,
    running_schedule,
    schedules,
    submissions,
    submit,
    withdraw,
)
from skb.knowledge import KnowledgeBase

GANG = "B 1\nH 80 160 80 480\n"


@pytest.fixture
def machine() -> KnowledgeBase:
    return skb.load(facts.read("amd-4x4"))


def manifest(name: str, text: str, dispatchers: int = 1) -> Manifest:
    return Manifest.from_text(text, name=name, dispatchers=dispatchers)


def held(machine: KnowledgeBase) -> dict[str, tuple[tuple[int, int, int], ...]]:
    """Core, offset and phase of everything that is promised, by application."""
    return {
        one.manifest.name: tuple(
            (own.core, own.release_ns, phase) for phase, each in enumerate(one.reservations) for own in each
        )
        for one in submissions(machine)
    }


def test_a_submitted_manifest_is_kept_with_its_text_phase_and_cores(machine: KnowledgeBase):
    accepted, decision = submit(machine, manifest("barrier", GANG, 16), text=GANG)
    assert decision.admitted
    assert accepted is not None
    (kept,) = submissions(machine)
    assert kept == accepted
    assert (kept.text, kept.phase, kept.cores) == (GANG, 0, tuple(range(16)))


def test_an_id_has_32_bits_and_is_the_revision_that_admitted_it(machine: KnowledgeBase):
    first, _ = submit(machine, manifest("a", "B 1"))
    second, _ = submit(machine, manifest("b", "B 1"))
    assert first is not None
    assert second is not None
    assert 0 < first.id < second.id == machine.revision < 2**32


def test_a_refused_manifest_leaves_no_trace(machine: KnowledgeBase):
    submit(machine, manifest("barrier", GANG, 16))
    revision = machine.revision
    accepted, decision = submit(machine, manifest("other", GANG, 16))
    assert accepted is None
    assert not decision.admitted
    assert machine.revision == revision


def test_considering_changes_nothing(machine: KnowledgeBase):
    revision = machine.revision
    assert consider(machine, [manifest("barrier", GANG, 16)]).admitted
    assert machine.revision == revision
    assert submissions(machine) == ()


def test_a_later_application_fits_beside_the_earlier_and_moves_nobody(machine: KnowledgeBase):
    submit(machine, manifest("first", "G 20 80 20\n", 8))
    before = held(machine)
    accepted, _ = submit(machine, manifest("second", "G 20 40 20\n", 12))
    assert accepted is not None
    assert held(machine)["first"] == before["first"]


def test_two_applications_of_one_name_are_refused(machine: KnowledgeBase):
    submit(machine, manifest("same", "B 1"))
    with pytest.raises(PlanError, match="a name of its own"):
        submit(machine, manifest("same", "B 2"))


def test_a_withdrawn_manifest_makes_room(machine: KnowledgeBase):
    first, _ = submit(machine, manifest("first", GANG, 16))
    assert first is not None
    change_phase(machine, first.id, 1)
    withdraw(machine, first.id)
    assert submissions(machine) == ()
    assert machine.snapshot().facts("reservation") == ()
    assert machine.snapshot().facts("phase") == ()
    assert submit(machine, manifest("second", GANG, 16))[0] is not None


def test_the_running_combination_of_phases_comes_first(machine: KnowledgeBase):
    first, _ = submit(machine, manifest("barrier", GANG, 16))
    submit(machine, manifest("cpu", "B 1", 8))
    assert first is not None
    for phase in (1, 0, 1):
        assert change_phase(machine, first.id, phase).phase == phase
        assert consider(machine).schedules[0].phases == {"barrier": phase, "cpu": 0}


def test_schedules_are_handed_over_one_by_one_though_nobody_could_go_through_all(machine: KnowledgeBase):
    phases = "\n".join(f"H {wcet} 1000" for wcet in range(10, 90, 10))
    for name in "abcdefghijkl":
        submit(machine, Manifest.from_text(phases, name=name, dispatchers=1))
    change_phase(machine, submissions(machine)[2].id, 5)
    first, *more = islice(schedules(machine), 50)
    assert first == running_schedule(machine)
    assert len({tuple(one.phases.items()) for one in (first, *more)}) == 50


def test_there_is_a_schedule_for_every_combination_of_phases(machine: KnowledgeBase):
    for name, count in (("a", 2), ("b", 3), ("c", 4)):
        phases = "\n".join(f"H {wcet} 100" for wcet in range(5, 5 + count))
        submit(machine, Manifest.from_text(phases, name=name, dispatchers=2))
    assert len({tuple(one.phases.items()) for one in schedules(machine)}) == 2 * 3 * 4


def test_a_phase_or_an_id_that_does_not_exist_is_refused(machine: KnowledgeBase):
    first, _ = submit(machine, manifest("barrier", GANG, 16))
    assert first is not None
    with pytest.raises(PlanError, match="0 to 1 are accepted"):
        change_phase(machine, first.id, 2)
    with pytest.raises(PlanError, match="is not admitted"):
        find_submission(machine, first.id + 1)


def test_what_is_promised_can_be_asked_like_any_fact(machine: KnowledgeBase):
    submit(machine, manifest("barrier", GANG, 16))
    answer = machine.ask("manifest(Id, barrier, N, _), reservation(Id, 1, 3, Core, Kind, Wcet, _, _, _, _, _)")
    row = dict(zip(answer.columns, answer.rows[0], strict=True))
    assert (row["N"], row["Core"], row["Kind"], row["Wcet"]) == (16, 3, "h", 80_000_000)


def test_loading_the_machine_anew_keeps_what_was_promised(machine: KnowledgeBase):
    submit(machine, manifest("barrier", GANG, 16))
    before = held(machine)
    machine.store.load(facts.read("amd-4x4"))
    assert held(machine) == before


def test_a_promise_on_cores_that_are_gone_is_named(machine: KnowledgeBase):
    submit(machine, manifest("barrier", GANG, 16))
    machine.store.load(facts.read("amd-2x2"), "amd-4x4")
    with pytest.raises(PlanError, match="withdraw it first"):
        consider(machine)


def test_a_toml_manifest_with_groups_is_kept(machine: KnowledgeBase):
    text = '[[group]]\nname = "w"\ndispatchers = 3\n[[group.phase]]\nkind = "G"\nwcet_ms = 10\nperiod_ms = 40\n'
    accepted, _ = submit(machine, Manifest.from_toml(text, name="toml"), text=text)
    assert accepted is not None
    assert submissions(machine)[0].manifest == accepted.manifest


@settings(max_examples=15, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("BHG"), st.sampled_from([8, 12, 16, 24, 48]), st.integers(1, 4), st.integers(1, 4)),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_submitted_later_the_earlier_keep_cores_and_offsets(wanted: list[tuple[str, int, int, int]]):
    machine = skb.load(facts.read("synthetic:pack:1 core:4 pu:1"))
    before: dict[str, tuple[tuple[int, int, int], ...]] = {}
    for number, (kind, period, wcet, dispatchers) in enumerate(wanted):
        text = "B 1" if kind == "B" else f"{kind} {wcet} {period}"
        submit(machine, manifest(f"a{number}", text, dispatchers))
        after = held(machine)
        assert before.items() <= after.items()
        before = after
