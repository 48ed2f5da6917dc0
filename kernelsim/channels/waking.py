"""How a thread that has stopped polling learns of a message: by its monitor, an interrupt, or a directed switch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kernelsim.core.threads import UserThread
from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.programs.signal import Signal, Waiter


class Poster(Protocol):
    """A monitor, as far as it watches channels for others."""

    def post(self, cost_ps: int, action: Callable[[], None]) -> None:
        """More work; a message has come."""


class Notifier(Protocol):
    """A notification driver: `then` is carried out once the receiver's core has been told."""

    def notify(self, core: int, look_ps: int, then: Callable[[], None]) -> None:
        """A message that takes `look_ps` to look at is there for a thread of `core` that sleeps."""


@dataclass(frozen=True, slots=True)
class ByMonitor:
    """The monitor of the core looks at the channel when it has the core, and tells the dispatcher by an LMP."""

    engine: Engine
    machine: Machine
    monitors: Mapping[int, Poster]

    def notify(self, core: int, look_ps: int, then: Callable[[], None]) -> None:
        """Give the monitor something to do."""

        def tell() -> None:
            self.engine.at(self.engine.now + self.machine.lmp_ps[core], then)

        self.monitors[core].post(look_ps, tell)


@dataclass(frozen=True, slots=True)
class ByInterrupt:
    """The sender raises an interrupt on the receiver's core, which takes `ipi_ps` to be handled."""

    engine: Engine
    ipi_ps: int

    def notify(self, core: int, look_ps: int, then: Callable[[], None]) -> None:
        """Interrupt it."""
        self.engine.at(self.engine.now + self.ipi_ps, then)


@dataclass(frozen=True, slots=True)
class BySwitch:
    """On one core: the CPU driver switches to the receiver as soon as the sender's call is over."""

    engine: Engine

    def notify(self, core: int, look_ps: int, then: Callable[[], None]) -> None:
        """No time passes."""
        self.engine.at(self.engine.now, then)


class News(Signal):
    """A signal for one thread, seen at once where it polls, and by a directed switch once it has been notified where it
    sleeps: the notification stands for what blocking and being woken cost. The peer may be another application's.
    """

    __slots__ = ("_notifier", "_sleeper", "look_ps")

    def __init__(self, engine: Engine, notifier: Notifier, look_ps: int) -> None:
        super().__init__(engine, what="a message")
        self.promise()
        self.look_ps = look_ps
        self._notifier = notifier
        self._sleeper: UserThread | None = None

    def told_by(self, notifier: Notifier, look_ps: int) -> None:
        """The message is on another channel than the one that was thought of."""
        self._notifier = notifier
        self.look_ps = look_ps

    def join(self, waiter: Waiter) -> None:
        """Remember who waits."""
        self._sleeper = waiter if isinstance(waiter, UserThread) else None
        super().join(waiter)

    def raise_from(self, core: int) -> None:
        """There may be something to see on this core."""
        if self._has_to_be_woken():
            self._notifier.notify(core, self.look_ps, lambda: self._wake(core))
        else:
            super().raise_from(core)

    def _has_to_be_woken(self) -> bool:
        """Whether it sleeps; a local message also finds who has lost the core before it could."""
        sleeper = self._sleeper
        if sleeper is None:
            return False
        return sleeper.blocked or (isinstance(self._notifier, BySwitch) and not sleeper.dispatcher.runs)

    def _wake(self, core: int) -> None:
        sleeper = self._sleeper
        if not self.is_raised and sleeper is not None and self._has_to_be_woken():
            if sleeper.dispatcher.runs:
                sleeper.dispatcher.wake_thread(sleeper)
            else:
                sleeper.dispatcher.call_thread(sleeper)
        super().raise_from(core)
