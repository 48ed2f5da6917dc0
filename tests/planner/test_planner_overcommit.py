"""Over-commitment: what would have to give, everybody alike, or as an administrator's rules say."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import flat

import facts
import skb
from planner import Decision, Manifest, PlanError, Topology, admit
from planner.controller import consider, submissions, submit, withdraw
from planner.overcommit.shares import Rules


def manifest(name: str, text: str, dispatchers: int = 1) -> Manifest:
    return Manifest.from_text(text, name=name, dispatchers=dispatchers)


def load_ppm(decision: Decision) -> int:
    return sum(one.share_ppm for one in decision.schedules[0].reservations)


PAIR = [manifest("a", "H 5 10"), manifest("b", "H 7 10")]
ONE_CORE = Topology.of(flat(1))


@settings(derandomize=True, max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from([40, 80, 160])), min_size=2, max_size=5))
def test_on_one_core_with_implicit_deadlines_everybody_keeps_nine_tenths_over_the_sum(
    tasks: list[tuple[int, int]],
) -> None:
    asked = [manifest(f"a{index}", f"H {wcet} {period}") for index, (wcet, period) in enumerate(tasks)]
    decision = admit(asked, ONE_CORE, policy="reduce")
    total = sum(Fraction(wcet, period) for wcet, period in tasks)
    assert decision.admitted
    if total <= Fraction(9, 10):
        assert decision.reductions == {}
    else:
        (kept,) = set(decision.reductions.values())
        assert kept == 900_000 // total
        assert 899_900 <= load_ppm(decision) <= 900_000


def test_a_deadline_that_equals_its_wcet_shrinks_with_it() -> None:
    decision = admit([manifest("a", "G 60 100 60"), manifest("b", "G 60 100 60")], ONE_CORE, policy="reduce")
    assert {one.wcet_ns == one.deadline_ns for one in decision.schedules[0].reservations} == {True}
    assert set(decision.reductions.values()) == {750_000}


def test_a_refusal_names_what_would_do_and_it_does() -> None:
    refusal = admit([*PAIR, manifest("c", "H 1 100")], ONE_CORE).refusal
    assert refusal is not None
    assert [one.withdraw for one in refusal.remedies] == ["a", "b", None]
    for name in ("a", "b"):
        assert admit([one for one in PAIR if one.name != name], ONE_CORE).admitted
    (factor,) = (one.reduce_to_ppm for one in refusal.remedies if one.withdraw is None)
    assert factor is not None
    cut = [manifest(one.name, f"H {wcet * factor / 1e6:.6f} 10") for one, wcet in zip(PAIR, (5, 7), strict=True)]
    assert admit([*cut, manifest("c", f"H {factor / 1e6:.6f} 100")], ONE_CORE).admitted
    assert f"{factor} ppm" in refusal.message


def test_too_few_cores_are_not_mended_by_less_work() -> None:
    refusal = admit([manifest("a", "G 1 10", 3)], Topology.of(flat(2))).refusal
    assert refusal is not None
    assert (refusal.rule, refusal.remedies) == ("cores", ())


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("gives_way(b, 1).", {"a": 1_000_000, "b": 571_428}),
        ("gives_way(b, 1). keeps_at_least_ppm(b, 800000).", {"a": 680_000, "b": 800_000}),
        ("gives_way(A, 1) :- asks_ppm(A, 0, Ppm), Ppm > 600000.", {"a": 1_000_000, "b": 571_428}),
        ("keeps_ppm(b, 500000).", {"a": 1_000_000, "b": 500_000}),
        ("keeps_at_least_ppm(A, 900000) :- application(A), dispatchers(A, 9).", {"a": 750_000, "b": 750_000}),
        ("gives_way(A, 1) :- asking(A).", {"a": 750_000, "b": 750_000}),
    ],
)
def test_rules_say_who_gives_way_and_what_he_keeps(rules: str, kept: dict[str, int]) -> None:
    assert admit(PAIR, ONE_CORE, policy=Rules(rules)).reductions == kept


def test_rules_that_let_nobody_lose_anything_refuse() -> None:
    decision = admit(PAIR, ONE_CORE, policy=Rules("keeps_at_least_ppm(A, 1000000) :- application(A)."))
    assert not decision.admitted
    assert decision.reductions == {}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("fair(a).", "none of keeps_ppm, keeps_at_least_ppm, gives_way occurs"),
        ("keeps_ppm(a 1).", "line 1, column 13"),
        ("keeps_ppm(A, N) :- nobody_says(A, N).", "nobody_says/2 is unknown"),
        ("keeps_ppm(a, 1000001).", "from 0 to 1000000"),
        ("gives_way(a, 1). gives_way(a, 2).", "both 1 and 2 for a"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused_with_their_name(rules: str, message: str) -> None:
    with pytest.raises(PlanError, match=message) as raised:
        admit(PAIR, ONE_CORE, policy=Rules(rules, "house.rules"))
    assert "house.rules" in str(raised.value)


def test_a_reduction_is_stored_for_the_running_too_and_lifted_once_there_is_room() -> None:
    machine = skb.load(facts.read("synthetic:pack:1 core:1 pu:1"))
    first, _ = submit(machine, manifest("first", "H 5 10"))
    second, decision = submit(machine, manifest("second", "H 7 10"), policy="reduce")
    assert first is not None
    assert second is not None
    assert set(decision.reductions) == {"first", "second"}
    assert {one.manifest.name: one.kept_ppm for one in submissions(machine)} == decision.reductions
    standing = consider(machine)
    assert standing.admitted
    assert load_ppm(standing) <= 900_000
    withdraw(machine, second.id)
    assert consider(machine).schedules[0].reservations[0].wcet_ns < 5_000_000
    assert consider(machine, policy="reduce").schedules[0].reservations[0].wcet_ns == 5_000_000


def test_rules_see_the_machines_facts_and_who_runs_already() -> None:
    machine = skb.load(facts.read("synthetic:pack:1 core:1 pu:1"))
    submit(machine, manifest("first", "H 5 10"))
    machine.tell([("tenant", ("first", "gold"))])
    rules = Rules("gives_way(A, 1) :- asking(A). keeps_ppm(A, 1000000) :- tenant(A, gold), running(A).")
    decision = consider(machine, [manifest("second", "H 7 10")], policy=rules)
    assert decision.reductions == {"first": 1_000_000, "second": 571_428}
