"""How wide and how deep a multicast tree may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.errors import PlanError


@dataclass(frozen=True, slots=True)
class Caps:
    """The most receivers of a core and the most forwards between root and core; None for any number."""

    fanout: int | None = None
    depth: int | None = None

    @property
    def is_free(self) -> bool:
        return self.fanout is None and self.depth is None

    def capacity(self, most: int) -> int:
        """How many cores such a tree can reach besides its root, counted up to `most`."""
        reached, wide, level = 0, 1, 0
        while reached < most and (self.depth is None or level < self.depth):
            wide = most if self.fanout is None else min(wide * self.fanout, most)
            reached += wide
            level += 1
        return min(reached, most)

    def holds_for(self, tree: Mapping[int, Sequence[int]]) -> bool:
        """Whether a tree from core 0 keeps both caps."""
        depths = {0: 0}
        waiting = [0]
        for sender in waiting:
            for receiver in tree.get(sender, ()):
                depths[receiver] = depths[sender] + 1
                waiting.append(receiver)
        widest = max((len(own) for own in tree.values()), default=0)
        deepest = max(depths.values())
        return (self.fanout is None or widest <= self.fanout) and (self.depth is None or deepest <= self.depth)


def caps_of(max_fanout: int | None, max_depth: int | None, members: int) -> Caps:
    """Raises PlanError for a cap below 1, and (code "infeasible") where no tree within them reaches so many."""
    for name, value in (("max_fanout", max_fanout), ("max_depth", max_depth)):
        if value is not None and value < 1:
            raise PlanError(
                f"{name} is {value}; a whole number from 1 is accepted",
                code="bad_cap",
                details={"key": name, "found": value, "accepted": "1 or more"},
            )
    caps = Caps(max_fanout, max_depth)
    reached = caps.capacity(members)
    if reached < members:
        raise PlanError(
            f"no tree reaches {members} members: with max_fanout {max_fanout} and max_depth {max_depth} "
            f"it reaches {reached} at most; a larger cap or fewer members are accepted",
            code="infeasible",
            details={
                "members": members,
                "most": reached,
                "keys": [name for name, cap in (("max_fanout", max_fanout), ("max_depth", max_depth)) if cap],
            },
        )
    return caps
