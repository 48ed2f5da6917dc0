"""A web server as separate domains: the card's driver, the server with its IP stack, timers, a database, and clients
beyond the card.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kernelsim.engine import Engine
from kernelsim.programs.inbox import Inbox
from kernelsim.programs.requests import Compute, Program
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Application, Programs

DOMAINS = ("driver", "server", "timer", "database")


@dataclass(frozen=True, slots=True)
class WebLoad:
    """What clients ask for, and what it costs.

    Each of `connections` asks for one page after the other. A page takes `rounds` of (packets in, packets out); between
    two of them the client and the network take `network_ps`. A packet costs the driver `driver_cycles` and the wire
    `wire_ps`, a page the server `server_cycles`, in equal parts for each packet; `packet_lines` of each packet that the
    driver has written are read by the server and the other way round. With `query_cycles` each page is made from an
    answer of the database. The timer's ticks come every `tick_ps`. Who waits polls for `spin_ps` and then blocks.
    """

    server_cycles: int
    driver_cycles: int
    query_cycles: int = 0
    connections: int = 17 * 4
    rounds: tuple[tuple[int, int], ...] = ((1, 1), (2, 4), (4, 1))
    packet_lines: int = 4
    network_ps: int = 100 * MICROSECOND_PS
    wire_ps: int = 0
    tick_ps: int = 250 * MILLISECOND_PS
    tick_cycles: int = 1000
    spin_ps: int = 7_370_000

    @property
    def packets(self) -> int:
        """Of one page, both ways."""
        return sum(before + after for before, after in self.rounds)

    @property
    def page_round(self) -> int:
        """The round in which the page is asked for and sent: the one with most packets out."""
        return max(range(len(self.rounds)), key=lambda one: self.rounds[one][1])


@dataclass(frozen=True, slots=True)
class _Packets:
    """The packets of one round of one connection, on their way in or out."""

    connection: int
    round: int
    sender: str


class WebService:
    """The domains of `load`, each on its core of `placement`; domains may share one. The progress of "server" counts
    packets, in and out: `load.packets` of them are a page.

    Without a "driver" the server is a process of a monolithic system: it does the driver's work itself, and each page
    takes `crossing_cycles` for entering and leaving the kernel.
    """

    def __init__(self, load: WebLoad, placement: Mapping[str, int], crossing_cycles: int = 0) -> None:
        self.load = load
        self.placement = dict(placement)
        self.crossing_cycles = crossing_cycles
        self._run: _Run | None = None

    def applications(self) -> tuple[Application, ...]:
        """One for each domain."""
        return tuple(Application(name, Programs(self._maker(name)), (core,)) for name, core in self.placement.items())

    def program_of(self, name: str, team: Team) -> Body:
        """What a domain runs, where all of them are threads of one team."""
        return self._maker(name)(team)

    def _maker(self, name: str) -> "_Maker":
        return _Maker(self, name)

    def run_of(self, team: Team) -> "_Run":
        """What the domains of one run share."""
        if self._run is None or self._run.engine is not team.engine:
            self._run = _Run(self, team)
        return self._run


@dataclass(frozen=True, slots=True)
class _Maker:
    service: WebService
    name: str

    def __call__(self, team: Team) -> Body:
        run = self.service.run_of(team)
        return {
            "driver": run.drive,
            "server": run.serve if "driver" in self.service.placement else run.serve_alone,
            "timer": run.tick,
            "database": run.answer,
        }[self.name]


class _Run:
    """The inboxes of one run, its clients, and the programs of its domains."""

    def __init__(self, service: WebService, team: Team) -> None:
        self.engine: Engine = team.engine
        self._load = service.load
        self._machine = team.machine
        self._crossing_cycles = service.crossing_cycles
        self._inboxes: dict[str, Inbox[_Packets]] = {
            name: Inbox(team, core, service.load.spin_ps, f"to {name}") for name, core in service.placement.items()
        }
        self._card = self._inboxes.get("driver", self._inboxes["server"])
        self._wire_free_ps = 0
        for number in range(self._load.connections):
            first_ps = number * self._load.network_ps // self._load.connections
            self._arrive(first_ps, _Packets(number, 0, "client"))

    # -- beyond the card ---------------------------------------------------------------------------------------

    def _arrive(self, delay_ps: int, packets: _Packets) -> None:
        self.engine.at(self.engine.now + delay_ps, lambda: self._card.put(packets))

    def _transmit(self, packets: _Packets) -> None:
        """The card sends them, and the client answers with its next round, or asks for the next page."""
        begin_ps = max(self.engine.now, self._wire_free_ps)
        self._wire_free_ps = begin_ps + self._load.rounds[packets.round][1] * self._load.wire_ps
        following = (packets.round + 1) % len(self._load.rounds)
        wait_ps = self._wire_free_ps - self.engine.now + self._load.network_ps
        self._arrive(wait_ps, _Packets(packets.connection, following, "client"))

    # -- the domains -------------------------------------------------------------------------------------------

    def drive(self, me: Member) -> Program:
        """Packets from the card go to the server, those from the server to the card."""
        while True:
            packets = yield from self._inboxes["driver"].receive(me)
            before, after = self._load.rounds[packets.round]
            if packets.sender == "client":
                yield me.compute(before * self._load.driver_cycles)
                yield from self._inboxes["server"].send(me, _Packets(packets.connection, packets.round, "driver"))
            else:
                yield self._read_lines(me, "server", after)
                yield me.compute(after * self._load.driver_cycles)
                self._transmit(packets)

    def serve(self, me: Member) -> Program:
        """Each round is answered; the page's, where there is a database, when that has answered."""
        while True:
            packets = yield from self._inboxes["server"].receive(me)
            if packets.sender == "timer":
                yield me.compute(self._load.tick_cycles)
                continue
            before, after = self._load.rounds[packets.round]
            if packets.sender == "driver":
                yield self._read_lines(me, "driver", before)
                yield me.compute(self._load.server_cycles * before // self._load.packets)
                if self._load.query_cycles and packets.round == self._load.page_round:
                    yield from self._inboxes["database"].send(me, packets)
                    continue
            yield me.compute(self._load.server_cycles * after // self._load.packets)
            me.count(before + after)
            yield from self._inboxes["driver"].send(me, _Packets(packets.connection, packets.round, "server"))

    def serve_alone(self, me: Member) -> Program:
        """A monolithic system: packets, the stack and the server on one core, with kernel crossings."""
        load = self._load
        while True:
            packets = yield from self._inboxes["server"].receive(me)
            moved = sum(load.rounds[packets.round])
            yield me.compute(moved * load.driver_cycles + load.server_cycles * moved // load.packets)
            yield me.compute(self._crossing_cycles * moved // load.packets)
            me.count(moved)
            self._transmit(packets)

    def tick(self, me: Member) -> Program:
        """The server's IP stack is told of the time."""
        while True:
            yield me.sleep(self._load.tick_ps)
            yield me.compute(self._load.tick_cycles)
            yield from self._inboxes["server"].send(me, _Packets(0, 0, "timer"))

    def answer(self, me: Member) -> Program:
        """One query after the other."""
        while True:
            packets = yield from self._inboxes["database"].receive(me)
            yield me.compute(self._load.query_cycles)
            me.count()
            yield from self._inboxes["server"].send(me, _Packets(packets.connection, packets.round, "database"))

    def _read_lines(self, me: Member, source: str, packets: int) -> Compute:
        """Wait for what the other domain has written of these packets."""
        line_ps = self._machine.line_ps[self._inboxes[source].core][me.core]
        return me.compute_ps(packets * self._load.packet_lines * line_ps)
