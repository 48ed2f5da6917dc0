"""Bursts between every pair of CPUs, in sweeps over all of them until time is up."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from facts.measure.ends import Ends, Plan
from facts.measure.loops import PING, STREAM
from facts.measure.spread import per_message_ps

Told: TypeAlias = Callable[[float], object]
Pair: TypeAlias = tuple[int, int]

_MOST_PS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done where time allows; a visit is short enough for one sweep over 256 CPUs in a minute or two."""

    sweeps: int = 64
    batches: int = 16
    round_trips: int = 64
    messages: int = 256

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Return the bursts of a visit: ping-pong and stream that the first CPU begins, then the same by the second."""
        bursts = ((PING, self.round_trips), (STREAM, self.messages))
        return tuple(Plan(kind, by, self.batches, rounds) for by in (0, 1) for kind, rounds in bursts)


@dataclass(frozen=True, slots=True)
class Timings:
    """Timings of an ordered pair in ps: of one way, and from message to message in a stream; one for each batch."""

    one_way: array[int] = field(default_factory=partial(array, "I"))
    interval: array[int] = field(default_factory=partial(array, "I"))


def sweep_pairs(
    ends: Ends, cpus: Sequence[int], effort: Effort, time_limit_s: float, told: Told | None = None
) -> Mapping[Pair, Timings]:
    """Return the timings of ordered pairs of CPUs, given by OS index.

    Each sweep visits every pair once, so that what slows the machine for a while slows all of them alike. Pairs that
    no sweep reached before the time limit are missing. `told` hears the share that is done, after each pair.
    """
    found: dict[Pair, Timings] = {}
    began = time.monotonic()
    visits = effort.sweeps * len(cpus) * (len(cpus) - 1) // 2
    done = 0
    for _ in range(effort.sweeps):
        for one, other in pairs_by_distance(cpus):
            elapsed = time.monotonic() - began
            if elapsed >= time_limit_s:
                return found
            _visit(ends, (one, other), effort, found)
            done += 1
            if told is not None:
                told(max(done / visits, min(1.0, elapsed / time_limit_s)))
    return found


def pairs_by_distance(cpus: Sequence[int]) -> Iterator[Pair]:
    """Yield every pair once, neighbours first: where a sweep is cut short, every CPU has had its turn.

    >>> list(pairs_by_distance([0, 1, 4]))
    [(0, 1), (1, 4), (0, 4)]
    """
    for distance in range(1, len(cpus)):
        yield from zip(cpus, cpus[distance:], strict=False)


def _visit(ends: Ends, cpus: Pair, effort: Effort, found: dict[Pair, Timings]) -> None:
    cost_ns = ends.loops.clock_cost_ns
    for plan, durations in zip(effort.plans, ends.visit(cpus, effort.plans), strict=True):
        timings = found.setdefault((cpus[plan.by], cpus[1 - plan.by]), Timings())
        kept, trips = (timings.one_way, 2) if plan.sender == PING else (timings.interval, 1)
        kept.extend(min(_MOST_PS, per_message_ps(batch, cost_ns, trips * plan.rounds)) for batch in durations)
