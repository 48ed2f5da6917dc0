"""The chip and its costs for the tests of its messages."""

from kernelsim.scc.chip import mesh
from kernelsim.scc.costs import Costs

CHIP = mesh()
COSTS = Costs(
    core_hz=533_000_000,
    mesh_hz=800_000_000,
    memory_hz=800_000_000,
    buffer=45,
    mesh_per_hop=8,
    memory=40,
    memory_clocked=46,
    invalidate=2,
    load=1,
    store=1,
    bit=13,
    scan=24,
    kernel_entry=800,
    local_message=1549,
)
