"""LU's pipelined sweeps: each rank has a column of the cube and hands the edges of every plane on to neighbours."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from kernelsim.machine.hardware import Machine
from kernelsim.programs.inbox import Inbox
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team

UMP_BYTES = 56
"""Payload of a message: a line without the word that is polled."""
POINT_BYTES = 40
"""Five variables of eight bytes."""
HALO_POINTS = 2
LU_POINT_CYCLES = 4568
"""119.75 s for 250 iterations of class A at 2.5 GHz (dissertation, section 4.1.4)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one transfer: how long it keeps the sender, when it is there from the beginning of the send, and how long it
    keeps the receiver.
    """

    send_ps: int
    there_ps: int
    receive_ps: int


Transport = Callable[[int, int, int], Cost]
"""By sending core, receiving core and bytes."""


@dataclass(frozen=True, slots=True)
class Wavefront:
    """The lower-upper symmetric Gauss-Seidel solver of the NAS benchmarks on `ranks`, a power of two.

    The cube has `points` along each edge and is divided into `columns` x `rows` of ranks, so that each rank has all
    planes of its column. An iteration computes right-hand sides (`rhs_percent` of `iteration_ps`, the work of one core)
    and exchanges halos, then sweeps over the inner planes forward and backward: for each plane a rank waits for the
    edges of the neighbours before it, computes, and sends its own edges to those behind it; or for `at_once` planes.
    """

    ranks: int
    iteration_ps: int
    points: int = 64
    rhs_percent: int = 35
    at_once: int = 1

    @property
    def columns(self) -> int:
        """The greater half of the ranks' powers of two."""
        return 1 << (self.ranks.bit_length() // 2)

    @property
    def rows(self) -> int:
        """The smaller half."""
        return self.ranks // self.columns

    @property
    def planes(self) -> int:
        """Without the boundary."""
        return self.points - 2

    def neighbour(self, rank: int, across: int, along: int) -> int | None:
        """The rank so many columns and rows away; None beyond the edge."""
        column, row = rank % self.columns + across, rank // self.columns + along
        inside = 0 <= column < self.columns and 0 <= row < self.rows
        return row * self.columns + column if inside else None

    def edge_bytes(self, across: int) -> int:
        """Of one plane, to a neighbour in the same row (`across`) or in the same column."""
        return POINT_BYTES * self.points // (self.rows if across else self.columns)


NEIGHBOURS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def by_ump(machine: Machine) -> Transport:
    """As many messages as the bytes take, one after the other."""

    def cost(source: int, target: int, size_bytes: int) -> Cost:
        messages = -(-size_bytes // UMP_BYTES)
        stream_ps = (messages - 1) * machine.occupancy_ps[source][target]
        return Cost(
            messages * machine.send_ps[source][target],
            machine.latency_ps[source][target] + stream_ps,
            messages * machine.receive_ps(source, target),
        )

    return cost


@dataclass(frozen=True, slots=True)
class Lu:
    """One solution after the other on all threads of a team, a power of two, over UMP: `points` along each edge of the
    cube, `point_cycles` for each point in an iteration. Progress counts iterations by thread.
    """

    points: int = 64
    point_cycles: int = LU_POINT_CYCLES

    def make(self, team: Team) -> Body:
        """The program of all ranks."""
        cycles, hz = self.points**3 * self.point_cycles, team.machine.clock_hz[team.cores[0]]
        work = Wavefront(team.size, cycles * 10**12 // hz, self.points)
        return Solver(work, by_ump(team.machine), None).make(team)


class Solver:
    """Iterations of `work`, without end if their number is not given; the second tells how long one takes, on idle
    cores that poll.
    """

    def __init__(self, work: Wavefront, transport: Transport, iterations: int | None = 2) -> None:
        self._iterations = iterations
        self._ends_ps = [0, 0]
        self._work = work
        self._transport = transport
        self._team: Team
        self._inboxes: dict[tuple[int, int], Inbox[int]] = {}

    def make(self, team: Team) -> Body:
        """The program of all ranks, thread by rank, for one run."""
        self._team = team
        self._inboxes.clear()
        self._ends_ps = [0, 0]
        return self._solve

    def iteration_ps(self) -> int:
        """From the end of the first iteration everywhere to that of the second, once it has run."""
        return self._ends_ps[1] - self._ends_ps[0]

    def _solve(self, me: Member) -> Program:
        work = self._work
        rhs_ps = work.iteration_ps * work.rhs_percent // 100 // work.ranks
        plane_ps = (work.iteration_ps - rhs_ps * work.ranks) // (2 * work.planes * work.ranks)
        for iteration in count() if self._iterations is None else range(self._iterations):
            yield me.compute_ps(rhs_ps)
            yield from self._exchange_halos(me)
            for before, after in ((NEIGHBOURS[2:], NEIGHBOURS[:2]), (NEIGHBOURS[:2], NEIGHBOURS[2:])):
                for first in range(0, work.planes, work.at_once):
                    planes = min(work.at_once, work.planes - first)
                    for way in before:
                        yield from self._receive(me, way)
                    yield me.compute_ps(planes * plane_ps)
                    for way in after:
                        yield from self._send(me, way, planes * work.edge_bytes(way[0]))
            if iteration < len(self._ends_ps):
                self._ends_ps[iteration] = max(self._ends_ps[iteration], me.now_ps)
            me.count()

    def _exchange_halos(self, me: Member) -> Program:
        for way in NEIGHBOURS:
            yield from self._send(me, way, self._work.edge_bytes(way[0]) * HALO_POINTS * self._work.planes)
        for way in NEIGHBOURS:
            yield from self._receive(me, way)

    def _send(self, me: Member, way: tuple[int, int], size_bytes: int) -> Program:
        other = self._work.neighbour(me.index, *way)
        if other is None:
            return
        inbox = self._inbox(me.index, other)
        cost = self._transport(me.core, inbox.core, size_bytes)
        begun_ps = me.now_ps
        yield me.compute_ps(cost.send_ps)
        there_ps = max(begun_ps + cost.there_ps, me.now_ps)
        self._team.engine.at(there_ps, lambda: inbox.put(size_bytes, cost.receive_ps))

    def _receive(self, me: Member, way: tuple[int, int]) -> Program:
        other = self._work.neighbour(me.index, *way)
        if other is not None:
            yield from self._inbox(other, me.index).receive(me)

    def _inbox(self, source: int, target: int) -> Inbox[int]:
        key = (source, target)
        if key not in self._inboxes:
            self._inboxes[key] = Inbox(self._team, self._team.cores[target])
        return self._inboxes[key]
