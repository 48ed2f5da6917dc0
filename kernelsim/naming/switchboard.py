"""The switchboard: names and binding in a booted run, each message at its cost through the monitors of the machine."""

from collections import deque
from dataclasses import dataclass, field

from kernelsim.channels.conversation import TypedEnd
from kernelsim.channels.links import Links, Side
from kernelsim.channels.setup import ChannelSetup
from kernelsim.channels.waking import ByInterrupt, ByMonitor, BySwitch, Notifier
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.errors import ScenarioError
from kernelsim.messages.spinning import FixedSpin
from kernelsim.messages.typed.interface import Interface
from kernelsim.naming.binding import (
    ACCEPT,
    BIND,
    REFUSE,
    RETURN,
    Bind,
    BindingDispatcher,
    BindingMonitor,
    Message,
    Party,
)
from kernelsim.naming.directory import Directory, awaited
from kernelsim.naming.iref import Iref
from kernelsim.naming.name_service import NAME_SERVICE
from kernelsim.programs.requests import Program, Steps, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Member, Team
from kernelsim.system.monitor import Monitor


@dataclass(slots=True)
class Service:
    """What a program offers under a name; `accept` gives it one end of each channel that is bound to it."""

    name: str
    iref: Iref
    interface: Interface
    setup: ChannelSetup
    bound: deque[TypedEnd] = field(default_factory=deque)
    news: Signal | None = None

    def accept(self, me: Member) -> Steps[TypedEnd]:
        """The next client's channel, waited for."""
        while not self.bound:
            self.news = awaited(me)
            yield Wait(self.news, 0, "block")
        return self.bound.popleft()

    def add(self, end: TypedEnd) -> None:
        """One more channel is bound."""
        self.bound.append(end)
        if self.news is not None:
            news, self.news = self.news, None
            news.raise_from(self.iref.core)


def switchboard(team: Team) -> "Switchboard":
    """The one of the run to which `team` belongs; it is kept by the monitor of the core that booted."""
    monitors = {core: one for core, one in team.monitors.items() if isinstance(one, Monitor)}
    keeper = monitors.get(NAME_SERVICE.core)
    if keeper is None:
        raise ScenarioError("bad_scenario", f"no monitor on core {NAME_SERVICE.core}; accepted: a booted multikernel")
    if keeper.switchboard is None:
        keeper.switchboard = Switchboard(team, monitors)
    return keeper.switchboard


class Switchboard:
    """Every domain has a channel to its local monitor, LMP; monitors have theirs to each other, UMP."""

    def __init__(self, team: Team, monitors: dict[int, Monitor]) -> None:
        self._engine = team.engine
        self._machine = team.machine
        self._monitors = monitors
        self._links = Links(team.engine, team.machine, team.trace)
        self._nodes = {core: BindingMonitor(core, team.machine.cores) for core in monitors}
        self._parties: dict[str, Party] = {}
        self._hosts: dict[Party, Dispatcher] = {}
        self._dispatchers: dict[Party, BindingDispatcher] = {}
        self._directory = Directory(team.engine, team.machine, monitors)
        self._services: dict[Iref, Service] = {}
        self._ends: dict[Bind, tuple[TypedEnd, TypedEnd]] = {}
        self._waiting: dict[Bind, Signal] = {}

    # -- for programs ------------------------------------------------------------------------------------------

    def export(self, me: Member, name: str, interface: Interface, setup: ChannelSetup | None = None) -> Steps[Service]:
        """Offer a service: a reference from the local monitor, then its name at the name service.

        Raises ScenarioError in the program if the name is another's.
        """
        party = self._party(me)
        allocated: list[Iref] = []
        yield from self._directory.ask(me, me.core, lambda: allocated.append(self._allocate(party)))
        service = Service(name, allocated[0], interface, setup or ChannelSetup())
        self._services[service.iref] = service
        yield from self._directory.register(me, name, service.iref)
        return service

    def connect(self, me: Member, name: str, interface: Interface, *, waits: bool = False) -> Steps[TypedEnd]:
        """A channel to the service of a name; with `waits` the name service answers once there is one.

        Raises ScenarioError in the program if there is none, it is refused, or it speaks another interface.
        """
        iref = yield from self._directory.look_up(me, name, waits=waits)
        if self._services[iref].interface != interface:
            raise ScenarioError(
                "bad_interface",
                f"{name!r} speaks interface {self._services[iref].interface.name!r}, asked for another by the name"
                f" {interface.name!r}; accepted: the same interface on both sides",
            )
        return (yield from self._bind(me, name, iref))

    def retire(self, me: Member) -> Program:
        """The dispatcher of `me` offers nothing any more: its monitor refuses who asks, and who has asked already.

        Its names stay, as they do when a dispatcher dies.
        """
        party = self._party(me)
        gone = self._dispatchers.pop(party)
        del self._parties[self._hosts[party].name]
        yield me.compute_ps(0)
        self._carry(gone.die())

    # -- dispatchers -------------------------------------------------------------------------------------------

    def _allocate(self, party: Party) -> Iref:
        self._nodes[party.core], iref = self._nodes[party.core].allocate(party.dispatcher)
        return iref

    def _party(self, me: Member) -> Party:
        """The number of a dispatcher on its core, from 1: 0 is the name service's."""
        host = me.team.dispatcher_on(me.core)
        if host.name not in self._parties:
            party = Party(me.core, 1 + sum(other.core == me.core for other in self._hosts))
            self._parties[host.name] = party
            self._hosts[party] = host
            self._dispatchers[party] = BindingDispatcher(party)
        return self._parties[host.name]

    # -- binding -----------------------------------------------------------------------------------------------

    def _bind(self, me: Member, name: str, iref: Iref) -> Steps[TypedEnd]:
        party = self._party(me)
        step = self._dispatchers[party].ask(iref)
        self._dispatchers[party] = step.node
        bind = step.messages[0].bind
        self._waiting[bind] = awaited(me)
        yield me.compute_ps(0)
        self._carry(*step.messages)
        yield Wait(self._waiting[bind], 0, "block")
        del self._waiting[bind]
        node = self._dispatchers.get(party)
        if node is None:
            raise ScenarioError("bind_refused", f"no channel to {name!r}: its asker has retired; accepted: no retiring")
        for refused, reason in node.refused:
            if refused == bind:
                raise ScenarioError("bind_refused", f"no channel to {name!r}: {reason}; accepted: a service that lives")
        return self._ends[bind][0]

    def _carry(self, *messages: Message) -> None:
        """Send them: by LMP within a core, by UMP between monitors."""
        for message in messages:
            self._carry_one(message)

    def _carry_one(self, message: Message) -> None:
        source, target = message.source, message.target
        if source.core != target.core:
            self._monitors[source.core].send(
                self._monitors[target.core], message.kind, lambda: self._at_monitor(message)
            )
            return
        arrival = self._engine.now + self._machine.lmp_ps[source.core]
        if target.dispatcher < 0:
            monitor, caller = self._monitors[target.core], self._hosts[source]
            self._engine.at(arrival, lambda: monitor.call(lambda: self._at_monitor(message), caller))
        else:
            self._engine.at(arrival, lambda: self._at_dispatcher(message))

    def _at_monitor(self, message: Message) -> None:
        step = self._nodes[message.target.core].receive(message)
        self._nodes[message.target.core] = step.node
        self._carry(*step.messages)

    def _at_dispatcher(self, message: Message) -> None:
        node = self._dispatchers.get(message.target)
        if node is None:
            return
        step = node.receive(message)
        self._dispatchers[message.target] = step.node
        if message.kind == BIND:
            self._open(message)
        is_local = message.bind.client.core == message.iref.core
        if message.kind == (RETURN if is_local else BIND):
            self._services[message.iref].add(self._ends[message.bind][1])
        self._carry(*step.messages)
        if message.kind in (ACCEPT, REFUSE) and message.bind in self._waiting:
            self._waiting[message.bind].raise_from(message.target.core)

    def _open(self, message: Message) -> None:
        """Make the link: what the service allocates when it accepts."""
        service = self._services[message.iref]
        client, server = message.bind.client.core, message.iref.core
        sides: tuple[Side, Side]
        if client == server:
            sides = self._links.lmp(server, service.setup.lmp_slots)
        else:
            sides = self._links.ump(client, server, service.setup.format)
        here, there = (self._end(service, side, is_local=client == server) for side in sides)
        self._ends[message.bind] = here, there

    def _end(self, service: Service, side: Side, *, is_local: bool) -> TypedEnd:
        setup, machine = service.setup, self._machine
        notifier: Notifier
        if is_local:
            notifier = BySwitch(self._engine)
        elif setup.notification == "monitor":
            notifier = ByMonitor(self._engine, machine, self._monitors)
        else:
            notifier = ByInterrupt(self._engine, setup.interrupt_ps)
        rule = FixedSpin(0) if is_local else setup.rule(machine.block_ps)
        return TypedEnd(service.interface, side, rule, notifier)
