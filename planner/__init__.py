"""Plans for a machine: where dispatchers run, by which tree messages travel, which reservations hold."""

from planner.admission import admit
from planner.errors import PlanError
from planner.manifest import Manifest
from planner.reservations import Decision, Reservation, Schedule
from planner.topology import Topology

__all__ = ["Decision", "Manifest", "PlanError", "Reservation", "Schedule", "Topology", "admit"]
