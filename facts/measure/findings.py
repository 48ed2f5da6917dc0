"""What timings between pairs of CPUs come to: facts about cores, and a warning for each pair that is no fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from facts.anomalies import AnomalyLog
from facts.measure.spread import GREATEST_PS, LEAST_PS, Spread, spread_of
from facts.measure.sweeps import Pair, Timings
from facts.reading import Argument

FEWEST_SAMPLES = 8

_INTERRUPTED_SHARE = 10
_RATE_SCALE = 10**18
"""Picoseconds of a second x cycles of a megacycle: what interval x clock rate divides to messages/Mcycle."""

Row = tuple[str, tuple[Argument, ...]]


def rows_of(
    timings: Mapping[Pair, Timings],
    core_of: Mapping[int, int],
    clock_hz: Mapping[int, int],
    method: str,
    log: AnomalyLog,
) -> Iterator[Row]:
    """Yield the facts of every ordered pair whose timings are sound; pairs in `timings` are of OS indices.

    `clock_hz` is by core id; without the sender's there is no `message_throughput`.
    """
    for (src, dst), found in timings.items():
        cores = (core_of[src], core_of[dst])
        spreads = _sound(cores, found, log)
        if spreads is not None:
            yield from _pair_rows(cores, *spreads, method)
            yield from _throughput(cores, spreads[1], clock_hz.get(cores[0]))


def _sound(cores: Pair, timings: Timings, log: AnomalyLog) -> tuple[Spread, Spread] | None:
    """Return the spreads of one way and of the interval; None, with a note, for what cannot be a cache line's time."""
    where = f"core {cores[0]} to {cores[1]}"
    one_way, interval = spread_of(timings.one_way), spread_of(timings.interval)
    if one_way is None or interval is None or min(one_way.count, interval.count) < FEWEST_SAMPLES:
        log.add("too_few_samples", "the other core did not answer in time; the pair is left out", where)
        return None
    if not one_way.is_plausible:
        bounds = f"{LEAST_PS // 1000} ns to {GREATEST_PS // 1_000_000} us"
        log.add("implausible_latency", f"{one_way.mean_ps} ps one way is not within {bounds}; it is left out", where)
        return None
    _note_noise(one_way, where, log)
    return one_way, interval


def _note_noise(one_way: Spread, where: str, log: AnomalyLog) -> None:
    timed = one_way.count + one_way.disturbed
    if one_way.disturbed * _INTERRUPTED_SHARE > timed:
        log.add("interrupted", f"{one_way.disturbed} of {timed} batches were interrupted and left out", where)
    if one_way.deviation_ps * 2 > one_way.mean_ps:
        message = f"the latency varies from {one_way.least_ps} to {one_way.greatest_ps} ps; the machine is not at rest"
        log.add("unsteady", message, where)


def _pair_rows(cores: Pair, one_way: Spread, interval: Spread, method: str) -> Iterator[Row]:
    for relation, spread in (("message_latency_ps", one_way), ("message_interval_ps", interval)):
        yield relation, (*cores, spread.mean_ps, spread.deviation_ps, spread.least_ps, spread.greatest_ps)
        yield "message_samples", (*cores, relation, spread.count, method)


def _throughput(cores: Pair, interval: Spread, clock_hz: int | None) -> Iterator[Row]:
    if clock_hz is not None and interval.mean_ps > 0:
        cycles = interval.mean_ps * clock_hz
        yield "message_throughput", (*cores, (2 * _RATE_SCALE + cycles) // (2 * cycles))
