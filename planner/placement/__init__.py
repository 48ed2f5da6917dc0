"""Placement: dispatchers to cores at the least communication, with bounds, proofs and minimal conflicts."""

from planner.placement.plan import Placement, place, place_matrix, qap

__all__ = ["Placement", "place", "place_matrix", "qap"]
