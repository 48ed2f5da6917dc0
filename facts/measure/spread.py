"""What many timings of one thing come to, without those that the machine disturbed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

DISTURBED_FACTOR = 10
"""A timing over so many medians was interrupted: a time slice is as long as a hundred batches."""

LEAST_PS = 1_000
GREATEST_PS = 100_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, standard deviation, least and greatest of `count` timings in ps; `disturbed` others were left out."""

    mean_ps: int
    deviation_ps: int
    least_ps: int
    greatest_ps: int
    count: int
    disturbed: int

    @property
    def is_plausible(self) -> bool:
        """Tell whether a cache line can have been faster than no core reads its own cache, or slower than no bus."""
        return LEAST_PS <= self.mean_ps <= GREATEST_PS


def spread_of(timings_ps: Sequence[int]) -> Spread | None:
    """Return the spread of timings that are not negative; None for none at all.

    >>> spread_of([50, 70, 60, 4000])
    Spread(mean_ps=60, deviation_ps=8, least_ps=50, greatest_ps=70, count=3, disturbed=1)
    """
    if not timings_ps:
        return None
    limit = DISTURBED_FACTOR * median_low(timings_ps)
    kept = [timing for timing in timings_ps if timing <= limit]
    total, count = sum(kept), len(kept)
    variance = (count * sum(timing * timing for timing in kept) - total * total) // (count * count)
    mean = (2 * total + count) // (2 * count)
    return Spread(mean, math.isqrt(variance), min(kept), max(kept), count, len(timings_ps) - count)


def per_message_ps(batch_ns: int, clock_cost_ns: int, messages: int) -> int:
    """Return the time of one message of a batch, without what the clock's own reading adds to the batch."""
    return max(0, batch_ns - clock_cost_ns) * 1000 // messages
