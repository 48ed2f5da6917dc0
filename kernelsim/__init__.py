"""The multikernel: an engine, hardware, and on every core a CPU driver, a monitor with its planner and
dispatchers.
"""

from kernelsim.errors import ScenarioError, SchedulerPanic
from kernelsim.machine.hardware import Machine
from kernelsim.multikernel import run
from kernelsim.outcome import Outcome
from kernelsim.scenario import Application, PhaseChange, Reservation, Scenario, Schedule
from kernelsim.trace import Trace

__all__ = [
    "Application",
    "Machine",
    "Outcome",
    "PhaseChange",
    "Reservation",
    "Scenario",
    "ScenarioError",
    "Schedule",
    "SchedulerPanic",
    "Trace",
    "run",
]
