"""Results about time on cores: drift, synchronisation, traces, the ends of periods, gangs without laxity."""

from collections.abc import Callable, Mapping

from experiments.reproduce.row import Row
from experiments.reproduce.timing.rep08 import rep08
from experiments.reproduce.timing.rep09 import rep09
from experiments.reproduce.timing.rep25 import rep25
from experiments.reproduce.timing.rep26 import rep26
from experiments.reproduce.timing.rep27 import rep27
from experiments.reproduce.timing.rep29 import rep29

TIMING: Mapping[str, Callable[[int], Row]] = {
    "REP-08": rep08,
    "REP-09": rep09,
    "REP-25": rep25,
    "REP-26": rep26,
    "REP-27": rep27,
    "REP-29": rep29,
}
