"""Results about the machines themselves: caches, messages between cores, blocking, shared lines beside messages."""

from collections.abc import Callable, Mapping

from experiments.reproduce.hardware.rep01 import rep01
from experiments.reproduce.hardware.rep02 import rep02
from experiments.reproduce.hardware.rep03 import rep03
from experiments.reproduce.hardware.rep04 import rep04
from experiments.reproduce.hardware.rep06 import rep06
from experiments.reproduce.hardware.rep17 import rep17
from experiments.reproduce.row import Row

HARDWARE: Mapping[str, Callable[[int], Row]] = {
    "REP-01": rep01,
    "REP-02": rep02,
    "REP-03": rep03,
    "REP-04": rep04,
    "REP-06": rep06,
    "REP-17": rep17,
}
