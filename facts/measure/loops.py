"""The loops of `loops.c`, made callable: from machine code that is bundled, else by a C compiler that is there."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import subprocess
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Any, TypeAlias

from facts.measure.machine_code import BASE64
from facts.reading import ReadError

LINE_BYTES = 64
RING_LINES = 16

PING, PONG, STREAM, SINK = range(4)

COARSEST_CLOCK_NS = 1_000

_COMPILE_SECONDS = 60
_CLOCK_READINGS = 1_001
_MAP_FAILED = ctypes.c_void_p(-1).value


class Burst(ctypes.Structure):
    """One end's part of a burst, as `loops.c` declares it."""

    _fields_: Sequence[tuple[str, Any]] = (  # type: ignore[misc]
        ("role", ctypes.c_ulong),
        ("there", ctypes.c_void_p),
        ("back", ctypes.c_void_p),
        ("first", ctypes.c_ulong),
        ("batches", ctypes.c_ulong),
        ("rounds", ctypes.c_ulong),
        ("patience", ctypes.c_ulong),
        ("read_clock", ctypes.c_void_p),
        ("stamps", ctypes.c_void_p),
    )


Run: TypeAlias = Callable[[Any], int]


@dataclass(frozen=True, slots=True)
class Loops:
    """`run` carries out one end's part without Python's lock and gives the number of batches that it completed.

    `method` is `machine_code` or `compiled`. Reading the clock, at `read_clock` in memory, costs `clock_cost_ns`.
    """

    method: str
    run: Run
    read_clock: int
    clock_resolution_ns: int
    clock_cost_ns: int


def find_loops() -> Loops:
    """Return the loops for this host.

    Raises ReadError (code "no_loops") where there is neither machine code for it that may be executed nor a compiler,
    and (code "coarse_clock") where its clock cannot time a batch.
    """
    reasons = []
    for load in (bundled, compiled):
        try:
            return load()
        except (OSError, LookupError, subprocess.SubprocessError) as error:
            reasons.append(f"{load.__name__}: {_sentence(error)}")
    raise ReadError(
        "no_loops",
        f"Messages cannot be timed on this host ({'; '.join(reasons)}); {', '.join(BASE64)} with executable memory, "
        "or a C compiler called cc is accepted.",
        {"reasons": reasons, "accepted": list(BASE64)},
    )


def bundled() -> Loops:
    """Return the bundled machine code for this architecture.

    Raises LookupError where there is none, OSError where the system forbids to execute it.
    """
    architecture = os.uname().machine
    if architecture not in BASE64 or struct.calcsize("P") != 8:
        raise LookupError(f"there is no machine code for {architecture} with {struct.calcsize('P') * 8}-bit pointers")
    address = _executable(b64decode(BASE64[architecture]))
    return _timed("machine_code", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.POINTER(Burst))(address))


def compiled() -> Loops:
    """Return the loops as the host's C compiler makes them.

    Raises OSError without one, CalledProcessError where it refuses.
    """
    with tempfile.TemporaryDirectory(prefix="skb-") as folder:
        library = Path(folder) / "loops.so"
        source = resources("facts.measure").joinpath("loops.c").read_bytes()
        command = ["cc", "-O2", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
        subprocess.run(command, input=source, capture_output=True, check=True, timeout=_COMPILE_SECONDS)
        run = ctypes.CDLL(str(library)).run
    run.restype = ctypes.c_ulong
    run.argtypes = (ctypes.POINTER(Burst),)
    return _timed("compiled", run)


def _executable(code: bytes) -> int:
    """Return the address of code mapped from a file in memory, which is never writable and executable at once."""
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    descriptor = os.memfd_create("skb-loops", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, code)
        protection = mmap.PROT_READ | mmap.PROT_EXEC
        address: int | None = library.mmap(None, len(code), protection, mmap.MAP_PRIVATE, descriptor, 0)
    finally:
        os.close(descriptor)
    if address is None or address == _MAP_FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return address


def _timed(method: str, run: Run) -> Loops:
    resolution_ns = round(time.clock_getres(time.CLOCK_MONOTONIC) * 1e9)
    if resolution_ns > COARSEST_CLOCK_NS:
        raise ReadError(
            "coarse_clock",
            f"The clock of this host steps by {resolution_ns} ns; at most {COARSEST_CLOCK_NS} ns are accepted.",
            {"found_ns": resolution_ns, "accepted_ns": COARSEST_CLOCK_NS},
        )
    read_clock = ctypes.cast(ctypes.CDLL(None).clock_gettime, ctypes.c_void_p).value
    assert read_clock is not None
    return Loops(method, run, read_clock, resolution_ns, _clock_cost_ns(run, read_clock))


def _clock_cost_ns(run: Run, read_clock: int) -> int:
    """Return what reading the clock adds to a batch: the median duration of batches without a message."""
    stamps = (ctypes.c_ulonglong * _CLOCK_READINGS)()
    empty = Burst(PING, batches=_CLOCK_READINGS - 1, read_clock=read_clock, stamps=ctypes.addressof(stamps))
    run(ctypes.byref(empty))
    durations = [after - before for before, after in pairwise(stamps[:])]
    return median_low(durations)


def _sentence(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"cc gave exit code {error.returncode}"
    return str(error)
