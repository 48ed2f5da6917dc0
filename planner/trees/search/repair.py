"""A multicast tree after members have joined or left: what moves, and what stays as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.errors import PlanError
from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost
from planner.trees.search.schedule import Schedule

Sends = Mapping[int, Sequence[int]]
ROUNDS = 2
"""Cores that lost their sender, or joined, are put to their best place so often."""


@dataclass(frozen=True, slots=True)
class Move:
    """A core that has another sender now; `reason` says why."""

    core: int
    former: int
    sender: int
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """`kept` cores have the sender that they had."""

    joined: tuple[int, ...]
    left: tuple[int, ...]
    moved: tuple[Move, ...]
    kept: int

    def to_json(self) -> dict[str, Any]:
        moved = [{"core": one.core, "from": one.former, "to": one.sender, "reason": one.reason} for one in self.moved]
        return {"joined": list(self.joined), "left": list(self.left), "moved": moved, "kept": self.kept}


def repaired(cost: MulticastCost, previous: Sends, caps: Caps) -> dict[int, list[int]]:
    """The previous tree (by core numbers) for the cores of this cost, by its indices.

    Who has lost the sender goes, with all below, to the place where that ends soonest, the longest first; so do
    those who join. Nobody else moves, except to keep the caps. O(n) for each core that moves.
    """
    index = {core: at for at, core in enumerate(cost.cores)}
    former = _parents(previous)
    _check(former, cost.cores[0])
    parents = [-1] * cost.size
    loose = []
    for core in cost.cores[1:]:
        above = former.get(core)
        if above not in index:
            loose.append(index[core])
        while above is not None and above not in index:
            above = former.get(above)
        parents[index[core]] = 0 if above is None else index[above]
    return _placed(Schedule(cost, parents), loose, cost.size, caps)


def changes_of(previous: Sends, sends: Sends, members: Sequence[int]) -> Changes:
    """What differs between two trees, by core numbers."""
    before, after = _parents(previous), _parents(sends)
    moves = []
    for core in sorted(set(before) & set(after)):
        if before[core] != after[core]:
            gone = before[core] not in after and before[core] in before
            reason = f"its sender {before[core]} left" if gone else "it is reached sooner, or others are"
            moves.append(Move(core, before[core], after[core], reason))
    joined = tuple(sorted(set(members) - set(before)))
    left = tuple(sorted(set(before) - set(members)))
    return Changes(joined, left, tuple(moves), len(set(before) & set(after)) - len(moves))


def _placed(now: Schedule, loose: Sequence[int], size: int, caps: Caps) -> dict[int, list[int]]:
    for _ in range(ROUNDS):
        for core in sorted(loose, key=lambda one: (-now.height(one), one)):
            former = now.parents[core]
            places = [
                (now.end_with(parent, core), parent)
                for parent in range(size)
                if parent != former and not now.is_below(parent, core) and now.has_room(parent, core, caps)
            ]
            if places and (min(places)[0] < now.end_of(former) or not caps.holds_for(now.tree())):
                now.settle(now.move(core, min(places)[1]))
    return now.tree()


def sends_of(document: Any) -> Sends:
    """The sends of an earlier answer as JSON, whole or `sends` alone; PlanError where they are none."""
    sends = document.get("sends", document) if isinstance(document, dict) else None
    try:
        found = {int(sender): [int(core) for core in own] for sender, own in sends.items()}  # type: ignore[union-attr]
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise _refuse("it is no mapping from cores to lists of cores", "an earlier answer's `sends`") from None
    receivers = [core for own in found.values() for core in own]
    if len(set(receivers)) < len(receivers):
        twice = next(core for core in receivers if receivers.count(core) > 1)
        raise _refuse(f"core {twice} is reached twice", "a tree")
    return found


def root_of(previous: Sends) -> int:
    """The one sender to which nobody sends."""
    roots = sorted(set(previous) - set(_parents(previous)))
    if len(roots) != 1:
        raise _refuse(f"it has {len(roots)} roots", "a tree from one root")
    return roots[0]


def _refuse(found: str, accepted: str) -> PlanError:
    return PlanError(
        f"the previous tree: {found}; {accepted} is accepted",
        code="bad_previous",
        details={"key": "previous", "found": found, "accepted": accepted},
    )


def _parents(sends: Sends) -> dict[int, int]:
    return {core: sender for sender, own in sends.items() for core in own}


def _check(former: Mapping[int, int], root: int) -> None:
    """The previous tree must hang together below this root."""
    for core in former:
        above, steps = core, 0
        while above in former and steps <= len(former):
            above, steps = former[above], steps + 1
        if above != root:
            raise PlanError(
                f"the previous tree leads to core {core} from {above}, not from the root {root}; "
                "a tree with the same root is accepted",
                code="bad_previous",
                details={"key": "previous", "core": core, "root": root},
            )
