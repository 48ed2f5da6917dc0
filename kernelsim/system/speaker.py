"""Who takes part in a protocol: one piece of work after the other on a core, and messages to others of its kind."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.machine.interconnect import Network
from kernelsim.messages.mesh import Mesh
from kernelsim.messages.ump import UmpChannel


class Speaker(Protocol):
    """What a protocol asks of a participant. Work is a cost and an action at its end."""

    core: int
    machine: Machine

    def post(self, cost_ps: int, action: Callable[[], None]) -> None:
        """More work; a message has come."""

    def then(self, cost_ps: int, action: Callable[[], None]) -> None:
        """Work that follows from the present one."""

    def send(self, target: "Speaker", kind: str, action: Callable[[], None]) -> None:
        """Send a message after the present work; `action` is what the target does with it."""


def transmit(
    source: Speaker, target: Speaker, mesh: Mesh, engine: Engine, kind: str, action: Callable[[], None]
) -> None:
    """Queue the sending of one message as work of its source, and its receipt as work of its target.

    Over a network it comes later than the channel's latency by what it has to wait for links on the way.
    """
    channel = mesh.channel(source.core, target.core)

    def sent() -> None:
        start = engine.now - channel.send_ps
        if mesh.network is None:
            engine.at(channel.send(start, kind), receive)
        else:
            _carry(channel, mesh.network, engine, start, kind, receive)

    def receive() -> None:
        target.post(channel.receive_ps, action)

    source.then(channel.send_ps, sent)


def _carry(
    channel: UmpChannel, network: Network, engine: Engine, start_ps: int, kind: str, receive: Callable[[], None]
) -> None:
    """A message whose send began at `start_ps` waits for the links on its way."""

    def landed() -> None:
        engine.at(channel.land(start_ps, engine.now, kind), receive)

    leaves = max(engine.now, start_ps + channel.latency_ps - network.idle_ps(channel.source, channel.target))
    engine.at(leaves, lambda: network.carry(channel.source, channel.target, landed))


class Poller:
    """A program that has its core for itself and polls: what micro-benchmarks of messages run, without any monitor."""

    def __init__(self, core: int, engine: Engine, machine: Machine, mesh: Mesh) -> None:
        self.core = core
        self.machine = machine
        self._engine = engine
        self._mesh = mesh
        self._work: deque[tuple[int, Callable[[], None]]] = deque()

    def post(self, cost_ps: int, action: Callable[[], None]) -> None:
        """More work, at once if there is no other."""
        self._work.append((cost_ps, action))
        if len(self._work) == 1:
            self._begin()

    then = post

    def send(self, target: Speaker, kind: str, action: Callable[[], None]) -> None:
        """Send a message after all work that there is by now."""
        transmit(self, target, self._mesh, self._engine, kind, action)

    def _begin(self) -> None:
        self._engine.at(self._engine.now + self._work[0][0], self._done)

    def _done(self) -> None:
        self._work[0][1]()
        self._work.popleft()
        if self._work:
            self._begin()
