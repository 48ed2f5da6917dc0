"""Traffic: dispatchers that send each other messages at a steady rate, over UMP channels of their own."""

from collections.abc import Callable

from kernelsim.core.threads import UserThread
from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.messages.ump import UmpChannel
from kernelsim.trace import Trace


class TrafficThread(UserThread):
    """One end of some flows. It sends and receives only while it has its core; what comes meanwhile waits in
    the channel.

    Each send keeps the sender busy for the channel's `send_ps`, each receipt the receiver for `receive_ps`,
    one after the other; a message counts as received when the receiver begins with it.
    """

    __slots__ = ("_engine", "_inbox", "_on_core", "_outbox", "busy_until", "received", "waited_ps")

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._on_core = False
        self._inbox: list[tuple[int, UmpChannel]] = []
        self._outbox: list[Callable[[int], int]] = []
        self.busy_until = 0
        self.received = 0
        self.waited_ps = 0
        """Sum over the received messages of the time from the start of the send to the start of the
        receipt.
        """

    def start(self, now: int, runs_from: int) -> None:
        """Take up what has come and what was to be sent meanwhile."""
        self._on_core = True
        self.busy_until = max(self.busy_until, runs_from)
        inbox, outbox = self._inbox, self._outbox
        self._inbox, self._outbox = [], []
        for sent_ps, channel in inbox:
            self._receive(now, sent_ps, channel)
        for send in outbox:
            self.busy_until += send(self.busy_until)

    def stop(self, now: int) -> None:
        """Leave the channels alone."""
        self._on_core = False

    def send(self, send: Callable[[int], int]) -> None:
        """`send(start_ps)` puts a message into a channel and returns how long that keeps this core busy."""
        if not self._on_core:
            self._outbox.append(send)
            return
        self.busy_until = max(self.busy_until, self._engine.now)
        self.busy_until += send(self.busy_until)

    def arrive(self, sent_ps: int, channel: UmpChannel) -> None:
        """A message can be seen."""
        if self._on_core:
            self._receive(self._engine.now, sent_ps, channel)
        else:
            self._inbox.append((sent_ps, channel))

    def progress(self, now: int) -> int:
        """Messages received."""
        return self.received

    def _receive(self, now: int, sent_ps: int, channel: UmpChannel) -> None:
        begin = max(now, self.busy_until)
        self.busy_until = begin + channel.receive_ps
        self.received += 1
        self.waited_ps += begin - sent_ps


class Flow:
    """A message every `interval_ps` from one thread to another, the first one interval after the core's
    start.

    A run that repeats the same interval everywhere would make all flows of a core collide for ever, so flow i
    of a thread is moved by i/n of the interval.
    """

    __slots__ = ("_channel", "_engine", "_interval_ps", "_source", "_target")

    def __init__(
        self,
        engine: Engine,
        source: TrafficThread,
        target: TrafficThread,
        channel: UmpChannel,
        interval_ps: int,
    ) -> None:
        self._engine = engine
        self._source = source
        self._target = target
        self._channel = channel
        self._interval_ps = interval_ps

    def begin(self, first_ps: int) -> None:
        """Send the first message at `first_ps`."""
        self._engine.at(first_ps, self._tick)

    def _tick(self) -> None:
        self._source.send(self._send)
        self._engine.at(self._engine.now + self._interval_ps, self._tick)

    def _send(self, start_ps: int) -> int:
        arrival = self._channel.send(start_ps, self._source.dispatcher.application)
        target, channel = self._target, self._channel
        self._engine.at(arrival, lambda: target.arrive(start_ps, channel))
        return channel.send_ps


def channels(
    machine: Machine, trace: Trace, flows: tuple[tuple[int, int, int], ...], cores: tuple[int, ...]
) -> list[UmpChannel]:
    """A channel of its own for every flow."""
    return [UmpChannel(machine, cores[source], cores[target], trace) for source, target, _ in flows]
