"""TLB shootdown: a page leaves every translation buffer before its unmapping is answered; messages alone, or whole."""

from collections.abc import Sequence

from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.messages.mesh import Mesh
from kernelsim.system.agreement.round import Round, Sends, check_cover
from kernelsim.system.speaker import Poller
from kernelsim.trace import Trace

_FOR_EVER_PS = 10**15


class Tlb:
    """The pages whose translations one core may hold; a core not in it would fault on its next access."""

    def __init__(self, pages: Sequence[int] = ()) -> None:
        self._pages = set(pages)

    def fill(self, page: int) -> None:
        """An access has loaded the translation."""
        self._pages.add(page)

    def invalidate(self, page: int) -> None:
        """The translation is gone, if it was there."""
        self._pages.discard(page)

    def holds(self, page: int) -> bool:
        """Whether an access to the page would still go through."""
        return page in self._pages


def multicast_ps(machine: Machine, root: int, members: Sequence[int], sends: Sends) -> int:
    """The messages of one shootdown along `sends` on cores that do nothing else: until the last reply is in.

    Raises ScenarioError for a tree that does not reach each member once.
    """
    check_cover(sends, root, tuple(members), "a shootdown")
    engine, pollers = _pollers(machine, members)
    finished: list[int] = []
    free = dict.fromkeys(members, 0)
    round_ = Round(
        pollers, root, sends, request="invalidate", reply="invalidated", work_ps=free, work=lambda core: None
    )
    pollers[root].post(0, lambda: round_.begin(lambda: finished.append(engine.now)))
    engine.run(_FOR_EVER_PS)
    return finished[0]


def broadcast_ps(machine: Machine, root: int, members: Sequence[int]) -> int:
    """One shared line that all members poll: the root writes it once, and its cache serves one request at a time.

    Every member pulls the line from there, by `line_ps`, and acknowledges by a message of its own, whose line the
    same cache has to fetch (SOSP 2009, section 5.1; that pulls and acknowledgements share a queue is our reading).
    """
    engine, pollers = _pollers(machine, members)
    master, finished, open_ = pollers[root], [0], [len(members) - 1]

    def acknowledged() -> None:
        open_[0] -= 1
        if open_[0] == 0:
            finished[0] = engine.now

    def pulled(core: int) -> None:
        pollers[core].post(0, lambda: pollers[core].send(master, "invalidated", acknowledged))

    for core in members:
        if core != root:
            master.post(machine.line_ps[root][core], lambda core=core: pulled(core))  # type: ignore[misc]
    engine.run(_FOR_EVER_PS)
    return finished[0]


def ipi_ps(base_ps: int, trap_ps: int, cores: int, *, parallel: bool = False) -> int:
    """A monolithic kernel's shootdown: `base_ps` for two cores, then an interrupt per further core, one after another.

    Each costs the sender a trap's time on the interrupted core, since it waits for the acknowledgement in a shared
    variable; `parallel` interrupts overlap, so all cores together cost one.
    """
    further = max(0, cores - 2)
    return base_ps + (0 if parallel else further * trap_ps)


def _nothing(core: int) -> None:
    """No work beside the messages."""


def _pollers(machine: Machine, members: Sequence[int]) -> tuple[Engine, dict[int, Poller]]:
    engine = Engine()
    mesh = Mesh(machine, Trace())
    return engine, {core: Poller(core, engine, machine, mesh) for core in members}
