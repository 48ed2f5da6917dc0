"""An inbox: the messages for one program, from programs on its own core or on others, in the order of their arrival."""

from collections import deque
from collections.abc import Generator
from typing import Generic, TypeVar

from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.programs.requests import Program, Request, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Member

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """`core` is the receiver's. From another core a message comes by UMP: it keeps the sender busy for the machine's
    `send_ps`, is there `latency_ps` after the send began, and keeps the receiver busy for its part. On the same core
    it comes by LMP, whose whole cost is the sender's. No message is lost, and the inbox is never full.

    A receiver that finds nothing polls for `spin_ps`, without it for ever, and then blocks until it is notified.
    """

    def __init__(self, engine: Engine, machine: Machine, core: int, spin_ps: int | None = None) -> None:
        self.core = core
        self._engine = engine
        self._machine = machine
        self._spin_ps = spin_ps
        self._items: deque[tuple[Item, int]] = deque()
        self._news: Signal | None = None

    def __len__(self) -> int:
        return len(self._items)

    def send(self, me: Member, item: Item) -> Program:
        """Send from `me`; ends when the sender can go on."""
        machine, source = self._machine, me.core
        if source == self.core:
            yield me.compute_ps(machine.lmp_ps[source])
            self.put(item)
            return
        there_ps = me.now_ps + machine.latency_ps[source][self.core]
        yield me.compute_ps(machine.send_ps[source][self.core])
        receive_ps = machine.receive_ps(source, self.core)
        self._engine.at(max(there_ps, me.now_ps), lambda: self.put(item, receive_ps))

    def put(self, item: Item, receive_ps: int = 0) -> None:
        """It is there now: what a device does, which is not a program."""
        self._items.append((item, receive_ps))
        if self._news is not None:
            news, self._news = self._news, None
            news.raise_from(self.core)

    def receive(self, me: Member) -> Generator[Request, None, Item]:
        """The next message, waited for."""
        while not self._items:
            if self._news is None:
                self._news = me.team.signal("a message")
                self._news.promise()
            yield Wait(self._news, self._spin_ps, "block")
        item, receive_ps = self._items.popleft()
        yield me.compute_ps(receive_ps)
        return item
