"""Plans for a machine: where dispatchers run, by which tree messages travel, which reservations hold.

Solvers load slowly, so what needs them is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from planner.admission.reservations import Decision, Reservation, Schedule
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

if TYPE_CHECKING:
    from planner.admission.admit import admit
    from planner.applications.application import Application
    from planner.placement import Placement, place, place_matrix, qap
    from planner.trees.answer import MulticastTree
    from planner.trees.tree import multicast, multicast_matrix

__all__ = [
    "Application",
    "Decision",
    "Manifest",
    "MulticastTree",
    "Placement",
    "PlanError",
    "Reservation",
    "Schedule",
    "Topology",
    "admit",
    "multicast",
    "multicast_matrix",
    "place",
    "place_matrix",
    "qap",
]

_HOME = {
    "Application": "planner.applications.application",
    "MulticastTree": "planner.trees.answer",
    "Placement": "planner.placement",
    "admit": "planner.admission.admit",
    "multicast": "planner.trees.tree",
    "multicast_matrix": "planner.trees.tree",
    "place": "planner.placement",
    "place_matrix": "planner.placement",
    "qap": "planner.placement",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'planner' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
