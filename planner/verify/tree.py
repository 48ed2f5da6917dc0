"""Checks of multicast trees: everyone is reached once, at the times that the cost model gives."""

from collections.abc import Callable, Mapping, Sequence

from planner.verify.errors import ViolationError


def check_tree(
    root: int,
    members: Sequence[int],
    sends: Mapping[int, Sequence[int]],
    makespan_ps: int,
    lower_bound_ps: int,
    cost_ps: Callable[[int, int], tuple[int, int]],
) -> None:
    """`cost_ps(a, b)` gives delay and sender's busy time. Raises ViolationError naming what does not hold."""
    arrivals = simulate(root, sends, cost_ps)
    missing = sorted(set(members) - set(arrivals))
    if missing:
        raise ViolationError(f"the tree from {root} does not reach {missing}")
    strangers = sorted(set(arrivals) - set(members) - {root})
    if strangers:
        raise ViolationError(f"the tree from {root} reaches {strangers}, which nobody asked for")
    if max(arrivals.values()) != makespan_ps:
        raise ViolationError(f"the tree takes {max(arrivals.values())} ps, {makespan_ps} were claimed")
    if lower_bound_ps > makespan_ps:
        raise ViolationError(f"the bound of {lower_bound_ps} ps lies above the tree's {makespan_ps} ps")


def simulate(
    root: int, sends: Mapping[int, Sequence[int]], cost_ps: Callable[[int, int], tuple[int, int]]
) -> dict[int, int]:
    """When each core has the message, by following the sends one after the other."""
    arrivals = {root: 0}
    active = [root]
    while active:
        sender = active.pop()
        clock_ps = arrivals[sender]
        for receiver in sends.get(sender, ()):
            if receiver in arrivals:
                raise ViolationError(f"core {receiver} is reached twice")
            delay_ps, busy_ps = cost_ps(sender, receiver)
            arrivals[receiver] = clock_ps + delay_ps
            clock_ps += busy_ps
            active.append(receiver)
    return arrivals
