"""The good assignments that a search keeps to cross: different ones, so that their children are new."""

from planner.placement.search.tabu import TOLERANCE, Found

MOST = 16


class Elites:
    """The best ones of different cost, ascending."""

    def __init__(self) -> None:
        self._kept: list[Found] = []

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, rank: int) -> Found:
        return self._kept[rank]

    def keep(self, found: Found, *, is_near: bool = False) -> bool:
        """Whether it is the best so far. What is near an elite would crowd out others: it only replaces the best."""
        is_best = not self._kept or found.cost < self._kept[0].cost * (1 - TOLERANCE)
        if is_near and is_best:
            self._kept[:1] = [found]
        elif not is_near and all(abs(found.cost - own.cost) > TOLERANCE * abs(own.cost) for own in self._kept):
            self._kept = sorted([*self._kept, found], key=lambda one: one.cost)[:MOST]
        return is_best
