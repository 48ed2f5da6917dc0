"""Admission held against simulation and against exhaustive search."""

import os
import random
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import flat

from planner import Decision, Manifest, Topology, admit
from planner.admission.allocating.allocation import Allocation
from planner.admission.allocating.pattern_solver import allocate_by_patterns
from planner.admission.allocating.shuffled_fit import allocate_shuffled
from planner.admission.allocating.solver import allocate_completely
from planner.admission.asked import make_question
from planner.admission.reservations import Reservation
from planner.manifests.phases import Group, Phase
from planner.verify import count_misses
from planner.verify.changes import Change, misses_under_changes

MS = 1_000_000
COUNT = 1000 if os.environ.get("SKB_TEST_SCALE") == "full" else 40
PERIODS_MS = [8, 12, 16, 24]


@st.composite
def reserved(draw: st.DrawFn, periods_ms: list[int], most_share: float = 0.7) -> Phase:
    period = draw(st.sampled_from(periods_ms))
    wcet = draw(st.integers(1, max(1, int(period * most_share))))
    deadline = draw(st.one_of(st.just(wcet), st.just(period), st.integers(wcet, period)))
    kind = draw(st.sampled_from("HSG"))
    return Phase(kind, 0, wcet * MS, period * MS, deadline * MS, draw(st.sampled_from([0, 0, 5])) * MS)


@st.composite
def manifests(draw: st.DrawFn) -> list[Manifest]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        best_effort = st.just(Phase("B", weight=1))
        phases = draw(st.lists(st.one_of(reserved(PERIODS_MS), best_effort), min_size=1, max_size=3))
        found.append(Manifest(f"app{number}", (Group("main", draw(st.integers(1, 3)), tuple(phases)),)))
    return found


def random_changes(decision: Decision, seed: int, until_ns: int) -> list[Change]:
    draw = random.Random(seed)
    phases = {name: {schedule.phases[name] for schedule in decision.schedules} for name in decision.schedules[0].phases}
    return [
        Change(draw.randrange(until_ns), name, draw.choice(sorted(own)))
        for name, own in phases.items()
        for _ in range(draw.choice([0, 2, 12]))
    ]


@settings(derandomize=True, max_examples=COUNT, deadline=None)
@given(manifests(), st.integers(0, 10**6))
def test_what_is_admitted_misses_nothing_whatever_changes_when(asked: list[Manifest], seed: int) -> None:
    machine = Topology.of(flat(3))
    decision = admit(asked, machine)
    if not decision.admitted:
        assert decision.refusal is not None
        assert decision.refusal.causes
        assert decision.refusal.minimal
        return
    until_ns = 200 * MS
    for attempt in range(4):
        changes = random_changes(decision, seed + attempt, until_ns)
        for core in machine.core_ids:
            assert misses_under_changes(decision.schedules, core, changes, until_ns) == []


def can_be_scheduled(phases: list[Phase], cores: int) -> bool:
    """Every distribution of single tasks over cores, every offset on the grid of 1 ms, judged by simulation."""
    for seats in product(range(cores), repeat=len(phases)):
        if seats[0] == 0 and all(
            core_can([phase for phase, seat in zip(phases, seats, strict=True) if seat == core])
            for core in range(cores)
        ):
            return True
    return False


def core_can(phases: list[Phase]) -> bool:
    if sum(phase.wcet_ns * 10**6 // phase.period_ns for phase in phases) > 900_000:
        return False
    ranges = [range(0, phase.period_ns, MS) for phase in phases]
    return (
        any(count_misses(_placed(phases, offsets)) == 0 for offsets in product(range(1), *ranges[1:]))
        if phases
        else True
    )


def _placed(phases: list[Phase], offsets: tuple[int, ...]) -> list[Reservation]:
    return [
        Reservation(
            str(number),
            0,
            0,
            phase.kind,
            phase.wcet_ns,
            phase.period_ns,
            phase.wcet_ns if phase.kind == "G" else min(phase.deadline_ns, phase.period_ns),
            offset,
        )
        for number, (phase, offset) in enumerate(zip(phases, offsets, strict=True))
    ]


@settings(derandomize=True, max_examples=COUNT, deadline=None)
@given(st.lists(reserved([4, 6, 8]), min_size=1, max_size=3), st.integers(1, 2))
def test_yes_and_no_agree_with_exhaustive_search(phases: list[Phase], cores: int) -> None:
    asked = [Manifest(f"app{index}", (Group("main", 1, (phase,)),)) for index, phase in enumerate(phases)]
    decision = admit(asked, Topology.of(flat(cores)))
    assert decision.admitted == can_be_scheduled(phases, cores)


def gangs_can(gangs: list[tuple[int, int, int]], cores: int) -> bool:
    """Every choice of cores and offsets for gangs (dispatchers, WCET, period)."""
    choices = [
        [(seats, offset) for seats in combinations(range(cores), count) for offset in range(period)]
        for count, _, period in gangs
    ]
    return any(_fit(gangs, chosen, cores) for chosen in product(*choices))


def _fit(gangs: list[tuple[int, int, int]], chosen: tuple, cores: int) -> bool:
    for core in range(cores):
        here = [
            (wcet, period, at) for (_, wcet, period), (seats, at) in zip(gangs, chosen, strict=True) if core in seats
        ]
        if sum(wcet * 10**6 // period for wcet, period, _ in here) > 900_000:
            return False
        busy = [sum((time - at) % period < wcet for wcet, period, at in here) for time in range(48)]
        if max(busy) > 1:
            return False
    return True


@settings(derandomize=True, max_examples=COUNT, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 4), st.sampled_from([4, 6, 8])).filter(lambda g: g[1] <= g[2]),
        min_size=2,
        max_size=3,
    )
)
def test_gangs_agree_with_exhaustive_search(gangs: list[tuple[int, int, int]]) -> None:
    asked = [
        Manifest.from_text(f"G {wcet} {period}", name=f"gang{index}", dispatchers=count)
        for index, (count, wcet, period) in enumerate(gangs)
    ]
    assert admit(asked, Topology.of(flat(3))).admitted == gangs_can(gangs, 3)


def many_gangs_can(gangs: list[tuple[int, int, int]], cores: int) -> bool:
    """Every choice of cores and offsets, one gang after the other, on timelines of 24 slots; the first starts at 0."""
    slots = 24

    def busy_by(wcet: int, period: int, at: int) -> int:
        return sum(1 << slot for slot in range(slots) if (slot - at) % period < wcet)

    def place(left: list[tuple[int, int, int]], busy: tuple[int, ...], load: tuple[int, ...]) -> bool:
        if not left:
            return True
        (count, wcet, period), *rest = left
        share = wcet * 10**6 // period
        for seats in combinations(range(cores), count):
            if any(load[core] + share > 900_000 for core in seats):
                continue
            after = tuple(own + share * (core in seats) for core, own in enumerate(load))
            for at in range(period if any(busy) else 1):
                own = busy_by(wcet, period, at)
                if not any(busy[core] & own for core in seats):
                    taken = tuple(one | own * (core in seats) for core, one in enumerate(busy))
                    if place(rest, taken, after):
                        return True
        return False

    ordered = sorted(gangs, key=lambda gang: -gang[0] * gang[1] / gang[2])
    return place(ordered, (0,) * cores, (0,) * cores)


@settings(derandomize=True, max_examples=COUNT, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 4), st.sampled_from([4, 6, 8, 12])).filter(lambda g: g[1] < g[2]),
        min_size=4,
        max_size=6,
    )
)
def test_up_to_six_gangs_agree_with_exhaustive_search(gangs: list[tuple[int, int, int]]) -> None:
    asked = [
        Manifest.from_text(f"G {wcet} {period}", name=f"gang{index}", dispatchers=count)
        for index, (count, wcet, period) in enumerate(gangs)
    ]
    assert admit(asked, Topology.of(flat(3))).admitted == many_gangs_can(gangs, 3)


@settings(derandomize=True, max_examples=COUNT, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3), st.sampled_from([8, 12, 24])), min_size=4, max_size=7))
def test_every_way_of_searching_comes_to_the_same_answer(gangs: list[tuple[int, int, int]]) -> None:
    """The model of patterns and the model of single cores, both complete, and tries that find only what there is."""
    asked = [
        Manifest.from_text(f"G {wcet} {period}", name=f"gang{index}", dispatchers=count)
        for index, (count, wcet, period) in enumerate(gangs)
    ]
    question = make_question(asked, Topology.of(flat(6)), {}, {}, None, 0)
    by_core, by_pattern = allocate_completely(question), allocate_by_patterns(question, work_limit=5.0)
    assert isinstance(by_core, Allocation) == isinstance(by_pattern, Allocation)
    if allocate_shuffled(question) is not None:
        assert isinstance(by_pattern, Allocation)


@pytest.mark.parametrize("guard_ms", [1, 2])
def test_a_guard_keeps_windows_apart(guard_ms: int) -> None:
    asked = [Manifest.from_text("G 3 10", name=name) for name in "ab"]
    decision = admit(asked, Topology.of(flat(1)), guard_ns=guard_ms * MS)
    assert decision.admitted
    first, second = (one.release_ns for one in decision.schedules[0].reservations)
    assert guard_ms * MS <= (second - first) % (10 * MS) - 3 * MS
    assert guard_ms * MS <= (first - second) % (10 * MS) - 3 * MS
