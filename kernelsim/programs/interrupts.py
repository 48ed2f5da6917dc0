"""A device for the program that drives it: its interrupts, as the CPU driver of one core hands them on."""

from collections import deque
from functools import partial
from typing import Protocol, cast

from kernelsim.machine.devices import Device, InterruptLine
from kernelsim.programs.requests import Steps, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Member, Team


class Interruptible(Protocol):
    """A CPU driver, as far as devices see it."""

    def interrupt(self, cost_ps: int) -> None: ...


class Interrupts:
    """The interrupts of `device`, routed to the core of the team's first thread. The device's events begin now.

    An interrupt crosses to that core, traps there, whoever runs, and is turned into a notification of the driver's
    dispatcher by an LMP, which wakes who has blocked (dissertation, section 2.3: drivers are domains in user space).
    """

    def __init__(self, team: Team, device: Device, spin_ps: int = 0) -> None:
        self.raised = 0
        """Interrupts so far."""
        self._team = team
        self._device = device
        self._spin_ps = spin_ps
        self._core = team.cores[0]
        self._crossing_ps = device.crossing_ps(team.machine, self._core)
        self._line = InterruptLine(device.coalesce_ps)
        self._told: deque[int] = deque()
        self._news: Signal | None = None
        now = team.engine.now
        for after_ps in device.arrives_ps:
            team.engine.at(now + after_ps, self._happen)
        if device.period_ps:
            team.engine.at(now + device.period_ps, self._tick)

    def take(self, me: Member) -> Steps[int]:
        """The next event, waited for, by the time at which it happened; what the device has written of it is read."""
        while not self._told:
            yield Wait(self._awaited(), self._spin_ps, "block")
        happened_ps = self._told.popleft()
        yield me.compute_ps(self._crossing_ps)
        return happened_ps

    def _tick(self) -> None:
        self._happen()
        self._team.engine.at(self._team.engine.now + self._device.period_ps, self._tick)

    def _happen(self) -> None:
        engine, was_due = self._team.engine, self._line.fires_ps is not None
        self._line = self._line.happened(engine.now)
        if not was_due and self._line.fires_ps is not None:
            engine.at(self._line.fires_ps, self._fire)

    def _fire(self) -> None:
        self._line, events = self._line.fired()
        self.raised += 1
        self._team.engine.at(self._team.engine.now + self._crossing_ps, partial(self._trap, events))

    def _trap(self, events: tuple[int, ...]) -> None:
        engine, trap_ps = self._team.engine, self._device.trap_ps
        cast(Interruptible, self._team.dispatcher_on(self._core).driver).interrupt(trap_ps)
        engine.at(engine.now + trap_ps + self._team.machine.lmp_ps[self._core], partial(self._notify, events))

    def _notify(self, events: tuple[int, ...]) -> None:
        self._told.extend(events)
        if self._news is not None:
            news, self._news = self._news, None
            news.raise_from(self._core)

    def _awaited(self) -> Signal:
        """Devices go on whatever programs do: who waits for one is idle, not in a deadlock."""
        if self._news is None:
            self._news = self._team.event("an interrupt")
            self._news.promise()
        return self._news
