"""How a set of cores should keep common state: in shared memory, behind messages to one server, or in replicas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from planner.errors import PlanError
from planner.machine.latency import NOMINAL_CLOCK_HZ, Certainty, cycles_to_ps
from planner.machine.topology import Topology
from planner.verify.services import check_scheme

DEFAULT_LINES = 3
"""Cache lines that one operation touches: a lock, what it guards, and where that is found."""

MOST_LINES = 1_000_000


@dataclass(frozen=True, slots=True)
class SchemeChoice:
    """The scheme of least cost. `costs_ns` is what one operation takes when all cores work at once.

    `server` is the core that the messages of the client-server scheme go to.
    """

    scheme: str
    costs_ns: Mapping[str, float]
    server: int
    certainty: Certainty
    notes: tuple[str, ...] = ()
    revision: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "scheme": self.scheme,
            "costs_ns": dict(self.costs_ns),
            "server": self.server,
            "latency": self.certainty,
            "notes": list(self.notes),
            "revision": self.revision,
        }


def choose_scheme(
    machine: Topology, cores: Sequence[int], *, lines: int = DEFAULT_LINES, read_share: float = 0.0
) -> SchemeChoice:
    """Compare three schemes for operations on `lines` cache lines, `read_share` of which only read.

    With n cores, w the share that writes, T the mean time to fetch a line from another core's cache (by the caches that
    two cores share or the hops between them; a message's latency where no `cache_latency/2` says it):

    - shared: a write fetches all lines and waits for the others' writes, lines x T x (1 + (n - 1) w); a read fetches
      what was written since, lines x T x w;
    - messages: every operation is a round trip to the best server, and waits while it serves the others:
      mean round trip + (n - 1) x its time for one request;
    - replicas: reads are local; a write is sent to all others one by one, waits for their replies, and for what their
      writes ask of this core: mean over the writers + (n - 1) w x the time for one message.

    A machine whose caches are not coherent has no shared scheme. Raises PlanError for fewer than two cores, cores that
    do not exist, and numbers outside their range.
    """
    chosen = tuple(dict.fromkeys(cores))
    for core in chosen:
        machine.core(core)
    if len(chosen) < 2 or not 1 <= lines <= MOST_LINES or not 0 <= read_share <= 1:
        raise PlanError(
            f"{len(chosen)} cores, {lines} lines and a read share of {read_share} were asked; at least 2 cores, 1 to "
            f"{MOST_LINES} lines and a share from 0 to 1 are accepted",
            code="bad_scheme_request",
            details={"cores": list(chosen), "lines": lines, "read_share": str(read_share)},
        )
    costs, server, has_guessed = _costs(machine, chosen, lines, read_share)
    best = min(costs, key=lambda name: (costs[name], name != "shared"))
    check_scheme(machine, chosen, lines, read_share, best, costs)
    notes = []
    if not machine.is_coherent:
        notes.append("caches are not coherent: state cannot be shared")
    elif has_guessed:
        notes.append("no cache_latency says what a line from another cache takes: a message's latency stands for it")
    certainty = machine.weakest_source(permutations(chosen, 2))
    return SchemeChoice(best, costs, server, certainty, tuple(notes), machine.revision)


def _costs(
    machine: Topology, cores: tuple[int, ...], lines: int, read_share: float
) -> tuple[dict[str, float], int, bool]:
    others, writes = len(cores) - 1, 1.0 - read_share
    pairs = list(permutations(cores, 2))
    fetches = [_fetch_ps(machine, a, b) for a, b in pairs]
    fetch_ps = lines * sum(ps for ps, _ in fetches) / len(fetches)
    shared = read_share * fetch_ps * writes + writes * fetch_ps * (1 + others * writes)
    served = {core: _served_ps(machine, cores, core) for core in cores}
    server = min(cores, key=lambda core: (served[core], core))
    send_ps = sum(machine.send_ps(a, b) for a, b in pairs) / len(pairs)
    write_ps = sum(_told_all_ps(machine, cores, core) for core in cores) / len(cores)
    found = {"shared": shared} if machine.is_coherent else {}
    found |= {"messages": served[server], "replicas": writes * (write_ps + others * writes * send_ps)}
    return {name: ps / 1000 for name, ps in found.items()}, server, any(guessed for _, guessed in fetches)


def _fetch_ps(machine: Topology, a: int, b: int) -> tuple[float, bool]:
    """A line that is dirty in another core's cache, and whether that had to be guessed."""
    name = fetch_name(machine, a, b)
    if name in machine.cache_cycles:
        clock_hz = machine.core(a).clock_hz or NOMINAL_CLOCK_HZ
        return cycles_to_ps(machine.cache_cycles[name], clock_hz), False
    return machine.latency_ps(b, a), True


def fetch_name(machine: Topology, a: int, b: int) -> str:
    """Which `cache_latency/2` says what a line from the other core takes."""
    if any(a in own and b in own for own in machine.physical_cores):
        return "l1"
    for level in (1, 2, 3, 4):
        if any(a in own and b in own for own in machine.sharing(level)):
            return f"l{level}"
    hops = machine.package_hops(a, b)
    return {0: "other_l1_l2", 2: "two_hop"}.get(1 if hops is None else hops, "one_hop")


def _served_ps(machine: Topology, cores: Sequence[int], server: int) -> float:
    """A request to this server and its reply, and the time that the others' requests take of it."""
    clients = [core for core in cores if core != server]
    there_and_back = sum(machine.latency_ps(core, server) + machine.latency_ps(server, core) for core in clients)
    busy_ps = sum(2 * machine.send_ps(server, core) for core in clients) / len(clients)
    return there_and_back / len(cores) + (len(cores) - 1) * busy_ps


def _told_all_ps(machine: Topology, cores: Sequence[int], writer: int) -> float:
    """Until the last reply of a writer that sends to the farthest first."""
    others = sorted((core for core in cores if core != writer), key=lambda core: -machine.latency_ps(writer, core))
    sent_ps, last_ps = 0, 0
    for core in others:
        last_ps = max(last_ps, sent_ps + machine.latency_ps(writer, core) + machine.latency_ps(core, writer))
        sent_ps += machine.send_ps(writer, core)
    return last_ps
