"""How long a message takes between two cores, with how much certainty that is known.

A pair latency is stated by facts or, where nobody stated it, estimated from the lowest object that both cores
share. The table's figures are free parameters in the range of published one-way cache-line transfers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Certainty: TypeAlias = Literal["measured", "stated", "estimated"]
Pair: TypeAlias = tuple[int, int]

CERTAINTIES: tuple[Certainty, ...] = ("measured", "stated", "estimated")

PS_PER_SECOND = 1_000_000_000_000

ESTIMATED_PS: Mapping[str, int] = {
    "physical_core": 10_000,
    "l2": 20_000,
    "l3": 40_000,
    "node": 65_000,
    "package": 90_000,
    "machine": 130_000,
}
"""One-way latency by the lowest common object; `machine` is one hop between packages."""

ESTIMATED_PS_PER_FURTHER_HOP = 40_000
NOMINAL_CLOCK_HZ = 2_000_000_000
"""Stands in where cycles are stated but no clock; the result is then an estimate."""


@dataclass(frozen=True, slots=True)
class PairLatency:
    """One-way latency of an ordered pair of cores, in picoseconds."""

    latency_ps: int
    certainty: Certainty


def certainty_of(layer: str, source: str) -> Certainty:
    """How sure a fact of this layer and source is: a measured layer first, then the source's own word."""
    if layer == "measured":
        return "measured"
    return "estimated" if source.startswith("estimated") else "stated"


def weakest(certainties: Iterable[Certainty]) -> Certainty:
    """The least certain of them; `measured` for none, since nothing unsure was used."""
    found = CERTAINTIES[0]
    for certainty in certainties:
        if CERTAINTIES.index(certainty) > CERTAINTIES.index(found):
            found = certainty
        if found == CERTAINTIES[-1]:
            break
    return found


def cycles_to_ps(cycles: int, clock_hz: int) -> int:
    """Cycles at a clock as picoseconds, rounded half up."""
    return (2 * cycles * PS_PER_SECOND + clock_hz) // (2 * clock_hz)


def half_round_trip_ps(rtt_cycles: int, clock_hz: int) -> int:
    """One way of a round trip given in cycles of the source core, rounded half up once."""
    return (rtt_cycles * PS_PER_SECOND + clock_hz) // (2 * clock_hz)


class LatencyTable:
    """Every ordered pair's latency: from facts, else from the opposite direction, else estimated. Cached."""

    __slots__ = ("_cache", "_estimate_ps", "stated")

    def __init__(self, stated: Mapping[Pair, PairLatency], estimate_ps: Callable[[int, int], int]) -> None:
        self.stated = stated
        self._estimate_ps = estimate_ps
        self._cache: dict[Pair, PairLatency] = {}

    def between(self, src: int, dst: int) -> PairLatency:
        """A pair known in one direction only has that value in both; a core reaches itself at once."""
        pair = (src, dst)
        found = self._cache.get(pair)
        if found is None:
            found = self._cache[pair] = self._find(src, dst)
        return found

    def certainty(self, src: int, dst: int) -> Certainty:
        """How sure `between` is, without an estimate being worked out."""
        stated = self.stated.get((src, dst)) or self.stated.get((dst, src))
        return stated.certainty if stated is not None else "estimated" if src != dst else "stated"

    def _find(self, src: int, dst: int) -> PairLatency:
        stated = self.stated.get((src, dst)) or self.stated.get((dst, src))
        if stated is not None:
            return stated
        if src == dst:
            return PairLatency(0, "stated")
        return PairLatency(self._estimate_ps(src, dst), "estimated")
