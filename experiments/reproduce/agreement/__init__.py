"""Results about agreement between monitors: phase changes, shootdowns, two-phase commit."""

from collections.abc import Callable, Mapping

from experiments.reproduce.agreement.rep10 import rep10
from experiments.reproduce.agreement.rep21 import rep21
from experiments.reproduce.agreement.rep22 import rep22
from experiments.reproduce.agreement.rep23 import rep23
from experiments.reproduce.agreement.rep31 import rep31
from experiments.reproduce.row import Row

AGREEMENT: Mapping[str, Callable[[int], Row]] = {
    "REP-10": rep10,
    "REP-21": rep21,
    "REP-22": rep22,
    "REP-23": rep23,
    "REP-31": rep31,
}
