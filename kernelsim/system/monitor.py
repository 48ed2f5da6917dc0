"""The monitor: the operating system's own dispatcher on a core, which handles one message after the other."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from kernelsim.core.dispatcher import Dispatcher
from kernelsim.core.threads import UserThread
from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.messages.mesh import Mesh
from kernelsim.system.planner import Planner
from kernelsim.system.speaker import Speaker, transmit

if TYPE_CHECKING:
    from kernelsim.naming.switchboard import Switchboard


class Monitor(UserThread):
    """A user-space dispatcher, scheduled like any other: best effort, asleep while it has nothing to do; or, where it
    `polls`, with guaranteed time, whose period it ends as soon as it finds nothing to do.

    Work is a cost and an action at its end; what is under way when the core is taken goes on when it comes
    back.
    """

    __slots__ = ("_done_at", "_engine", "_remaining_ps", "_work", "core", "machine", "mesh", "planner", "polls",
                 "switchboard")  # fmt: skip

    def __init__(self, core: int, engine: Engine, machine: Machine, mesh: Mesh) -> None:
        super().__init__()
        self.core = core
        self.machine = machine
        self.mesh = mesh
        self.planner: Planner
        self.switchboard: Switchboard | None = None
        """Names and channels of the whole machine, where this is the monitor of the core that booted."""
        self.blocked = True
        self.polls = False
        self._engine = engine
        self._work: deque[tuple[int, Callable[[], None]]] = deque()
        self._remaining_ps: int | None = None
        self._done_at: int | None = None

    # -- messages --------------------------------------------------------------------------------------------

    def post(self, cost_ps: int, action: Callable[[], None]) -> None:
        """More work; a message has come."""
        self._work.append((cost_ps, action))
        if self.blocked:
            self.dispatcher.wake_thread(self)

    def poll(self) -> None:
        """Never sleep from now on: it has guaranteed time."""
        self.polls = True
        self.blocked = False

    def call(self, action: Callable[[], None], caller: Dispatcher) -> None:
        """An LMP from a dispatcher of this core: a directed switch, so the monitor runs at once.

        One that polls looks by itself where its caller has lost the core meanwhile: the time is not the next one's.
        """
        self._work.append((0, action))
        if not self.dispatcher.runs and (caller.runs or not self.polls):
            self.dispatcher.call_thread(self)

    def then(self, cost_ps: int, action: Callable[[], None]) -> None:
        """Work that follows from the present one."""
        self._work.append((cost_ps, action))

    def send(self, target: Speaker, kind: str, action: Callable[[], None]) -> None:
        """Send a message after the present work; `action` is what the target does with it once it has
        received it.
        """
        transmit(self, target, self.mesh, self._engine, kind, action)

    # -- upcalls ---------------------------------------------------------------------------------------------

    def start(self, now: int, runs_from: int) -> None:
        """Go on with the work."""
        if self._work:
            cost = self._work[0][0] if self._remaining_ps is None else self._remaining_ps
            self._begin(runs_from, cost)
        elif self.polls:
            self._engine.at(runs_from, self._rest)

    def stop(self, now: int) -> None:
        """Put the work aside."""
        if self._done_at is not None:
            self._remaining_ps = max(0, self._done_at - now)
            self._done_at = None

    def _begin(self, now: int, cost_ps: int) -> None:
        self._done_at = now + cost_ps
        self._engine.at(self._done_at, self._done)

    def _done(self) -> None:
        now = self._engine.now
        if self._done_at != now:
            return
        self._done_at = self._remaining_ps = None
        work = self._work
        work.popleft()[1]()
        if not work and not self.polls:
            self.dispatcher.block_thread(self)
        elif not work:
            self._rest()
        elif self.dispatcher.runs:  # what it has just programmed may have taken its core
            self._begin(now, work[0][0])

    def _rest(self) -> None:
        """Nothing to do: the core is the others' until the next look, unless work has come at this very instant."""
        if not self.dispatcher.runs or self._done_at is not None:
            return
        if self._work:
            self._begin(self._engine.now, self._work[0][0])
        else:
            self.dispatcher.rest()
