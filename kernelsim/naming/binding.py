"""Binding: how two dispatchers come by a channel through their monitors, as one state machine.

A client asks its monitor; the request goes by the reference's core to the monitor there, and to the dispatcher of the
service. Its answer, an endpoint, takes the way back. On one core the client then returns an endpoint of its own;
between two cores the endpoint is a frame that both split into halves (dissertation, sections 2.6.1 to 2.6.3).

Nodes and messages are values: nothing here knows a clock, and a test walks all of them.
"""

from dataclasses import dataclass, replace

from kernelsim.naming.iref import Iref

BIND, ACCEPT, REFUSE, RETURN, DIED = "bind", "accept", "refuse", "return", "died"


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """A dispatcher of a core; -1 is its monitor."""

    core: int
    dispatcher: int = -1


@dataclass(frozen=True, slots=True, order=True)
class Bind:
    """The `number`-th request of a client."""

    client: Party
    number: int


@dataclass(frozen=True, slots=True)
class LmpAddress:
    """An endpoint capability: endpoint `number` of a dispatcher."""

    owner: Party
    number: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame capability: memory for two rings, allocated by `owner`, the destination."""

    owner: Party
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a binding, from party to party."""

    kind: str
    source: Party
    target: Party
    bind: Bind
    iref: Iref
    endpoint: LmpAddress | Frame | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """What one side holds. For UMP both have the same frame, and write each its own half of it, 0 or 1; for LMP each
    has its own address and, once it is known, the peer's.
    """

    bind: Bind
    iref: Iref
    peer: Party
    mine: LmpAddress | Frame
    theirs: LmpAddress | Frame | None
    writes: int

    @property
    def reads(self) -> int:
        """The half that the peer writes."""
        return 1 - self.writes

    @property
    def can_send(self) -> bool:
        """Whether the peer's endpoint is known."""
        return self.theirs is not None


@dataclass(frozen=True, slots=True)
class MonitorStep:
    """The monitor after a message, and what it sends."""

    node: "BindingMonitor"
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class BindingMonitor:
    """One monitor's part: the services of its core, and the requests under way, each with whom it came from and whom
    it was sent to.
    """

    core: int
    cores: int
    services: tuple[Iref, ...] = ()
    allocated: int = 0
    pending: tuple[tuple[Bind, Party, Party], ...] = ()

    def allocate(self, dispatcher: int) -> tuple["BindingMonitor", Iref]:
        """A new reference for a service of a dispatcher of this core."""
        iref = Iref(self.core, dispatcher, self.allocated)
        node = replace(self, services=(*self.services, iref), allocated=self.allocated + 1)
        return node, iref

    def receive(self, message: Message) -> MonitorStep:
        """A message has come, from a dispatcher of this core or from another monitor."""
        if message.kind == BIND:
            return self._bind(message)
        if message.kind == DIED:
            return self._died(message.source)
        if message.kind == RETURN:
            return MonitorStep(self, (self._forward(message, Party(self.core, message.iref.dispatcher)),))
        return self._reply(message)

    def _bind(self, message: Message) -> MonitorStep:
        iref = message.iref
        if iref.core >= self.cores:
            return MonitorStep(self, (self._refusal(message.bind, iref, message.source, "no such core"),))
        if iref.core == self.core and iref not in self.services:
            return MonitorStep(self, (self._refusal(message.bind, iref, message.source, "no such service"),))
        target = Party(self.core, iref.dispatcher) if iref.core == self.core else Party(iref.core)
        node = replace(self, pending=(*self.pending, (message.bind, message.source, target)))
        return MonitorStep(node, (self._forward(message, target),))

    def _reply(self, message: Message) -> MonitorStep:
        """Hand it back to whom the request came from, unless it has been answered already, or nobody waits."""
        for one in self.pending:
            if one[0] == message.bind:
                return MonitorStep(self._without(one), (self._forward(message, one[1]),))
        return MonitorStep(self)

    def _died(self, dead: Party) -> MonitorStep:
        """The CPU driver says that a dispatcher is gone: nobody is to wait for it."""
        services = tuple(iref for iref in self.services if iref.dispatcher != dead.dispatcher)
        asked = [one for one in self.pending if one[2] == dead]
        left = tuple(one for one in self.pending if dead not in one[1:])
        refusals = tuple(
            self._refusal(bind, Iref(dead.core, dead.dispatcher, 0), source, "the service died")
            for bind, source, _ in asked
            if source != dead
        )
        return MonitorStep(replace(self, services=services, pending=left), refusals)

    def _without(self, one: tuple[Bind, Party, Party]) -> "BindingMonitor":
        return replace(self, pending=tuple(other for other in self.pending if other != one))

    def _forward(self, message: Message, target: Party) -> Message:
        return replace(message, source=Party(self.core), target=target)

    def _refusal(self, bind: Bind, iref: Iref, target: Party, reason: str) -> Message:
        return Message(REFUSE, Party(self.core), target, bind, iref, reason=reason)


@dataclass(frozen=True, slots=True)
class DispatcherStep:
    """The dispatcher after a message, and what it sends."""

    node: "BindingDispatcher"
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class BindingDispatcher:
    """One dispatcher's part, as client and as service; it talks to its own monitor alone."""

    party: Party
    asked: int = 0
    endpoints: int = 0
    waiting: tuple[Bind, ...] = ()
    channels: tuple[Channel, ...] = ()
    refused: tuple[tuple[Bind, str], ...] = ()

    def ask(self, iref: Iref) -> DispatcherStep:
        """Request a channel to a service."""
        bind = Bind(self.party, self.asked)
        node = replace(self, asked=self.asked + 1, waiting=(*self.waiting, bind))
        return DispatcherStep(node, (self._say(BIND, bind, iref),))

    def die(self) -> Message:
        """The last that is heard of it, from its CPU driver."""
        return self._say(DIED, Bind(self.party, -1), Iref(self.party.core, self.party.dispatcher, 0))

    def receive(self, message: Message) -> DispatcherStep:
        """A message of its monitor has come."""
        if message.kind == BIND:
            return self._accept(message)
        if message.kind == RETURN:
            return DispatcherStep(self._returned(message))
        waiting = tuple(bind for bind in self.waiting if bind != message.bind)
        node = replace(self, waiting=waiting)
        if message.kind == REFUSE:
            return DispatcherStep(replace(node, refused=(*self.refused, (message.bind, message.reason))))
        return node._accepted(message)

    def _accept(self, message: Message) -> DispatcherStep:
        """As a service: allocate what the client needs."""
        client = message.bind.client
        mine: LmpAddress | Frame
        if client.core == self.party.core:
            mine = LmpAddress(self.party, self.endpoints)
            channel = Channel(message.bind, message.iref, client, mine, None, writes=1)
        else:
            mine = Frame(self.party, self.endpoints)
            channel = Channel(message.bind, message.iref, client, mine, mine, writes=1)
        node = replace(self, endpoints=self.endpoints + 1, channels=(*self.channels, channel))
        return DispatcherStep(node, (self._say(ACCEPT, message.bind, message.iref, mine),))

    def _accepted(self, message: Message) -> DispatcherStep:
        """As a client: the channel is there; on one core an endpoint goes back."""
        theirs = message.endpoint
        peer = Party(message.iref.core, message.iref.dispatcher)
        if isinstance(theirs, Frame):
            channel = Channel(message.bind, message.iref, peer, theirs, theirs, writes=0)
            return DispatcherStep(replace(self, channels=(*self.channels, channel)))
        mine = LmpAddress(self.party, self.endpoints)
        channel = Channel(message.bind, message.iref, peer, mine, theirs, writes=0)
        node = replace(self, endpoints=self.endpoints + 1, channels=(*self.channels, channel))
        return DispatcherStep(node, (self._say(RETURN, message.bind, message.iref, mine),))

    def _returned(self, message: Message) -> "BindingDispatcher":
        """As a service: now both know each other."""

        def known(channel: Channel) -> Channel:
            is_meant = channel.bind == message.bind and channel.writes == 1
            return replace(channel, theirs=message.endpoint) if is_meant else channel

        return replace(self, channels=tuple(known(channel) for channel in self.channels))

    def _say(self, kind: str, bind: Bind, iref: Iref, endpoint: LmpAddress | Frame | None = None) -> Message:
        return Message(kind, self.party, Party(self.party.core), bind, iref, endpoint)
