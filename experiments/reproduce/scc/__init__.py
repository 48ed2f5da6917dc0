"""Results about the Single-chip Cloud Computer: how its cores tell each other of messages."""

from collections.abc import Callable, Mapping

from experiments.reproduce.row import Row
from experiments.reproduce.scc.rep20 import rep20

SCC: Mapping[str, Callable[[int], Row]] = {"REP-20": rep20}
