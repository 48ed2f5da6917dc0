"""Results about applications: a web server with a database, and what else runs on the multikernel."""

from collections.abc import Callable, Mapping

from experiments.reproduce.applications.rep19 import rep19
from experiments.reproduce.row import Row

APPLICATIONS: Mapping[str, Callable[[int], Row]] = {"REP-19": rep19}
