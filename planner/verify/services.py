"""Checks of what services are told: nothing nearer is free, memory fits, the scheme is the cheapest."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import inf, isclose

from planner.machine.devices import Device
from planner.machine.topology import Topology
from planner.verify.errors import ViolationError

NEARLY = 1e-6
MOST_TRIED = 5000


def check_driver(machine: Topology, device: Device, core: int, distance: int | None, clients: Sequence[int]) -> None:
    """Raises ViolationError if the core may not be used, or another one that is free lies nearer to the device."""
    if not machine.core(core).allowed:
        raise ViolationError(f"the driver is on core {core}, which is not to be used")
    claimed = inf if distance is None else distance
    if _far(machine, device, core) != claimed:
        raise ViolationError(
            f"core {core} is {_far(machine, device, core)} from {device.label}, {distance} was claimed"
        )
    if core in clients or machine.core(core).isolated:
        return
    for other in machine.cores:
        if (
            other.allowed
            and not other.isolated
            and other.id not in clients
            and _far(machine, device, other.id) < claimed
        ):
            raise ViolationError(f"core {other.id} is nearer to {device.label} than core {core}")


def _far(machine: Topology, device: Device, core: int) -> float:
    if core in device.cores:
        return 10
    here = machine.core(core).node
    nodes: list[int | None] = list(device.nodes) or [machine.core(near).node for near in device.cores]
    return min(
        (
            machine.node_distance.get((here, node), 10 if here == node else 20)
            for node in nodes
            if here is not None and node is not None
        ),
        default=inf,
    )


def check_memory(
    machine: Topology,
    cores: Sequence[int],
    size_bytes: int,
    used: Mapping[int, int],
    homes: Mapping[int, int],
    cost: float,
) -> None:
    """Everything is somewhere, no node holds more than it has, the cost is as claimed and, where few, the least."""
    wanted = size_bytes * (len(cores) if homes else 1)
    if sum(used.values()) != wanted or (homes and set(homes) != set(cores)):
        raise ViolationError(f"{dict(used)} holds {sum(used.values())} bytes of {wanted}")
    for node, size in used.items():
        if size > machine.node_bytes.get(node, size):
            raise ViolationError(f"node {node} has {machine.node_bytes[node]} bytes, {size} are asked of it")
    nodes = sorted({*machine.nodes, *machine.node_bytes})
    price = _prices(machine, cores, nodes)
    if homes:
        spent = sum(price[core, node] for core, node in homes.items()) / len(homes)
        least = _least_own(machine, cores, nodes, size_bytes, price)
    else:
        spent = sum(price[core, node] * size for node, size in used.items() for core in cores) / wanted / len(cores)
        least = None
    if not isclose(spent, cost, rel_tol=NEARLY):
        raise ViolationError(f"an access costs {spent}, {cost} was claimed")
    if least is not None and cost > least * (1 + NEARLY):
        raise ViolationError(f"an access costs {cost}, {least} would do")


def _prices(machine: Topology, cores: Sequence[int], nodes: Sequence[int]) -> dict[tuple[int, int], int]:
    stated = {(core, node): machine.memory_cycles.get((core, node)) for core in cores for node in nodes}
    if None not in stated.values():
        return {pair: cycles for pair, cycles in stated.items() if cycles is not None}
    found = {}
    for core, node in stated:
        home = machine.core(core).node
        other = 10 if home == node else 20
        found[core, node] = other if home is None else machine.node_distance.get((home, node), other)
    return found


def _least_own(
    machine: Topology, cores: Sequence[int], nodes: Sequence[int], size: int, price: Mapping[tuple[int, int], int]
) -> float | None:
    """By trying every node for every core; None where that is too much."""
    if len(nodes) ** len(cores) > MOST_TRIED:
        return None
    fits = (
        chosen
        for chosen in product(nodes, repeat=len(cores))
        if all(chosen.count(node) * size <= machine.node_bytes.get(node, inf) for node in nodes)
    )
    return min(sum(price[pair] for pair in zip(cores, chosen, strict=True)) / len(cores) for chosen in fits)


def check_scheme(
    machine: Topology, cores: Sequence[int], lines: int, read_share: float, scheme: str, costs_ns: Mapping[str, float]
) -> None:
    """No scheme is cheaper than the one chosen; the costs of messages and replicas hold when carried out one by one."""
    if scheme not in costs_ns or costs_ns[scheme] > min(costs_ns.values()):
        raise ViolationError(f"{scheme!r} was chosen of {dict(costs_ns)}")
    if "shared" in costs_ns and not machine.is_coherent:
        raise ViolationError("state is shared on a machine whose caches are not coherent")
    count = len(cores)
    by_server = []
    for server in cores:
        trips = [machine.latency_ps(a, server) + machine.latency_ps(server, a) for a in cores if a != server]
        busy = [2 * machine.send_ps(server, a) for a in cores if a != server]
        by_server.append((sum(trips) / count + sum(busy)) / 1000)
    if not isclose(min(by_server), costs_ns["messages"], rel_tol=NEARLY, abs_tol=NEARLY):
        raise ViolationError(f"messages cost {min(by_server)} ns, {costs_ns['messages']} was claimed")
    if read_share == 1.0 and costs_ns["replicas"] > NEARLY:
        raise ViolationError("reading replicas is local, and was claimed to cost something")
    if costs_ns.get("shared", 0.0) < 0:
        raise ViolationError(f"sharing {lines} lines was claimed to cost {costs_ns['shared']} ns")
