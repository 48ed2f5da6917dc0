"""What a multicast tree is to keep short: the last receive, or the root's knowledge of it."""

from collections.abc import Mapping, Sequence

from planner.errors import PlanError
from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost
from planner.trees.order import ready_times

Tree = dict[int, list[int]]
OBJECTIVES = ("last_receive", "with_ack")
ALIASES = {"makespan": "last_receive"}


def objective_named(name: str) -> str:
    """The objective; PlanError for a name that is none."""
    found = ALIASES.get(name, name)
    if found not in OBJECTIVES:
        raise PlanError(
            f"objective {name!r} is unknown; {', '.join(OBJECTIVES)} are accepted",
            code="unknown_objective",
            details={"key": "objective", "found": name, "accepted": list(OBJECTIVES)},
        )
    return found


def value_ps(cost: MulticastCost, tree: Mapping[int, Sequence[int]], objective: str) -> int:
    """The last receive; `with_ack` until the root has a message from the core that received last.

    Of several cores that receive last the furthest from the root counts.
    """
    ready_ps = ready_times(cost, tree)
    last_ps = max(ready_ps)
    if objective == "last_receive":
        return last_ps
    return last_ps + max(cost.delay_ps[core][0] for core, ready in enumerate(ready_ps) if ready == last_ps)


def least_ack_ps(cost: MulticastCost) -> int:
    """What an acknowledgement takes at least."""
    return min((row[0] for row in cost.delay_ps[1:]), default=0)


def shortened_for_ack(cost: MulticastCost, tree: Tree, caps: Caps) -> Tree:
    """The best of the tree and those in which one leaf is reached last of all, at the end of some core's sends."""
    best_ps, best = value_ps(cost, tree, "with_ack"), tree
    for leaf in range(1, cost.size):
        if tree.get(leaf):
            continue
        rest = {core: [child for child in own if child != leaf] for core, own in tree.items()}
        for sender, end_ps in _ends(cost, rest, leaf):
            if end_ps + cost.delay_ps[leaf][0] >= best_ps:
                continue
            moved = {**rest, sender: [*rest.get(sender, ()), leaf]}
            moved = {core: own for core, own in moved.items() if own}
            if caps.holds_for(moved) and value_ps(cost, moved, "with_ack") < best_ps:
                best_ps, best = value_ps(cost, moved, "with_ack"), moved
    return best


def _ends(cost: MulticastCost, tree: Tree, leaf: int) -> list[tuple[int, int]]:
    """When the leaf would be ready at the end of each core's sends, where it would be the last of all."""
    ready_ps = ready_times(cost, tree)
    ready_ps[leaf] = 0
    latest_ps = max(ready_ps)
    ends = []
    for sender in range(cost.size):
        if sender != leaf:
            sent_ps = sum(cost.busy_ps[sender][child] for child in tree.get(sender, ()))
            end_ps = ready_ps[sender] + sent_ps + cost.delay_ps[sender][leaf]
            if end_ps > latest_ps:
                ends.append((sender, end_ps))
    return ends
