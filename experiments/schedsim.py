"""Barrelfish's scheduler simulator, handed on to the doors, which may not open the simulator themselves."""

from kernelsim import ScenarioError, SchedulerPanic
from kernelsim.schedsim import chart

__all__ = ["ScenarioError", "SchedulerPanic", "chart"]
