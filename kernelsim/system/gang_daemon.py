"""The gang scheduler in user space: a real-time daemon of Linux that promotes and demotes gangs in turn."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from kernelsim.core.cpu_driver import CpuDriver
from kernelsim.engine import Engine
from kernelsim.trace import Mark, Trace


class Gang(NamedTuple):
    """A gang of now: its application's name, and the cores that its members are on."""

    name: str
    cores: frozenset[int]


class GangDaemon:
    """It sleeps for a slice, wakes at once, and gives other gangs their turn (dissertation, section 3.3.3).

    Whoever waits longest goes first, and others whose cores are free go with it. Each member that leaves or enters the
    real-time class is one system call of `call_ps`, one after the other, on the daemon's core, to which it switches
    at `switch_ps` before; the member changes when its call returns.
    """

    def __init__(
        self,
        engine: Engine,
        trace: Trace,
        drivers: Mapping[int, CpuDriver],
        gangs: Callable[[], Sequence[Gang]],
        *,
        slice_ps: int,
        call_ps: int,
        switch_ps: int,
    ) -> None:
        self._engine = engine
        self._trace = trace
        self._drivers = drivers
        self._own = drivers[min(drivers)]
        self._gangs = gangs
        self._slice_ps = slice_ps
        self._call_ps = call_ps
        self._switch_ps = switch_ps
        self._last_turn: dict[str, int] = {}
        self._turns = 0
        self._promoted: dict[int, str] = {}
        """Core -> the gang whose member there is in the real-time class."""

    def begin(self) -> None:
        """The first slice begins with its core's timer."""
        self._engine.at(self._own.origin_ps, self._next_slice, self._own.core)

    def _next_slice(self) -> None:
        if self._own.halted:
            return
        now = self._engine.now
        chosen = take_turns(self._gangs(), self._last_turn)
        self._turns += 1
        self._last_turn.update((gang.name, self._turns) for gang in chosen)
        wanted = {core: gang.name for gang in chosen for core in gang.cores}
        self._trace.marks.append(Mark(now, self._own.core, "daemon", " ".join(gang.name for gang in chosen)))
        done = self._change(wanted, now)
        self._promoted = wanted
        self._engine.at(done + self._slice_ps, self._next_slice, self._own.core)

    def _change(self, wanted: Mapping[int, str], now: int) -> int:
        """Demote, then promote, each by a call of its own; when the last has returned."""
        before = self._promoted
        leaving = sorted(core for core, gang in before.items() if wanted.get(core) != gang)
        entering = sorted(core for core, gang in wanted.items() if before.get(core) != gang)
        time = now + self._switch_ps
        if time > now:
            self._own.occupy(busy=True)
        for core, gangs in [(core, frozenset[str]()) for core in leaving] + [
            (core, frozenset({wanted[core]})) for core in entering
        ]:
            time += self._call_ps
            self._engine.at(time, partial(self._drivers[core].promote, gangs), core)
        self._engine.at(time, partial(self._own.occupy, busy=False), self._own.core)
        return time


def take_turns(gangs: Sequence[Gang], last_turn: Mapping[str, int]) -> list[Gang]:
    """The gangs of the next slice: who had the longest ago goes first, then whoever fits beside, in that order."""
    chosen: list[Gang] = []
    taken: frozenset[int] = frozenset()
    for gang in sorted(gangs, key=lambda gang: last_turn.get(gang.name, -1)):
        if not gang.cores & taken:
            chosen.append(gang)
            taken |= gang.cores
    return chosen
