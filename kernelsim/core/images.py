"""Where CPU drivers' code and data lie: a copy in the memory next to each core, or one for all of them.

A copy takes 185 kB of resident code and 4.7 MB of data, little enough to give one to every core, so that no driver
ever waits for another node's memory (dissertation, section 2.5.1). What the wait comes to is worked out here
by itself; a booted run has it in the printed cost of a switch and of a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kernelsim.machine.caches import Caches

CODE_BYTES, DATA_BYTES = 185_000, 4_700_000
LINE_BYTES = 64
LINES = -(-(CODE_BYTES + DATA_BYTES) // LINE_BYTES)
"""Of one copy."""


@dataclass(frozen=True, slots=True)
class DriverImages:
    """`node[core]` is the memory next to a core, `latency_ps[a][b]` the wait of node a's cores for a line of b's
    memory. All cores use the one copy in the memory of `only_at`; without it each has its own.
    """

    node: tuple[int, ...]
    latency_ps: Sequence[Sequence[int]]
    only_at: int | None = None

    @property
    def size_bytes(self) -> int:
        """What all copies take together."""
        return (CODE_BYTES + DATA_BYTES) * (len(self.node) if self.only_at is None else 1)

    def line(self, core: int, place: int) -> int:
        """The number of the line at a place of the copy that a core uses, unlike any other copy's."""
        return (core if self.only_at is None else 0) * LINES + place

    def home(self, line: int) -> int | None:
        """In which node's memory a line of some copy lies; None of a line of no copy."""
        copies = len(self.node) if self.only_at is None else 1
        if not 0 <= line < copies * LINES:
            return None
        return self.node[line // LINES] if self.only_at is None else self.only_at

    def memory_ps(self, core: int, line: int) -> int:
        """The wait for a line that no cache holds, as `Caches` asks for it; what is no driver's is taken to be near."""
        home = self.home(line)
        return self.latency_ps[self.node[core]][self.node[core] if home is None else home]

    def call_ps(self, caches: Caches, core: int, places: Sequence[int]) -> int:
        """What a system call waits for the lines that it touches, by their places in the copy."""
        return sum(caches.read(core, self.line(core, place)) for place in places)
