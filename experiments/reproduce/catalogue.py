"""Which results can be reproduced today, and by what."""

from collections.abc import Callable, Iterable, Mapping

from experiments.errors import ExperimentError
from experiments.reproduce.agreement import AGREEMENT
from experiments.reproduce.applications import APPLICATIONS
from experiments.reproduce.baselines import BASELINES
from experiments.reproduce.hardware import HARDWARE
from experiments.reproduce.rep12 import rep12
from experiments.reproduce.rep13 import rep13
from experiments.reproduce.rep30 import rep30
from experiments.reproduce.row import Row
from experiments.reproduce.scc import SCC
from experiments.reproduce.timing import TIMING

CONTENTION: Mapping[str, Callable[[int], Row]] = {"REP-12": rep12, "REP-13": rep13, "REP-30": rep30}

CATALOGUE: Mapping[str, Callable[[int], Row]] = dict(
    sorted({**HARDWARE, **CONTENTION, **AGREEMENT, **TIMING, **BASELINES, **APPLICATIONS, **SCC}.items())
)
"""Id -> function of the number of seeds, by id. Each group of results adds its own mapping."""

SEEDS = 20
"""Runs per point, as in the dissertation."""


def reproduce(ids: Iterable[str] = (), *, seeds: int = SEEDS) -> tuple[Row, ...]:
    """The rows of `ids`, all of the catalogue if there are none. Raises ExperimentError for an id not in it."""
    wanted = tuple(ids) or tuple(CATALOGUE)
    for name in wanted:
        if name not in CATALOGUE:
            raise ExperimentError(
                f"{name!r} cannot be reproduced yet; accepted: {', '.join(CATALOGUE)}",
                code="unknown_result",
                details={"found": name, "accepted": list(CATALOGUE)},
            )
    return tuple(CATALOGUE[name](seeds) for name in wanted)
