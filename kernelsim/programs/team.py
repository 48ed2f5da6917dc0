"""An application's threads as its programs see them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from kernelsim.core.activation import Activation
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.machine.coherence import Coherence, Lines
from kernelsim.machine.hardware import Machine
from kernelsim.messages.ump import UmpChannel
from kernelsim.programs.custody import Custody, Desk, Letter
from kernelsim.programs.requests import Compute, GiveWay, Migrate, Program, Steps, Wait
from kernelsim.programs.signal import FirstOf, Signal
from kernelsim.programs.thread import ProgramThread
from kernelsim.system.speaker import Speaker
from kernelsim.trace import Trace


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

    def wait_for_one_of(self, *signals: Signal, spin_ps: int | None = None, then: str = "yield") -> Wait:
        """Wait until the first of them is seen; the parameters of waiting are those of `Wait`."""
        return Wait(FirstOf(self.team.engine, self.core, signals), spin_ps, then)

    def wait_within(
        self, signal: Signal, limit_ps: int, spin_ps: int | None = None, then: str = "yield"
    ) -> Steps[bool]:
        """Wait for at most so long; returns whether it was seen in time."""
        core, until_ps = self.core, self.now_ps + limit_ps
        alarm = self.team.event("an alarm")
        alarm.raise_at(until_ps, core)
        yield self.wait_for_one_of(signal, alarm, spin_ps=spin_ps, then=then)
        seen_ps = signal.seen_ps(core)
        return seen_ps is not None and seen_ps <= until_ps

    def migrate(self, core: int) -> Program:
        """Go on under the team's dispatcher on `core`: the thread control block travels there in one message, and no
        dispatcher has it meanwhile (dissertation, section 3.6.5).
        """
        team = self.team
        team.dispatcher_on(core)
        source = self.core
        if core == source:
            return
        channel = team.channel(source, core)
        yield Compute(channel.send_ps)
        team.take_custody_of(self._thread)
        yield Migrate(core)
        yield Compute(channel.receive_ps)

    def move(self, other: "Member", core: int) -> Steps[bool]:
        """Move another thread of this dispatcher that is blocked; returns false, and does nothing, where it is not."""
        team, thread = self.team, other._thread
        team.dispatcher_on(core)
        if core == self.core:
            return False
        yield Compute(team.channel(self.core, core).send_ps)
        if other is self or other.core != self.core or not thread.is_asleep:
            return False
        team.take_custody_of(thread)
        thread.leave(core)
        return True

    def enter_section(self) -> None:
        """From now on it holds what others wait for, a lock: its dispatcher would rather not lose its core."""
        self._thread.dispatcher.enter_section()

    def leave_section(self) -> None:
        """It holds it no longer. Call it on the core where it has entered."""
        self._thread.dispatcher.leave_section()

    def count(self, times: int = 1) -> None:
        """Progress: what the outcome counts."""
        self._thread.count(times)


@dataclass(slots=True)
class Team:
    """All threads of one application in one run; `cores[i]` is thread i's when the run begins.

    `lines` are the cache lines that they share, by default of a machine where a line moves in its `line_ps`, nobody
    waits for a line of his own, and only who wants the same line queues for it.
    """

    engine: Engine
    machine: Machine
    name: str
    cores: tuple[int, ...]
    trace: Trace
    threads: Sequence[ProgramThread]
    monitors: Mapping[int, Speaker] = field(default_factory=dict)
    lines: Lines = field(init=False)
    _lines_given: int = 0
    members: list[Member] = field(default_factory=list)
    _channels: dict[tuple[int, int], UmpChannel] = field(default_factory=dict)
    _dispatchers: dict[int, Dispatcher] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cores = self.machine.cores
        coherence = Coherence(self.machine.line_ps, (0,) * cores, range(cores), 0)
        self.lines = Lines(self.engine, coherence, home=self.cores[0])
        for thread in self.threads:
            assert isinstance(thread.dispatcher, Dispatcher)
            self._dispatchers.setdefault(thread.core, thread.dispatcher)

    @property
    def size(self) -> int:
        """How many threads there are."""
        return len(self.cores)

    def signal(self, what: str = "a signal") -> Signal:
        """A new signal on this machine; `what` stands for it where a deadlock is reported."""
        return Signal(self.engine, self.machine.line_ps, what)

    def event(self, what: str = "an event") -> Signal:
        """A signal whose cost is counted elsewhere: all see it at once."""
        return Signal(self.engine, None, what)

    def next_line(self) -> int:
        """The number of a line that nobody else uses."""
        self._lines_given += 1
        return self._lines_given

    def channel(self, source: int, target: int) -> UmpChannel:
        """The UMP channel between two of its dispatchers, by core; made when it is first used."""
        key = (source, target)
        if key not in self._channels:
            self._channels[key] = UmpChannel(self.machine, source, target, self.trace)
        return self._channels[key]

    def dispatcher_on(self, core: int) -> Dispatcher:
        """Its dispatcher there. Raises ScenarioError where there is none."""
        if core not in self._dispatchers:
            raise ScenarioError(
                "bad_scenario",
                f"{self.name!r} has no dispatcher on core {core}; accepted: {sorted(self._dispatchers)}",
                core=core,
            )
        return self._dispatchers[core]

    def take_custody_of(self, thread: ProgramThread) -> None:
        """From now on its control block is kept track of: it is about to move."""
        if thread.custody is not None:
            return
        desks = {core: Desk(core, has=core == thread.core) for core in self._dispatchers}

        def send(letter: Letter) -> None:
            channel = self.channel(letter.source, letter.target)
            arrival = channel.send(self.engine.now - channel.send_ps, f"{letter.kind} {thread.name}")
            self.engine.at(max(self.engine.now, arrival), partial(custody.deliver, letter))

        def took(core: int, is_runnable: bool) -> None:
            self._dispatchers[core].adopt_thread(thread, is_runnable=is_runnable)

        custody = thread.custody = Custody(desks, send, took, thread.be_woken)

    def runs_on(self, core: int) -> bool:
        """Whether its dispatcher there has its core now: what the count of de-allocations tells its peers."""
        dispatcher = self.dispatcher_on(core)
        return dispatcher.timeslices > 0 and dispatcher.noted == dispatcher.deallocations


Body = Callable[[Member], Program]
Make = Callable[[Team], Body]
"""Called once a run: makes what the threads share, and returns the program that each thread runs."""


def start_programs(make: Make, team: Team) -> None:
    """Give every thread its program. Raises ScenarioError where the user's functions fail before any of them runs."""
    team.members = [Member(team, index, thread) for index, thread in enumerate(team.threads)]
    try:
        body = make(team)
        programs = [body(member) for member in team.members]
    except ScenarioError:
        raise
    except (Exception, SystemExit) as error:  # its user's code: a mistake in what was asked
        said = f"making the program of {team.name!r} raised {type(error).__name__}: {error}"
        raise ScenarioError("bad_program", f"{said}; accepted: make(team), which returns body(me)") from error
    for member, thread, program in zip(team.members, team.threads, programs, strict=True):
        thread.load(program, f"thread {member.index}")
