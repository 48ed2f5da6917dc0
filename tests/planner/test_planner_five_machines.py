"""Three questions on each of the five machines, held against trying everything: a cache, a memory, a tree."""

from functools import cache
from itertools import combinations, permutations, product

import pytest

import facts
import skb
from planner import Application, Topology, multicast, place

MACHINES = ("amd-2x2", "amd-4x4", "amd-8x4", "intel-2x4", "scc")


@cache
def known(name: str) -> skb.KnowledgeBase:
    return skb.load(facts.read(name))


@cache
def machine(name: str) -> Topology:
    return Topology.of(known(name))


def caches(name: str, level: str) -> list[tuple[int, ...]]:
    """The cores of each unified or data cache of that level, from the facts as they stand."""
    cores: dict[int, set[int]] = {}
    for row in known(name).ask(f"cache(Id, Core, {level[1]}, Type, _, _), Type \\= instruction").rows:
        cores.setdefault(int(str(row[0])), set()).add(int(str(row[1])))
    return [tuple(sorted(each)) for each in cores.values()]


def talking(count: int, level: str) -> Application:
    return Application.from_mapping(
        {
            "group": [{"name": "w", "count": count}],
            "traffic": [{"between": "w", "pattern": "all-to-all", "bytes_per_second": 1.0}],
            "constraint": [{"kind": "share", "level": level}],
        }
    )


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("count", "level"), [(2, "L2"), (2, "L3"), (3, "L3"), (4, "L3")])
def test_so_many_cores_that_share_a_cache_are_the_closest_of_all_that_do(name: str, count: int, level: str) -> None:
    choices = [chosen for cores in caches(name, level) for chosen in combinations(cores, count)]
    costs = [sum(machine(name).latency_ps(a, b) / 1000 for a, b in permutations(chosen, 2)) for chosen in choices]
    answer = place(talking(count, level), machine(name), iterations=50)
    if not choices:
        assert (answer.status, answer.cores) == ("infeasible", ())
        return
    assert tuple(sorted(answer.cores)) in choices
    assert answer.cost == pytest.approx(min(costs))


@pytest.mark.parametrize("name", MACHINES)
def test_the_closest_memory_of_each_core_is_on_the_node_of_the_least_distance(name: str) -> None:
    def distance(core: int, node: int) -> int:
        homes = [machine(name).package_hops(core, other.id) or 0 for other in machine(name).cores if other.node == node]
        return 0 if machine(name).core(core).node == node else 1 + min(homes)

    found: dict[int, set[int]] = {}
    for row in known(name).ask("ram_node_closest_to(Core, Node)").rows:
        found.setdefault(int(str(row[0])), set()).add(int(str(row[1])))
    nodes = tuple(machine(name).nodes)
    for core in machine(name).core_ids:
        distances = {node: distance(core, node) for node in nodes}
        assert found[core] == {node for node in nodes if distances[node] == min(distances.values())}


@pytest.mark.parametrize("name", MACHINES)
def test_a_tree_to_four_cores_is_as_short_as_the_shortest_of_all(name: str) -> None:
    ids = machine(name).core_ids
    members = (ids[0], ids[1], ids[len(ids) // 2], ids[-1])
    tree = multicast(machine(name), root=members[0], members=members)
    assert tree.is_proven
    assert tree.makespan_ps == min(last_arrival_ps(name, sends) for sends in every_tree(members))


def every_tree(members: tuple[int, ...]) -> list[dict[int, tuple[int, ...]]]:
    """Each way of giving everybody but the first a parent, with the children of each in every order."""
    root, *others = members
    found = []
    for parents in product(members, repeat=len(others)):
        parent = dict(zip(others, parents, strict=True))
        if not all(leads_to(root, parent, core) for core in others):
            continue
        children = [[core for core in others if parent[core] == one] for one in members]
        found += [dict(zip(members, orders, strict=True)) for orders in product(*map(permutations, children))]
    return found


def leads_to(root: int, parent: dict[int, int], core: int) -> bool:
    for _ in parent:
        core = parent.get(core, root)
    return core == root and all(one != other for one, other in parent.items())


def last_arrival_ps(name: str, sends: dict[int, tuple[int, ...]]) -> int:
    """A core sends to its children one after the other as soon as it has the message; each send keeps it busy."""
    there = {next(iter(sends)): 0}
    open_ = list(there)
    while open_:
        core = open_.pop()
        begins_ps = there[core]
        for child in sends[core]:
            there[child] = begins_ps + machine(name).latency_ps(core, child)
            begins_ps += machine(name).send_ps(core, child)
            open_.append(child)
    return max(there.values())
