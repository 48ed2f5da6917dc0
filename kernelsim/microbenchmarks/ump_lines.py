"""A stream of UMP messages line by line: which transfers each message takes, with prefetching and without.

A booted run has the printed latency and occupancy of a channel instead (`kernelsim.messages.ump`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kernelsim.engine import Engine
from kernelsim.machine.coherence import Coherence, Lines
from kernelsim.messages.ump_format import UmpFormat


@dataclass(frozen=True, slots=True)
class UmpStream:
    """What was measured: `begun_ps[i]` and `received_ps[i]` of message i, transfers of lines, acknowledgements."""

    begun_ps: tuple[int, ...]
    received_ps: tuple[int, ...]
    transfers: int
    acknowledgements: int

    @property
    def latency_ps(self) -> float:
        """Mean from the beginning of a send to the end of its receipt."""
        waits = (after - before for before, after in zip(self.begun_ps, self.received_ps, strict=True))
        return sum(waits) / len(self.begun_ps)

    @property
    def interval_ps(self) -> float:
        """Mean from one receipt to the next, over the second half."""
        half = len(self.received_ps) // 2
        return (self.received_ps[-1] - self.received_ps[half]) / (len(self.received_ps) - 1 - half)


@dataclass(frozen=True, slots=True)
class UmpLines:
    """Core `sender` writes messages into `format`'s ring, `receiver` polls them.

    Writing the words of a line that is there takes `send_ps`, reading and handling them `receive_ps`. With prefetching
    the sender asks for the next line before it writes the present one, and a receiver that finds a message without
    having waited for it asks for the next line as well; one that waits finds its line gone and fetches it again, so
    that single messages meet transfers that are for nothing. `clears` is a receiver that writes to the line to mark it
    as read, as it would have to without marks that change from lap to lap.
    """

    coherence: Coherence
    format: UmpFormat
    sender: int = 0
    receiver: int = 1
    send_ps: int = 0
    receive_ps: int = 0
    clears: bool = False

    def run(self, messages: int, gap_ps: int = 0) -> UmpStream:
        """Send `messages`, each `gap_ps` after the one before has been written."""
        return _Run(self, messages, gap_ps).run()


class _Run:
    def __init__(self, setup: UmpLines, messages: int, gap_ps: int) -> None:
        self.setup = setup
        self.messages = messages
        self.gap_ps = gap_ps
        self.engine = Engine()
        self.lines = Lines(self.engine, setup.coherence, home=setup.receiver)
        self.back = Lines(self.engine, setup.coherence, home=setup.sender)
        self.begun_ps: list[int] = []
        self.received_ps: list[int] = []
        self.written = self.acknowledged = self.acks = 0
        self.sender_waits = False
        self.receiver_waits = True

    def run(self) -> UmpStream:
        self._send()
        while len(self.received_ps) < self.messages:
            self.engine.run(2 * self.engine.now + 1)
        moved = self.lines.moved + self.back.moved
        return UmpStream(tuple(self.begun_ps), tuple(self.received_ps), moved, self.acks)

    # -- the sender --------------------------------------------------------------------------------------------

    def _send(self) -> None:
        number = len(self.begun_ps)
        self.sender_waits = number - self.acknowledged >= self.setup.format.slots
        if number == self.messages or self.sender_waits:
            return
        self.begun_ps.append(self.engine.now)
        self.lines.write(self.setup.sender, self._line(number), self._owned)
        if self.setup.format.prefetch and number + 1 - self.acknowledged < self.setup.format.slots:
            self.lines.write(self.setup.sender, self._line(number + 1), partial(self._fetched, number + 1))

    def _owned(self) -> None:
        self._after(self.setup.send_ps, self._write)

    def _write(self) -> None:
        self.written += 1
        if self.receiver_waits:
            self._poll()
        self._after(self.gap_ps, self._send)

    def _fetched(self, number: int) -> None:
        if self.receiver_waits and number == len(self.received_ps):
            self.lines.read(self.setup.receiver, self._line(number), _nothing)

    def _acknowledged(self, count: int) -> None:
        self.acknowledged = count
        if self.sender_waits:
            self._send()

    # -- the receiver ------------------------------------------------------------------------------------------

    def _poll(self) -> None:
        number = len(self.received_ps)
        is_behind = not self.receiver_waits
        self.receiver_waits = number == self.written
        self.lines.read(self.setup.receiver, self._line(number), _nothing if self.receiver_waits else self._seen)
        if self.setup.format.prefetch and is_behind and not self.receiver_waits:
            self.lines.read(self.setup.receiver, self._line(number + 1), _nothing)

    def _seen(self) -> None:
        self._after(self.setup.receive_ps, self._received)

    def _received(self) -> None:
        self.received_ps.append(self.engine.now)
        count = len(self.received_ps)
        if self.setup.clears:
            self.lines.write(self.setup.receiver, self._line(count - 1), _nothing)
        if count % self.setup.format.ack_at == 0:
            line = self.acks % self.setup.format.lines
            self.acks += 1
            self.back.write(self.setup.receiver, line, partial(self._told, line, count))
        self._poll()

    def _told(self, line: int, count: int) -> None:
        self.back.read(self.setup.sender, line, partial(self._acknowledged, count))

    # -- both --------------------------------------------------------------------------------------------------

    def _line(self, number: int) -> int:
        return number % self.setup.format.lines

    def _after(self, delay_ps: int, action: Callable[[], None]) -> None:
        self.engine.at(self.engine.now + delay_ps, action)


def _nothing() -> None:
    """The line is there."""
