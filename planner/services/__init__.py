"""What operating-system services ask of a machine: where drivers and memory go, how cores should share state."""

from planner.services.drivers import DriverPlacement, place_driver
from planner.services.memory import MemoryPlacement, place_memory
from planner.services.schemes import SchemeChoice, choose_scheme

__all__ = [
    "DriverPlacement",
    "MemoryPlacement",
    "SchemeChoice",
    "choose_scheme",
    "place_driver",
    "place_memory",
]
