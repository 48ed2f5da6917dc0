"""What an application does while it runs: the workload options of a file, made into the simulator's workloads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import kernelsim.scenario as simulated
from experiments.errors import ExperimentError
from experiments.files.fields import Fields
from experiments.files.option_numbers import as_number, as_ps
from experiments.files.services import READERS as SERVICES
from experiments.files.services import make_service
from experiments.files.teams import READERS as TEAMS
from experiments.files.teams import make_team

WORKLOADS = ("barrier", "cpu-bound", "traffic", "scripted-random", *TEAMS, *SERVICES)
MOST_MESSAGES = 5_000_000
MOST_ACTIONS = 1_000_000
CACHE_LINE_BYTES = 64

Edge = tuple[int, int, float]
"""Sender and receiver by thread, bytes per second."""


@dataclass(frozen=True, slots=True)
class WorkloadFile:
    """A workload's kind and its options as written, defaults filled in."""

    kind: str
    options: Mapping[str, float | str | tuple[float, ...]]


def read_workload(kind: str, options: Fields) -> WorkloadFile:
    """The options that this kind of workload takes; others are refused."""
    readers: dict[str, Callable[[Fields], Mapping[str, float | str | tuple[float, ...]]]] = {
        "barrier": _read_barrier,
        "cpu-bound": lambda fields: {"work_cycles": fields.count("work_cycles", 30, least=1)},
        "traffic": _read_traffic,
        "scripted-random": lambda fields: {"gap_ms": fields.span("gap_ms", most=1e6) or (1.0, 100.0)},
        **TEAMS,
        **SERVICES,
    }
    found = readers[kind](options)
    options.close()
    return WorkloadFile(kind, found)


def make_workload(
    file: WorkloadFile, *, name: str, threads: int, edges: Sequence[Edge], seconds: float, random: Random
) -> simulated.Workload:
    """The simulator's workload for that many threads over that many seconds."""
    option = file.options
    if file.kind == "barrier":
        return simulated.Barrier(
            wait=str(option["wait"]),
            spin_ps=as_ps(option["spin_us"], 1e6),
            barrier=str(option["barrier"]),
            work_cycles=int(as_number(option["work_cycles"])),
        )
    if file.kind == "cpu-bound":
        return simulated.CpuBound(int(as_number(option["work_cycles"])))
    if file.kind == "traffic":
        return simulated.Traffic(_flows(file, name, edges, seconds))
    if file.kind in TEAMS or file.kind in SERVICES:
        make = make_team if file.kind in TEAMS else make_service
        return make(file.kind, option, name=name, threads=threads, seconds=seconds, seed=random.getrandbits(32))
    return simulated.Scripted(_scripts(option["gap_ms"], name, threads, seconds, random))


def _read_barrier(fields: Fields) -> dict[str, float | str | tuple[float, float]]:
    return {
        "wait": fields.choice("wait", simulated.WAITS, "yield"),
        "spin_us": fields.number("spin_us", 50.0, most=1e9),
        "barrier": fields.choice("barrier", simulated.BARRIERS, "counter"),
        "work_cycles": fields.count("work_cycles", 30, least=1),
    }


def _read_traffic(fields: Fields) -> dict[str, float | str | tuple[float, float]]:
    """`message_bytes` in one message; or `interval_us` between the messages of the busiest edge."""
    found: dict[str, float | str | tuple[float, float]] = {
        "message_bytes": fields.count("message_bytes", CACHE_LINE_BYTES, least=1, most=10**12)
    }
    if "interval_us" in fields:
        interval_us = fields.number("interval_us", most=1e9)
        if interval_us < 0.001:
            raise fields.refuse("interval_us", f"found {interval_us}", "at least 0.001")
        found["interval_us"] = interval_us
    return found


def _flows(file: WorkloadFile, name: str, edges: Sequence[Edge], seconds: float) -> tuple[tuple[int, int, int], ...]:
    """An edge's interval is message_bytes / rate, or `interval_us` scaled by its share of the busiest rate."""
    busiest = max((rate for _, _, rate in edges), default=0.0)
    if busiest <= 0:
        raise ExperimentError(
            f"application {name!r} has the workload traffic and no traffic; accepted: [[traffic]] tables with "
            "bytes_per_second above 0",
            details={"application": name},
        )
    interval_us = file.options.get("interval_us")
    message_bytes = as_number(file.options["message_bytes"])
    at_busiest_ps = message_bytes * 1e12 / busiest if interval_us is None else as_number(interval_us) * 1e6
    flows = tuple(
        (source, target, max(1, round(at_busiest_ps * busiest / rate))) for source, target, rate in edges if rate > 0
    )
    expected = sum(seconds * 1e12 / interval_ps for _, _, interval_ps in flows)
    if expected > MOST_MESSAGES:
        raise ExperimentError(
            f"application {name!r} would send {expected:.3g} messages in {seconds:g} s; accepted: at most "
            f"{MOST_MESSAGES}, by fewer seconds, larger message_bytes or workload_options.interval_us",
            code="too_many_messages",
            details={"application": name, "found": round(expected), "accepted": MOST_MESSAGES},
        )
    return flows


def _scripts(
    gap_ms: object, name: str, threads: int, seconds: float, random: Random
) -> tuple[tuple[tuple[int, str], ...], ...]:
    """Starts, yields and blocks at random, for each thread: gaps uniform in `gap_ms`, a microsecond at least."""
    assert isinstance(gap_ms, tuple)
    low, high = (max(as_ps(each, 1e9), 1_000_000) for each in gap_ms)
    expected = threads * seconds * 1e12 / ((low + high) / 2)
    if expected > MOST_ACTIONS:
        raise ExperimentError(
            f"application {name!r} would start, yield and block {expected:.3g} times; accepted: at most "
            f"{MOST_ACTIONS}, by fewer seconds or a longer workload_options.gap_ms",
            code="too_many_actions",
            details={"application": name, "found": round(expected), "accepted": MOST_ACTIONS},
        )
    return tuple(_script(low, high, round(seconds * 1e12), random) for _ in range(threads))


def _script(low: int, high: int, end: int, random: Random) -> tuple[tuple[int, str], ...]:
    script: list[tuple[int, str]] = []
    now = 0
    while now < end:
        script.append((now, random.choice(("run", "run", "yield", "block"))))
        now += random.randint(low, high)
    return tuple(script)
