"""How long the readers of facts take for whole sets of real files."""

import time
from pathlib import Path

import facts
from bench.figure import Figure, measure

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "hwloc-xml"
OWN = Path(__file__).resolve().parents[1] / "tests" / "facts" / "data"


def hwloc_files() -> Figure:
    """All hwloc XML files beside the checkout, or the project's own where those are absent."""
    files = sorted(SHARED.glob("*/*.xml")) or sorted(OWN.glob("*.xml"))
    return measure(f"reading {len(files)} hwloc XML files", lambda: _cpu(files), 0.4, 10)


def _cpu(files: list[Path]) -> float:
    start = time.process_time()
    for file in files:
        facts.read(file)
    return time.process_time() - start
