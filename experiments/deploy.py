"""The translation from the planner's view of a machine and its schedules to the simulator's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import kernelsim
from experiments.errors import ExperimentError
from experiments.pair_costs import PairCosts
from experiments.parameters import Costs, Parameter
from kernelsim.messages.peripheral import Image, Link
from planner.admission.reservations import Reservation, Schedule
from planner.cpu_list import format_cpu_list
from planner.machine.latency import NOMINAL_CLOCK_HZ
from planner.machine.relations import snapshot_of
from planner.machine.topology import Topology

PS_PER_NS = 1_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """A machine for the simulator. Its core i is the knowledge base's core `core_ids[i]`."""

    machine: kernelsim.Machine
    core_ids: tuple[int, ...]
    parameters: tuple[Parameter, ...]

    def indices(self, core_ids: Iterable[int], asked_by: str) -> tuple[int, ...]:
        """Simulated cores of SKB ids; ExperimentError for a core that does not exist."""
        known = {core: index for index, core in enumerate(self.core_ids)}
        wanted = tuple(core_ids)
        for core in wanted:
            if core not in known:
                raise ExperimentError(
                    f"{asked_by}: core {core} does not exist on {self.machine.name}; "
                    f"accepted: {format_cpu_list(self.core_ids)}",
                    code="unknown_core",
                    details={"core": core, "machine": self.machine.name, "accepted": list(self.core_ids)},
                )
        return tuple(known[core] for core in wanted)


def deploy(machine: Topology, *, provenance: Mapping[str, str] | None = None) -> Deployment:
    """The machine as the simulator sees it; `provenance` says where each scalar cost comes from."""
    ids = machine.core_ids
    costs = Costs(machine, provenance or {})
    pairs = PairCosts(machine, costs)
    clocks = tuple(machine.core(core).clock_hz or NOMINAL_CLOCK_HZ for core in ids)
    deployed = kernelsim.Machine(
        name=machine.name,
        clock_hz=clocks,
        package=tuple(machine.core(core).package for core in ids),
        latency_ps=pairs.latency_ps,
        occupancy_ps=pairs.occupancy_ps,
        send_ps=pairs.send_ps,
        line_ps=pairs.line_ps,
        lmp_ps=tuple(costs.duration_ps("lmp_one_way", core) for core in ids),
        work_ps=tuple(costs.duration_ps("monitor_work", core) for core in ids),
        context_switch_ps=costs.duration_ps("context_switch", ids[0]),
        timeslice_ps=costs.duration_ps("timeslice", ids[0]),
        block_ps=costs.duration_ps("block_and_wake", ids[0]),
        isa=tuple(machine.core(core).isa or "" for core in ids),
    )
    costs.find("send_share_ppm")
    return Deployment(deployed, ids, (*costs.used, _clock(machine, clocks), pairs.parameter()))


def deploy_image(machine: Topology) -> Image:
    """A machine whose packages are not all on one interconnect, as one system with proxies: packages with hops between
    them are an island, and an external link joins islands.

    Raises ExperimentError for a machine without such a link, or with links that differ.
    """
    links = sorted(set(machine.external_links.values()))
    if len(links) != 1:
        found = ", ".join(f"{latency} ns and {rate} bytes/s" for latency, rate in links)
        raise ExperimentError(
            f"{machine.name} has {f'different external links ({found})' if links else 'no external link'}; accepted: a "
            "machine whose external_link/4 facts state one latency and bandwidth, such as scc-host",
            code="no_link",
            details={"machine": machine.name, "found": len(links)},
        )
    deployed = deploy(machine).machine
    ((latency_ns, bytes_per_s),) = links
    return Image(deployed, _islands(machine, deployed.package), Link(latency_ns * PS_PER_NS, bytes_per_s))


def _islands(machine: Topology, packages: Sequence[object]) -> tuple[object, ...]:
    """The first of each core's packages that can be reached over the interconnect."""
    island = {package: package for package in packages}
    for one, other in machine.hops:
        if one in island and other in island and island[one] != island[other]:
            joined = island[other]
            island = {package: island[one] if found == joined else found for package, found in island.items()}
    return tuple(island[package] for package in packages)


def deploy_schedules(schedules: Iterable[Schedule]) -> tuple[kernelsim.Schedule, ...]:
    """The admission's schedules, one for each combination of phases."""
    return tuple(
        kernelsim.Schedule(dict(schedule.phases), _by_application(schedule.reservations)) for schedule in schedules
    )


def deploy_planners(planners: Iterable[Reservation], deployment: Deployment) -> dict[int, kernelsim.Reservation]:
    """The planners' own reservations, by simulated core; they hold in every schedule."""
    return {
        deployment.indices([one.core], "a planner's reservation")[0]: _deploy(one, dispatcher=0) for one in planners
    }


def cost_provenance(knowledge: Any) -> dict[str, str]:
    """The source of each scalar cost that a knowledge base (or snapshot) states."""
    snapshot = snapshot_of(knowledge)
    return {str(row[0]): snapshot.source_of("cost", row)[1] for row in snapshot.rows("cost", 3)}


def _clock(machine: Topology, clocks: tuple[int, ...]) -> Parameter:
    silent = sum(core.clock_hz is None for core in machine.cores)
    known = sorted(set(clocks))
    value = known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"
    return Parameter("clock_hz", value, "Hz", f"free: {silent} cores state none" if silent else "stated")


def _by_application(reservations: Iterable[Reservation]) -> dict[str, tuple[kernelsim.Reservation, ...]]:
    found: dict[str, list[kernelsim.Reservation]] = {}
    for one in reservations:
        found.setdefault(one.application, []).append(_deploy(one, one.dispatcher))
    return {name: tuple(own) for name, own in found.items()}


def _deploy(one: Reservation, dispatcher: int) -> kernelsim.Reservation:
    return kernelsim.Reservation(
        dispatcher=dispatcher,
        kind=one.kind,
        weight=one.weight,
        wcet_ps=one.wcet_ns * PS_PER_NS,
        period_ps=one.period_ns * PS_PER_NS,
        deadline_ps=one.deadline_ns * PS_PER_NS,
        offset_ps=one.release_ns * PS_PER_NS,
        delay_ps=one.delay_ns * PS_PER_NS,
    )
