"""The bundled Single-chip Cloud Computer as the simulator's chip, with what operations cost on it."""

from functools import cache

from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import platform
from kernelsim.scc.chip import Chip, on_mesh
from kernelsim.scc.costs import Costs

GUIDE = "external: Intel SCC Programmer's Guide, recalled, not re-checked"
PENTIUM = "external: Pentium manual, recalled, not re-checked"

OWN: tuple[Parameter, ...] = (
    Parameter("memory_access", 40, "cycles", f"{GUIDE}; plus mesh_hop for every hop, plus memory_clocked"),
    Parameter("memory_clocked", 46, "memory cycles", GUIDE),
    Parameter("memory_clock", 800_000_000, "Hz", GUIDE),
    Parameter("load", 1, "cycles", f"{PENTIUM}: a hit in the first cache"),
    Parameter("store", 1, "cycles", f"{PENTIUM}: the same, or the write-combining buffer"),
    Parameter("bit", 13, "cycles", f"{PENTIUM}: bts on memory"),
    Parameter("scan", 24, "cycles", f"{PENTIUM}: bsf on memory takes 6 to 43; the middle is free"),
    Parameter("private_hops", 2, "hops", "free: from a core to the memory controller of its quarter, about the mean"),
)
"""What the machine's description does not state."""


@cache
def cloud() -> tuple[Chip, Costs]:
    """Chip and costs, from the machine's description where it says so."""
    topology = platform("scc").topology
    own = {one.name: int(one.value) for one in OWN}
    value = {name: topology.cost(name)[0] for name in ("mpb_access", "mesh_hop", "mesh_clock", "cl1invmb", "trap")}
    costs = Costs(
        core_hz=topology.cores[0].clock_hz or 0,
        mesh_hz=value["mesh_clock"],
        memory_hz=own["memory_clock"],
        buffer=value["mpb_access"],
        mesh_per_hop=value["mesh_hop"],
        memory=own["memory_access"],
        memory_clocked=own["memory_clocked"],
        invalidate=value["cl1invmb"],
        load=own["load"],
        store=own["store"],
        bit=own["bit"],
        scan=own["scan"],
        kernel_entry=value["trap"],
        local_message=topology.cost("lmp_one_way")[0],
        private_hops=own["private_hops"],
    )
    return on_mesh(tuple(topology.mesh[core] for core in topology.core_ids)), costs


def parameters() -> tuple[Parameter, ...]:
    """Where the costs come from."""
    stated = ("mpb_access", "mesh_hop", "mesh_clock", "cl1invmb", "trap", "lmp_one_way")
    return (*(platform("scc").parameter(name) for name in stated), *OWN)
