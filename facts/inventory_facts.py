"""The facts that an inventory of a machine stands for, in the core vocabulary of the knowledge base."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from facts.bitmap import from_members, members
from facts.inventory import Inventory, Part
from facts.reading import Argument, Fact, ReadError

CACHE_TYPE = re.compile(r"L([1-9])(i?)Cache\Z")

MAX_FACTS = 2_000_000

Row = tuple[str, tuple[Argument, ...]]


def facts_of(inventory: Inventory, *, machine: str, layer: str, source: str) -> tuple[Fact, ...]:
    """Return the facts of an inventory, grouped by relation.

    Core, package, node and cache ids are ranks in tree order; OS indices stand beside them in `pu/3`, `numa_node/3`
    and `package/2`. Values that the source does not give are the atom `unknown`, a missing package is `none`.
    Raises ReadError where they would be more than `MAX_FACTS`.
    """
    _bound(inventory)
    core_of = {pu: core for core, pu in enumerate(inventory.pus)}
    rows: list[Row] = [("machine", (machine,))]
    rows += _cores(inventory, core_of)
    rows += _caches(inventory, core_of)
    rows += _memory(inventory, core_of)
    rows += _properties(inventory, core_of)
    return (*(Fact(relation, args, layer, source) for relation, args in rows), *inventory.extra)


def cores_of(cpus: int, core_of: Mapping[int, int]) -> list[int]:
    """Return the ids of the cores in a set of CPUs, ascending; CPUs that are not in the tree are skipped."""
    if cpus.bit_count() > len(core_of):
        return [core for pu, core in core_of.items() if cpus >> pu & 1]
    return sorted(core_of[pu] for pu in members(cpus) if pu in core_of)


def _bound(inventory: Inventory) -> None:
    present = from_members(inventory.pus)
    rows = 5 * len(inventory.pus) + len(inventory.node_distances) + len(inventory.extra)
    for part in inventory.parts:
        rows += (part.cpus & present).bit_count()
    if rows > MAX_FACTS:
        raise ReadError(
            "too_many_facts",
            f"The source stands for about {rows} facts; at most {MAX_FACTS} are read.",
            {"facts": rows, "limit": MAX_FACTS},
        )


def _cores(inventory: Inventory, core_of: Mapping[int, int]) -> Iterator[Row]:
    packages = inventory.of_type("Package")
    home = _homes(packages, core_of)
    for core in range(len(inventory.pus)):
        yield "core", (core, home.get(core, "none"))
    for core, physical in sorted(_homes(inventory.of_type("Core"), core_of).items()):
        yield "physical_core", (core, physical)
    for core, pu in enumerate(inventory.pus):
        yield "pu", (core, pu, "unknown")
    for package, part in enumerate(packages):
        if part.os_index is not None:
            yield "package", (package, part.os_index)
    for core, die in sorted(_homes(inventory.of_type("Die"), core_of).items()):
        yield "die", (core, die)
    for number, part in enumerate(inventory.of_type("Group")):
        for core in cores_of(part.cpus, core_of):
            yield "group", (core, part.nesting, number)


def _homes(parts: tuple[Part, ...], core_of: Mapping[int, int]) -> dict[int, int]:
    """Map each core to the rank of the part that holds it; the first one where they overlap."""
    home: dict[int, int] = {}
    for rank, part in enumerate(parts):
        for core in cores_of(part.cpus, core_of):
            home.setdefault(core, rank)
    return home


def _caches(inventory: Inventory, core_of: Mapping[int, int]) -> Iterator[Row]:
    caches = [(part, match) for part in inventory.parts if (match := CACHE_TYPE.match(part.type))]
    for number, (part, match) in enumerate(caches):
        level = int(match.group(1))
        for core in cores_of(part.cpus, core_of):
            size, line = _known(part.size_bytes), _known(part.line_bytes)
            yield "cache", (number, core, level, part.cache_type, size, line)


def _memory(inventory: Inventory, core_of: Mapping[int, int]) -> Iterator[Row]:
    nodes = inventory.of_type("NUMANode")
    rank = {part.os_index: node for node, part in enumerate(nodes) if part.os_index is not None}
    for node, part in enumerate(nodes):
        yield "numa_node", (node, _known(part.os_index), _known(part.size_bytes))
    for node, part in enumerate(nodes):
        for core in cores_of(part.cpus, core_of):
            yield "core_node", (core, node)
    for here, there, value in inventory.node_distances:
        yield "numa_distance", (rank[here], rank[there], value)
    for number, part in enumerate(inventory.of_type("MemCache")):
        for os_index in members(part.nodes):
            if os_index in rank:
                yield "memory_cache", (number, rank[os_index], _known(part.size_bytes), _known(part.line_bytes))


def _properties(inventory: Inventory, core_of: Mapping[int, int]) -> Iterator[Row]:
    kind_of: dict[int, int] = {}
    for kind, cpus in enumerate(inventory.kinds):
        for core in cores_of(cpus, core_of):
            kind_of.setdefault(core, kind)
    yield from (("core_kind", (core, kind)) for core, kind in sorted(kind_of.items()))
    hz_of: dict[int, int] = {}
    for cpus, hz in inventory.clocks:
        for core in cores_of(cpus, core_of):
            hz_of.setdefault(core, hz)
    yield from (("clock_hz", (core, hz)) for core, hz in sorted(hz_of.items()))
    if inventory.isa is not None:
        yield from (("isa", (core, inventory.isa)) for core in range(len(inventory.pus)))
    yield from (("disallowed", (core,)) for core in cores_of(inventory.disallowed, core_of))
    yield from (("unavailable_pu", (pu,)) for pu in members(inventory.unavailable))


def _known(value: int | None) -> int | str:
    return "unknown" if value is None else value
