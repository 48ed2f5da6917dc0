"""Dispatcher groups: dispatchers of one domain that share a manifest's guarantees, joined and left at run time."""

from collections.abc import Callable, Mapping
from functools import partial

from kernelsim.core.dispatcher import Dispatcher
from kernelsim.engine import Engine
from kernelsim.scenario import group_key
from kernelsim.system.monitor import Monitor
from kernelsim.trace import Mark, Trace


class Joining:
    """`rsrc_join`: a dispatcher asks its monitor, whose planner takes note at once and tells its peers, which keep a
    replica of who is in which group (dissertation, sections 3.6.1 and 3.6.2). Always possible; it leaves the group that
    it was in.
    """

    def __init__(
        self, caller: Dispatcher, group: str, monitors: Mapping[int, Monitor], engine: Engine, trace: Trace
    ) -> None:
        self._caller = caller
        self._group = group
        self._monitors = monitors
        self._engine = engine
        self._trace = trace

    def request(self) -> None:
        """By LMP to the monitor of its core."""
        own = self._monitors[self._caller.core]
        arrival = self._engine.now + own.machine.lmp_ps[own.core]
        self._engine.at(arrival, lambda: own.call(self._join, self._caller))

    def _join(self) -> None:
        own = self._monitors[self._caller.core]
        for monitor in self._monitors.values():
            if monitor is not own:
                own.send(monitor, "join", self._noting(monitor))
        own.then(own.machine.work_ps[own.core], partial(self._enter, own))

    def _noting(self, monitor: Monitor) -> Callable[[], None]:
        caller = self._caller
        return lambda: monitor.planner.note_member(caller.application, caller.index, self._group)

    def _enter(self, own: Monitor) -> None:
        caller = self._caller
        own.planner.note_member(caller.application, caller.index, self._group)
        own.planner.apply()
        key = group_key(caller.application, self._group)
        members = own.planner.members(caller.application, self._group)
        text = f"{caller.name} {key}, {len(members)} members"
        self._trace.marks.append(Mark(self._engine.now, own.core, "join", text))
