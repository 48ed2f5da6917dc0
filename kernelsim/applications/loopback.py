"""IP loopback: packets from one core to another, over a channel between two stacks or through queues in a kernel."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from kernelsim.engine import Engine
from kernelsim.machine.coherence import Coherence, Done, Lines

Step = Callable[[Done], None]
"""What a core does next: it is called with what is to be called when it is done."""

LINE_BYTES = 64
WINDOW = 16
"""Buffers, and messages of a channel."""
HEADER_BYTES = 28
"""IP and UDP."""


@dataclass(frozen=True, slots=True)
class Stack:
    """How a packet gets from one core to the other, beside `work_ps` of instructions on each of the two.

    A packet is described by a message of `message_lines` that moves to the sink, and its buffer goes back by one of
    them. In a kernel it has none: each side enters the kernel once, for `crossing_ps`, takes the lock of the queue that
    both share, and writes `shared_lines` that the other has written (queue, counters, the packet's own records).
    """

    work_ps: int
    message_lines: int = 1
    crossing_ps: int = 0
    shared_lines: int = 0
    lock: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was measured, by packet: time, and lines carried to the sink and to the source, and given up by the sink."""

    packet_ps: float
    to_sink: float
    to_source: float
    given_up: float

    @property
    def misses(self) -> float:
        """Lines that had to be fetched."""
        return self.to_sink + self.to_source


@dataclass(frozen=True, slots=True)
class Loopback:
    """Packets of `payload_bytes` from core `source` to core `sink`."""

    coherence: Coherence
    stack: Stack
    source: int
    sink: int
    payload_bytes: int = 1000

    @property
    def payload_lines(self) -> int:
        """The lines of one packet."""
        return -(-(self.payload_bytes + HEADER_BYTES) // LINE_BYTES)

    def measure(self, packets: int) -> Delivery:
        """Means over the second half of so many packets."""
        return _Run(self).measure(packets)


class _Queue:
    """A count of things to take; who finds none waits."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._waiting: deque[Done] = deque()

    def put(self, done: Done) -> None:
        """One more."""
        self._count += 1
        if self._waiting:
            self._count -= 1
            self._waiting.popleft()()
        done()

    def take(self, done: Done) -> None:
        """One less, as soon as there is one."""
        if not self._count:
            self._waiting.append(done)
            return
        self._count -= 1
        done()


class _Run:
    """Two cores, each a generator of steps."""

    def __init__(self, setup: Loopback) -> None:
        self.setup = setup
        self.stack = setup.stack
        self.engine = Engine()
        self.lines = Lines(self.engine, setup.coherence, home=setup.source)
        self.filled, self.free, self.lock = _Queue(0), _Queue(WINDOW), _Queue(1)
        self.received: list[tuple[int, int, int, int]] = []

    def measure(self, packets: int) -> Delivery:
        self._go_on(self._generate())
        self._go_on(self._discard())
        while len(self.received) < packets:
            self.engine.run(2 * self.engine.now + 1_000_000)
        first, last = self.received[packets // 2], self.received[packets - 1]
        each = [(after - before) / (packets - 1 - packets // 2) for before, after in zip(first, last, strict=True)]
        return Delivery(*each)

    def _go_on(self, steps: Iterator[Step]) -> None:
        step = next(steps, None)
        if step is not None:
            step(partial(self._go_on, steps))

    # -- the two sides -----------------------------------------------------------------------------------------

    def _generate(self) -> Iterator[Step]:
        number, core = 0, self.setup.source
        while True:
            yield from self._compute(self.stack.crossing_ps)
            yield self.free.take
            if number >= WINDOW:
                yield from self._read(core, "back", number)
            yield from self._compute(self.stack.work_ps)
            yield from self._write(core, "payload", number)
            yield from self._share(core)
            yield from self._write(core, "message", number)
            yield self.filled.put
            number += 1

    def _discard(self) -> Iterator[Step]:
        number, core = 0, self.setup.sink
        while True:
            yield from self._compute(self.stack.crossing_ps)
            yield self.filled.take
            yield from self._read(core, "message", number)
            yield from self._share(core)
            yield from self._read(core, "payload", number)
            yield from self._compute(self.stack.work_ps)
            yield from self._write(core, "back", number)
            yield self.free.put
            carried, given_up = self.lines.carried, self.lines.given_up
            way = (self.setup.source, core)
            self.received.append((self.engine.now, carried[way], carried[way[::-1]], given_up[way[::-1]]))
            number += 1

    # -- steps -------------------------------------------------------------------------------------------------

    def _compute(self, duration_ps: int) -> Iterator[Step]:
        if duration_ps:
            yield lambda done: self.engine.at(self.engine.now + duration_ps, done)

    def _share(self, core: int) -> Iterator[Step]:
        """Write what the other side writes, too, under the lock if there is one; the lock is the first of the lines."""
        if self.stack.lock:
            yield self.lock.take
        for line in range(self.stack.shared_lines):
            yield partial(self.lines.write, core, line)
        if self.stack.lock:
            yield self.lock.put

    def _read(self, core: int, what: str, number: int) -> Iterator[Step]:
        for line in self._numbers(what, number):
            yield partial(self.lines.read, core, line)

    def _write(self, core: int, what: str, number: int) -> Iterator[Step]:
        for line in self._numbers(what, number):
            yield partial(self.lines.write, core, line)

    def _numbers(self, what: str, number: int) -> range:
        """The lines of a packet's payload, of its message, or of the message that gives its buffer back."""
        count = self.setup.payload_lines if what == "payload" else self.stack.message_lines
        first = self.stack.shared_lines + (number % WINDOW) * (self.setup.payload_lines + 2 * self.stack.message_lines)
        if what != "payload":
            first += self.setup.payload_lines + (self.stack.message_lines if what == "back" else 0)
        return range(first, first + count)
