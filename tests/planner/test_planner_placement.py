import random
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import flat, opteron

from planner import Application, PlanError, Topology, place, place_matrix, qap
from planner.matrix_text import read_matrix, read_qaplib
from planner.placement.bounds.gilmore_lawler import gilmore_lawler
from planner.placement.machine_problem import problem_of
from planner.verify.errors import ViolationError
from planner.verify.placement import check_map

RING = {
    "name": "pipeline",
    "group": [{"name": "workers", "count": 8}],
    "traffic": [{"between": "workers", "pattern": "ring", "bytes_per_second": 1e8}],
}
MACHINE = Topology.of(opteron())


def app(**keys: object) -> Application:
    return Application.from_mapping({**RING, **keys})


def cheapest(application: Application, machine: Topology) -> float | None:
    """Over all assignments of different allowed cores that the rules leave."""
    problem = problem_of(application, machine)
    costs = [
        problem.cost(places)
        for places in permutations(range(problem.location_count), problem.size)
        if problem.allows(places)
    ]
    return min(costs, default=None)


def test_a_ring_stays_within_two_packages_and_is_proven_optimal() -> None:
    plan = place(app(), MACHINE)
    assert plan.status == "optimal"
    assert len({MACHINE.core(core).package for core in plan.cores}) == 2
    document = plan.to_json()
    assert document["map"]["workers.0"] == {"core": 0, "os_index": 100, "numa_node": 0}
    assert (document["unit"], document["latency"], document["gap"]) == ("byte ns/s", "stated", 0.0)
    assert document["cost"] <= min(document["baselines"].values())


def test_unmeasured_latencies_make_the_answer_an_estimate() -> None:
    plan = place(app(), Topology.of(flat(8)))
    document = plan.to_json()
    assert document["latency"] == "estimated"
    assert "os_index" not in document["map"]["workers.0"]


def test_the_same_iterations_give_the_same_plan() -> None:
    application = app(traffic=[{"between": "workers", "pattern": "stencil", "bytes_per_second": 5}])
    first, second = (place(application, MACHINE, iterations=100, seed=4) for _ in range(2))
    assert first.seats == second.seats


CONSTRAINTS = [
    {"kind": "share", "level": "L3", "members": ["workers.0", "workers.3"]},
    {"kind": "not_share", "level": "package", "members": ["workers.0", "workers.1"]},
    {"kind": "separate", "level": "package", "members": ["workers.0"], "from": ["workers.2", "workers.0"]},
    {"kind": "pin", "members": ["workers.1"], "cores": "2-3"},
    {"kind": "forbid", "cores": "0"},
    {"kind": "package", "members": ["workers.2"], "package": 1},
    {"kind": "node", "members": ["workers.3"], "node": [0]},
    {"kind": "smt"},
    {"kind": "isa", "members": ["workers.0"], "isa": "x86_64"},
    {"kind": "memory", "memory": "2 GiB", "members": ["workers.0", "workers.1", "workers.2"]},
    {"kind": "memory", "memory": "3 GiB", "members": ["workers.3"]},
    {"kind": "pin", "members": ["workers.0"], "cores": [5]},
]


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(CONSTRAINTS), max_size=4, unique_by=str),
    st.lists(st.integers(0, 9), min_size=16, max_size=16),
)
def test_every_answer_agrees_with_brute_force(constraints: list[dict], rates: list[int]) -> None:
    machine = Topology.of(opteron(2, 3))
    application = Application.from_mapping(
        {
            "group": [{"name": "workers", "count": 4}],
            "traffic": [{"between": "workers", "matrix": [rates[row * 4 : row * 4 + 4] for row in range(4)]}],
            "constraint": constraints,
        }
    )
    plan = place(application, machine, iterations=300)
    best = cheapest(application, machine)
    if best is None:
        assert plan.status == "infeasible"
        assert plan.is_minimal
        assert plan.conflict
    else:
        assert plan.status == "optimal"
        assert plan.cost == pytest.approx(best)
        assert gilmore_lawler(problem_of(application, machine)).value <= best + 1e-6


def test_each_name_of_a_conflict_is_needed() -> None:
    pins = [
        {"name": "left", "kind": "pin", "members": ["workers.0"], "cores": "4"},
        {"name": "right", "kind": "pin", "members": ["workers.1"], "cores": "4"},
        {"name": "idle", "kind": "forbid", "cores": "15"},
    ]
    plan = place(app(constraint=pins), MACHINE)
    assert plan.status == "infeasible"
    assert (set(plan.conflict), plan.is_minimal) == ({"distinct", "left", "right"}, True)
    assert plan.to_json()["cost"] is None


def test_more_dispatchers_than_cores_conflict_with_distinct_cores() -> None:
    plan = place(app(group=[{"name": "workers", "count": 17}]), MACHINE)
    assert (plan.status, plan.conflict, plan.is_minimal) == ("infeasible", ("distinct",), True)


def test_no_siblings_are_used_where_smt_is_off() -> None:
    facts = opteron(1, 8)
    facts.relations["physical_core"] = [(core, core // 2) for core in range(8)]
    plan = place(app(group=[{"name": "workers", "count": 4}], smt=False), Topology.of(facts))
    assert len({core // 2 for core in plan.cores}) == 4


def test_a_disallowed_core_gets_nobody() -> None:
    facts = opteron(2, 4)
    facts.relations["disallowed"] = [(0,)]
    facts.relations["disallowed"] += [(1,)]
    plan = place(app(group=[{"name": "workers", "count": 6}]), Topology.of(facts))
    assert not {0, 1} & set(plan.cores)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"group": []}, "key group: is missing"),
        ({"group": [{"name": "a", "count": 0}]}, "group[0].count: is 0; a whole number from 1"),
        ({"group": [{"name": "a"}, {"name": "a"}]}, "a name of its own"),
        ({"colour": "red"}, "key colour: is unknown"),
        ({"objective": "speed"}, "objective: is 'speed'; communication or load"),
        ({"traffic": [{"between": "nobody", "pattern": "ring", "bytes_per_second": 1}]}, "names 'nobody'"),
        ({"traffic": [{"between": "workers", "pattern": "star", "bytes_per_second": 1}]}, "ring or stencil"),
        ({"traffic": [{"between": "workers", "pattern": "ring", "bytes_per_second": -1}]}, "is -1; a finite"),
        ({"traffic": [{"between": "workers", "pattern": "ring", "bytes_per_second": float("nan")}]}, "is nan"),
        ({"constraint": [{"kind": "levitate"}]}, "distinct or share"),
        ({"constraint": [{"kind": "share", "level": "L9"}]}, "'L9'"),
        ({"constraint": [{"kind": "pin", "members": ["workers"], "cores": "3-1"}]}, "ends before it starts"),
        ({"constraint": [{"kind": "share", "level": "L3", "membres": ["workers"]}]}, "membres: is unknown"),
        ({"group": [{"name": "a", "memory": "two"}]}, "2 GB"),
    ],
)
def test_a_mistake_in_an_application_is_answered_with_its_key(keys: dict, message: str) -> None:
    with pytest.raises(PlanError) as refusal:
        app(**keys)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "key", "where"),
    [
        ("cuont = 8", "group[0].cuont", 4),
        ('count = "x"', "group[0].count", 4),
        ('memory = "2 QiB"', "group[0].memory", 4),
        ('[[traffic]]\npattern = "ring"', "traffic[0].between", 4),
        ('[[constraint]]\nkind = "share"\nlevel = "L9"', "constraint[0].level", 6),
    ],
)
def test_a_mistake_in_a_file_is_answered_with_its_line_and_its_key(line: str, key: str, where: int) -> None:
    with pytest.raises(PlanError) as refusal:
        Application.from_toml(f'name = "x"\n[[group]]\nname = "workers"\n{line}\n', where="APP.toml")
    assert (refusal.value.details["line"], refusal.value.details["key"]) == (where, key)
    assert str(refusal.value).startswith(f"APP.toml, line {where}, key {key}: ")


def test_an_instruction_set_that_nobody_states_limits_nothing_and_is_noted() -> None:
    facts = opteron(1, 4)
    asked = app(group=[{"name": "workers", "count": 2, "isa": "x86_64"}])
    assert place(asked, Topology.of(facts)).notes == ()
    facts.relations["isa"] = [(0, "armv8")]
    plan = place(asked, Topology.of(facts))
    assert 0 not in plan.cores
    assert plan.notes == ("the instruction set of core 1-3 is not known: the isa asked for was not checked there",)


def test_a_syntax_error_is_answered_with_its_line() -> None:
    with pytest.raises(PlanError, match=r"APP.toml, line 2"):
        Application.from_toml('name = "x"\n[[group]\n', where="APP.toml")


def test_a_core_or_package_that_does_not_exist_is_refused() -> None:
    with pytest.raises(PlanError, match="core 99 does not exist"):
        place(app(constraint=[{"kind": "pin", "cores": "99"}]), MACHINE)
    with pytest.raises(PlanError, match="package 9 does not exist on amd-4x4; it has 0, 1, 2, 3"):
        place(app(constraint=[{"kind": "package", "package": 9}]), MACHINE)


def test_keys_for_running_are_kept_and_not_looked_at() -> None:
    application = app(workload="barrier", threads=8, manifest="m", workload_options={"wait": "spin"})
    assert application.run["workload_options"] == {"wait": "spin"}


def test_patterns_make_the_edges_that_they_say() -> None:
    def edges(traffic: dict, count: int = 4) -> int:
        group = [{"name": "workers", "count": count}, {"name": "server"}]
        return len(app(group=group, traffic=[{"bytes_per_second": 1, **traffic}]).edges)

    assert edges({"between": "workers", "pattern": "ring"}) == 4
    assert edges({"between": "workers", "pattern": "ring"}, count=1) == 0
    assert edges({"between": "workers", "pattern": "stencil"}) == 8
    assert edges({"between": "workers", "pattern": "all-to-all"}) == 12
    assert edges({"between": ["workers", "server"], "pattern": "all-to-all"}) == 8


def test_threads_are_placed_by_matrices_alone() -> None:
    latency = read_matrix(",,,\n10,,,\n90,90,,\n90,90,10,\n")
    plan = place_matrix(latency, [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    assert plan.status == "optimal"
    assert plan.cost == 20
    assert plan.to_json()["cores"] == list(plan.cores)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1,2\n1,0,\n2,5,0\n", r"the pair 1, 2 is missing \(line 2, column 3\); every pair, or one triangle"),
        (",,\n1,,\n2,,\n", r"the pair 1, 2 is missing \(line 2, column 3\)"),
        ("0,1\nx,0\n", "line 2, column 1 is 'x'"),
        ("0,-1\n1,0\n", "line 1, column 2 is '-1'"),
        ("0,1,2\n1,0\n", "line 1 has 3 cells"),
        ("", "it has 0 rows"),
    ],
)
def test_a_mistake_in_a_matrix_is_answered_with_its_cell(text: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        read_matrix(text, "latency.csv")


@pytest.mark.parametrize("text", ["", "x", "2 1 2 3", "1.5 0 0", "nan"])
def test_what_is_no_qaplib_instance_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match="accepted"):
        read_qaplib(text)


@pytest.mark.parametrize(("name", "best"), [("nug12", 578), ("chr12a", 9552), ("had12", 1652)])
def test_small_qaplib_instances_reach_their_known_optimum(name: str, best: int, shared_data: Path) -> None:
    flow, distance = read_qaplib((shared_data / "qaplib" / f"{name}.dat").read_text())
    plan = qap(flow, distance)
    where = plan.to_json()["permutation"]
    size = range(len(flow))
    assert plan.cost == best
    assert sum(flow[i][j] * distance[where[i]][where[j]] for i in size for j in size) == best
    assert plan.bound <= best


@settings(derandomize=True, max_examples=10, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6))
def test_random_quadratic_assignments_agree_with_brute_force(size: int, seed: int) -> None:
    draw = random.Random(seed)
    flow, distance = ([[draw.randrange(10) for _ in range(size)] for _ in range(size)] for _ in range(2))
    best = min(
        sum(flow[i][j] * distance[p[i]][p[j]] for i in range(size) for j in range(size))
        for p in permutations(range(size))
    )
    plan = qap(flow, distance, iterations=500)
    assert plan.cost == best
    assert plan.bound <= best


def test_the_checker_finds_a_broken_constraint_and_a_wrong_cost() -> None:
    application = app(constraint=[{"name": "here", "kind": "pin", "members": ["workers.0"], "cores": "0"}])
    names = application.dispatchers
    moved = {name: index + 1 for index, name in enumerate(names)}
    with pytest.raises(ViolationError, match="'here' is broken"):
        check_map(application, MACHINE, moved, 0.0)
    with pytest.raises(ViolationError, match=r"1\.0 was claimed"):
        check_map(app(), MACHINE, moved, 1.0)


def test_memory_is_not_limited_where_no_size_is_known_and_the_answer_says_so() -> None:
    facts = opteron(1, 4)
    facts.relations["numa_node"] = [(0, 0, "unknown")]
    application = app(group=[{"name": "workers", "count": 2, "memory": "4 TiB"}])
    plan = place(application, Topology.of(facts))
    assert plan.status == "optimal"
    assert "the size of NUMA node 0 is not known" in plan.notes[0]
    assert place(application, Topology.of(opteron(1, 4))).conflict == ("memory of workers",)
