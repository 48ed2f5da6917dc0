"""Results about applications: compute kernels, LU, IP loopback, a web server with a database."""

from collections.abc import Callable, Mapping

from experiments.reproduce.applications.rep11 import rep11
from experiments.reproduce.applications.rep14 import rep14
from experiments.reproduce.applications.rep18 import rep18
from experiments.reproduce.applications.rep19 import rep19
from experiments.reproduce.row import Row

APPLICATIONS: Mapping[str, Callable[[int], Row]] = {"REP-11": rep11, "REP-14": rep14, "REP-18": rep18, "REP-19": rep19}
