from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import Snapshot, opteron

from planner import Application, Manifest, PlanError, Topology, admit, place
from planner.verify.errors import ViolationError
from planner.verify.placement import check_map, check_rules, terms_of, value_of
from skb.terms import Compound


def rich() -> Snapshot:
    """Two packages of three cores of two kinds, a device, features, one isolated CPU, and a measured load."""
    facts = opteron(2, 3)
    addr = Compound("addr", (1, 0, 0))
    facts.relations |= {
        "physical_core": [(core, core // 2) for core in range(6)],
        "core_kind": [(core, int(core % 3 == 0)) for core in range(6)],
        "cpu_feature": [(core, "fpu") for core in (0, 1, 3, 4)] + [(3, "avx512f")],
        "isolated": [(5,)],
        "tickless": [(4,), (5,)],
        "device": [("pci", addr, 1, 2, 2, 0, 0, 0)],
        "device_core": [(addr, core) for core in (3, 4, 5)],
        "device_node": [(addr, 1)],
        "os_device": [("eth0", "network", addr)],
        "numa_distance": [(0, 0, 10), (0, 1, 16), (1, 0, 16), (1, 1, 10)],
        "measured_utilisation_ppm": [("other", 0, 300_000), ("mine", 1, 900_000)],
    }
    return facts


MACHINE = Topology.of(rich())
WEIGHED = [
    {},
    {"objective": "load"},
    {"objective": "migration", "current": {"a": [5, 4], "b": 0}},
    {"weights": {"communication": 1, "load": 500, "migration": 20}, "current": {"b": 2}},
]
KINDS = [
    {"kind": "near", "device": "eth0", "members": ["a"]},
    {"kind": "near", "device": "01:00.0", "hops": 0, "members": ["b"]},
    {"kind": "features", "features": ["fpu"], "members": ["a", "b"]},
    {"kind": "features", "features": ["avx512f", "fpu"], "members": ["a.0"]},
    {"kind": "core_kind", "core_kind": "fastest", "members": ["b"]},
    {"kind": "core_kind", "core_kind": [0], "members": ["a"]},
    {"kind": "isolated", "members": ["a.1"]},
    {"kind": "tickless", "members": ["a.1"]},
    {"kind": "gang", "members": ["a"]},
    {"kind": "gang", "members": ["b", "a.0"]},
    {"kind": "share", "level": "core", "members": ["a"]},
    {"kind": "share", "level": "L3", "each": 2},
    {"kind": "distinct", "members": ["a"]},
    {"kind": "not_share", "level": "core", "members": ["a.0", "b.0"]},
    {"kind": "memory", "memory": "2 GiB"},
    {"kind": "separate", "level": "node", "members": ["a"], "from": ["b"]},
]


def asked(**keys: object) -> Application:
    document = {
        "name": "mine",
        "group": [{"name": "a", "count": 2, "cpu": 0.5}, {"name": "b", "cpu": 0.7}],
        "traffic": [{"edges": [["a.0", "b.0", 3.0], ["b.0", "a.1", 1.0], ["a.0", "a.1", 2.0]]}],
    }
    return Application.from_mapping({**document, **keys})


def cheapest(app: Application, machine: Topology) -> float | None:
    """Over all maps whatever, as the checker judges them."""
    best = None
    for cores in product(machine.allowed_ids, repeat=len(app.dispatchers)):
        chosen = dict(zip(app.dispatchers, cores, strict=True))
        try:
            check_rules(app, machine, chosen)
        except ViolationError:
            continue
        value = value_of(app, terms_of(app, machine, chosen))
        best = value if best is None else min(best, value)
    return best


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(KINDS), max_size=3, unique_by=str),
    st.sampled_from(WEIGHED),
    st.sampled_from(
        [{}, {"distinct": False}, {"distinct": False, "smt": False}, {"smt": False}, {"isolated": "allow"}]
    ),
)
def test_every_kind_and_objective_agrees_with_all_maps(constraints: list[dict], weighed: dict, keys: dict) -> None:
    app = asked(constraint=constraints, **weighed, **keys)
    plan = place(app, MACHINE, iterations=400)
    best = cheapest(app, MACHINE)
    if best is None:
        assert plan.status == "infeasible"
        assert plan.is_minimal
        assert plan.relaxations
    else:
        assert plan.status in ("optimal", "feasible")
        assert plan.cost == pytest.approx(best)
        assert plan.bound <= best + 1e-6


def test_isolated_cpus_are_left_alone_unless_asked_for() -> None:
    def cores(**keys: object) -> set[int]:
        return set(place(asked(group=[{"name": "a", "count": 5}, {"name": "b"}], **keys), MACHINE).cores)

    assert cores() == set()
    assert cores(isolated="allow") == set(range(6))
    pinned = asked(constraint=[{"kind": "pin", "members": ["b"], "cores": 5}])
    assert place(pinned, MACHINE).seats["b.0"].core == 5
    only = asked(group=[{"name": "a", "count": 2}, {"name": "b", "isolated": "only"}])
    assert place(only, MACHINE).seats["b.0"].core == 5


def test_shares_of_one_core_add_up_to_one_at_most() -> None:
    app = asked(group=[{"name": "a", "count": 10, "cpu": 0.5}, {"name": "b"}], traffic=[], distinct=False)
    assert place(app, MACHINE).conflict == ("cpu", "isolated")
    app = asked(group=[{"name": "a", "count": 8, "cpu": 0.5}, {"name": "b"}], traffic=[], distinct=False)
    plan = place(app, MACHINE)
    assert sorted(plan.cores.count(core) for core in set(plan.cores)) == [1, 2, 2, 2, 2]


@pytest.mark.parametrize(("shares", "fits"), [((40, 50), True), ((40, 45, 5), True), ((40, 45, 10), False)])
def test_gangs_that_a_placement_lets_share_cores_are_admitted_on_them(shares: tuple[int, ...], fits: bool) -> None:
    machine = Topology.of(opteron(1, 4))
    gangs = {f"g{index}": share for index, share in enumerate(shares)}
    app = Application.from_mapping(
        {
            "group": [{"name": name, "count": 4, "cpu": share / 100} for name, share in gangs.items()],
            "distinct": False,
            "constraint": [{"name": name, "kind": "gang", "members": [name]} for name in gangs],
        }
    )
    plan = place(app, machine)
    manifests = [
        Manifest.from_text(f"G {share} 100 {share}", name=name, dispatchers=4) for name, share in gangs.items()
    ]
    if fits:
        cores = {name: tuple(plan.seats[f"{name}.{member}"].core for member in range(4)) for name in gangs}
        assert admit(manifests, machine, cores=cores).admitted
    else:
        assert (plan.status, set(plan.conflict)) == ("infeasible", set(gangs))
        assert not admit(manifests, machine).admitted


def test_shares_too_small_to_be_told_apart_by_places_are_refused() -> None:
    group = [{"name": "a", "count": 1024, "cpu": 0.001}]
    with pytest.raises(PlanError, match="at most 2048 places"):
        place(Application.from_mapping({"group": group, "distinct": False}), MACHINE)


def test_what_is_measured_of_others_counts_as_load_and_what_is_measured_of_itself_does_not() -> None:
    plan = place(asked(objective="load"), MACHINE)
    assert (plan.status, plan.cost, plan.bound) == ("optimal", 0.7, 0.7)
    assert 0 not in (plan.seats["b.0"].core, plan.seats["a.0"].core)
    assert plan.to_json()["terms"]["load"] == 0.7
    assert plan.to_json()["unit"] == "share of a core"


def test_as_little_moves_as_the_constraints_force() -> None:
    keys = {"objective": "migration", "current": {"a": [0, 1], "b": 2}}
    assert place(asked(**keys), MACHINE).cost == 0
    moved = place(asked(constraint=[{"kind": "near", "device": "eth0", "members": ["b"]}], **keys), MACHINE)
    assert (moved.cost, moved.bound, moved.seats["a.0"].core) == (1, 1, 0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"weights": {"communication": -1}}, "key weights.communication: is -1"),
        ({"weights": {"load": float("nan")}}, "key weights.load: is nan"),
        ({"weights": {}}, "key weights: has no weight above 0"),
        ({"objective": "load", "weights": {"load": 1}}, "stands beside objective 'load'"),
        ({"objective": "migration"}, "key current: is missing"),
        ({"current": {"c": 1}}, "key current.c: is neither group nor dispatcher"),
        ({"current": {"a": [1]}}, "key current.a: names 1 cores; 2, one for each member"),
        ({"current": {"b": -1}}, "key current.b"),
        ({"constraint": [{"kind": "near", "device": "eth0", "within": 20, "hops": 1}]}, "stands beside within"),
        ({"constraint": [{"kind": "near"}]}, "constraint[0].device: is missing"),
        ({"constraint": [{"kind": "core_kind", "core_kind": "quick"}]}, "core_kind: is 'quick'"),
        ({"constraint": [{"kind": "features", "features": []}]}, "features: is []"),
        ({"constraint": [{"kind": "share", "level": "L3", "each": 0}]}, "constraint[0].each: is 0"),
        ({"isolated": "never"}, "key isolated: is 'never'; avoid or only or allow"),
        ({"traffic": [{"between": "a", "pattern": "stencil", "grid": [2, 2], "bytes_per_second": 1}]}, "together 2"),
    ],
)
def test_a_mistake_is_answered_with_its_key(keys: dict, message: str) -> None:
    with pytest.raises(PlanError) as refusal:
        asked(**keys)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"current": {"b": 77}}, "core 77 does not exist"),
        (
            {"constraint": [{"kind": "near", "device": "sda"}]},
            "device 'sda' does not exist on amd-4x4; it has 0000:01:00.0 eth0",
        ),
        ({"constraint": [{"kind": "core_kind", "core_kind": 7}]}, "core kind 7 does not exist on amd-4x4; it has 0, 1"),
    ],
)
def test_what_the_machine_does_not_have_is_refused(keys: dict, message: str) -> None:
    with pytest.raises(PlanError) as refusal:
        place(asked(**keys), MACHINE)
    assert message in str(refusal.value)


def test_a_stencil_may_have_up_to_four_sides() -> None:
    def count(grid: list[int]) -> int:
        traffic = {"between": "a", "pattern": "stencil", "grid": grid, "bytes_per_second": 1}
        return len(asked(group=[{"name": "a", "count": 8}, {"name": "b"}], traffic=[traffic]).edges)

    assert [count(grid) for grid in ([8], [2, 4], [2, 2, 2], [2, 2, 2, 1])] == [14, 20, 24, 24]


def test_the_checker_finds_what_each_new_kind_forbids() -> None:
    here = {"a.0": 0, "a.1": 1, "b.0": 2}
    for constraint in KINDS[:6]:
        broken = asked(constraint=[{**constraint, "name": "rule"}])
        wrong = {"a.0": 2, "a.1": 3, "b.0": 1} if constraint["kind"] == "core_kind" else {**here, "a.0": 2, "b.0": 0}
        with pytest.raises(ViolationError, match="'rule' is broken"):
            check_map(broken, MACHINE, wrong, 0.0)
    shared = {"a.0": 0, "a.1": 0, "b.0": 0}
    with pytest.raises(ViolationError, match="more than itself"):
        check_map(asked(distinct=False), MACHINE, shared, 0.0)
