"""Monitors of four packet streams on the 4x4-core AMD, under three schedulers: the runs behind Fig 3.2."""

from dataclasses import dataclass, replace
from functools import cache
from random import Random
from statistics import mean
from typing import NamedTuple

from experiments.reproduce.hardware.platform import platform
from kernelsim import Application, Scenario, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, SECOND_PS, Barrier, StreamClustering

TIME_SCALE = 20
"""A second of the dissertation is a twentieth here, for batches and updates; slices, barriers and switches are as long
as they are."""
STREAMS, THREADS = 4, 8
INTERVAL_S, INTERVALS = 10, 2
COLLECT_PS = 20 * MILLISECOND_PS // TIME_SCALE
"""16,000 packets of 64 bytes, 78 bytes of headers, preamble and gap each, at 1 Gbit/s."""
WORK_US = 403
SPREAD_PERCENT = 25
SLICE_PS = 15 * MILLISECOND_PS
SPREAD = 0.3
CALL_PS = MICROSECOND_PS
BARRIERS = 276
AT_ONCE_PS = 40_000
"""One turn of the spin loop, then the thread blocks."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One run: `scheduler` is "gang", "linux" or "static", the last with four cores for each stream. `placement` is how
    a team is placed, by default as each scheduler does it.
    """

    scheduler: str
    burst: int
    seed: int = 0
    spin_ps: int = 50 * MICROSECOND_PS
    placement: str = ""
    time_scale: int = TIME_SCALE


class Latencies(NamedTuple):
    """Of all updates that were done: seconds of the dissertation."""

    mean_s: float
    least_s: float
    most_s: float
    updates: int

    @property
    def spread_s(self) -> float:
        """From the shortest to the longest."""
        return self.most_s - self.least_s


def over(setting: Setting, seeds: range) -> Latencies:
    """The latencies of some runs together."""
    found = [each for seed in seeds for each in _latencies_s(replace(setting, seed=seed))]
    return Latencies(round(mean(found), 3), round(min(found), 3), round(max(found), 3), len(found))


@cache
def _latencies_s(setting: Setting) -> tuple[float, ...]:
    outcome = run(scenario(setting))
    found = (each for one in outcome.applications.values() for each in one.latencies_ps)
    return tuple(each * setting.time_scale / SECOND_PS for each in found)


def scenario(setting: Setting) -> Scenario:
    """The scenario of a setting: at the start of each interval a burst comes in, stream after stream."""
    machine = replace(platform("amd-4x4").deployment.machine, timeslice_ps=SLICE_PS)
    random = Random(f"{setting.seed} slices")
    is_gang = setting.scheduler == "gang"
    return Scenario(
        machine,
        tuple(_monitor(setting, stream, machine.cores) for stream in range(STREAMS)),
        INTERVALS * INTERVAL_S * SECOND_PS // setting.time_scale,
        scheduler="user-level-gang" if is_gang else "linux-like",
        call_ps=CALL_PS if is_gang else 0,
        timer_offset_ps=tuple(random.randrange(SLICE_PS) for _ in range(machine.cores)),
        slices_ps={core: tuple(_drawn_ps(random) for _ in range(64)) for core in range(machine.cores)},
    )


def _monitor(setting: Setting, stream: int, cores: int) -> Application:
    is_static = setting.scheduler == "static"
    own = tuple(range(cores // STREAMS * stream, cores // STREAMS * (stream + 1))) if is_static else tuple(range(cores))
    hz = platform("amd-4x4").deployment.machine.clock_hz[0]
    workload = StreamClustering(
        _arrivals_ps(setting, stream),
        COLLECT_PS * TIME_SCALE // setting.time_scale,
        BARRIERS * TIME_SCALE // setting.time_scale,
        THREADS,
        Barrier(
            "block",
            setting.spin_ps,
            work_cycles=WORK_US * hz // 10**6,
            spread_percent=SPREAD_PERCENT,
            seed=setting.seed * STREAMS + stream,
        ),
        setting.placement or ("idlest" if setting.scheduler == "linux" else "packed"),
    )
    return Application(f"stream{stream}", workload, own, threads=THREADS if is_static else len(own))


def _arrivals_ps(setting: Setting, stream: int) -> tuple[int, ...]:
    interval = INTERVAL_S * SECOND_PS // setting.time_scale
    batch = COLLECT_PS * TIME_SCALE // setting.time_scale
    return tuple(
        number * interval + (turn * STREAMS + stream) * batch
        for number in range(INTERVALS)
        for turn in range(setting.burst)
    )


def _drawn_ps(random: Random) -> int:
    return random.randint(round(SLICE_PS * (1 - SPREAD)), round(SLICE_PS * (1 + SPREAD)))
