"""The multikernel: an engine, hardware, and on every core a CPU driver, a monitor with its planner and dispatchers."""

from kernelsim.errors import ScenarioError, SchedulerPanic

__all__ = ["ScenarioError", "SchedulerPanic"]
