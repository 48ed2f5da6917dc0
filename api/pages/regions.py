"""A machine as regions within regions: packages, NUMA nodes, caches, physical cores, hardware threads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from api.tables import size
from planner.machine.parts import Cache, Core
from planner.machine.topology import Topology

Nodes: TypeAlias = Mapping[int, Sequence[int]]
"""The cores to which each NUMA node is local; a core may be in several."""

RANKS = ("machine", "package", "die", "numa", "cache", "core")


@dataclass(slots=True)
class Region:
    """A set of cores that share something. `labels` name it, side by side where it is two caches at once."""

    kind: str
    labels: tuple[str, ...]
    cores: frozenset[int]
    level: int = 0
    children: list["Region"] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, int, int]:
        """Larger regions hold smaller ones; among equals, packages hold nodes, and nodes caches."""
        return (-len(self.cores), RANKS.index(self.kind), -self.level)


def nest(machine: Topology, nodes: Nodes) -> tuple[Region, list[Region]]:
    """The machine as one region with all that nests in it; and the regions that cut across others."""
    root = Region("machine", (machine.name,), frozenset(machine.core_ids))
    crossing = []
    for region in sorted(_regions(machine, nodes), key=lambda one: (*one.order, min(one.cores))):
        if not _insert(root, region):
            crossing.append(region)
    _drop_single_cores(root)
    return root, crossing


def _insert(parent: Region, region: Region) -> bool:
    for child in parent.children:
        if region.cores <= child.cores:
            return _insert(child, region)
        if not region.cores.isdisjoint(child.cores):
            return False
    parent.children.append(region)
    return True


def _regions(machine: Topology, nodes: Nodes) -> Iterable[Region]:
    for package, cores in machine.packages.items():
        yield Region("package", (f"Package {package}",), frozenset(cores))
    yield from _dies(machine)
    yield from _memory(machine, nodes)
    yield from _caches(machine)
    for threads in machine.physical_cores:
        number = machine.core(threads[0]).physical_core
        yield Region("core", ("" if number is None else f"physical core {number}",), frozenset(threads))


def _dies(machine: Topology) -> Iterable[Region]:
    dies: dict[tuple[int | None, int], list[int]] = {}
    for core in machine.cores:
        if core.die is not None:
            dies.setdefault((core.package, core.die), []).append(core.id)
    packages = {frozenset(cores) for cores in machine.packages.values()}
    for (_, die), cores in dies.items():
        if frozenset(cores) not in packages:
            yield Region("die", (f"Die {die}",), frozenset(cores))


def _memory(machine: Topology, nodes: Nodes) -> Iterable[Region]:
    """Nodes that are local to the same cores, such as HBM beside DRAM, are one region."""
    together: dict[tuple[int, ...], list[str]] = {}
    for node, cores in nodes.items():
        held = machine.node_bytes.get(node)
        label = f"NUMA node {node}" + (f" · {size(held)}" if held else "")
        together.setdefault(tuple(cores), []).append(label)
    for cores, labels in together.items():
        if cores:
            yield Region("numa", tuple(labels), frozenset(cores))


def _caches(machine: Topology) -> Iterable[Region]:
    """Caches of one level and the same cores, such as L1d and L1i, are one region."""
    together: dict[tuple[int, tuple[int, ...]], list[Cache]] = {}
    for cache in machine.caches:
        together.setdefault((cache.level, cache.cores), []).append(cache)
    for (level, cores), caches in together.items():
        labels = tuple(_cache_label(cache) for cache in sorted(caches, key=lambda one: one.type))
        yield Region("cache", labels, frozenset(cores), level)


def _cache_label(cache: Cache) -> str:
    kind = {"data": "d", "instruction": "i"}.get(cache.type, "") if cache.level == 1 or cache.type != "unified" else ""
    held = size(cache.size_bytes).replace("iB", "").replace(" ", "") if cache.size_bytes else ""
    return f"L{cache.level}{kind} {held}".strip()


def _drop_single_cores(region: Region) -> None:
    """A physical core of one thread is drawn as that thread."""
    region.children = [child for child in region.children if not (child.kind == "core" and len(child.cores) == 1)]
    for child in region.children:
        _drop_single_cores(child)


def loose_cores(region: Region, machine: Topology) -> list[Core]:
    """The threads that lie in a region and in none of its children, by id."""
    held = frozenset[int]().union(*(child.cores for child in region.children)) if region.children else frozenset()
    return [machine.core(core) for core in sorted(region.cores - held)]
