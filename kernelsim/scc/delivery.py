"""Messages from many senders to one core, in virtual time: who waits for the lock, who interrupts, what it costs."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.scc.chip import Chip
from kernelsim.scc.costs import READ_LINE, WRITE_LINE, Costs
from kernelsim.scc.port import ACQUIRE, FOUND, RAISE, RELEASE, Design, Port, Send, Take, begin
from kernelsim.scc.ring import ADVANCE, FREE, READ_ENTRIES, READ_POSITION, Ring

LONGEST_PS = 10 * 10**12
SHARED, COPIED, IN_PLACE = "shared RAM", "buffer, copied out", "buffer, in place"
PAYLOADS = (SHARED, COPIED, IN_PLACE)


@dataclass(frozen=True, slots=True)
class Load:
    """Each of `senders` sends `messages` of `lines` lines to `receiver` on a channel of its own, the first at its
    start, each next one `interval_ps` after the last was notified, or again `retry_ps` after it was refused.

    The channels belong to `applications` on the receiving core in turn, which run for `slice_ps` each, in turn.
    """

    receiver: int
    senders: tuple[int, ...]
    messages: int = 1
    lines: int = 1
    interval_ps: int = 0
    retry_ps: int = 10_000_000
    starts_ps: tuple[int, ...] = ()
    applications: int = 1
    slice_ps: int = 0


@dataclass(frozen=True, slots=True)
class Delivered:
    """What it took to deliver `messages`. `sender_ps` and `receiver_ps` are times of cores spent on it, `waited_ps`
    the part of them spent at the lock; `latency_ps` is the mean from begin of the send to the end of
    the reading, `last_ps` when the last was read. `by_application_ps` are the mean latencies of each.
    """

    messages: int
    interrupts: int
    refused: int
    sender_ps: int
    waited_ps: int
    receiver_ps: int
    latency_ps: int
    last_ps: int
    by_application_ps: tuple[int, ...]

    @property
    def core_ps(self) -> int:
        """What one message costs sender and receiver together, waits at the lock aside."""
        return (self.sender_ps - self.waited_ps + self.receiver_ps) // self.messages


def deliver(chip: Chip, costs: Costs, design: Design, load: Load, payload: str = SHARED) -> Delivered:
    """Carry it out. `payload` says where messages are: in shared RAM, or in the ring of a design for payload, left
    there until the application reads them or copied to private memory by the interrupt.

    Raises ScenarioError for what cannot be sent.
    """
    _check(chip, design, load, payload)
    return _Delivery(chip, costs, design, load, payload).run()


@dataclass(slots=True)
class _Tally:
    """What adds up."""

    refused: int = 0
    sender_ps: int = 0
    waited_ps: int = 0
    receiver_ps: int = 0
    last_ps: int = 0
    latencies_ps: list[list[int]] = field(default_factory=list)


class _Delivery:
    """One run. The port is replaced at the end of every step."""

    def __init__(self, chip: Chip, costs: Costs, design: Design, load: Load, payload: str) -> None:
        self.chip, self.costs, self.design, self.load, self.payload = chip, costs, design, load, payload
        self.engine = Engine()
        self.port: Port = design.empty()
        self.tally = _Tally(latencies_ps=[[] for _ in range(load.applications)])
        self.begun: list[deque[int]] = [deque() for _ in load.senders]
        """When the messages began that are written and not read yet, by channel."""
        self.backlog: list[deque[int]] = [deque() for _ in range(load.applications)]
        """Channels with something to read, by application."""
        self.take_steps = tuple(step for step in design.take_steps if step != FREE or payload != IN_PLACE)
        self.is_busy = False
        self.known_ps: dict[tuple[str, int], int] = {}
        """Durations of steps by hops, and of readings by channel: worked out once."""
        self.spinning: list[tuple[int, int, Callable[[], None]]] = []
        """Senders that found the lock taken: since when, how long a try takes, how it goes on."""
        self.in_buffer: list[list[int]] = []
        """Channels of entries that were left in the buffer, each with whether it was read."""

    def run(self) -> Delivered:
        starts = self.load.starts_ps or (0,) * len(self.load.senders)
        for channel, start_ps in enumerate(starts):
            self.engine.at(start_ps, lambda channel=channel: self._send(channel, self.load.messages))  # type: ignore[misc]
        self.engine.run(LONGEST_PS)
        tally = self.tally
        latencies = [one for each in tally.latencies_ps for one in each]
        wanted = len(self.load.senders) * self.load.messages
        if len(latencies) != wanted:
            raise ScenarioError(
                "not_delivered", f"{len(latencies)} of {wanted} messages were read in {LONGEST_PS // 10**12} s"
            )
        return Delivered(
            messages=wanted,
            interrupts=self.port.interrupts,
            refused=tally.refused,
            sender_ps=tally.sender_ps,
            waited_ps=tally.waited_ps,
            receiver_ps=tally.receiver_ps,
            latency_ps=sum(latencies) // wanted,
            last_ps=tally.last_ps,
            by_application_ps=tuple(sum(each) // max(1, len(each)) for each in tally.latencies_ps),
        )

    # -- senders -----------------------------------------------------------------------------------------------

    def _send(self, channel: int, left: int) -> None:
        if not left:
            return
        began_ps = self.engine.now
        sender = self.load.senders[channel]
        cycles = self.load.lines * self.costs.shared_write(self.chip.memory_hops(sender, sender))
        writing_ps = self.costs.ps(cycles) if self.payload == SHARED else 0

        def written() -> None:
            if self.payload == SHARED:
                self.begun[channel].append(began_ps)
            self._notify(channel, left, began_ps)

        self._spend_sending(writing_ps, written)

    def _notify(self, channel: int, left: int, began_ps: int) -> None:
        send = begin(self.design, channel)
        self._spend_sending(
            self.costs.ps(self.costs.kernel_entry), lambda: self._send_step(channel, left, began_ps, send)
        )

    def _send_step(self, channel: int, left: int, began_ps: int, send: Send) -> None:
        if send.is_done:
            self._sent(channel, left, began_ps, send)
            return
        step = send.steps[0]
        hops = self.chip.hops(self.load.senders[channel], self.load.receiver)
        skipped = step == RAISE and send.is_pending
        step_ps = 0 if skipped else self._step_ps(step, hops)

        def carried_out() -> None:
            interrupts = self.port.interrupts
            if step == ACQUIRE and self.port.is_locked:
                self._spin(step_ps, carried_out)
                return
            following, self.port = self.design.send_step(send, self.port)
            if step == RELEASE:
                self._released()
            if step == ADVANCE and self.payload != SHARED:
                self.begun[channel].append(began_ps)
            if self.port.interrupts > interrupts:
                self._wake()
            self._send_step(channel, left, began_ps, following)

        self._spend_sending(step_ps, carried_out)

    def _spin(self, try_ps: int, again: Callable[[], None]) -> None:
        """Try again and again; tries that find the register set are not carried out, the first after a release is."""
        self.spinning.append((self.engine.now, try_ps, again))

    def _released(self) -> None:
        """Of all that spin, the one whose next try ends first gets the lock, unless somebody new was faster."""
        if not self.spinning:
            return
        now = self.engine.now

        def next_try_ps(spin: tuple[int, int, Callable[[], None]]) -> int:
            return spin[0] + max(1, -((spin[0] - now) // spin[1])) * spin[1]

        first = min(self.spinning, key=next_try_ps)
        begun_ps, _, again = first

        def retry() -> None:
            if self.port.is_locked or first not in self.spinning:
                return
            self.spinning.remove(first)
            self.tally.waited_ps += self.engine.now - begun_ps
            self.tally.sender_ps += self.engine.now - begun_ps
            again()

        self.engine.at(next_try_ps(first), retry)

    def _sent(self, channel: int, left: int, began_ps: int, send: Send) -> None:
        if send.is_refused:
            self.tally.refused += 1
            self.engine.at(self.engine.now + self.load.retry_ps, lambda: self._notify(channel, left, began_ps))
        else:
            self.engine.at(self.engine.now + self.load.interval_ps, lambda: self._send(channel, left - 1))

    def _spend_sending(self, duration_ps: int, then: Callable[[], None]) -> None:
        self.tally.sender_ps += duration_ps
        self.engine.at(self.engine.now + duration_ps, then)

    # -- the receiver ------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Whatever there is to do next: an interrupt before an application's reading."""
        if self.is_busy:
            return
        running = self._running()
        if self.port.is_pending:
            self._spend(self.costs.ps(self.costs.kernel_entry), lambda: self._take_step(Take(self.take_steps)))
        elif self.backlog[running]:
            self._read(running)
        elif any(self.backlog):
            slice_ps = self.load.slice_ps
            self.engine.at((self.engine.now // slice_ps + 1) * slice_ps, self._wake)

    def _running(self) -> int:
        return self.engine.now // self.load.slice_ps % self.load.applications if self.load.slice_ps else 0

    def _take_step(self, take: Take) -> None:
        if take.is_done:
            self._taken(take)
            return
        is_known = take.steps[0] == READ_ENTRIES and len(take.found) < len(self.in_buffer)
        step_ps = 0 if is_known else self._step_ps(take.steps[0], 0)

        def carried_out() -> None:
            if take.steps[0] == ACQUIRE and self.port.is_locked:
                self._spin_receiving(take)
                return
            following, self.port = self.design.take_step(take, self.port)
            if take.steps[0] == RELEASE:
                self._released()
            self._take_step(following)

        self._spend(step_ps, carried_out)

    def _spin_receiving(self, take: Take) -> None:
        self.is_busy = True
        began_ps = self.engine.now

        def again() -> None:
            self.tally.receiver_ps += self.engine.now - began_ps
            self.tally.waited_ps += self.engine.now - began_ps
            following, self.port = self.design.take_step(take, self.port)
            self._take_step(following)

        self._spin(self._step_ps(ACQUIRE, 0), again)

    def _taken(self, take: Take) -> None:
        """An empty local message for every channel found."""
        found = take.found[len(self.in_buffer) :]
        if self.payload == IN_PLACE:
            self.in_buffer += [[channel, False] for channel in found]
        for channel in found:
            self.backlog[channel % self.load.applications].append(channel)
        each_ps = self._step_ps(FOUND, 0) + self.costs.ps(self.costs.local_message)
        self._spend(len(found) * each_ps, self._wake)

    def _read(self, application: int) -> None:
        """One message, or the look at a channel that turns out to have been emptied before."""
        channel = self.backlog[application].popleft()
        messages = self.begun[channel]
        lines = self.load.lines if messages else 1
        reading_ps = lines * self._reading_ps(channel)

        def read() -> None:
            if messages:
                self._count(application, messages.popleft())
                if messages and self.payload == SHARED:
                    self.backlog[application].appendleft(channel)
            if self.payload == IN_PLACE:
                self._free(channel)
            self._wake()

        self._spend(reading_ps, read)

    def _reading_ps(self, channel: int) -> int:
        known = self.known_ps.get(("reading", channel))
        if known is None:
            known = self.known_ps["reading", channel] = self.costs.ps(self._reading(channel))
        return known

    def _reading(self, channel: int) -> Fraction:
        """Of a line of a message, in cycles."""
        if self.payload == SHARED:
            return self.costs.shared_read(self.chip.memory_hops(self.load.receiver, self.load.senders[channel]))
        if self.payload == COPIED:
            return self.costs.private_read()
        freeing = self.costs.operation(WRITE_LINE, 0) / self.load.lines
        return self.costs.operation(READ_LINE, 0) + freeing

    def _free(self, channel: int) -> None:
        """The entry is read; the read position advances over all entries at the front that are."""
        next(entry for entry in self.in_buffer if entry == [channel, False])[1] = True
        assert isinstance(self.design, Ring)
        position = self.port.lines[READ_POSITION]
        while self.in_buffer and self.in_buffer[0][1]:
            self.in_buffer.pop(0)
            position = (position + 1) % (2 * self.design.entries)
        self.port = self.port.written(READ_POSITION, position)

    def _count(self, application: int, began_ps: int) -> None:
        self.tally.latencies_ps[application].append(self.engine.now - began_ps)
        self.tally.last_ps = self.engine.now

    def _spend(self, duration_ps: int, then: Callable[[], None]) -> None:
        self.is_busy = True
        self.tally.receiver_ps += duration_ps

        def free() -> None:
            self.is_busy = False
            then()

        self.engine.at(self.engine.now + duration_ps, free)

    def _step_ps(self, step: str, hops: int) -> int:
        known = self.known_ps.get((step, hops))
        if known is None:
            operations = self.design.operations(step)
            cycles = sum((count * self.costs.operation(kind, hops) for kind, count in operations), Fraction(0))
            if step == READ_ENTRIES and self.payload == COPIED:
                cycles += self.load.lines * self.costs.private_write()
            known = self.known_ps[step, hops] = self.costs.ps(cycles)
        return known


def _check(chip: Chip, design: Design, load: Load, payload: str) -> None:
    for core in (load.receiver, *load.senders):
        chip.check(core)
    in_ring = isinstance(design, Ring) and design.is_payload and design.entry_lines == load.lines
    if payload not in PAYLOADS or (payload != SHARED) != in_ring:
        raise _refusal(
            f"messages of {load.lines} lines in {payload!r} by {design}",
            f"{SHARED!r} without, or another of {PAYLOADS} with a ring of payload entries of as many lines",
        )
    if not load.senders or min(load.messages, load.lines, load.applications) < 1:
        raise _refusal(f"{load.messages} messages of {load.lines} lines from {len(load.senders)} senders", "1 or more")
    if load.applications > 1 and load.slice_ps <= 0:
        raise _refusal(f"{load.applications} applications with slices of {load.slice_ps} ps", "longer slices")
    starts = load.starts_ps
    if (starts and (len(starts) != len(load.senders) or min(starts) < 0)) or load.interval_ps < 0 or load.retry_ps <= 0:
        raise _refusal(
            f"{len(starts)} starts, an interval of {load.interval_ps} ps, a retry after {load.retry_ps} ps",
            "a start from 0 on for each sender or none, an interval from 0 on, a retry after more than 0",
        )


def _refusal(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_scenario", f"{found} cannot be run; accepted: {accepted}", found=found, accepted=accepted)
