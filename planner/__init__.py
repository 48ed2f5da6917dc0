"""Plans for a machine: where dispatchers run, by which tree messages travel, which reservations hold.

Solvers load slowly, so what needs them is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from planner.errors import PlanError
from planner.manifest import Manifest
from planner.reservations import Decision, Reservation, Schedule
from planner.topology import Topology

if TYPE_CHECKING:
    from planner.admission import admit
    from planner.application import Application
    from planner.multicast_tree import MulticastTree, multicast, multicast_matrix
    from planner.placement import Placement, place, place_matrix, qap

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
    "Application": "planner.application",
    "MulticastTree": "planner.multicast_tree",
    "Placement": "planner.placement",
    "admit": "planner.admission",
    "multicast": "planner.multicast_tree",
    "multicast_matrix": "planner.multicast_tree",
    "place": "planner.placement",
    "place_matrix": "planner.placement",
    "qap": "planner.placement",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'planner' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
