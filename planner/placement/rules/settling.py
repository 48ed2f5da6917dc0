"""Questions of feasibility: some of an application's constraints on a machine, answered with a checked map."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.machine.topology import Topology
from planner.placement.locations import places_of
from planner.placement.problem import Inside
from planner.placement.rules.feasibility import Status, find_feasible
from planner.placement.rules.translation import rules_of, suitable_cores
from planner.verify.placement import check_rules


@dataclass(frozen=True, slots=True)
class Settled:
    """`cores` maps dispatchers to cores where the status is feasible."""

    status: Status
    cores: Mapping[str, int] = field(default_factory=dict)


class Settling:
    """Questions about one application on one machine, all of them within one time limit (seconds)."""

    def __init__(self, app: Application, machine: Topology, seed: int = 0, time_limit: float | None = None) -> None:
        self.app = app
        self.machine = machine
        self._seed = seed
        self._deadline = None if time_limit is None else time.perf_counter() + time_limit

    def __call__(
        self, kept: Sequence[Constraint], *, avoided: Constraint | None = None, app: Application | None = None
    ) -> Settled:
        """Whether these constraints leave a placement; with `avoided` one where the fewest members break that one.

        `app` is a variant of the application with the same dispatchers.
        """
        left = None if self._deadline is None else self._deadline - time.perf_counter()
        if left is not None and left <= 0:
            return Settled("unknown")
        asked, machine = app or self.app, self.machine
        places = places_of(asked, machine, kept)
        found = find_feasible(
            len(asked.dispatchers),
            len(places.cores),
            rules_of(asked, machine, kept, places),
            is_distinct=places.is_distinct,
            seed=self._seed,
            time_limit=left,
            avoided=None if avoided is None else self._soft(avoided, places.cores),
        )
        if found.status != "feasible":
            return Settled(found.status)
        cores = {name: places.cores[at] for name, at in zip(asked.dispatchers, found.assignment, strict=True)}
        check_rules(asked, machine, cores, kept)
        return Settled("feasible", cores)

    def _soft(self, avoided: Constraint, cores: Sequence[int]) -> Inside:
        suits, index = suitable_cores(avoided, self.machine), {name: at for at, name in enumerate(self.app.dispatchers)}
        permitted = frozenset(place for place, core in enumerate(cores) if core in suits)
        return Inside(avoided.name, tuple(index[name] for name in avoided.members), permitted)
