"""Results about the baselines: Linux's scheduler, a central gang scheduler, gangs against best effort."""

from collections.abc import Callable, Mapping

from experiments.reproduce.baselines.rep16 import rep16
from experiments.reproduce.row import Row

BASELINES: Mapping[str, Callable[[int], Row]] = {"REP-16": rep16}
