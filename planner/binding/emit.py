"""A placement as a binding, and that in words for a launcher."""

from planner.applications.application import Application
from planner.binding.binding import Binding, Bound, Memory, Written
from planner.binding.notations import Notation, notation_named, write_binding
from planner.binding.numbering import Numbering
from planner.machine.topology import Topology
from planner.placement.plan import Placement

SAY_LOCAL = ("numactl", "slurm", "systemd")
"""Notations whose users write the kernel's own policy, local memory, out."""


def binding_of(placement: Placement, app: Application, numbering: Numbering, notation: Notation) -> Binding:
    """Every dispatcher on its core; memory as far as the notation has words for it.

    Memory is bound to the core's NUMA node where the application asks for some (its size was checked there), and is
    taken locally otherwise.
    """
    sizes = {name: group.memory_bytes for group in app.groups for name in group.dispatchers}
    members = []
    for name, seat in placement.seats.items():
        memory = Memory("local") if notation.name in SAY_LOCAL else None
        node = seat.numa_node
        if sizes[name] and node is not None and node in numbering.node_os_index and "bind" in notation.memory:
            memory = Memory("bind", (node,))
        members.append(Bound(name, (seat.core,), memory, sizes[name]))
    return Binding(tuple(members))


def emit(name: str, placement: Placement, app: Application, machine: Topology) -> Written:
    """The placement in the notation of that name; PlanError where a core has no index that it takes."""
    notation, numbering = notation_named(name), Numbering.of(machine)
    binding = binding_of(placement, app, numbering, notation)
    written = write_binding(binding, notation, numbering)
    asks = sorted({bound.name for bound in binding.members if bound.memory_bytes and bound.memory is None})
    if not asks:
        return written
    note = f"the memory of {asks[0]} and others is not bound: {name} has no words for it, first touch keeps it near"
    return Written(written.text, written.index, (*written.notes, note))
