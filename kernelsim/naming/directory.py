"""The directory: the name service in a booted run, asked through the monitors at the cost of each message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from kernelsim.channels.waking import BySwitch, News
from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.naming.iref import Iref
from kernelsim.naming.name_service import NAME_SERVICE, NameService
from kernelsim.programs.requests import Program, Steps, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Member
from kernelsim.system.monitor import Monitor


@dataclass(slots=True)
class _Awaited:
    """Who on `core` waits for the reference of a name."""

    core: int
    signal: Signal
    iref: Iref | None = None


class Directory:
    """Answers on the core that booted, in the time of its monitor (dissertation, section 2.6.1)."""

    def __init__(self, engine: Engine, machine: Machine, monitors: Mapping[int, Monitor]) -> None:
        self._engine = engine
        self._machine = machine
        self._monitors = monitors
        self._names = NameService()
        self._sleepers: dict[str, list[_Awaited]] = {}

    def ask(self, me: Member, core: int, action: Callable[[], None]) -> Program:
        """Have `action` carried out by the monitor of `core`, by way of the own one, and wait for the answer."""
        home, there = self._monitors[me.core], self._monitors[core]
        done = awaited(me)
        lmp_ps = self._machine.lmp_ps[me.core]

        def answer() -> None:
            done.raise_at(self._engine.now + lmp_ps, me.core)

        def act() -> None:
            action()
            if there is home:
                answer()
            else:
                there.send(home, "names", answer)

        def forward() -> None:
            if there is home:
                act()
            else:
                home.send(there, "names", act)

        caller = me.team.dispatcher_on(me.core)
        yield me.compute_ps(lmp_ps)
        self._engine.at(self._engine.now, lambda: home.call(forward, caller))
        yield Wait(done, 0, "block")

    def register(self, me: Member, name: str, iref: Iref) -> Program:
        """Give a service its name; raises ScenarioError in the program if it is another's."""
        refused: list[ScenarioError] = []

        def register() -> None:
            try:
                self._names = self._names.register(name, iref)
            except ScenarioError as error:
                refused.append(error)
            else:
                self._tell_sleepers(name, iref)

        yield from self.ask(me, NAME_SERVICE.core, register)
        if refused:
            raise refused[0]

    def look_up(self, me: Member, name: str, *, waits: bool) -> Steps[Iref]:
        """The reference of a name; with `waits` answered once there is one.

        Raises ScenarioError in the program if there is none.
        """
        found = _Awaited(me.core, awaited(me))
        known: list[str] = []

        def look_up() -> None:
            found.iref = self._names.look_up(name)
            known.extend(entry for entry, _ in self._names.entries)
            if found.iref is None and waits:
                self._sleepers.setdefault(name, []).append(found)
            else:
                found.signal.raise_from(me.core)

        yield from self.ask(me, NAME_SERVICE.core, look_up)
        yield Wait(found.signal, 0, "block")
        if found.iref is None:
            names = ", ".join(known) or "none yet"
            raise ScenarioError("no_such_name", f"no service is named {name!r}; accepted: {names}")
        return found.iref

    def _tell_sleepers(self, name: str, iref: Iref) -> None:
        keeper = self._monitors[NAME_SERVICE.core]
        for found in self._sleepers.pop(name, ()):
            found.iref = iref
            tell = partial(self._tell, found)
            if found.core == NAME_SERVICE.core:
                tell()
            else:
                keeper.send(self._monitors[found.core], "names", tell)

    def _tell(self, found: _Awaited) -> None:
        """The monitor of a core tells who waits there for a name."""
        found.signal.raise_at(self._engine.now + self._machine.lmp_ps[found.core], found.core)


def awaited(me: Member) -> Signal:
    """An LMP to `me`: a directed switch."""
    return News(me.team.engine, BySwitch(me.team.engine), 0)
