from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import Snapshot, opteron

from planner import Application, Topology, place
from planner.placement.problem import Apart, Capacity, Inside, Problem, Rule, Separate, Together, holds
from planner.placement.rules.class_exchanges import improved_by_classes
from planner.placement.rules.conflict import find_conflict
from planner.placement.rules.feasibility import find_feasible
from planner.placement.rules.starts import constrained_starts
from skb.terms import Compound

CORES = 4


def machine() -> Snapshot:
    """Four packages of four cores; every second core has an FPU; a device at package 1."""
    facts = opteron()
    addr = Compound("addr", (0, 2, 0, 0))
    facts.relations |= {
        "cpu_feature": [(core, "sse2") for core in range(16)] + [(core, "fpu") for core in range(0, 16, 2)],
        "device": [("pci", addr, 1, 2, 2, 0, 0, 0)],
        "device_node": [(addr, 1)],
        "numa_distance": [(a, b, 10 if a == b else 16 if abs(a - b) == 1 else 22) for a in range(4) for b in range(4)],
        "isolated": [(15,)],
    }
    return facts


MACHINE = Topology.of(machine())


def asked(count: int = 4, constraint: tuple[dict, ...] = (), **keys: object) -> Application:
    group = {"name": "w", "count": count}
    own = {key: keys.pop(key) for key in ("memory", "features", "cpu", "isa", "core_kind") if key in keys}
    return Application.from_mapping({"group": [group | own], "constraint": list(constraint), **keys})


@pytest.mark.parametrize(
    ("app", "conflict", "texts"),
    [
        (
            asked(8, memory="3 GiB"),
            {"memory of w"},
            ["memory of w: 2 GiB would do, 3 GiB was asked"],
        ),
        (
            asked(5, ({"name": "close", "kind": "share", "level": "L3"},)),
            {"distinct", "close"},
            ["distinct: one for 4 of them would do", "close: sharing L3 by groups of 4 would do, sharing L3 was asked"],
        ),
        (
            asked(3, ({"name": "close", "kind": "share", "level": "core"},)),
            {"distinct", "close"},
            ["close: sharing L3 would do, sharing core was asked"],
        ),
        (
            asked(5, ({"name": "far", "kind": "not_share", "level": "package"},)),
            {"far"},
            ["far: no two in one core would do, no two in one package was asked"],
        ),
        (
            asked(5, ({"kind": "near", "device": "02:00.0"},)),
            {"distinct", "near"},
            ["near: within = 16 would do, within = 10 was asked"],
        ),
        (
            asked(5, ({"kind": "package", "package": 2},)),
            {"distinct", "package"},
            ["package: package 0, 2 would do, package 2 was asked"],
        ),
        (
            asked(10, features=["fpu"]),
            {"distinct", "features of w"},
            ["distinct: one for 8 of them", "features of w: all but 2 of 10 (w."],
        ),
        (
            asked(16),
            {"distinct", "isolated"},
            ["distinct: one for 15 of them", "isolated: all but 1 of 16 (w."],
        ),
        (
            asked(20, cpu=0.5, isolated="allow"),
            {"distinct"},
            ["distinct: sharing cores as their cpu adds up (distinct = false) would do, a core for each alone"],
        ),
        (
            asked(64, cpu=0.5, distinct=False, isolated="allow"),
            {"cpu"},
            ["cpu: 50% of it would do, the whole cpu of everybody was asked"],
        ),
    ],
)
def test_a_refusal_names_the_nearest_thing_that_would_do(app: Application, conflict: set, texts: list[str]) -> None:
    plan = place(app, MACHINE)
    assert (plan.status, set(plan.conflict), plan.is_minimal) == ("infeasible", conflict, True)
    found = [one.text for one in plan.relaxations]
    for text in texts:
        assert any(one.startswith(text) for one in found), found


def test_a_relaxation_has_its_key_and_line_and_can_be_asked_for() -> None:
    text = 'name = "x"\n[[group]]\nname = "w"\ncount = 8\nmemory = "3 GiB"\n'
    plan = place(Application.from_toml(text), MACHINE)
    assert plan.to_json()["relaxations"] == [
        {
            "constraints": ["memory of w"],
            "asked": "3 GiB",
            "fits": "2 GiB",
            "enough": True,
            "text": "memory of w (line 5): 2 GiB would do, 3 GiB was asked",
            "key": "group[0].memory",
            "line": 5,
        }
    ]
    assert place(Application.from_toml(text.replace("3 GiB", "2 GiB")), MACHINE).status != "infeasible"
    assert place(Application.from_toml(text.replace("3 GiB", "2.1 GiB")), MACHINE).status == "infeasible"


def test_where_other_constraints_conflict_as_well_a_relaxation_says_so() -> None:
    app = asked(5, ({"kind": "pin", "members": ["w.0", "w.1"], "cores": 3},), memory="5 GiB")
    plan = place(app, MACHINE)
    assert plan.is_minimal
    assert not any(one.is_enough for one in plan.relaxations)
    assert "other constraints conflict, too" in plan.relaxations[0].text


RULES = st.one_of(
    st.builds(
        lambda members, permitted: Inside("i", tuple(sorted(members)), frozenset(permitted)),
        st.sets(st.integers(0, 3), min_size=1),
        st.sets(st.integers(0, 4), min_size=1),
    ),
    st.builds(
        lambda classes, cut: (
            Together("t", tuple(range(cut)), tuple(classes)),
            Together("t", tuple(range(cut, 4)), tuple(classes)),
        ),
        st.lists(st.integers(-1, 2), min_size=5, max_size=5),
        st.integers(1, 3),
    ),
    st.builds(
        lambda members, classes: Together("u", tuple(sorted(members)), tuple(classes)),
        st.sets(st.integers(0, 3), min_size=2),
        st.lists(st.integers(-1, 2), min_size=5, max_size=5),
    ),
    st.builds(
        lambda members, classes: Apart("a", tuple(sorted(members)), tuple(classes)),
        st.sets(st.integers(0, 3), min_size=2),
        st.lists(st.integers(-1, 2), min_size=5, max_size=5),
    ),
    st.builds(
        lambda classes: Separate("s", (0, 1), (2, 1), tuple(classes)),
        st.lists(st.integers(-1, 2), min_size=5, max_size=5),
    ),
    st.builds(
        lambda demand, classes, limit: Capacity(("c",), tuple(demand), tuple(classes), (limit, 4, 3)),
        st.lists(st.integers(0, 3), min_size=4, max_size=4),
        st.lists(st.integers(-1, 2), min_size=5, max_size=5),
        st.integers(0, 6),
    ),
)


@settings(derandomize=True, max_examples=120, deadline=None)
@given(st.lists(RULES, max_size=4), st.booleans())
def test_counting_teams_and_kinds_agrees_with_trying_every_assignment(drawn: list, is_distinct: bool) -> None:
    rules: list[Rule] = [rule for one in drawn for rule in (one if isinstance(one, tuple) else (one,))]
    found = find_feasible(4, 5, rules, is_distinct=is_distinct)
    every = permutations(range(5), 4) if is_distinct else product(range(5), repeat=4)
    exists = any(all(holds(rule, assignment) for rule in rules) for assignment in every)
    assert found.status == ("feasible" if exists else "infeasible")
    if exists:
        assert all(holds(rule, found.assignment) for rule in rules)
        assert not is_distinct or len(set(found.assignment)) == 4


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.lists(RULES, max_size=3), st.integers(0, 10**6))
def test_starts_keep_the_rules_and_exchanges_of_classes_never_make_them_worse(drawn: list, seed: int) -> None:
    rules = tuple(rule for one in drawn for rule in (one if isinstance(one, tuple) else (one,)))
    draw = np.random.default_rng(seed)
    distance = draw.integers(1, 9, (5, 5)).astype(float)
    np.fill_diagonal(distance, 0.0)
    flow = draw.integers(0, 5, (4, 4)).astype(float)
    np.fill_diagonal(flow, 0.0)
    problem = Problem(flow, distance, np.zeros((4, 5)), rules, tuple(range(5)), tuple(range(5)))
    starts = constrained_starts(problem, [], 0, None)
    found = find_feasible(4, 5, rules)
    if isinstance(starts, str):
        assert starts == found.status
        return
    assert all(problem.allows(start) and len(set(start)) == 4 for start in starts)
    better = improved_by_classes(problem, found.assignment, draw, rounds=2, deadline=None)
    assert problem.allows(better)
    assert problem.cost(better) <= problem.cost(found.assignment)


def test_teams_that_are_kept_together_change_their_classes_as_a_whole() -> None:
    """Three teams of two in classes of two: the pair that talks must end up in the near classes."""
    classes = (0, 0, 1, 1, 2, 2)
    rules = tuple(Together("t", (2 * team, 2 * team + 1), classes) for team in range(3))
    distance = np.array([[abs(a - b) ** 2.0 for b in classes] for a in classes])
    flow = np.zeros((6, 6))
    flow[0, 4] = flow[5, 1] = 1.0
    problem = Problem(flow, distance, np.zeros((6, 6)), rules, tuple(range(6)), tuple(range(6)))
    assert problem.cost(range(6)) == 8.0
    better = improved_by_classes(problem, tuple(range(6)), np.random.default_rng(0), rounds=0, deadline=None)
    assert problem.cost(better) == 2.0


def test_a_conflict_that_time_left_untried_is_whole_and_not_called_minimal() -> None:
    app = asked(8, memory="3 GiB")
    found = find_conflict(app, MACHINE, time_limit=1e-9)
    assert (set(found.names), found.is_minimal, found.relaxations) == (
        {"distinct", "memory of w", "isolated"},
        False,
        (),
    )
