"""The coordinator of gangs in turn: at the end of each of its slices it interrupts or reconfigures every core."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle

from kernelsim.core.cpu_driver import CpuDriver
from kernelsim.engine import Engine
from kernelsim.machine.interconnect import Network
from kernelsim.trace import Mark, Trace


class Coordinator:
    """Gangs in turn, one slice each, by the timer of one core alone (dissertation, section 4.2.2).

    Sending takes `send_ps` of that core, which hosts a member itself and begins its slice afterwards; the others
    begin when the interrupt arrives. One broadcast reaches all when it is sent; `serial` interrupts are sent one
    after the other, each at that cost. `everywhere` is a manager in user space that tells its peers over a network and
    has them change their kernels' parameters (section 4.2.1): for that long no core runs anybody.
    """

    def __init__(
        self,
        engine: Engine,
        trace: Trace,
        drivers: Sequence[CpuDriver],
        gangs: Sequence[str],
        *,
        slice_ps: int,
        send_ps: int,
        serial: bool = False,
        everywhere: bool = False,
        network: Network | None = None,
    ) -> None:
        self.own, *self._others = drivers
        self._engine = engine
        self._trace = trace
        self._gangs = cycle(gangs)
        self._slice_ps = slice_ps
        self._send_ps = send_ps
        self._serial = serial
        self._everywhere = everywhere
        self._network = network

    def begin(self) -> None:
        """The first slice begins with its core's timer."""
        self._engine.at(self.own.origin_ps, self._next_slice, self.own.core)

    def _next_slice(self) -> None:
        if self.own.halted:
            return
        gang, now = next(self._gangs), self._engine.now
        self._trace.marks.append(Mark(now, self.own.core, "ipi", gang))
        sent = now
        if self._send_ps:
            self.own.follow(None)
        for number, driver in enumerate(self._others):
            if self._everywhere and self._send_ps:
                driver.follow(None)
            if self._serial or number == 0:
                sent += self._send_ps
            self._engine.at(sent, self._interrupt(driver, gang), driver.core)
        self._engine.at(sent, partial(self.own.follow, gang), self.own.core)
        self._engine.at(now + self._slice_ps, self._next_slice, self.own.core)

    def _interrupt(self, driver: CpuDriver, gang: str) -> Callable[[], None]:
        """What leaves the coordinator for a core: it is there at once, or has to go through the network."""
        arrive = partial(driver.follow, gang)
        return arrive if self._network is None else partial(self._network.carry, self.own.core, driver.core, arrive)
