"""The typed view of a machine that every plan is made on; the only reader of relations in this room."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from planner.cpu_list import format_cpu_list
from planner.errors import PlanError
from planner.machine.devices import Device, named_device, read_devices
from planner.machine.estimate import Estimator
from planner.machine.latency import (
    NOMINAL_CLOCK_HZ,
    PS_PER_SECOND,
    Certainty,
    LatencyTable,
    Pair,
    PairLatency,
    cycles_to_ps,
    weakest,
)
from planner.machine.parts import Cache, Core
from planner.machine.relations import integer, read_caches, read_cores, read_latencies, snapshot_of

DEFAULT_SEND_SHARE_PPM = 190_000
"""Sender's part of the one-way latency, from Smelt's 380 measured pairs."""

LOCAL_DISTANCE, FAR_DISTANCE = 10, 20
"""SLIT distances of a node to itself, and to another one where nobody states it."""

PS_PER_UNIT = {"ps": 1, "ns": 1_000, "us": 1_000_000, "ms": 1_000_000_000, "s": PS_PER_SECOND}


@dataclass(frozen=True)
class Topology:
    """A machine at one revision: cores, caches, and what a message between two cores costs.

    Holds plain values only, so it can be pickled; everything derived is computed once, when first asked.
    """

    name: str
    revision: int
    cores: tuple[Core, ...]
    caches: tuple[Cache, ...] = ()
    costs: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    stated_latency: Mapping[Pair, PairLatency] = field(default_factory=dict)
    throughput: Mapping[Pair, int] = field(default_factory=dict)
    interval_ps: Mapping[Pair, int] = field(default_factory=dict)
    hops: Mapping[Pair, int] = field(default_factory=dict)
    node_distance: Mapping[Pair, int] = field(default_factory=dict)
    node_bytes: Mapping[int, int] = field(default_factory=dict)
    node_os_index: Mapping[int, int] = field(default_factory=dict)
    mesh: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    measured_load_ppm: Mapping[tuple[str, int], int] = field(default_factory=dict)
    memory_cycles: Mapping[Pair, int] = field(default_factory=dict)
    cache_cycles: Mapping[str, int] = field(default_factory=dict)
    is_coherent: bool = True
    external_links: Mapping[Pair, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, knowledge: Any) -> "Topology":
        """Read a knowledge base (its current snapshot) or a snapshot.

        Raises PlanError (code "no_cores") for a machine without any core.
        """
        snapshot = snapshot_of(knowledge)
        cores = read_cores(snapshot)
        if not cores:
            raise PlanError(
                f"machine {snapshot.machine!r} has no cores: none of core/2, pu/3, message_latency_ps/6 "
                "holds a fact; load a machine description first",
                code="no_cores",
                details={"machine": snapshot.machine},
            )
        return cls(
            name=snapshot.machine,
            revision=snapshot.revision,
            cores=cores,
            caches=read_caches(snapshot),
            costs={row[0]: (row[1], str(row[2])) for row in snapshot.rows("cost", 3) if isinstance(row[1], int)},
            stated_latency=read_latencies(snapshot, {core.id: core.clock_hz for core in cores}),
            throughput={row[:2]: row[2] for row in snapshot.rows("message_throughput", 3)},
            interval_ps={row[:2]: row[2] for row in snapshot.rows("message_interval_ps", 6)},
            hops={row[:2]: row[2] for row in snapshot.rows("package_hops", 3)},
            node_distance={row[:2]: row[2] for row in snapshot.rows("numa_distance", 3)},
            node_bytes={row[0]: size for row in snapshot.rows("numa_node", 3) if (size := integer(row[2])) is not None},
            node_os_index={row[0]: at for row in snapshot.rows("numa_node", 3) if (at := integer(row[1])) is not None},
            mesh={row[0]: row[1:] for row in snapshot.rows("mesh_position", 3)},
            devices=read_devices(snapshot, cores),
            measured_load_ppm={(str(row[0]), row[1]): row[2] for row in snapshot.rows("measured_utilisation_ppm", 3)},
            memory_cycles={row[:2]: row[2] for row in snapshot.rows("memory_latency", 3)},
            cache_cycles={str(row[0]): row[1] for row in snapshot.rows("cache_latency", 2)},
            is_coherent=("none",) not in snapshot.rows("coherence", 1),
            external_links={row[:2]: row[2:] for row in snapshot.rows("external_link", 4)},
        )

    @cached_property
    def core_ids(self) -> tuple[int, ...]:
        return tuple(core.id for core in self.cores)

    @cached_property
    def allowed_ids(self) -> tuple[int, ...]:
        """The cores that plans may use."""
        return tuple(core.id for core in self.cores if core.allowed)

    @cached_property
    def _core_by_id(self) -> dict[int, Core]:
        return {core.id: core for core in self.cores}

    def core(self, core_id: int) -> Core:
        """Raises PlanError (code "unknown_core") for an id that the machine does not have."""
        found = self._core_by_id.get(core_id)
        if found is None:
            raise PlanError(
                f"core {core_id} does not exist on {self.name}; its cores are {format_cpu_list(self.core_ids)}",
                code="unknown_core",
                details={"core": core_id, "machine": self.name},
            )
        return found

    @cached_property
    def _latencies(self) -> LatencyTable:
        return LatencyTable(self.stated_latency, self._estimator.latency_ps)

    @cached_property
    def _estimator(self) -> Estimator:
        return Estimator(self)

    def latency_ps(self, src: int, dst: int) -> int:
        """One-way message latency, picoseconds; 0 from a core to itself unless stated."""
        self.core(src), self.core(dst)
        return self._latencies.between(src, dst).latency_ps

    def latency_source(self, src: int, dst: int) -> Certainty:
        self.core(src), self.core(dst)
        return self._latencies.between(src, dst).certainty

    def weakest_source(self, pairs: Iterable[Pair]) -> Certainty:
        """The least certain latency among ordered pairs of cores."""
        return weakest(self._latencies.certainty(src, dst) for src, dst in pairs if src != dst)

    def latency_matrix_ps(self, cores: Iterable[int]) -> list[list[int]]:
        """Row by source, column by destination, in the order given; the diagonal is 0."""
        from planner.machine.latency_matrix import latency_matrix_ps  # here: numpy is paid by who needs a matrix

        return latency_matrix_ps(self, self._latencies, self._estimator, tuple(cores))

    @property
    def send_share_ppm(self) -> int:
        """The sender's part of a message's latency, parts per million."""
        return self.costs.get("send_share_ppm", (DEFAULT_SEND_SHARE_PPM, "ppm"))[0]

    def send_ps(self, src: int, dst: int) -> int:
        """How long the sender is busy with one message: its share of the latency, rounded half up."""
        return self.sender_part_ps(self.latency_ps(src, dst))

    def sender_part_ps(self, latency_ps: int) -> int:
        """The sender's part of a latency."""
        return (2 * latency_ps * self.send_share_ppm + 1_000_000) // 2_000_000

    def occupancy_ps(self, src: int, dst: int) -> int:
        """Time from message to message in a stream: by throughput or interval where stated, else the send share."""
        per_megacycle = self.throughput.get((src, dst)) or self.throughput.get((dst, src))
        if not per_megacycle:
            stated_ps = self.interval_ps.get((src, dst)) or self.interval_ps.get((dst, src))
            return stated_ps or self.send_ps(src, dst)
        clock_hz = self.core(src).clock_hz or NOMINAL_CLOCK_HZ
        divisor = per_megacycle * clock_hz
        return (2 * 1_000_000 * PS_PER_SECOND + divisor) // (2 * divisor)

    def has_cost(self, name: str) -> bool:
        return name in self.costs

    def cost(self, name: str) -> tuple[int, str]:
        """Value and unit of a scalar machine cost; PlanError (code "unknown_cost") where none is stated."""
        if name not in self.costs:
            raise PlanError(
                f"cost {name!r} is not stated for {self.name}; stated are {', '.join(sorted(self.costs)) or 'none'}",
                code="unknown_cost",
                details={"cost": name, "machine": self.name},
            )
        return self.costs[name]

    def cost_ps(self, name: str, core: int) -> int:
        """A cost in picoseconds on that core; cycles go by its clock, rounded half up."""
        value, unit = self.cost(name)
        if unit == "cycles":
            return cycles_to_ps(value, self.core(core).clock_hz or NOMINAL_CLOCK_HZ)
        if unit in PS_PER_UNIT:
            return value * PS_PER_UNIT[unit]
        raise PlanError(
            f"cost {name!r} is {value} {unit}, which is no duration; one in cycles, ps, ns, us, ms or s is accepted",
            code="not_a_duration",
            details={"cost": name, "unit": unit},
        )

    def sharing(self, level: int) -> tuple[tuple[int, ...], ...]:
        """The groups of cores that share a data or unified cache of that level, by lowest core."""
        groups = {cache.cores for cache in self.caches if cache.level == level and cache.type != "instruction"}
        return tuple(sorted(groups))

    @cached_property
    def packages(self) -> dict[int, tuple[int, ...]]:
        return _grouped((core.package, core.id) for core in self.cores)

    @cached_property
    def nodes(self) -> dict[int, tuple[int, ...]]:
        return _grouped((core.node, core.id) for core in self.cores)

    @cached_property
    def physical_cores(self) -> tuple[tuple[int, ...], ...]:
        """Hardware threads by physical core; a core that names none is one of its own."""
        groups = _grouped(
            (-1 - core.id if core.physical_core is None else core.physical_core, core.id) for core in self.cores
        )
        return tuple(sorted(groups.values()))

    def device(self, name: str) -> Device:
        """A device by the system's name or its address; PlanError (code "unknown_device") for another."""
        return named_device(self.devices, name, self.name)

    def device_distance(self, device: Device, core_id: int) -> int | None:
        """SLIT distance from a core's node to the device's nearest one, 10 on its own cores; None if nobody says."""
        if core_id in device.cores:
            return LOCAL_DISTANCE
        here = self.core(core_id).node
        nodes = device.nodes or {self.core(core).node for core in device.cores}
        known = [self.slit(here, node) for node in nodes if here is not None and node is not None]
        return min(known, default=None)

    def slit(self, a_node: int, b_node: int) -> int:
        """Relative distance of two nodes: 10 to itself and 20 to another one where none is stated."""
        stated = self.node_distance.get((a_node, b_node))
        return stated if stated is not None else LOCAL_DISTANCE if a_node == b_node else FAR_DISTANCE

    def device_hops(self, device: Device, core_id: int) -> int | None:
        """Package hops from a core to the device's own cores; None if nobody says."""
        hops = [self.package_hops(core_id, core) for core in device.cores]
        return min((hop for hop in hops if hop is not None), default=None)

    def package_hops(self, a_core: int, b_core: int) -> int | None:
        """Interconnect hops between the packages of two cores; None where nobody says."""
        a, b = self.core(a_core).package, self.core(b_core).package
        if a is None or b is None:
            return None
        return self.hops.get((a, b), 0 if a == b else self.hops.get((b, a)))


def _grouped(pairs: Iterable[tuple[int | None, int]]) -> dict[int, tuple[int, ...]]:
    groups: dict[int, list[int]] = {}
    for key, member in pairs:
        if key is not None:
            groups.setdefault(key, []).append(member)
    return {key: tuple(sorted(groups[key])) for key in sorted(groups)}
