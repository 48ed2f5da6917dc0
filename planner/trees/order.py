"""The best sending order of a fixed tree, with the time at which each core is ready."""

from collections.abc import Mapping, Sequence

from planner.trees.cost import MulticastCost

Children = Mapping[int, Sequence[int]]
"""Children of each sending core, in sending order; cores by their index in the cost, the root is 0."""


def best_order(cost: MulticastCost, parents: Sequence[int]) -> dict[int, list[int]]:
    """Jackson's rule (1||Lmax): longest D - G + height first. `parents[i]` is the parent of core i, -1 for
    the root.

    Ties go to the lower index, so the order is the same everywhere.
    """
    children: dict[int, list[int]] = {}
    for child, parent in enumerate(parents):
        if parent >= 0:
            children.setdefault(parent, []).append(child)
    height_ps = [0] * cost.size
    for sender in reversed(_top_down(children)):
        own = children.get(sender)
        if not own:
            continue
        delay, busy = cost.delay_ps[sender], cost.busy_ps[sender]
        own.sort(key=lambda child: (busy[child] - delay[child] - height_ps[child], child))
        sent_ps = 0
        for child in own:
            height_ps[sender] = max(height_ps[sender], sent_ps + delay[child] + height_ps[child])
            sent_ps += busy[child]
    return children


def ready_times(cost: MulticastCost, children: Children) -> list[int]:
    """When each core may forward, ps after the root starts."""
    ready_ps = [0] * cost.size
    for sender in _top_down(children):
        sent_ps = ready_ps[sender]
        for child in children.get(sender, ()):
            ready_ps[child] = sent_ps + cost.delay_ps[sender][child]
            sent_ps += cost.busy_ps[sender][child]
    return ready_ps


def parents_of(children: Children, size: int) -> list[int]:
    parents = [-1] * size
    for sender, own in children.items():
        for child in own:
            parents[child] = sender
    return parents


def _top_down(children: Children) -> list[int]:
    order = [0]
    for sender in order:
        order.extend(children.get(sender, ()))
    return order
