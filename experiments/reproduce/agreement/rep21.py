"""REP-21, SOSP 2009 Fig 6: the messages of a TLB shootdown by broadcast, unicast and multicast on 8x4 cores."""

from dataclasses import replace

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.agreement.runs import cycles_ps
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim import Machine
from kernelsim.system.agreement.routes import by_package, farthest_first, unicast
from kernelsim.system.agreement.shootdown import broadcast_ps, multicast_ps
from planner import multicast

MACHINE = "amd-8x4"
CORES = (2, 3, 4, 5, 6, 8, 12, 16, 20, 24, 28, 32)
BROADCAST, UNICAST, MULTICAST, NUMA_AWARE, NUMA_AWARE_AT_2 = 13_800, 12_700, 4_800, 3_150, 1_300
WRONG_NODE_CYCLES = 235
"""What a receive saves whose buffer is local: chosen for the NUMA-aware value at 32 cores."""
PLANNED_CORES = (2, 4, 8, 16, 32)
SEARCHES = 50
"""Iterations of the planner's search for a tree; it gives the same tree every time."""


def rep21(seeds: int) -> Row:
    """Nothing varies, so seeds do not matter."""
    machine = platform(MACHINE).deployment.machine
    curves = {name: {n: round(_cycles(of(machine, n))) for n in CORES} for name, of in _PROTOCOLS.items()}
    local = _with_local_buffers(machine)
    curves["planner's tree"] = {n: round(_cycles(_planned(machine, n))) for n in PLANNED_CORES}
    curves["NUMA-aware"] = {n: round(_cycles(_farthest(local, n))) for n in CORES}
    return Row(
        id="REP-21",
        source="SOSP 2009, Fig 6",
        claim="multicast by packages beats unicast, NUMA-aware multicast beats both, broadcast is the dearest",
        claims=_claims(curves, round(_cycles(_farthest(machine, 32)))),
        tolerance="unicast and multicast within 20 % with nothing fitted; read off a graph, +- 500 cycles",
        parameters=(
            *platform(MACHINE).deployment.parameters,
            Parameter("wrong_node_buffer", WRONG_NODE_CYCLES, "cycles", "free: fitted to NUMA-aware at 32 cores"),
            Parameter("broadcast queue", "pulls and acknowledgements at the master's cache", "", "free: a mechanism"),
        ),
        ablations=_ablations(machine, curves),
        series={name: [[n, cycles] for n, cycles in curve.items()] for name, curve in curves.items()},
        notes=(
            "The NUMA-aware value does not follow from Table 2.5: 538, 613 and 618 cycles differ too little for an "
            "order by latency to gain anything. What remains is where buffers lie, and no table has its cost: one "
            "constant is fitted at 32 cores, and its prediction at 2 cores stands beside the published one. It takes "
            "nearly all that a receive costs (244 cycles), so it stands for more than it names.",
            "The planner's tree is ours, not published: it is the cheapest without a constant that is fitted.",
            "Unicast is 31 occupancies of a message at the root; multicast 10 at the root and 3 at a package's head.",
        ),
        pictures={
            "rep-21": line_chart(
                "TLB shootdown, messages alone, 8x4 cores",
                Axis("cores"),
                Axis("cycles"),
                {name: list(curve.items()) for name, curve in curves.items()},
            )
        },
    )


def _claims(curves: dict[str, dict[int, int]], ordered_only: int) -> tuple[Claim, ...]:
    at_32 = {name: curve[32] for name, curve in curves.items()}
    numa, early = at_32["NUMA-aware"], curves["NUMA-aware"][2]
    order = numa <= at_32["multicast"] < at_32["unicast"] < at_32["broadcast"]
    return (
        _near("unicast", UNICAST, at_32["unicast"]),
        _near("multicast", MULTICAST, at_32["multicast"]),
        Claim(
            "broadcast on 32 cores: dearer than unicast, pulls and acknowledgements in one queue",
            f"{BROADCAST:,}; 13.0-15.1 k",
            at_32["broadcast"],
            13_000 <= at_32["broadcast"] <= 15_100,
        ),
        Claim(
            "NUMA-aware multicast on 32 cores (the constant was chosen for it; by order alone, without it)",
            f"{NUMA_AWARE:,} +- 500",
            {"with it": numa, "without": ordered_only},
            abs(numa - NUMA_AWARE) <= 500,
            fitted=True,
        ),
        Claim(
            "NUMA-aware multicast on 2 cores, predicted with that constant",
            f"{NUMA_AWARE_AT_2:,} +- 20 %",
            early,
            abs(early - NUMA_AWARE_AT_2) <= 0.2 * NUMA_AWARE_AT_2,
        ),
        Claim("NUMA-aware <= multicast < unicast < broadcast", "on 32 cores", at_32, order, fitted=True),
    )


def _near(name: str, published: int, got: int) -> Claim:
    close = abs(got - published) <= 0.2 * published
    return Claim(f"{name} on 32 cores, nothing fitted", f"{published:,} +- 20 %", got, close)


def _ablations(machine: Machine, curves: dict[str, dict[int, int]]) -> tuple[Ablation, ...]:
    alone = replace(machine, package=tuple(range(machine.cores)))
    flat = round(_cycles(_by_package(alone, 32)))
    free = [[0] * machine.cores for _ in range(machine.cores)]
    pulled = round(_cycles(_broadcast(replace(machine, line_ps=free), 32)))
    return (
        Ablation(
            "no forwarding within packages: multicast on 32 cores beside unicast",
            [flat, curves["unicast"][32]],
            flat >= 0.99 * curves["unicast"][32],
        ),
        Ablation("pulls that do not queue: broadcast is no longer dearer", pulled, pulled < curves["unicast"][32]),
    )


def _with_local_buffers(machine: Machine) -> Machine:
    saved = cycles_ps(platform(MACHINE), WRONG_NODE_CYCLES)
    occupancy = [[max(0, each - saved) for each in row] for row in machine.occupancy_ps]
    return replace(machine, occupancy_ps=occupancy)


def _broadcast(machine: Machine, cores: int) -> int:
    return broadcast_ps(machine, 0, range(cores))


def _unicast(machine: Machine, cores: int) -> int:
    return multicast_ps(machine, 0, range(cores), unicast(0, range(cores)))


def _by_package(machine: Machine, cores: int) -> int:
    return multicast_ps(machine, 0, range(cores), by_package(machine, 0, range(cores)))


def _planned(machine: Machine, cores: int) -> int:
    """Along the tree that the planner finds for the way there and back; it knows latencies, no packages."""
    tree = multicast(platform(MACHINE).topology, 0, range(cores), objective="with_ack", iterations=SEARCHES)
    return multicast_ps(machine, 0, range(cores), {core: tuple(children) for core, children in tree.sends.items()})


def _farthest(machine: Machine, cores: int) -> int:
    return multicast_ps(machine, 0, range(cores), farthest_first(machine, 0, range(cores)))


_PROTOCOLS = {"broadcast": _broadcast, "unicast": _unicast, "multicast": _by_package}


def _cycles(duration_ps: int) -> float:
    return platform(MACHINE).cycles(duration_ps)
