"""What the demonstration works with: machines, a question, an application, the dissertation's manifest."""

import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

SMALL, LARGE = "amd-4x4", "amd-8x4"
SHARED_XML = Path("..") / "shared" / "data" / "hwloc-xml" / "v3" / "192em64t-12gr2n8c2t.xml"

QUESTION = (
    "cache(Shared, 5, 3, _, _, _), cache(Shared, Core, 3, _, _, _), Core =\\= 5, message_rtt(5, Core, Cycles, _, _, _)"
)
QUESTION_IN_WORDS = "which cores share the level-3 cache of core 5, and what does a round trip to each cost?"

APPLICATION: dict[str, Any] = {
    "name": "service",
    "objective": "communication",
    "group": [{"name": "clients", "count": 6}, {"name": "servers", "count": 6}],
    "traffic": [
        {"between": ["clients", "servers"], "pattern": "pairs", "bytes_per_second": 1e8},
        {"between": "servers", "pattern": "ring", "bytes_per_second": 1e6},
    ],
}
APPLICATION_IN_WORDS = "six clients, each with a server of its own (100 MB/s both ways), the servers in a ring (1 MB/s)"

BARRIER_MANIFEST = """\
# Fig 3.4: best effort first; then 80 ms in every 160 ms, released 480 ms after activation.
B 1
H 80 160 80 480
"""
CPU_MANIFEST = "B 1  # best effort\n"
BARRIER_CORES, CPU_CORES = tuple(range(16)), tuple(range(8, 16))
SECONDS = 15


def hwloc_file() -> tuple[Path, str]:
    """A real machine's hwloc XML where the folder of real inputs lies beside, else the project's own."""
    if SHARED_XML.is_file():
        return SHARED_XML, "an hwloc XML of the folder of real inputs"
    return Path(str(files("facts").joinpath("examples", "build-host.xml"))), "the project's own hwloc XML"


def scenario(*, barrier: bool = True, cpu: bool = True, manifest: str | None = None) -> dict[str, Any]:
    """BARRIER on all cores beside CPU-Bound on half of them; with a manifest BARRIER enters its gang phase at once."""
    applications: list[dict[str, Any]] = []
    if barrier:
        own: dict[str, Any] = {"name": "barrier", "workload": "barrier", "threads": 16, "cores": list(BARRIER_CORES)}
        applications.append(own if manifest is None else {**own, "manifest": manifest})
    if cpu:
        applications.append({"name": "cpu", "workload": "cpu-bound", "threads": 8, "cores": list(CPU_CORES)})
    keys: dict[str, Any] = {"machine": SMALL, "seconds": SECONDS, "seed": 1, "application": applications}
    if manifest is None:
        return {**keys, "timer_offset_ms": [0, 80]}
    return {**keys, "phase_changes": [{"application": "barrier", "phase": 1, "at_ms": 0}]}


def throw_away_folder() -> "tempfile.TemporaryDirectory[str]":
    """For the store, which goes when the demonstration ends."""
    return tempfile.TemporaryDirectory(prefix="skb-demo-")
