"""Cooperative de-allocation: the system asks for a core back, and virtualises it where nobody listens."""

from collections.abc import Mapping, Sequence
from functools import partial

from kernelsim.core.cpu_driver import CpuDriver
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.engine import Engine
from kernelsim.system.monitor import Monitor
from kernelsim.trace import Mark, Trace


class TakingBack:
    """One core is asked of a domain that has dispatchers on others, too (dissertation, section 3.4.5).

    The dispatcher's page says until when. If all its threads have ended or left by then, the others go on as they are,
    a smaller gang. Else its threads go on under the dispatcher's own name on the next of the domain's cores, and none
    of its dispatchers has guaranteed time any more: it is correct, and no gang.
    """

    def __init__(
        self,
        dispatchers: Sequence[Dispatcher],
        wanted: int,
        grace_ps: int,
        monitors: Mapping[int, Monitor],
        drivers: Sequence[CpuDriver],
        engine: Engine,
        trace: Trace,
    ) -> None:
        self._dispatcher = dispatchers[wanted]
        self._others = [each for each in dispatchers if each is not self._dispatcher]
        self._grace_ps = grace_ps
        self._own = monitors[self._dispatcher.core]
        self._monitors = monitors
        self._drivers = drivers
        self._engine = engine
        self._trace = trace

    def request(self) -> None:
        """The monitor of the core begins."""
        self._own.post(0, self._ask)

    def _ask(self) -> None:
        until = self._engine.now + self._grace_ps
        self._dispatcher.activation.asked_back_ps = until
        self._mark("asked back")
        self._engine.at(until, lambda: self._own.post(0, self._look))

    def _look(self) -> None:
        """The time is over."""
        application = self._dispatcher.application
        self._own.planner.withdraw(application)
        if all(thread.has_ended for thread in self._dispatcher.threads):
            self._mark("released")
            return
        self._mark("virtualised")
        self._own.planner.forget(application)
        cores = sorted(each.core for each in self._others)
        host = self._drivers[next((core for core in cores if core > self._own.core), cores[0])]
        self._dispatcher.rehost(host)
        for core in cores:
            monitor = self._monitors[core]
            self._own.send(monitor, "virtualise", partial(self._virtualise, monitor, core == host.core))

    def _virtualise(self, monitor: Monitor, is_host: bool) -> None:
        monitor.planner.withdraw(self._dispatcher.application)
        if is_host and self._dispatcher.has_work:
            self._dispatcher.driver.wake(self._dispatcher)

    def _mark(self, kind: str) -> None:
        self._trace.marks.append(Mark(self._engine.now, self._own.core, kind, self._dispatcher.name))
