"""Barrelfish's scheduler simulator: a scenario of scheduler events in, the chart of one core out."""

from kernelsim.schedsim.chart import Chart
from kernelsim.schedsim.driver import chart, drive
from kernelsim.schedsim.events import MAX_TASKS, TIMESLICE_TICKS, Event, events

__all__ = ["MAX_TASKS", "TIMESLICE_TICKS", "Chart", "Event", "chart", "drive", "events"]
