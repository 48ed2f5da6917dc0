"""UMP on the chip: its ring of 32-byte messages in memory without coherence, in the initiator's region."""

from dataclasses import dataclass, replace

from kernelsim.messages.ump_endpoint import UmpEndpoint
from kernelsim.messages.ump_format import UmpFormat
from kernelsim.scc.chip import LINE_BYTES
from kernelsim.scc.memory import SharedMemory

WORD_BYTES = 4
DEFAULT_SLOTS = 16


def scc_format(slots: int = DEFAULT_SLOTS) -> UmpFormat:
    """Messages of a line of 32 bytes, seven words of payload before the one that is polled (section 2.6.3)."""
    return UmpFormat(slots, line_bytes=LINE_BYTES, word_bytes=WORD_BYTES)


@dataclass(frozen=True, slots=True)
class SccEnd:
    """One end of a channel, on `core`: UMP's endpoint as it is on coherent machines, over another memory.

    It writes its ring from line `outgoing` on and polls that of the peer from line `incoming` on. `invalidates`
    before each poll is what CL1INVMB does; without it a copy read once is read for ever.
    """

    endpoint: UmpEndpoint
    core: int
    outgoing: int
    incoming: int
    invalidates: bool = True

    def begin(self, payload: tuple[int, ...]) -> "SccEnd":
        """A message whose words are then written one by one; ScenarioError when there is no slot for it."""
        return replace(self, endpoint=self.endpoint.begin(payload))

    def acknowledge(self) -> "SccEnd":
        """The same with an acknowledgement, which is due."""
        return replace(self, endpoint=self.endpoint.acknowledge())

    def write(self, memory: SharedMemory) -> tuple["SccEnd", SharedMemory]:
        """Its next word, into the write-combining buffer: the line reaches memory whole, with the last."""
        endpoint, write = self.endpoint.write()
        stored = memory.store(self.core, self.outgoing + write.slot, write.word, write.value)
        return replace(self, endpoint=endpoint), stored

    def send(self, memory: SharedMemory, payload: tuple[int, ...]) -> tuple["SccEnd", SharedMemory]:
        """A whole message at once."""
        end = self.begin(payload)
        while end.endpoint.unwritten:
            end, memory = end.write(memory)
        return end, memory

    def poll(self, memory: SharedMemory) -> tuple["SccEnd", SharedMemory, tuple[int, ...] | None, bool]:
        """Look once: the end and the memory after it, the payload if there was one, whether anything had come."""
        if self.invalidates:
            memory = memory.invalidate(self.core)
        format_ = self.endpoint.format
        slot = self.endpoint.received % format_.lines
        memory, line = memory.load(self.core, self.incoming + slot)
        ring = (line,) * format_.lines
        if not self.endpoint.sees(ring):
            return self, memory, None, False
        endpoint, payload = self.endpoint.take(ring)
        return replace(self, endpoint=endpoint), memory, payload, True


def connect(initiator: int, acceptor: int, format_: UmpFormat, *, invalidates: bool = True) -> tuple[SccEnd, SccEnd]:
    """Both ends; the initiator's ring comes first in its region, the acceptor's behind it."""
    endpoint = UmpEndpoint(format_)
    first = SccEnd(endpoint, initiator, 0, format_.lines, invalidates)
    return first, SccEnd(endpoint, acceptor, format_.lines, 0, invalidates)
