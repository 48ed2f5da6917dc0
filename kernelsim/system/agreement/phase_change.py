"""A phase change: an identifier goes out to the planners concerned, one aggregated reply comes back.

The dispatcher sends the identifier to its monitor, the monitor forwards it, every planner looks it up in its
own table and programs its own CPU driver, and only when all have answered is the dispatcher answered
(dissertation, section 4.1.1).
"""

from collections.abc import Mapping

from kernelsim.core.dispatcher import Dispatcher
from kernelsim.engine import Engine
from kernelsim.outcome import PhaseChangeOutcome
from kernelsim.scenario import PhaseChange, domain_of
from kernelsim.system.agreement.round import Round
from kernelsim.system.monitor import Monitor
from kernelsim.trace import Mark, Trace


class PhaseChangeProtocol:
    """One phase change under way. `sends[core]` are the cores to which the core's monitor forwards the
    identifier, `change.order` whether they do so before their own part.
    """

    def __init__(
        self,
        change: PhaseChange,
        caller: Dispatcher,
        sends: Mapping[int, tuple[int, ...]],
        monitors: Mapping[int, Monitor],
        engine: Engine,
        trace: Trace,
    ) -> None:
        self._change = change
        self._caller = caller
        self._root = caller.core
        self._monitors = monitors
        self._engine = engine
        self._trace = trace
        self._requested_ps: int | None = None
        self._relayed = 0
        """Messages between the root and who has asked from another core."""
        self._answered_ps: int | None = None
        self._entered_ps: dict[int, int] = {}
        self._released_ps: dict[int, int] = {}
        self._round = Round(
            monitors,
            caller.core,
            sends,
            request=f"phase {change.phase}",
            reply="phase done",
            work_ps={core: monitor.machine.work_ps[core] for core, monitor in monitors.items()},
            work=self._activate,
            order=change.order,
        )

    def request(self) -> None:
        """The dispatcher asks, by LMP to the monitor of its core; one that was moved from the root, by way of it."""
        own, root = self._monitors[self._caller.core], self._monitors[self._root]
        self._requested_ps = self._engine.now
        arrival = self._engine.now + own.machine.lmp_ps[own.core]

        def begin() -> None:
            self._round.begin(lambda: self._answer(own))

        def ask() -> None:
            if own is root:
                begin()
            else:
                self._relayed = 2
                own.send(root, f"phase {self._change.phase}", begin)

        self._engine.at(arrival, lambda: own.call(ask, self._caller))

    def outcome(self) -> PhaseChangeOutcome | None:
        """What it has come to; None if it was never asked for."""
        if self._requested_ps is None:
            return None
        cycles = None
        if self._answered_ps is not None:
            cycles = self._monitors[self._root].machine.cycles(self._answered_ps - self._requested_ps, self._root)
        return PhaseChangeOutcome(
            self._change.application,
            self._change.phase,
            self._requested_ps,
            self._answered_ps,
            cycles,
            self._round.messages + self._relayed,
            self._entered_ps,
            self._released_ps,
        )

    def _activate(self, core: int) -> None:
        application, phase = self._change.application, self._change.phase
        releases = self._monitors[core].planner.enter(application, phase, self._requested_ps)
        self._entered_ps[core] = self._engine.now
        text = f"{application} {phase}"
        released = releases.get(domain_of(application))
        if released is not None:
            self._released_ps[core] = released
            text += f" released at {released}"
        self._trace.marks.append(Mark(self._engine.now, core, "phase", text))

    def _answer(self, asker: Monitor) -> None:
        """All have replied to the root, which tells who has asked."""

        def tell() -> None:
            arrival = self._engine.now + asker.machine.lmp_ps[asker.core]
            self._engine.at(arrival, lambda: self._answered(asker.core))

        if asker.core == self._root:
            tell()
        else:
            self._monitors[self._root].send(asker, "phase done", tell)

    def _answered(self, core: int) -> None:
        self._answered_ps = self._engine.now
        self._trace.marks.append(Mark(self._engine.now, core, "phase change answered", self._change.application))
