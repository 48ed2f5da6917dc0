"""The named baselines among multicast trees: sequential, binomial, Barrelfish's two levels, spanning tree."""

from heapq import heappop, heappush

from planner.trees.cost import MulticastCost
from planner.trees.order import best_order

Tree = dict[int, list[int]]


def sequential(cost: MulticastCost) -> Tree:
    """The root sends to each member in turn."""
    return {0: list(range(1, cost.size))} if cost.size > 1 else {}


def binomial(cost: MulticastCost) -> Tree:
    """In round k each of the first 2^k cores sends to the one 2^k places on."""
    tree: Tree = {}
    reached = 1
    while reached < cost.size:
        for sender in range(min(reached, cost.size - reached)):
            tree.setdefault(sender, []).append(sender + reached)
        reached *= 2
    return tree


def two_level(cost: MulticastCost) -> Tree:
    """Barrelfish's: a core of each other package first, furthest first; each then serves its own package."""
    leaders: dict[int, int] = {cost.packages[0]: 0}
    for core in range(1, cost.size):
        leaders.setdefault(cost.packages[core], core)
    remote = [leader for package, leader in leaders.items() if package != cost.packages[0]]
    remote.sort(key=lambda leader: (-cost.delay_ps[0][leader], leader))
    tree: Tree = {0: remote}
    for core in range(1, cost.size):
        leader = leaders[cost.packages[core]]
        if leader != core:
            tree.setdefault(leader, []).append(core)
    return {sender: own for sender, own in tree.items() if own}


def mst(cost: MulticastCost) -> Tree:
    """The minimum spanning tree of the delays, grown from the root (Prim), in its best order."""
    parents = [-1] * cost.size
    reached = [False] * cost.size
    edges = [(0, 0, -1)]
    while edges:
        _, core, parent = heappop(edges)
        if reached[core]:
            continue
        reached[core], parents[core] = True, parent
        for other in range(cost.size):
            if not reached[other]:
                heappush(edges, (cost.delay_ps[core][other], other, core))
    return best_order(cost, parents)
