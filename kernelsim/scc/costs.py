"""What single operations cost on the chip, in cycles of three clocks: the core's, the mesh's and the memory's."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from kernelsim.scc.chip import WORDS_PER_LINE

REGISTER, READ_WORD, READ_LINE, WRITE_LINE = "register", "read_word", "read_line", "write_line"
SPILL, BIT, SCAN = "spill", "bit", "scan"

PS_PER_SECOND = 10**12


@dataclass(frozen=True, slots=True)
class Costs:
    """Cycles of the core unless named otherwise; `percent` scales every access to a message passing buffer.

    An access to a buffer or register takes `buffer` and `mesh_per_hop` mesh cycles a hop, one to memory `memory`,
    the same hops, and `memory_clocked` cycles of the memory. `load` and `store` are those that hit the first cache.
    Caches do not allocate on a write miss (dissertation, section 2.3.2): a store to private memory goes there word by
    word, unless `is_allocating`, where the first fetches the line.
    """

    core_hz: int
    mesh_hz: int
    memory_hz: int
    buffer: int
    mesh_per_hop: int
    memory: int
    memory_clocked: int
    invalidate: int
    load: int
    store: int
    bit: int
    scan: int
    kernel_entry: int
    local_message: int
    private_hops: int = 2
    percent: int = 100
    is_allocating: bool = False

    def ps(self, cycles: Fraction | int) -> int:
        """Cycles of the core in picoseconds, rounded half up."""
        return floor(Fraction(cycles) * PS_PER_SECOND / self.core_hz + Fraction(1, 2))

    def buffer_access(self, hops: int) -> Fraction:
        """One transaction with a message passing buffer or a register, in cycles of the core."""
        mesh = Fraction(self.mesh_per_hop * hops * self.core_hz, self.mesh_hz)
        return (self.buffer + mesh) * self.percent / 100

    def memory_access(self, hops: int) -> Fraction:
        """One transaction with memory, in cycles of the core."""
        mesh = Fraction(self.mesh_per_hop * hops * self.core_hz, self.mesh_hz)
        return self.memory + mesh + Fraction(self.memory_clocked * self.core_hz, self.memory_hz)

    def operation(self, kind: str, hops: int) -> Fraction:
        """Cycles of one operation on a message passing buffer `hops` away, or on a line that came from one.

        A whole line does not fit into the seven free integer registers, so its words are spilt to private memory
        and come back from there (section 2.6.3).
        """
        rest = (WORDS_PER_LINE - 1) * self.load
        return {
            REGISTER: self.buffer_access(hops),
            READ_WORD: self.invalidate + self.buffer_access(hops),
            READ_LINE: self.invalidate + self.buffer_access(hops) + rest,
            WRITE_LINE: WORDS_PER_LINE * self.store + self.buffer_access(hops),
            SPILL: self.private_write() + self.private_read(),
            BIT: Fraction(self.bit),
            SCAN: Fraction(self.scan),
        }[kind]

    def private_write(self) -> Fraction:
        """A line stored word by word to memory that no cache holds."""
        if self.is_allocating:
            return self.memory_access(self.private_hops) + WORDS_PER_LINE * self.store
        return WORDS_PER_LINE * self.memory_access(self.private_hops)

    def private_read(self) -> Fraction:
        """That line read back; it is in the cache only if storing brought it there."""
        if self.is_allocating:
            return Fraction(WORDS_PER_LINE * self.load)
        return self.memory_access(self.private_hops) + (WORDS_PER_LINE - 1) * self.load

    def shared_write(self, hops: int) -> Fraction:
        """A line of shared RAM written through the write-combining buffer."""
        return WORDS_PER_LINE * self.store + self.memory_access(hops)

    def shared_read(self, hops: int) -> Fraction:
        """A line of shared RAM, after its stale copy was invalidated."""
        return self.invalidate + self.memory_access(hops) + (WORDS_PER_LINE - 1) * self.load

    def with_cheap_buffers(self, percent: int = 10) -> "Costs":
        """What the designers assumed at first: buffers an order of magnitude nearer (section 2.6.3)."""
        return replace(self, percent=percent)
