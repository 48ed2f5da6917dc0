"""A pointer chase: each line names the next, so nothing overlaps and the mean is the latency."""

from collections.abc import Sequence

from kernelsim.machine.caches import Caches


def chase_ps(caches: Caches, core: int, order: Sequence[int], *, laps: int = 1) -> float:
    """Mean picoseconds of an access in the last of `laps` rounds over the lines of `order`."""
    total = 0
    for _ in range(laps):
        total = sum(caches.read(core, line) for line in order)
    return total / len(order)


def steal_ps(caches: Caches, owner: int, core: int, order: Sequence[int]) -> float:
    """Mean picoseconds of `core`'s first access to lines that `owner` has modified."""
    for line in order:
        caches.write(owner, line)
    return chase_ps(caches, core, order)
