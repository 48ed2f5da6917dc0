"""A counter service under the disciplines between sharing and replicating: the same calls, other costs.

shared: one lock for all counters; fine-grained: a lock for each; partitioned: each counter belongs to a server, which
is sent messages; replicated: every client has a copy, and one server puts all additions in order and sends them to
everybody (dissertation, section 2.1.5, Fig 2.5). "chosen" shares or sends messages, whichever a client has found faster
(section 2.4.3).
"""

from dataclasses import dataclass

from kernelsim.programs.cell import Cell
from kernelsim.programs.inbox import Inbox
from kernelsim.programs.requests import Program, Steps
from kernelsim.programs.synchronisation.spin_locks import TicketLock
from kernelsim.programs.team import Body, Member, Team

DISCIPLINES = ("shared", "fine-grained", "partitioned", "replicated", "chosen")
TRIALS = 8
"""How many calls a client that chooses makes each way before it does."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a client: what it asked for, what it got, and when. An addition gets the value after it."""

    client: int
    key: int
    is_addition: bool
    value: int
    begun_ps: int
    ended_ps: int
    way: str


@dataclass(frozen=True, slots=True)
class CounterService:
    """`calls` by each of the first `clients` threads of a team, the others serve; to be given to `Programs`.

    A client's number'th call is of key (number x 5 + client) modulo `keys`, and an addition in `additions_percent` of
    them. The state of a counter is `lines` cache lines, all of which an addition writes and a read reads. `work_ps` is
    what a call computes. What is called is recorded in `log`.
    """

    discipline: str
    clients: int
    keys: int
    calls: int
    log: list[Call]
    lines: int = 1
    additions_percent: int = 50
    work_ps: int = 20_000

    def __call__(self, team: Team) -> Body:
        """What a `Programs` workload calls. Raises ValueError for a service without clients or servers."""
        if self.discipline not in DISCIPLINES or not 0 < self.clients < team.size or min(self.keys, self.lines) < 1:
            raise ValueError(
                f"{self.discipline!r} with {self.clients} clients among {team.size} threads, {self.keys} keys of "
                f"{self.lines} lines; accepted: one of {DISCIPLINES}, a client and a server, a key, a line"
            )
        return _Service(self, team).run

    def is_addition(self, number: int) -> bool:
        """Whether a client's number'th call adds: evenly spread."""
        return (number + 1) * self.additions_percent // 100 > number * self.additions_percent // 100


Request = tuple[int, int, bool]
"""Client, key, whether it adds."""
Reply = tuple[int, int, int]
"""For which client, key, value."""


class _Service:
    """State, locks and inboxes of one run."""

    def __init__(self, service: CounterService, team: Team) -> None:
        self._service = service
        self._team = team
        locks = service.keys if service.discipline != "shared" else 1
        self._locks = [TicketLock(team) for _ in range(locks)]
        self._lines = [[Cell(team, 0, "a counter") for _ in range(service.lines)] for _ in range(service.keys)]
        self._to = [Inbox[Request](team, core, what="request") for core in team.cores]
        self._back = [Inbox[Reply](team, core, what="reply") for core in team.cores]
        self._copies = [[0] * service.keys for _ in range(service.clients)]

    def run(self, me: Member) -> Program:
        """One thread's program."""
        return self._call(me) if me.index < self._service.clients else self._serve(me)

    def _call(self, me: Member) -> Program:
        service = self._service
        spent: dict[str, int] = {"shared": 0, "messages": 0}
        for number in range(service.calls):
            key, adds = (number * 5 + me.index) % service.keys, service.is_addition(number)
            begun_ps = me.now_ps
            way = self._way(number, spent)
            value = yield from self._by(me, way, key, adds)
            if number < 2 * TRIALS and way in spent:
                spent[way] += me.now_ps - begun_ps
            service.log.append(Call(me.index, key, adds, value, begun_ps, me.now_ps, way))
            me.count()

    def _way(self, number: int, spent: dict[str, int]) -> str:
        if self._service.discipline in ("shared", "fine-grained"):
            return "shared"
        if self._service.discipline != "chosen":
            return self._service.discipline
        if number < 2 * TRIALS:
            return "shared" if number < TRIALS else "messages"
        return "shared" if spent["shared"] <= spent["messages"] else "messages"

    def _by(self, me: Member, way: str, key: int, adds: bool) -> Steps[int]:
        if way == "shared":
            return (yield from self._do(me, key, adds))
        if way == "replicated":
            return (yield from self._replicated(me, key, adds))
        yield from self._to[self._server(key)].send(me, (me.index, key, adds))
        return (yield from self._back[me.index].receive(me))[2]

    def _do(self, me: Member, key: int, adds: bool) -> Steps[int]:
        """On this core, under its lock."""
        lock = self._locks[key % len(self._locks)]
        yield from lock.acquire(me)
        yield me.compute_ps(self._service.work_ps)
        value = 0
        for line in self._lines[key]:
            if adds:
                value = (yield from line.update(me, lambda count: count + 1)) + 1
            else:
                value = yield from line.load(me)
        yield from lock.release(me)
        return value

    def _replicated(self, me: Member, key: int, adds: bool) -> Steps[int]:
        """Read the own copy; or have the addition put in order, and take in what comes before it."""
        inbox, copy = self._back[me.index], self._copies[me.index]
        if adds:
            yield from self._to[self._service.clients].send(me, (me.index, key, True))
        mine = not adds
        while len(inbox) or not mine:
            client, changed, value = yield from inbox.receive(me)
            copy[changed] = value
            mine = mine or client == me.index
        yield me.compute_ps(self._service.work_ps)
        return copy[key]

    # -- servers ---------------------------------------------------------------------------------------------

    def _server(self, key: int) -> int:
        clients = self._service.clients
        return clients + key % (self._team.size - clients)

    def _serve(self, me: Member) -> Program:
        while True:
            client, key, adds = yield from self._to[me.index].receive(me)
            value = yield from self._do(me, key, adds)
            told = range(self._service.clients) if self._service.discipline == "replicated" else (client,)
            for one in told:
                yield from self._back[one].send(me, (client, key, value))
