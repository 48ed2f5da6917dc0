"""What messages cost between the cores of this host, as measured facts beside those that describe it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from facts.anomalies import AnomalyLog
from facts.measure.ends import two_ends
from facts.measure.findings import rows_of
from facts.measure.loops import Loops, find_loops
from facts.measure.sweeps import Effort, Pair, Timings, Told, sweep_pairs
from facts.reading import Anomaly, Fact, ReadError, Reading

DEFAULT_TIME_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a measurement found, and how.

    `samples` timed batches stand behind the facts of `pairs` pairs of cores; `pairs_left_out` have no facts. The clock
    is CLOCK_MONOTONIC; what reading it costs is not part of any figure.
    """

    facts: tuple[Fact, ...]
    warnings: tuple[Anomaly, ...]
    method: str
    pairs: int
    pairs_left_out: int
    samples: int
    clock_resolution_ns: int
    clock_cost_ns: int
    seconds: float

    def beside(self, reading: Reading) -> Reading:
        """Return the reading with these facts and warnings after its own."""
        return replace(reading, facts=reading.facts + self.facts, warnings=reading.warnings + self.warnings)


def measure_host(
    reading: Reading,
    *,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    effort: Effort | None = None,
    told: Told | None = None,
) -> Measurement:
    """Measure one-way latency and pipelined throughput between every two cores that this process may use.

    `reading` describes this host and gives the SKB's core ids. `told` hears the share that is done. Two threads spin
    while it lasts. Raises ReadError where fewer than two cores may be used, threads cannot be pinned, nothing can be
    timed here, or no pair gave sound timings.
    """
    core_of = _usable_cores(reading)
    loops = find_loops()
    began = time.monotonic()
    with two_ends(loops) as ends:
        timings = sweep_pairs(ends, sorted(core_of), effort or Effort(), time_limit_s, told)
    return _measurement(loops, reading, core_of, timings, time.monotonic() - began)


def _usable_cores(reading: Reading) -> dict[int, int]:
    """Map the OS index of each CPU that this process may use to its core id."""
    if not sys.platform.startswith("linux"):
        raise ReadError("not_linux", f"Measuring needs Linux; this is {sys.platform}.", {"found": sys.platform})
    allowed = os.sched_getaffinity(0)
    cores = dict(_pus(reading))
    usable = {os_index: core for os_index, core in cores.items() if os_index in allowed}
    if len(usable) < 2:
        raise ReadError(
            "one_cpu",
            f"A message needs two CPUs, and this process may use {len(usable)} of {len(cores)} "
            "(its affinity mask or cpuset); at least two are accepted.",
            {"cpus": sorted(usable)},
        )
    return usable


def _measurement(
    loops: Loops, reading: Reading, core_of: Mapping[int, int], timings: Mapping[Pair, Timings], seconds: float
) -> Measurement:
    log = AnomalyLog()
    _note_gaps(reading, core_of, timings, log)
    rows = list(rows_of(timings, core_of, dict(_integers(reading, "clock_hz")), loops.method, log))
    if not rows:
        raise ReadError(
            "unmeasurable",
            f"No pair of cores gave sound timings ({log.all()[-1].message}); a machine with two idle CPUs is accepted.",
            {"pairs": len(timings)},
        )
    source = f"ping-pong on this host: {loops.method}, clock of {loops.clock_resolution_ns} ns"
    pairs = {frozenset(args[:2]) for relation, args in rows if relation == "message_latency_ps"}
    counts = [args[3] for relation, args in rows if relation == "message_samples"]
    return Measurement(
        facts=tuple(Fact(*row, "measured", source) for row in rows),
        warnings=log.all(),
        method=loops.method,
        pairs=len(pairs),
        pairs_left_out=_pairs_among(len(core_of)) - len(pairs),
        samples=sum(count for count in counts if isinstance(count, int)),
        clock_resolution_ns=loops.clock_resolution_ns,
        clock_cost_ns=loops.clock_cost_ns,
        seconds=seconds,
    )


def _note_gaps(reading: Reading, core_of: Mapping[int, int], timings: Mapping[Pair, Timings], log: AnomalyLog) -> None:
    """Note pairs that time did not reach, cores that may not be used, and clock rates that the host does not state."""
    every, reached = _pairs_among(len(core_of)), len(timings) // 2
    if reached < every:
        message = f"{every - reached} of {every} pairs of cores were not reached within the time limit"
        log.add("unmeasured_pairs", f"{message}, neighbours come first; a longer one reaches them", "")
    present = len(list(_pus(reading)))
    if present > len(core_of):
        message = f"{present - len(core_of)} of {present} cores are outside of this process's affinity mask or cpuset"
        log.add("unmeasured_cores", f"{message}; their messages are not measured", "")
    if not list(_integers(reading, "clock_hz")):
        log.add("no_clock_rate", "the host states no clock rate: intervals are facts, messages per Mcycle are not", "")


def _pairs_among(cores: int) -> int:
    return cores * (cores - 1) // 2


def _pus(reading: Reading) -> Iterator[tuple[int, int]]:
    return ((os_index, core) for core, os_index in _integers(reading, "pu"))


def _integers(reading: Reading, relation: str) -> Iterator[tuple[int, int]]:
    """Yield the first two arguments of a relation's facts where both are integers."""
    for fact in reading.facts:
        if fact.relation == relation:
            first, second, *_ = fact.args
            if isinstance(first, int) and isinstance(second, int):
                yield first, second
