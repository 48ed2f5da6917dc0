"""Smelt's adaptive trees: one message to each remote package, the furthest first, then all help inside (OSDI 2016)."""

from heapq import heappop, heappush

from planner.trees.cost import MulticastCost
from planner.trees.order import best_order, parents_of, ready_times

Tree = dict[int, list[int]]


def adaptive(cost: MulticastCost) -> Tree:
    """Whenever a core is idle it sends to the most expensive core of a package without one, or of its own.

    Of another package the core that is cheapest to send to is taken instead. Packages stand for Smelt's NUMA
    nodes; a core counts as active from when a message is on its way to it.
    """
    waiting = set(range(1, cost.size))
    active = {cost.packages[0]}
    tree: Tree = {}
    idle = [(0, 0)]
    while waiting and idle:
        now_ps, sender = heappop(idle)
        receiver = _receiver(cost, sender, waiting, active)
        if receiver is None:
            continue
        waiting.remove(receiver)
        active.add(cost.packages[receiver])
        tree.setdefault(sender, []).append(receiver)
        heappush(idle, (now_ps + cost.busy_ps[sender][receiver], sender))
        heappush(idle, (now_ps + cost.delay_ps[sender][receiver], receiver))
    return tree


def _receiver(cost: MulticastCost, sender: int, waiting: set[int], active: set[int]) -> int | None:
    delay_ps, busy_ps, packages = cost.delay_ps[sender], cost.busy_ps[sender], cost.packages
    own = packages[sender]
    candidates = [core for core in waiting if packages[core] == own or packages[core] not in active]
    if not candidates:
        return None
    furthest = max(candidates, key=lambda core: (delay_ps[core], -core))
    if packages[furthest] == own:
        return furthest
    beside = [core for core in waiting if packages[core] == packages[furthest]]
    return min(beside, key=lambda core: (busy_ps[core], core))


def shuffled(cost: MulticastCost) -> Tree:
    """The adaptive tree, its last core moved under whoever reaches it sooner as long as that helps it.

    After each move the children are sorted by the height below them, and kept so if that takes no longer.
    """
    tree = _sorted_by_height(cost, adaptive(cost))
    for _ in range(cost.size**2 if cost.size > 1 else 0):
        ready_ps = ready_times(cost, tree)
        last = ready_ps.index(max(ready_ps))
        idle_ps = [
            ready + sum(cost.busy_ps[core][child] for child in tree.get(core, ()))
            for core, ready in enumerate(ready_ps)
        ]
        soonest_ps, sender = min(
            (idle_ps[core] + cost.delay_ps[core][last], core) for core in range(cost.size) if core != last
        )
        if not last or soonest_ps >= ready_ps[last]:
            break
        tree = {core: [child for child in own if child != last] for core, own in tree.items()}
        tree.setdefault(sender, []).append(last)
        tree = _sorted_by_height(cost, {core: own for core, own in tree.items() if own})
    return tree


def _sorted_by_height(cost: MulticastCost, tree: Tree) -> Tree:
    heights = _heights(cost, tree)
    ordered = {core: sorted(own, key=lambda child: -heights[child]) for core, own in tree.items()}
    return min((ordered, tree), key=lambda one: max(ready_times(cost, one)))


def _heights(cost: MulticastCost, tree: Tree) -> list[int]:
    heights = [0] * cost.size
    order = [0]
    for core in order:
        order.extend(tree.get(core, ()))
    for core in reversed(order):
        sent_ps = 0
        for child in tree.get(core, ()):
            heights[core] = max(heights[core], sent_ps + cost.delay_ps[core][child] + heights[child])
            sent_ps += cost.busy_ps[core][child]
    return heights


def reordered(cost: MulticastCost, tree: Tree) -> Tree:
    """Any tree with its children in the best order."""
    return best_order(cost, parents_of(tree, cost.size))
