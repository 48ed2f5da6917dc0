"""Links: bound channels in a run, whose messages are seen when the machine says so."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from kernelsim.dispatchers.delivery import Endpoint, Payload
from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.messages.typed.marshalling import LMP_WIRE, WireFormat
from kernelsim.messages.ump import UmpChannel
from kernelsim.messages.ump_endpoint import UmpEndpoint, empty_ring
from kernelsim.messages.ump_format import UmpFormat
from kernelsim.trace import Message, Trace


class Side(Protocol):
    """One end of a link. A sender keeps its core busy for `sending_ps()` before `send`, a receiver for
    `receiving_ps()` after `poll`; the link itself takes no time of anybody. `on_seen` is called, while somebody waits,
    when there may be a message of the peer or room; `look_ps` is what a monitor needs to see that for it.
    """

    core: int
    wire: WireFormat
    look_ps: int
    on_seen: Callable[[], None] | None

    def can_send(self) -> bool:
        """Whether there is room for a message."""

    def sending_ps(self) -> int:
        """How long a send that begins now takes."""

    def receiving_ps(self) -> int:
        """How long a receipt that begins now takes."""

    def send(self, words: tuple[int, ...]) -> None:
        """Send a message whose time is over; raises ScenarioError where there is no room."""

    def poll(self) -> tuple[int, ...] | None:
        """The next message that can be seen, if there is one."""


class Lane:
    """The lines of one direction: a send and a receipt exclude each other, as both hold them. One has to wait."""

    __slots__ = ("_engine", "_free_ps")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free_ps = 0

    def hold(self, duration_ps: int) -> int:
        """Hold them for so long as soon as they are free; returns how long that takes from now on."""
        self._free_ps = max(self._free_ps, self._engine.now) + duration_ps
        return self._free_ps - self._engine.now


class UmpSide:
    """One end of a UMP channel: its endpoint, the ring that it writes, and how many messages it can see."""

    def __init__(self, engine: Engine, channel: UmpChannel, format_: UmpFormat, receive_ps: int) -> None:
        self.core = channel.source
        self.wire = WireFormat(format_.words, format_.word_bytes)
        self.lane = Lane(engine)
        """Of what it sends."""
        self.look_ps = receive_ps
        self.on_seen: Callable[[], None] | None = None
        self.peer: UmpSide
        self.ring = empty_ring(format_)
        self._end = UmpEndpoint(format_)
        self._engine = engine
        self._channel = channel
        self._visible = 0

    def can_send(self) -> bool:
        """Whether a slot is free; acknowledgements are taken up by `poll`."""
        return self._end.can_send()

    def sending_ps(self) -> int:
        """The sender's part of a message, once the lines are free."""
        return self.lane.hold(self._channel.send_ps)

    def receiving_ps(self) -> int:
        """The receiver's part of it."""
        return self.peer.lane.hold(self.look_ps)

    def send(self, words: tuple[int, ...]) -> None:
        """Write a message; its latency counts from the beginning of the send."""
        self._end, self.ring = self._end.send(self.ring, words)
        self._leave(self._engine.now - self._channel.send_ps, "ump")

    def poll(self) -> tuple[int, ...] | None:
        """Take what can be seen up to the next message; acknowledge when that is due.

        What acknowledgements cost the cores is in the occupancy of messages (Table 2.5's throughput includes them).
        """
        while self._visible:
            self._visible -= 1
            self._end, payload = self._end.take(self.peer.ring)
            if self._end.can_acknowledge():
                self._end, self.ring = self._end.acknowledge().flush(self.ring)
                self._leave(self._engine.now, "ack")
            if payload is not None:
                return payload
        return None

    def _leave(self, start_ps: int, kind: str) -> None:
        arrival = self._channel.send(start_ps, kind)
        self._engine.at(max(arrival, self._engine.now), self.peer.see)

    def see(self) -> None:
        """One more message of the peer is there."""
        self._visible += 1
        if self.on_seen is not None:
            self.on_seen()


class LmpSide:
    """One end of an LMP channel: messages of four words for a dispatcher of the same core.

    The whole cost is the sender's, whose core it is. A receiver that waits gets the message in registers by a directed
    switch; otherwise it is kept in the endpoint's buffer, for which the receiver looks when it runs.
    """

    def __init__(self, engine: Engine, machine: Machine, core: int, slots: int, trace: Trace) -> None:
        self.core = core
        self.wire = LMP_WIRE
        self.look_ps = 0
        self._lmp_ps = machine.lmp_ps[core]
        self.on_seen: Callable[[], None] | None = None
        self.peer: LmpSide
        self.buffered = 0
        """Messages that found their receiver not ready."""
        self._endpoint = Endpoint(0, slots)
        self._registers: Payload | None = None
        self._engine = engine
        self._trace = trace

    @property
    def is_ready(self) -> bool:
        """Whether its dispatcher waits for a message with nothing before it."""
        return self.on_seen is not None and self._registers is None and not self._endpoint.waiting

    def can_send(self) -> bool:
        """Whether the peer is ready, or has room in its buffer."""
        return self.peer.is_ready or len(self.peer._endpoint.waiting) < self.peer._endpoint.slots

    def sending_ps(self) -> int:
        """All of the message."""
        return self._lmp_ps

    def receiving_ps(self) -> int:
        """Nothing more."""
        return 0

    def send(self, words: tuple[int, ...]) -> None:
        """Invoke the peer's endpoint."""
        if not self.can_send():
            raise ScenarioError(
                "buffer_full",
                f"an LMP buffer of {self.peer._endpoint.slots} messages is full; accepted: a send when one is taken",
            )
        a, b, c, d = words
        now = self._engine.now
        self._trace.messages.append(Message(now - self._lmp_ps, now, self.core, self.core, "lmp"))
        self.peer.deliver((a, b, c, d))

    def deliver(self, payload: Payload) -> None:
        """The CPU driver's part: registers, or the buffer and its flag."""
        if self.is_ready and self.on_seen is not None:
            self._registers = payload
            self.on_seen()
        else:
            self.buffered += 1
            self._endpoint = replace(self._endpoint, waiting=(*self._endpoint.waiting, payload))

    def poll(self) -> tuple[int, ...] | None:
        """Registers first, then the buffer in its order."""
        if self._registers is not None:
            payload, self._registers = self._registers, None
            return payload
        if not self._endpoint.waiting:
            return None
        first, *rest = self._endpoint.waiting
        self._endpoint = replace(self._endpoint, waiting=tuple(rest))
        if self.peer.on_seen is not None:
            self.peer.on_seen()
        return first


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links on a machine."""

    engine: Engine
    machine: Machine
    trace: Trace

    def ump(self, a: int, b: int, format_: UmpFormat) -> tuple[UmpSide, UmpSide]:
        """Both ends of a UMP channel between two cores."""
        here = self._ump_side(a, b, format_)
        here.peer = self._ump_side(b, a, format_)
        here.peer.peer = here
        return here, here.peer

    def lmp(self, core: int, slots: int) -> tuple[LmpSide, LmpSide]:
        """Both ends of an LMP channel within a core; each dispatcher has room for `slots` messages."""
        here = LmpSide(self.engine, self.machine, core, slots, self.trace)
        here.peer = LmpSide(self.engine, self.machine, core, slots, self.trace)
        here.peer.peer = here
        return here, here.peer

    def _ump_side(self, core: int, peer: int, format_: UmpFormat) -> UmpSide:
        channel = UmpChannel(self.machine, core, peer, self.trace)
        return UmpSide(self.engine, channel, format_, self.machine.receive_ps(peer, core))
