"""The reader of a Linux machine's `/sys` and `/proc`: this host, or a snapshot of another one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from facts.anomalies import AnomalyLog
from facts.bitmap import from_members, lowest, members
from facts.devices import PciAddress, Row
from facts.inventory import CoreNumbers, Inventory, Part, in_tree_order, tree_order
from facts.inventory_facts import MAX_FACTS, facts_of
from facts.linux.allowed import allowed_sets
from facts.linux.clock import clocks_hz
from facts.linux.devices import io_rows
from facts.linux.file_tree import FileTree
from facts.linux.identity import (
    CPU,
    features,
    hardware_ids,
    has_compute_units,
    is_knights_landing,
    processors,
    saved_architecture,
)
from facts.linux.knights_landing import near_memory_caches
from facts.linux.memory import (
    NODE,
    find_nodes,
    gpu_memory,
    memory_accesses,
    memory_bytes,
    node_distances,
    node_parts,
)
from facts.linux.values import listed, mask, number, numbered
from facts.reading import Fact, ReadError, Reading

MAX_CPUS = 16_384

_CACHE_TYPES = {"Data": ("", "data"), "Instruction": ("i", "instruction"), "Unified": ("", "unified")}
_SIZE = re.compile(r"(\d{1,12})([KMG]?)\Z", re.ASCII)
_CORE_TYPES = ("cpu_lowpower", "cpu_atom", "cpu_core")
_GROUPS = ("cluster_cpus", "book_siblings", "drawer_siblings")


def read_linux(
    files: FileTree, *, name: str, where: str, allowed: int | None = None, architecture: str | None = None
) -> Reading:
    """Return what a Linux root says about its machine's cores, caches and memory nodes.

    `allowed` is the set of CPUs that may be used, `architecture` the instruction set, where the caller knows them; what
    the root's own control group does not allow is disallowed, too.
    What is missing is left out; what cannot be parsed is left out with a warning. Raises ReadError where no CPU is
    found at all.
    """
    log = AnomalyLog()
    machine = _Machine(files, log, architecture)
    inventory = machine.inventory(allowed)
    source = f"Linux: {where}"
    facts = facts_of(inventory, machine=name, layer="discovered", source=source)
    marks = _marks(files, log, inventory, source)
    devices = (Fact(*row, "discovered", source) for row in _devices(files, log, inventory, machine.gpu_memory))
    words = _features(inventory, processors(files), source)
    return Reading(name, (*facts, *marks, *words, *devices), None, "discovered", source, inventory.counts, log.all())


def _marks(files: FileTree, log: AnomalyLog, inventory: Inventory, source: str) -> Iterator[Fact]:
    """Yield `isolated(Core)` and `tickless(Core)` for the CPUs that the kernel keeps apart."""
    for relation, file in (("isolated", "isolated"), ("tickless", "nohz_full")):
        cpus = listed(files, log, f"{CPU}/{file}") or 0
        for core, pu in enumerate(inventory.pus):
            if cpus >> pu & 1:
                yield Fact(relation, (core,), "discovered", source)


def _features(inventory: Inventory, described: Mapping[int, str], source: str) -> Iterator[Fact]:
    """Yield `cpu_feature(Core, Feature)` for what the root says of each CPU."""
    found = features(described, inventory.pus)
    if sum(map(len, found.values())) > MAX_FACTS:
        raise ReadError("too_many_facts", f"The CPUs have more than {MAX_FACTS} features; less is accepted.")
    for core, pu in enumerate(inventory.pus):
        yield from (Fact("cpu_feature", (core, feature), "discovered", source) for feature in found.get(pu, ()))


def _devices(files: FileTree, log: AnomalyLog, inventory: Inventory, gpus: Mapping[int, str]) -> list[Row]:
    """Return the facts of devices, and `device_memory(Addr, OsIndex, Bytes)` of the nodes that are a GPU's own."""
    nodes = {
        part.os_index: node for node, part in enumerate(inventory.of_type("NUMANode")) if part.os_index is not None
    }
    rows = list(islice(io_rows(files, log, CoreNumbers.of(inventory.pus), nodes), MAX_FACTS + 1))
    if len(rows) > MAX_FACTS:
        raise ReadError("too_many_facts", f"The devices stand for more than {MAX_FACTS} facts; less is accepted.")
    for node, name in gpus.items():
        address = PciAddress.of(name)
        size = memory_bytes(files.read(f"{NODE}/node{node}/meminfo"))
        if address is not None:
            rows.append(("device_memory", (address.term, node, "unknown" if size is None else size)))
    return rows


class _Machine:
    """One pass over a root; every method reads one kind of object."""

    def __init__(self, files: FileTree, log: AnomalyLog, architecture: str | None) -> None:
        self._files = files
        self._log = log
        self._architecture = architecture or saved_architecture(files)
        self._processors = processors(files)
        self._left_out: set[tuple[str, int]] = set()
        self._present = from_members(numbered(files, CPU, "cpu"))
        self._online = self._online_cpus()
        self.gpu_memory = gpu_memory(files)
        if not self._online:
            raise ReadError(
                "no_cpu",
                f"The root holds no online CPU under {CPU}; a Linux root with {CPU}/cpu0 is accepted.",
                {"folder": CPU},
            )
        if self._online.bit_count() > MAX_CPUS:
            raise ReadError(
                "too_large",
                f"The root holds {self._online.bit_count()} CPUs; at most {MAX_CPUS} are read.",
                {"limit": MAX_CPUS},
            )

    def inventory(self, allowed: int | None) -> Inventory:
        """Return everything that the root says."""
        nodes = find_nodes(self._files, self._log, self._online, self.gpu_memory)
        parts = [
            Part("Machine", self._online),
            *self._topology(),
            *self._caches(),
            *node_parts(self._files, nodes),
        ]
        if self._has_near_memory:
            parts += near_memory_caches(
                self._files, [(cpus, bool(nodes.own[node])) for node, cpus in nodes.near.items()]
            )
        pus = tree_order(members(self._online), parts)
        parts += [Part("PU", 1 << pu, pu) for pu in pus]
        cpus, memories = allowed_sets(self._files, self._log)
        kept = from_members(nodes.near)
        return Inventory(
            pus=pus,
            parts=in_tree_order(pus, parts),
            counts=Counter(part.type for part in parts),
            node_distances=tuple(node_distances(nodes)),
            disallowed=self._online & ~(self._online if allowed is None else allowed)
            | self._online & ~(self._online if cpus is None else cpus),
            unavailable=self._present & ~self._online,
            disallowed_nodes=0 if memories is None else kept & ~memories,
            hardware=hardware_ids(self._files, self._processors, pus),
            accesses=tuple(memory_accesses(self._files, nodes)),
            kinds=self._kinds(),
            clocks=clocks_hz(self._files, self._online),
            isa=self._architecture,
        )

    @property
    def _has_near_memory(self) -> bool:
        return is_knights_landing(self._processors, self._architecture)

    def _online_cpus(self) -> int:
        """Return the CPUs that are switched on; a CPU without topology/ counts only where no CPU has one."""
        if not self._present:
            self._present = from_members(self._processors)
            return self._present
        stated = listed(self._files, self._log, f"{CPU}/online")
        switched_on = [
            cpu
            for cpu in members(self._present)
            if (stated >> cpu & 1 if stated else (self._files.read(f"{CPU}/cpu{cpu}/online") or "1").strip() != "0")
        ]
        described = [cpu for cpu in switched_on if self._files.names(f"{CPU}/cpu{cpu}/topology")]
        return from_members(described or switched_on)

    def _topology(self) -> Iterator[Part]:
        packages = list(self._siblings("Package", ("package_cpus", "core_siblings"), "physical_package_id"))
        taken = {part.cpus for part in packages}
        cores = list(self._siblings("Core", ("core_cpus", "thread_siblings"), "core_id"))
        yield from packages
        yield from (part for part in self._siblings("Die", ("die_cpus",), "die_id") if part.cpus not in taken)
        taken |= {part.cpus for part in cores}
        yield from self._groups(taken)
        yield from self._split(cores) if has_compute_units(self._processors, self._architecture) else cores

    def _split(self, cores: list[Part]) -> Iterator[Part]:
        """Yield one core for each CPU of a unit whose CPUs have core numbers of their own."""
        for unit in cores:
            ids = {cpu: number(self._files, f"{CPU}/cpu{cpu}/topology/core_id") for cpu in members(unit.cpus)}
            if len(set(ids.values())) == 1:
                yield unit
            else:
                yield from (Part("Core", 1 << cpu, core_id) for cpu, core_id in ids.items())

    def _groups(self, taken: set[int]) -> Iterator[Part]:
        """Yield clusters, books and drawers that are no package, die or core, each with its depth among them."""
        groups: dict[int, Part] = {}
        for file in _GROUPS:
            for part in self._siblings("Group", (file,), f"{file.split('_', maxsplit=1)[0]}_id"):
                if part.cpus not in taken:
                    groups.setdefault(part.cpus, part)
        for cpus, part in groups.items():
            yield replace(part, nesting=sum(cpus != other and not cpus & ~other for other in groups))

    def _siblings(self, kind: str, masks: tuple[str, ...], id_file: str) -> Iterator[Part]:
        """Yield one part for each set of CPUs that a topology file names; the id -1 is no number, and no die."""
        seen: set[int] = set()
        stated: dict[int, int] = {}
        taken = 0
        for cpu in members(self._online):
            folder = f"{CPU}/cpu{cpu}/topology"
            cpus = next(
                (found for file in masks if (found := mask(self._files, self._log, f"{folder}/{file}")) is not None),
                None,
            )
            os_index = number(self._files, f"{folder}/{id_file}")
            if cpus is None or (kind == "Die" and os_index == -1):
                continue
            cpus &= self._online
            stated[cpu] = cpus
            if cpus in seen:
                continue
            if not cpus >> cpu & 1 or cpus & taken or stated.get(lowest(cpus), cpus) != cpus:
                self._leave_out(kind, cpus, cpu, folder)
                continue
            seen.add(cpus)
            taken |= cpus
            yield Part(kind, cpus, None if os_index == -1 else os_index)

    def _leave_out(self, kind: str, cpus: int, cpu: int, folder: str) -> None:
        """Note once that a set contradicts another one, or is not what its own lowest CPU says."""
        if (kind, cpus) not in self._left_out:
            message = f"the {kind} of CPU {cpu} overlaps another one or its lowest CPU does not name it; it is left out"
            self._log.add("overlap", message, folder)
        self._left_out.add((kind, cpus))

    def _caches(self) -> Iterator[Part]:
        served: dict[str, int] = {}
        seen: set[tuple[str, int]] = set()
        stated: dict[tuple[str, int], int] = {}
        for cpu in members(self._online):
            for index in numbered(self._files, f"{CPU}/cpu{cpu}/cache", "index"):
                folder = f"{CPU}/cpu{cpu}/cache/index{index}"
                part = self._cache(cpu, folder)
                if part is None:
                    continue
                stated[part.type, cpu] = part.cpus
                if (part.type, part.cpus) in seen:
                    continue
                denied = stated.get((part.type, lowest(part.cpus))) != part.cpus
                if part.cpus & served.get(part.type, 0) or denied:
                    self._leave_out(part.type, part.cpus, cpu, folder)
                    continue
                seen.add((part.type, part.cpus))
                served[part.type] = served.get(part.type, 0) | part.cpus
                yield part

    def _cache(self, cpu: int, folder: str) -> Part | None:
        level = number(self._files, f"{folder}/level")
        suffix, cache_type = _CACHE_TYPES.get((self._files.read(f"{folder}/type") or "").strip(), ("", ""))
        if level is None or not 1 <= level <= 9 or not cache_type:
            return None
        cpus = mask(self._files, self._log, f"{folder}/shared_cpu_map")
        if cpus is None:
            cpus = listed(self._files, self._log, f"{folder}/shared_cpu_list")
        # Some kernels print an empty set for a cache that is private.
        cpus = (cpus or 1 << cpu) & self._online
        if not cpus >> cpu & 1:
            self._log.add("overlap", f"a cache of CPU {cpu} does not serve it; it is left out", folder)
            return None
        match = _SIZE.match((self._files.read(f"{folder}/size") or "").strip())
        size = int(match.group(1)) * 1024 ** " KMG".index(match.group(2) or " ") if match else 0
        if not size and level == 3 and self._has_near_memory:
            return None
        line = number(self._files, f"{folder}/coherency_line_size")
        return Part(
            f"L{level}{suffix}Cache", cpus, size_bytes=size or None, line_bytes=line or None, cache_type=cache_type
        )

    def _kinds(self) -> tuple[int, ...]:
        """Return sets of alike CPUs by rising capacity, then base frequency; none where all are alike."""
        alike: dict[tuple[int, int], int] = {}
        for cpu in members(self._online):
            folder = f"{CPU}/cpu{cpu}"
            capacity, base = (
                number(self._files, f"{folder}/{file}") or 0 for file in ("cpu_capacity", "cpufreq/base_frequency")
            )
            alike[capacity, base] = alike.get((capacity, base), 0) | 1 << cpu
        if len(alike) > 1:
            return tuple(cpus for _, cpus in sorted(alike.items()))
        named = [listed(self._files, self._log, f"sys/devices/{kind}/cpus") for kind in _CORE_TYPES]
        return tuple(cpus for cpus in named if cpus) if sum(bool(cpus) for cpus in named) > 1 else ()
