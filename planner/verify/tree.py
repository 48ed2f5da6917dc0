"""Checks of multicast trees: everyone is reached once, at the times that the cost model gives."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from planner.verify.errors import ViolationError

CostPs = Callable[[int, int], tuple[int, int]]
"""Delay and sender's busy time of a message from one core to another."""


class Tree(Protocol):
    """What a multicast tree claims; see `planner.trees.answer.MulticastTree`."""

    @property
    def root(self) -> int: ...
    @property
    def members(self) -> Sequence[int]: ...
    @property
    def sends(self) -> Mapping[int, Sequence[int]]: ...
    @property
    def ready_ps(self) -> Mapping[int, int]: ...
    @property
    def critical_path(self) -> Sequence[int]: ...
    @property
    def objective(self) -> str: ...
    @property
    def makespan_ps(self) -> int: ...
    @property
    def lower_bound_ps(self) -> int: ...


def check_tree(tree: Tree, cost_ps: CostPs, max_fanout: int | None = None, max_depth: int | None = None) -> None:
    """Raises ViolationError naming what does not hold."""
    arrivals = simulate(tree.root, tree.sends, cost_ps)
    missing = sorted(set(tree.members) - set(arrivals))
    if missing:
        raise ViolationError(f"the tree from {tree.root} does not reach {missing}")
    strangers = sorted(set(arrivals) - set(tree.members) - {tree.root})
    if strangers:
        raise ViolationError(f"the tree from {tree.root} reaches {strangers}, which nobody asked for")
    if arrivals != dict(tree.ready_ps):
        raise ViolationError(f"the cores are ready at {arrivals}, {dict(tree.ready_ps)} was claimed")
    _check_path(tree, arrivals)
    _check_caps(tree, max_fanout, max_depth)
    last_ps = max(arrivals.values())
    takes_ps = last_ps
    if tree.objective == "with_ack":
        takes_ps += max(cost_ps(core, tree.root)[0] for core, ready in arrivals.items() if ready == last_ps)
    if takes_ps != tree.makespan_ps:
        raise ViolationError(f"the tree takes {takes_ps} ps, {tree.makespan_ps} were claimed")
    if tree.lower_bound_ps > tree.makespan_ps:
        raise ViolationError(f"the bound of {tree.lower_bound_ps} ps lies above the tree's {tree.makespan_ps} ps")


def _check_path(tree: Tree, arrivals: Mapping[int, int]) -> None:
    path = tree.critical_path
    edges = pairwise(path)
    leads = bool(path) and path[0] == tree.root and all(core in tree.sends.get(sender, ()) for sender, core in edges)
    if not leads or arrivals[path[-1]] != max(arrivals.values()):
        raise ViolationError(f"the critical path {list(path)} does not lead from {tree.root} to a core ready last")


def _check_caps(tree: Tree, max_fanout: int | None, max_depth: int | None) -> None:
    for sender, own in tree.sends.items():
        if max_fanout is not None and len(own) > max_fanout:
            raise ViolationError(f"core {sender} sends to {len(own)} cores, {max_fanout} are allowed")
    level, depth = [tree.root], 0
    while level := [core for sender in level for core in tree.sends.get(sender, ())]:
        depth += 1
    if max_depth is not None and depth > max_depth:
        raise ViolationError(f"a core is {depth} forwards from the root, {max_depth} are allowed")


def simulate(root: int, sends: Mapping[int, Sequence[int]], cost_ps: CostPs) -> dict[int, int]:
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
