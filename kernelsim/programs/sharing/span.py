"""A domain that spans several cores: one virtual address space, each core's translations kept equal by messages."""

from collections.abc import Callable

from kernelsim.programs.requests import Program, Wait
from kernelsim.programs.team import Member, Team
from kernelsim.system.agreement.round import Round
from kernelsim.system.agreement.routes import by_package


class PageFaultError(Exception):
    """An access to a page that is not mapped where it was made."""


class Span:
    """The address space of `team`'s dispatchers (dissertation, section 2.5.5): a table of pages on each of their cores.

    To map or unmap is one round between the monitors of these cores, along packages: when it ends, every dispatcher
    sees it. `work_ps` is what each monitor needs for its part, by default the machine's. Who asks blocks until then.
    """

    def __init__(self, team: Team, work_ps: int | None = None) -> None:
        self.tables: dict[int, dict[int, int]] = {core: {} for core in team.cores}
        self._team = team
        self._work_ps = work_ps

    def map(self, me: Member, page: int, frame: int) -> Program:
        """`page` is `frame` for all of them from the end of this on."""

        def enter(core: int) -> None:
            self.tables[core][page] = frame

        yield from self._agree(me, "map", enter)

    def unmap(self, me: Member, page: int) -> Program:
        """No dispatcher can use `page` from the end of this on."""
        yield from self._agree(me, "unmap", lambda core: self.tables[core].pop(page, None))

    def frame(self, me: Member, page: int) -> int:
        """What `page` is for `me`. Raises PageFaultError where it is not mapped on its core."""
        if page not in self.tables[me.core]:
            raise PageFaultError(f"page {page} on core {me.core}; mapped there: {sorted(self.tables[me.core])}")
        return self.tables[me.core][page]

    def _agree(self, me: Member, what: str, work: Callable[[int], object]) -> Program:
        engine, machine, root = self._team.engine, self._team.machine, me.core
        answered = self._team.event(f"the answer to {what}")
        answered.promise()
        cores = tuple(self.tables)
        monitors = {core: self._team.monitors[core] for core in cores}
        costs = {core: machine.work_ps[core] if self._work_ps is None else self._work_ps for core in cores}
        sends = by_package(machine, root, cores)

        def do(core: int) -> None:
            work(core)

        round_ = Round(monitors, root, sends, request=what, reply=f"{what} done", work_ps=costs, work=do)

        def answer() -> None:
            engine.at(engine.now + machine.lmp_ps[root], lambda: answered.raise_from(root))

        def ask() -> None:
            monitors[root].post(0, lambda: round_.begin(answer))

        engine.at(engine.now + machine.lmp_ps[root], ask)
        yield Wait(answered, 0, "block")
