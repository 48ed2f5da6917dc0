"""Workloads of a file whose threads work together: their options, made into programs."""

from collections.abc import Callable, Mapping

from experiments.errors import ExperimentError
from experiments.files.fields import Fields
from experiments.files.option_numbers import as_number
from kernelsim.applications.garbage import GarbageCollected, Guest
from kernelsim.applications.kernels import BARRIERS, Kernel, Profile
from kernelsim.applications.wavefront import LU_POINT_CYCLES, Lu
from kernelsim.scenario import Programs

MOST_ACCESSES = 2_000_000
"""Of lines and messages in a run: at each meeting every thread looks at a line that every other one takes."""
LEAST_INTERVAL_MS = 0.001
LEAST_INTERVAL_CYCLES = 1000
FASTEST_HZ = 4_000_000_000
"""For the estimate of how much a run will do, before its machine is known."""

Options = Mapping[str, object]


def read_garbage_collected(fields: Fields) -> dict[str, float | str]:
    """Threads that stop together to collect."""
    interval_ms = _interval_ms(fields, 10.0)
    return {
        "interval_ms": interval_ms,
        "collection_ms": fields.number("collection_ms", interval_ms / 10, most=1e6),
        "spin_us": fields.number("spin_us", 50.0, most=1e9),
        "wait": fields.choice("wait", ("block", "yield"), "block"),
    }


def read_virtual_machine(fields: Fields) -> dict[str, float | str]:
    """Virtual cores that spin for each other."""
    return {"interval_ms": _interval_ms(fields, 1.0)}


def read_kernel(fields: Fields) -> dict[str, float | str]:
    """A compute kernel's profile."""
    work, barriers = fields.count("work_cycles", least=1, most=10**15), fields.count("barriers", 1, least=1, most=10**9)
    if work < barriers * LEAST_INTERVAL_CYCLES:
        raise fields.refuse("work_cycles", f"found {work}", f"{LEAST_INTERVAL_CYCLES} for each of {barriers} barriers")
    return {
        "work_cycles": work,
        "barriers": barriers,
        "locks": fields.count("locks", 0, most=10**9),
        "mutexes": fields.count("mutexes", 1, least=1, most=100_000),
        "hold_cycles": fields.count("hold_cycles", 200, most=10**9),
        "serial_percent": fields.number("serial_percent", 0.0, most=100),
        "memory_percent": fields.number("memory_percent", 0.0, most=100),
        "spread_percent": fields.number("spread_percent", 0.0, most=99),
        "barrier": fields.choice("barrier", tuple(BARRIERS), "counter"),
    }


def read_lu(fields: Fields) -> dict[str, float | str]:
    """The size of the cube, and its work."""
    return {
        "points": fields.count("points", 64, least=4, most=1024),
        "point_cycles": fields.count("point_cycles", LU_POINT_CYCLES, least=1, most=10**6),
    }


READERS: dict[str, Callable[[Fields], dict[str, float | str]]] = {
    "garbage-collected": read_garbage_collected,
    "virtual-machine": read_virtual_machine,
    "kernel": read_kernel,
    "lu": read_lu,
}


def make_team(kind: str, option: Options, *, name: str, threads: int, seconds: float, seed: int) -> Programs:
    """The programs of so many threads. Raises ExperimentError for more than can be run, and ranks that form no grid."""
    if kind == "lu":
        return _lu(option, name, threads, seconds)
    if kind == "kernel":
        return _kernel(option, name, threads, seconds, seed)
    interval_ms = as_number(option["interval_ms"])
    _check_accesses(name, seconds * 1e3 / interval_ms * threads**2, "interval_ms")
    interval_ps = round(interval_ms * 1e9)
    if kind == "virtual-machine":
        return Programs(Guest(interval_ps).make)
    collection_ps, spin_ps = round(as_number(option["collection_ms"]) * 1e9), round(as_number(option["spin_us"]) * 1e6)
    wait = str(option["wait"])
    return Programs(GarbageCollected(interval_ps, collection_ps, spin_ps, wait).make, blocking=wait == "block")


def _kernel(option: Options, name: str, threads: int, seconds: float, seed: int) -> Programs:
    def whole(key: str) -> int:
        return int(as_number(option[key]))

    profile = Profile(
        name,
        whole("work_cycles"),
        whole("barriers"),
        whole("locks"),
        whole("mutexes"),
        whole("hold_cycles"),
        serial_percent=as_number(option["serial_percent"]),
        memory_percent=as_number(option["memory_percent"]),
        spread_percent=as_number(option["spread_percent"]),
    )
    runs = seconds * FASTEST_HZ * threads / profile.work_cycles
    _check_accesses(name, runs * (profile.barriers * threads**2 + profile.locks), "work_cycles")
    barrier = str(option["barrier"])
    return Programs(Kernel(profile, barrier, seed=seed).make, blocking=barrier == "system call" or profile.locks > 0)


def _lu(option: Options, name: str, threads: int, seconds: float) -> Programs:
    if threads & (threads - 1):
        raise ExperimentError(
            f"application {name!r} solves lu with {threads} threads; accepted: a power of two",
            details={"application": name, "found": threads},
        )
    lu = Lu(int(as_number(option["points"])), int(as_number(option["point_cycles"])))
    iterations = seconds * FASTEST_HZ * threads / (lu.points**3 * lu.point_cycles)
    _check_accesses(name, iterations * threads * lu.points * 8, "point_cycles")
    return Programs(lu.make)


def _interval_ms(fields: Fields, default: float) -> float:
    """Work between two meetings: some, for a run must get on."""
    interval_ms = fields.number("interval_ms", default, most=1e6)
    if interval_ms < LEAST_INTERVAL_MS:
        raise fields.refuse("interval_ms", f"found {interval_ms}", f"at least {LEAST_INTERVAL_MS}")
    return interval_ms


def _check_accesses(name: str, expected: float, key: str) -> None:
    if expected > MOST_ACCESSES:
        raise ExperimentError(
            f"application {name!r} would take about {expected:.3g} accesses to shared lines and messages; accepted: at "
            f"most {MOST_ACCESSES}, by fewer seconds, fewer threads or a larger workload_options.{key}",
            code="too_many_accesses",
            details={"application": name, "found": round(expected), "accepted": MOST_ACCESSES},
        )
