"""The multikernel: an engine, hardware, and on every core a CPU driver, a monitor with its planner and dispatchers.

Names are loaded when they are first asked for: the scheduler simulator needs no more than one core's scheduler.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kernelsim.errors import ScenarioError, SchedulerPanic

if TYPE_CHECKING:
    from kernelsim.machine.hardware import Machine
    from kernelsim.multikernel import run
    from kernelsim.outcome import Outcome
    from kernelsim.scenario import Application, Operation, PhaseChange, Programs, Reservation, Scenario, Schedule
    from kernelsim.trace import Trace

__all__ = [
    "Application",
    "Machine",
    "Operation",
    "Outcome",
    "PhaseChange",
    "Programs",
    "Reservation",
    "Scenario",
    "ScenarioError",
    "Schedule",
    "SchedulerPanic",
    "Trace",
    "run",
]

_HOME = {
    "Application": "scenario",
    "Machine": "machine.hardware",
    "Operation": "scenario",
    "Outcome": "outcome",
    "PhaseChange": "scenario",
    "Programs": "scenario",
    "Reservation": "scenario",
    "Scenario": "scenario",
    "Schedule": "scenario",
    "Trace": "trace",
    "run": "multikernel",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kernelsim' has no attribute {name!r}")
    return getattr(import_module(f"kernelsim.{_HOME[name]}"), name)
