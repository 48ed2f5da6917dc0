"""Results about the baselines: Linux's scheduler, a central gang scheduler, gangs against best effort."""

from collections.abc import Callable, Mapping

from experiments.reproduce.baselines.rep05 import rep05
from experiments.reproduce.baselines.rep07 import rep07
from experiments.reproduce.baselines.rep15 import rep15
from experiments.reproduce.baselines.rep16 import rep16
from experiments.reproduce.baselines.rep24 import rep24
from experiments.reproduce.baselines.rep28 import rep28
from experiments.reproduce.row import Row

BASELINES: Mapping[str, Callable[[int], Row]] = {
    "REP-05": rep05,
    "REP-07": rep07,
    "REP-15": rep15,
    "REP-16": rep16,
    "REP-24": rep24,
    "REP-28": rep28,
}
