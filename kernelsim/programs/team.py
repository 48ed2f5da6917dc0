"""An application's threads as its programs see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernelsim.core.activation import Activation
from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.programs.requests import Compute, GiveWay, Program, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.thread import ProgramThread


class Member:
    """One thread, for its own program: `index` counts from 0 in its team."""

    __slots__ = ("_thread", "index", "team")

    def __init__(self, team: "Team", index: int, thread: ProgramThread) -> None:
        self.team = team
        self.index = index
        self._thread = thread

    @property
    def core(self) -> int:
        """Where it runs."""
        return self._thread.core

    @property
    def activation(self) -> Activation:
        """The page of its dispatcher: what it is given, for reading."""
        return self._thread.dispatcher.activation

    @property
    def now_ps(self) -> int:
        """The time, in picoseconds since the machine was switched on."""
        return self.team.engine.now

    def compute(self, cycles: int) -> Compute:
        """Compute for so many cycles of its core."""
        hz = self.team.machine.clock_hz[self.core]
        return Compute((cycles * 10**12 + hz // 2) // hz)

    def compute_ps(self, duration_ps: int) -> Compute:
        """Compute for so long."""
        return Compute(duration_ps)

    def give_way(self) -> GiveWay:
        """Yield."""
        return GiveWay()

    def sleep(self, duration_ps: int) -> Wait:
        """Block for so long; being woken costs what it costs beside that."""
        signal = self.team.signal()
        signal.raise_at(self.now_ps + duration_ps, self.core)
        return Wait(signal, 0, "block")

    def count(self, times: int = 1) -> None:
        """Progress: what the outcome counts."""
        self._thread.count(times)


@dataclass(slots=True)
class Team:
    """All threads of one application in one run; `cores[i]` is thread i's when the run begins."""

    engine: Engine
    machine: Machine
    name: str
    cores: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many threads there are."""
        return len(self.cores)

    def signal(self) -> Signal:
        """A new signal on this machine."""
        return Signal(self.engine, self.machine.line_ps)


Body = Callable[[Member], Program]
Make = Callable[[Team], Body]
"""Called once a run: makes what the threads share, and returns the program that each thread runs."""


def start_programs(make: Make, team: Team, threads: Sequence[ProgramThread]) -> None:
    """Give every thread its program."""
    body = make(team)
    for index, thread in enumerate(threads):
        thread.load(body(Member(team, index, thread)))
