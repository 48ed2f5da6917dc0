"""Measuring this host for a person who waits: how far it is, and in the end how it was done."""

import sys
from dataclasses import asdict
from typing import Any

from experiments.batches.progress_bar import ProgressBar
from facts import Reading
from facts.measure.host import DEFAULT_TIME_LIMIT_S, measure_host

_STEPS = 100


def measured(reading: Reading, time_limit_s: float | None) -> tuple[Reading, dict[str, Any]]:
    """The reading of this host with measured facts, and `{"measurement": ...}`: method, samples, clock, seconds.

    A bar is drawn on stderr if it is a terminal. Raises ReadError where nothing can be measured.
    """
    progress = _Progress()
    limit_s = DEFAULT_TIME_LIMIT_S if time_limit_s is None else time_limit_s
    try:
        measurement = measure_host(reading, time_limit_s=limit_s, told=progress.tell)
    finally:
        progress.close()
    how = asdict(measurement)
    del how["facts"], how["warnings"]
    return measurement.beside(reading), {"measurement": how}


class _Progress:
    """A bar that moves in whole steps: drawing it between all the bursts would disturb them."""

    def __init__(self) -> None:
        self._bar = ProgressBar(sys.stderr, total=_STEPS)
        self._drawn = 0

    def tell(self, share: float) -> None:
        while self._drawn < int(share * _STEPS):
            self._drawn += 1
            self._bar.advance()

    def close(self) -> None:
        self._bar.close()
