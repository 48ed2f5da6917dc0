"""The latency of a pair that nobody stated, from the lowest object that both cores have in common."""

from typing import TYPE_CHECKING

from planner.machine.latency import ESTIMATED_PS, ESTIMATED_PS_PER_FURTHER_HOP, PS_PER_SECOND, cycles_to_ps

if TYPE_CHECKING:
    from planner.machine.topology import Topology

LOCAL_NUMA_DISTANCE = 10


class Estimator:
    """Looks up the documented table; `domain` holds which L2 and L3 each core belongs to."""

    def __init__(self, machine: "Topology") -> None:
        self._machine = machine
        self.domain = {
            name: {core: index for index, cores in enumerate(machine.sharing(level)) for core in cores}
            for name, level in (("l2", 2), ("l3", 3))
        }

    def latency_ps(self, src: int, dst: int) -> int:
        """One way. First that applies: mesh distance, shared object, NUMA distance, package hops."""
        if src in self._machine.mesh and dst in self._machine.mesh:
            return self._across_mesh_ps(src, dst)
        shared = self._lowest_common_object(src, dst)
        if shared is not None:
            return ESTIMATED_PS[shared]
        return self.between_packages_ps(src, dst)

    def _lowest_common_object(self, src: int, dst: int) -> str | None:
        a, b = self._machine.core(src), self._machine.core(dst)
        if a.physical_core is not None and a.physical_core == b.physical_core:
            return "physical_core"
        for name, domain in self.domain.items():
            if src in domain and domain[src] == domain.get(dst):
                return name
        if a.package is not None and a.package == b.package:
            near = (a.node, a.die) == (b.node, b.die)
            return "node" if near else "package"
        if a.package is None and b.package is None and a.node is not None and a.node == b.node:
            return "node"
        return None

    def between_packages_ps(self, src: int, dst: int) -> int:
        """By the nodes' distance where it is stated, else by the hops between the packages."""
        machine = self._machine
        a, b = machine.core(src).node, machine.core(dst).node
        if a is not None and b is not None and a != b and (a, b) in machine.node_distance:
            stretched = ESTIMATED_PS["package"] * machine.node_distance[a, b] // LOCAL_NUMA_DISTANCE
            return max(stretched, ESTIMATED_PS["package"])
        further_hops = max(0, (machine.package_hops(src, dst) or 1) - 1)
        return ESTIMATED_PS["machine"] + further_hops * ESTIMATED_PS_PER_FURTHER_HOP

    def _across_mesh_ps(self, src: int, dst: int) -> int:
        """A write into the receiver's message buffer, the mesh there and back, then the receiver's trap."""
        machine = self._machine
        (ax, ay), (bx, by) = machine.mesh[src], machine.mesh[dst]
        hops = abs(ax - bx) + abs(ay - by)
        clock_hz = machine.costs.get("mesh_clock", (800_000_000, "hz"))[0]
        hop_cycles = machine.costs.get("mesh_hop", (8, "mesh_cycles"))[0]
        ends_ps = sum(machine.cost_ps(name, dst) for name in ("mpb_access", "trap") if machine.has_cost(name))
        travel_ps = cycles_to_ps(hops * hop_cycles, clock_hz)
        return max(ends_ps + travel_ps, PS_PER_SECOND // clock_hz)
