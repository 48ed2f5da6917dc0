"""A peripheral with cores of its own behind a link without shared memory, in one system with its host: proxies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.trace import Message

PS_PER_SECOND = 10**12
LINE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Link:
    """Like PCIe: a message arrives `latency_ps` after its last byte was written, one message at a time each way."""

    latency_ps: int
    bytes_per_s: int

    def __post_init__(self) -> None:
        if self.latency_ps < 0 or self.bytes_per_s <= 0:
            raise ScenarioError(
                "bad_link",
                f"a link of {self.latency_ps} ps and {self.bytes_per_s} bytes/s; accepted: a latency from 0 on and a "
                "positive bandwidth",
            )

    def writing_ps(self, size_bytes: int) -> int:
        """How long a message of this size keeps the link."""
        return -(-size_bytes * PS_PER_SECOND // self.bytes_per_s)


@dataclass(frozen=True, slots=True)
class Image:
    """One system over several islands, memory being shared within each alone: `island[core]` names a core's. The
    proxy of an island is the monitor of its first core; it alone reads and writes the link (section 2.5.4).
    """

    machine: Machine
    island: tuple[object, ...]
    link: Link

    def __post_init__(self) -> None:
        if len(self.island) != self.machine.cores:
            raise ScenarioError(
                "bad_image", f"{len(self.island)} islands named for {self.machine.cores} cores; accepted: one for each"
            )

    def proxy(self, core: int) -> int:
        """Who carries a core's messages over the link."""
        return self.island.index(self.island[core])

    def shares_memory(self, source: int, target: int) -> bool:
        """Whether a channel of shared memory can be set up between two cores."""
        return self.island[source] == self.island[target]

    def path(self, source: int, target: int) -> tuple[int, ...]:
        """The cores that a message visits, both ends included."""
        self.machine.check_core(source, "a message")
        self.machine.check_core(target, "a message")
        if self.shares_memory(source, target):
            hops: tuple[int, ...] = (source, target)
        else:
            hops = (source, self.proxy(source), self.proxy(target), target)
        return tuple(hop for index, hop in enumerate(hops) if index == 0 or hop != hops[index - 1])

    def latency_ps(self, source: int, target: int, size_bytes: int = LINE_BYTES) -> int:
        """One way, from the start of the first send until the last core can see it, where nobody is in the way."""
        path = self.path(source, target)
        received = sum(self.machine.receive_ps(a, b) for a, b in pairwise(path[:-1]) if self.shares_memory(a, b))
        return received + sum(self.hop_ps(a, b, size_bytes) for a, b in pairwise(path))

    def hop_ps(self, source: int, target: int, size_bytes: int = LINE_BYTES) -> int:
        """One hop: a channel's latency, or the link's."""
        if self.shares_memory(source, target):
            return self.machine.latency_ps[source][target]
        return self.link.writing_ps(size_bytes) + self.link.latency_ps

    def as_machine(self) -> Machine:
        """The same machine with every latency between islands as messages have it that go by way of the proxies."""
        cores = range(self.machine.cores)
        latency = tuple(tuple(self.latency_ps(a, b) if a != b else 0 for b in cores) for a in cores)
        return replace(self.machine, latency_ps=latency)


@dataclass(frozen=True, slots=True)
class Call:
    """A remote procedure call of `size_bytes` each way, with `work_ps` at the server."""

    client: int
    server: int
    at_ps: int = 0
    size_bytes: int = LINE_BYTES
    work_ps: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """How long each call took, in the order of the calls; and every message on its way, hop by hop."""

    duration_ps: tuple[int, ...]
    messages: tuple[Message, ...]


def call(image: Image, calls: Sequence[Call]) -> Answered:
    """Carry out calls that may meet at proxies, servers and the link: each serves one message at a time."""
    for one in calls:
        if one.client == one.server or min(one.at_ps, one.work_ps) < 0 or one.size_bytes <= 0:
            raise ScenarioError("bad_scenario", f"{one} cannot be carried out; accepted: two cores, times from 0 on")
    return _Calls(image, calls).run()


class _Calls:
    """Calls under way."""

    def __init__(self, image: Image, calls: Sequence[Call]) -> None:
        self.image, self.calls = image, calls
        self.engine = Engine()
        self.free_ps = [0] * image.machine.cores
        self.link_free_ps: dict[object, int] = {}
        self.messages: list[Message] = []
        self.done_ps: dict[int, int] = {}

    def run(self) -> Answered:
        for index, one in enumerate(self.calls):
            there = self.image.path(one.client, one.server)
            way = (*there, *self.image.path(one.server, one.client)[1:])
            self.engine.at(one.at_ps, lambda index=index, way=way: self._hop(index, way, 0))  # type: ignore[misc]
        self.engine.run(1 << 128)
        durations = tuple(self.done_ps[index] - one.at_ps for index, one in enumerate(self.calls))
        return Answered(durations, tuple(self.messages))

    def _hop(self, index: int, way: tuple[int, ...], at: int) -> None:
        """The core sends it on, when it is free to."""
        source, target = way[at], way[at + 1]
        size_bytes = self.calls[index].size_bytes
        start_ps = max(self.engine.now, self.free_ps[source])
        if self.image.shares_memory(source, target):
            self.free_ps[source] = start_ps + self.image.machine.send_ps[source][target]
        else:
            start_ps = max(start_ps, self.link_free_ps.get(self.image.island[source], 0))
            written_ps = start_ps + self.image.link.writing_ps(size_bytes)
            self.free_ps[source] = self.link_free_ps[self.image.island[source]] = written_ps
        arrival_ps = start_ps + self.image.hop_ps(source, target, size_bytes)
        self.messages.append(Message(start_ps, arrival_ps, source, target, "call"))
        self.engine.at(arrival_ps, lambda: self._arrive(index, way, at + 1))

    def _arrive(self, index: int, way: tuple[int, ...], at: int) -> None:
        """Received, when the core is free to; then passed on, served, or the end of it."""
        source, core = way[at - 1], way[at]
        one = self.calls[index]
        shared = self.image.shares_memory(source, core)
        taking_ps = self.image.machine.receive_ps(source, core) if shared else 0
        if at == len(self.image.path(one.client, one.server)) - 1:
            taking_ps += one.work_ps
        done_ps = self.free_ps[core] = max(self.engine.now, self.free_ps[core]) + taking_ps
        if at + 1 == len(way):
            self.done_ps[index] = done_ps
        else:
            self.engine.at(done_ps, lambda: self._hop(index, way, at))
