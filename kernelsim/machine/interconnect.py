"""A mesh between cores whose links carry one packet at a time: messages queue there behind the traffic of others."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from random import Random

from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError


@dataclass(frozen=True, slots=True)
class Interconnect:
    """`columns` x `rows` routers, counted row by row from 0; core c is at router `router[c]`.

    A message goes along its row first, then along its column. At each link it waits for those that came before it,
    occupies the link for `message_ps`, and is passed on by the next router after `hop_ps`. Each link also carries
    packets of others, `packet_ps` long, for `load_percent` of the time; they come at random (exponential intervals,
    drawn from `seed`), at each link by themselves. Without `carries_interrupts` these have a bus of their own.
    """

    columns: int
    rows: int
    router: tuple[int, ...]
    hop_ps: int
    message_ps: int
    packet_ps: int
    load_percent: float = 0.0
    seed: int = 0
    carries_interrupts: bool = True

    def route(self, source: int, target: int) -> tuple[int, ...]:
        """The routers from one core's to another's, both ends included."""
        x, y = self.router[source] % self.columns, self.router[source] // self.columns
        to_x, to_y = self.router[target] % self.columns, self.router[target] // self.columns
        passed = [y * self.columns + column for column in _way(x, to_x)]
        passed += [row * self.columns + to_x for row in _way(y, to_y)[1:]]
        return tuple(passed)

    def check(self, cores: int) -> None:
        """Raise ScenarioError unless every core has a router and every queue comes to an end."""
        routers = self.columns * self.rows
        if min(self.columns, self.rows) < 1 or len(self.router) != cores or not set(self.router) <= set(range(routers)):
            raise _refusal(
                f"a mesh of {self.columns} x {self.rows} routers for {len(self.router)} of {cores} cores",
                f"a router from 0 to columns x rows - 1 for each of {cores} cores",
            )
        if min(self.hop_ps, self.message_ps) < 0 or self.packet_ps <= 0:
            raise _refusal(
                f"hops of {self.hop_ps}, messages of {self.message_ps} and packets of {self.packet_ps} ps",
                "times from 0 on, and packets that take some",
            )
        if not 0 <= self.load_percent < 100:
            raise _refusal(f"links that are busy for {self.load_percent} % of the time", "0 or more, and less than 100")


def _way(start: int, end: int) -> range:
    return range(start, end + 1) if start <= end else range(start, end - 1, -1)


def _refusal(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_scenario", f"{found} cannot be run; accepted: {accepted}", found=found, accepted=accepted)


class Link:
    """One direction of a link: first come, first served. It is told of messages in the order of time, and catches up
    with the packets of others only then.
    """

    __slots__ = ("_free_ps", "_mean_gap_ps", "_next_ps", "_packet_ps", "_random", "packets", "waited_ps")

    def __init__(self, packet_ps: int, load_percent: float, random: Random) -> None:
        self.packets = 0
        """Packets of others, so far."""
        self.waited_ps = 0
        """How long they have waited, in all."""
        self._packet_ps = packet_ps
        self._random = random
        self._mean_gap_ps = 100 * packet_ps / load_percent if load_percent else 0.0
        self._free_ps = 0
        self._next_ps = self._gap_ps() if load_percent else -1

    def take(self, now: int, duration_ps: int) -> int:
        """A message that comes now; returns when it has passed."""
        self.catch_up(now)
        self._free_ps = max(now, self._free_ps) + duration_ps
        return self._free_ps

    def catch_up(self, now: int) -> None:
        """Carry what others sent up to now."""
        if not self._mean_gap_ps:
            return
        coming, free, packet_ps, gap_ps = self._next_ps, self._free_ps, self._packet_ps, self._gap_ps
        while coming <= now:
            if free < coming:
                free = coming
            self.waited_ps += free - coming
            free += packet_ps
            self.packets += 1
            coming += gap_ps()
        self._next_ps, self._free_ps = coming, free

    def _gap_ps(self) -> int:
        return round(self._random.expovariate(1.0) * self._mean_gap_ps)


class Network:
    """The links of a running machine, each made when it is first used."""

    def __init__(self, interconnect: Interconnect, engine: Engine) -> None:
        self._interconnect = interconnect
        self._engine = engine
        self._links: dict[tuple[int, int], Link] = {}

    def link(self, source: int, target: int) -> Link:
        """From one router to the one next to it."""
        found = self._links.get((source, target))
        if found is None:
            mesh = self._interconnect
            random = Random(f"{mesh.seed} link {source} {target}")
            found = self._links[source, target] = Link(mesh.packet_ps, mesh.load_percent, random)
        return found

    def idle_ps(self, source: int, target: int) -> int:
        """What the way takes where nobody else is on it."""
        mesh = self._interconnect
        return (len(mesh.route(source, target)) - 1) * (mesh.message_ps + mesh.hop_ps)

    def carry(self, source: int, target: int, action: Callable[[], None]) -> None:
        """Send a message between two cores now; `action` is what happens when it is there."""
        hops = list(pairwise(self._interconnect.route(source, target)))
        self._forward(hops, 0, target, action)

    def _forward(self, hops: list[tuple[int, int]], place: int, target: int, action: Callable[[], None]) -> None:
        """The message has come to the router before link `place`."""
        if place == len(hops):
            action()
            return
        passed = self.link(*hops[place]).take(self._engine.now, self._interconnect.message_ps)
        onward = partial(self._forward, hops, place + 1, target, action)
        self._engine.at(passed + self._interconnect.hop_ps, onward, target)
