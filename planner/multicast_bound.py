"""A lower bound of any multicast's completion, by counting who can have been reached at any time."""

from heapq import heapify, heappop, heappush, heapreplace
from itertools import accumulate

from planner.multicast_cost import MulticastCost

METHOD = (
    "counting: cores informed by any time, each sending as fast as the fastest, none before its shortest path"
)


def lower_bound_ps(cost: MulticastCost) -> int:
    """Every broadcast from the root takes at least this long.

    Relaxation: whoever is informed k-th becomes a sender that is as fast as the fastest core for each number
    of its sends; it is informed no sooner than the k-th nearest core's shortest path. By induction over k no
    real broadcast informs its k-th core earlier. O(n^2 log n).
    """
    if cost.size == 1:
        return 0
    reach_ps = sorted(shortest_paths(cost))
    universal = universal_sends(cost)
    own = send_profile(cost, 0)
    pending: list[tuple[int, int, int, bool]] = [(own[0], 0, 0, True)]
    informed_ps = 0
    for rank in range(1, cost.size):
        arrival_ps, start_ps, sends, is_root = pending[0]
        informed_ps = max(informed_ps, arrival_ps, reach_ps[rank])
        profile = own if is_root else universal
        if sends + 1 < len(profile):
            following = start_ps + profile[sends + 1]
            heapreplace(pending, (following, start_ps, sends + 1, is_root))
        else:
            heappop(pending)
        heappush(pending, (informed_ps + universal[0], informed_ps, 0, False))
    return informed_ps


def shortest_paths(cost: MulticastCost) -> list[int]:
    """Delay along the quickest chain of forwards from the root to each core, senders never busy."""
    best = [-1] * cost.size
    queue = [(0, 0)]
    heapify(queue)
    while queue:
        reached_ps, core = heappop(queue)
        if best[core] >= 0:
            continue
        best[core] = reached_ps
        for other, delay_ps in enumerate(cost.delay_ps[core]):
            if best[other] < 0:
                heappush(queue, (reached_ps + delay_ps, other))
    return best


def send_profile(cost: MulticastCost, sender: int) -> list[int]:
    """Least time in which this core can complete 1, 2, ... sends.

    Of k sends the last starts after the other k - 1: at least the k smallest G, plus the least D - G, and the
    k-th smallest D.
    """
    receivers = [core for core in range(1, cost.size) if core != sender]
    busy, delay = cost.busy_ps[sender], cost.delay_ps[sender]
    flight_ps = min(delay[core] - busy[core] for core in receivers)
    sums = accumulate(sorted(busy[core] for core in receivers))
    slowest = sorted(delay[core] for core in receivers)
    return [max(total + flight_ps, least) for total, least in zip(sums, slowest, strict=True)]


def universal_sends(cost: MulticastCost) -> list[int]:
    """The fastest core's time for each number of sends; one core may lead for few, another for many."""
    senders = list(range(1, cost.size)) if cost.size > 2 else [0]
    profiles = [send_profile(cost, core) for core in senders]
    return [min(column) for column in zip(*profiles, strict=False)]
