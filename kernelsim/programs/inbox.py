"""An inbox: the messages for one program, from programs on its own core or on others, in the order of their arrival."""

from collections import deque
from typing import Generic, TypeVar

from kernelsim.messages.ump import UmpChannel
from kernelsim.programs.requests import Program, Steps, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Member, Team

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """`core` is the receiver's; senders may be of other applications. From another core a message comes by UMP: it
    keeps the sender busy for the channel's `send_ps`, is there `latency_ps` after the send began, and keeps the
    receiver busy for its part. On the same core it comes by LMP, whose whole cost is the sender's. No message is lost,
    and the inbox is never full.

    A receiver that finds nothing polls for `spin_ps`, without it for ever, and then blocks until it is notified. `what`
    is what the trace calls the messages.
    """

    def __init__(self, team: Team, core: int, spin_ps: int | None = None, what: str = "message") -> None:
        self.core = core
        self._team = team
        self._spin_ps = spin_ps
        self._what = what
        self._items: deque[tuple[Item, int]] = deque()
        self._channels: dict[int, UmpChannel] = {}
        self._news: Signal | None = None

    def __len__(self) -> int:
        return len(self._items)

    def send(self, me: Member, item: Item) -> Program:
        """Send from `me`; ends when the sender can go on."""
        source = me.core
        if source == self.core:
            yield me.compute_ps(self._team.machine.lmp_ps[source])
            self.put(item)
            return
        channel, begun_ps = self._channel(source), me.now_ps
        yield me.compute_ps(channel.send_ps)
        there_ps = max(channel.send(begun_ps, self._what), me.now_ps)
        self._team.engine.at(there_ps, lambda: self.put(item, channel.receive_ps))

    def put(self, item: Item, receive_ps: int = 0) -> None:
        """It is there now: what a device does, which is not a program."""
        self._items.append((item, receive_ps))
        if self._news is not None:
            news, self._news = self._news, None
            news.raise_from(self.core)

    def receive(self, me: Member) -> Steps[Item]:
        """The next message, waited for."""
        while not self._items:
            yield Wait(self._awaited(), self._spin_ps, "block")
        item, receive_ps = self._items.popleft()
        yield me.compute_ps(receive_ps)
        return item

    def _awaited(self) -> Signal:
        """What comes into an inbox may come from outside: who waits for it is idle, not in a deadlock."""
        if self._news is None:
            self._news = self._team.event(self._what)
            self._news.promise()
        return self._news

    def _channel(self, source: int) -> UmpChannel:
        if source not in self._channels:
            self._channels[source] = UmpChannel(self._team.machine, source, self.core, self._team.trace)
        return self._channels[source]
