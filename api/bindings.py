"""Placements and bindings as the doors answer with them: the words, by which index, and what they do not say."""

from typing import Any

from api.failures import BadRequest
from planner.applications.application import Application
from planner.binding import Binding, Bound, Numbering, Written, emit, notation_named
from planner.machine.topology import Topology
from planner.placement.plan import Placement


def check_format(name: str, *, has_machine: bool = True) -> None:
    """BadRequest or PlanError for a format that is not written, or where no machine gives OS indices."""
    notation_named(name)
    if not has_machine:
        raise BadRequest(
            "bindings name the operating system's cores, which matrices do not say; place on a machine instead",
            code="no_os_index",
        )


def emitted(name: str, placement: Placement, application: Application, machine: Topology) -> dict[str, Any]:
    """The key `emit` of a placement's answer. Raises PlanError where the format cannot say it."""
    return {"format": name, **_words(emit(name, placement, application, machine))}


def translated(source: str, target: str, binding: Binding, written: Written, numbering: Numbering) -> dict[str, Any]:
    """The answer of a translation: the words, and of each member its cores by all three numbers."""
    members = [_member(bound, numbering) for bound in binding.members]
    return {"machine": numbering.machine, "from": source, "to": target, **_words(written), "bindings": members}


def _words(written: Written) -> dict[str, Any]:
    return {"index": written.index, "text": written.with_notes, "notes": list(written.notes)}


def _member(bound: Bound, numbering: Numbering) -> dict[str, Any]:
    threads = [numbering.thread(core) for core in bound.cores]
    memory = None
    if bound.memory is not None:
        nodes = [{"numa_node": node, "os_index": numbering.node_os_index.get(node)} for node in bound.memory.nodes]
        memory = {"policy": bound.memory.policy, "nodes": nodes}
    return {
        "name": bound.name,
        "cores": list(bound.cores),
        "logical": [thread.logical for thread in threads],
        "os_index": [thread.os_index for thread in threads],
        "memory": memory,
    }
