"""The numbers that one machine gives its hardware threads: SKB id, logical index, OS index, place in a package."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from planner.cpu_list import format_cpu_list
from planner.errors import PlanError
from planner.machine.topology import Topology


@dataclass(frozen=True, slots=True)
class HardwareThread:
    """`logical` counts all hardware threads as hwloc's PU L# does; `package` and `physical` count likewise.

    `sibling` is its place among the threads of its physical core. None: the machine does not say.
    """

    core: int
    logical: int
    os_index: int | None
    package: int | None
    physical: int
    sibling: int
    node: int | None


@dataclass(frozen=True)
class Numbering:
    """Hardware threads in the order of the topology, and the sets that notations name."""

    machine: str
    threads: tuple[HardwareThread, ...]
    node_os_index: Mapping[int, int] = field(default_factory=dict)
    caches: Mapping[int, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    has_disallowed: bool = False

    @classmethod
    def of(cls, machine: Topology) -> "Numbering":
        order = sorted(machine.core_ids)
        siblings = {core: group for group in machine.physical_cores for core in group}
        physical = _ranks(siblings[core][0] for core in order)
        packages = _ranks(machine.core(core).package for core in order)
        threads = []
        for logical, core_id in enumerate(order):
            core, group = machine.core(core_id), siblings[core_id]
            package = None if core.package is None else packages[core.package]
            sibling = group.index(core_id)
            threads.append(
                HardwareThread(core_id, logical, core.os_index, package, physical[group[0]], sibling, core.node)
            )
        caches = {level: machine.sharing(level) for level in sorted({cache.level for cache in machine.caches})}
        has_disallowed = len(machine.allowed_ids) < len(order)
        return cls(machine.name, tuple(threads), dict(machine.node_os_index), caches, has_disallowed)

    @cached_property
    def _by_core(self) -> dict[int, HardwareThread]:
        return {thread.core: thread for thread in self.threads}

    @cached_property
    def _by_os_index(self) -> dict[int, int]:
        return {thread.os_index: thread.core for thread in self.threads if thread.os_index is not None}

    @cached_property
    def _node_by_os_index(self) -> dict[int, int]:
        return {os_index: node for node, os_index in self.node_os_index.items()}

    @property
    def has_os_indices(self) -> bool:
        return len(self._by_os_index) == len(self.threads)

    def thread(self, core: int) -> HardwareThread:
        return self._by_core[core]

    @cached_property
    def cores(self) -> tuple[int, ...]:
        return tuple(thread.core for thread in self.threads)

    @cached_property
    def physical_cores(self) -> tuple[tuple[int, ...], ...]:
        """The hardware threads of each physical core, by its logical number."""
        return self._grouped((thread.physical, thread.core) for thread in self.threads)

    @cached_property
    def packages(self) -> tuple[tuple[int, ...], ...]:
        """The hardware threads of each package, by its logical number."""
        return self._grouped((thread.package, thread.core) for thread in self.threads)

    @cached_property
    def nodes(self) -> dict[int, tuple[int, ...]]:
        """The hardware threads of each NUMA node that has any, by SKB id."""
        known = sorted({thread.node for thread in self.threads if thread.node is not None})
        return {node: tuple(thread.core for thread in self.threads if thread.node == node) for node in known}

    @cached_property
    def node_ids(self) -> tuple[int, ...]:
        """All NUMA nodes in logical order, those without a hardware thread among them."""
        return tuple(sorted({*self.nodes, *self.node_os_index}))

    @cached_property
    def package_cores(self) -> tuple[tuple[int, ...], ...]:
        """Logical numbers of the physical cores of each package, ascending."""
        return tuple(tuple(sorted({self._by_core[core].physical for core in group})) for group in self.packages)

    def os_indices(self, cores: Iterable[int]) -> tuple[int, ...]:
        """OS indices in the order of the cores; PlanError (code "no_os_index") where one has none."""
        found = [(core, self._by_core[core].os_index) for core in cores]
        unknown = [core for core, os_index in found if os_index is None]
        if unknown:
            raise PlanError(
                f"core {format_cpu_list(unknown)} of {self.machine} has no OS index in the facts; "
                "a machine with pu/3 facts is accepted",
                code="no_os_index",
                details={"machine": self.machine, "cores": unknown},
            )
        return tuple(os_index for _, os_index in found if os_index is not None)

    def at_os(self, os_indices: Iterable[int], where: str) -> tuple[int, ...]:
        """Cores by OS index, in that order; PlanError (code "unknown_cpu") where the machine has none such."""
        wanted = list(os_indices)
        missing = sorted({os_index for os_index in wanted if os_index not in self._by_os_index})
        if missing:
            raise self._no_such(where, "OS index", missing, self._by_os_index)
        return tuple(self._by_os_index[os_index] for os_index in wanted)

    def at_logical(self, logical: Iterable[int], where: str) -> tuple[int, ...]:
        """Cores by logical index, in that order."""
        wanted = list(logical)
        missing = sorted({at for at in wanted if at >= len(self.threads)})
        if missing:
            raise self._no_such(where, "logical index", missing, range(len(self.threads)))
        return tuple(self.threads[at].core for at in wanted)

    def nodes_at_os(self, os_indices: Iterable[int], where: str) -> tuple[int, ...]:
        """NUMA nodes (SKB ids) by OS index, ascending."""
        wanted = set(os_indices)
        missing = sorted(wanted - set(self._node_by_os_index))
        if missing:
            raise self._no_such(where, "NUMA node of OS index", missing, self._node_by_os_index)
        return tuple(sorted(self._node_by_os_index[os_index] for os_index in wanted))

    def os_of_nodes(self, nodes: Iterable[int]) -> tuple[int, ...]:
        """OS indices of NUMA nodes, ascending; PlanError (code "no_os_index") where one has none."""
        wanted = list(nodes)
        unknown = [node for node in wanted if node not in self.node_os_index]
        if unknown:
            raise PlanError(
                f"NUMA node {format_cpu_list(unknown)} of {self.machine} has no OS index in the facts; "
                "a machine with numa_node/3 facts is accepted",
                code="no_os_index",
                details={"machine": self.machine, "nodes": unknown},
            )
        return tuple(sorted(self.node_os_index[node] for node in wanted))

    def _no_such(self, where: str, kind: str, missing: list[int], known: Iterable[int]) -> PlanError:
        names = format_cpu_list(missing[:100])
        return PlanError(
            f"{where}: {self.machine} has no {kind} {names}; it has {format_cpu_list(known)}",
            code="unknown_cpu",
            details={"machine": self.machine, "found": names, "accepted": format_cpu_list(known)},
        )

    @staticmethod
    def _grouped(pairs: Iterable[tuple[int | None, int]]) -> tuple[tuple[int, ...], ...]:
        groups: dict[int, list[int]] = {}
        for key, core in pairs:
            if key is not None:
                groups.setdefault(key, []).append(core)
        return tuple(tuple(groups[key]) for key in sorted(groups))


def _ranks(keys: Iterable[int | None]) -> dict[int, int]:
    """Each key by its place in the order of first appearance."""
    ranks: dict[int, int] = {}
    for key in keys:
        if key is not None:
            ranks.setdefault(key, len(ranks))
    return ranks
