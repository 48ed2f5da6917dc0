"""A multicast tree as an answer: who sends to whom, when each core is ready, and what no tree can beat."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.cpu_list import format_cpu_list
from planner.machine.latency import Certainty
from planner.trees.order import ready_times
from planner.trees.search import exact
from planner.trees.search.repair import Changes
from planner.trees.solve import Found, Search
from planner.verify.tree import check_tree
from planner.verify.tree_bound import check_counting, check_optimum

PS_PER_NS = 1000
MOST_RECOUNTED = 32
MOST_TRIED = 7
"""Up to so many cores the bound is checked with every answer; the check is slow on purpose."""


@dataclass(frozen=True, slots=True)
class MulticastTree:
    """Who sends to whom in which order, with the times that the cost model gives, in picoseconds.

    `members` are the cores to be reached, ascending, without the root; `ready_ps` says when each may forward.
    `makespan_ps` is the objective's value, `last_receive_ps` when the last member is ready. `critical_path` leads
    from the root to that member. `bound_levels` are the partitions that a counting bound rests on, finest first.
    """

    root: int
    members: tuple[int, ...]
    sends: Mapping[int, tuple[int, ...]]
    ready_ps: Mapping[int, int]
    objective: str
    makespan_ps: int
    last_receive_ps: int
    critical_path: tuple[int, ...]
    lower_bound_ps: int
    bound_method: str
    bound_levels: tuple[tuple[tuple[int, ...], ...], ...]
    method: str
    certainty: Certainty
    revision: int
    seconds: float
    changes: Changes | None = None

    @property
    def is_proven(self) -> bool:
        """Whether no tree can be faster under this cost model."""
        return self.makespan_ps <= self.lower_bound_ps

    @property
    def gap(self) -> float:
        """How far the bound lies below, as a part of the makespan."""
        return (self.makespan_ps - self.lower_bound_ps) / self.makespan_ps if self.makespan_ps else 0.0

    @property
    def parents(self) -> dict[int, int]:
        return {child: sender for sender, own in self.sends.items() for child in own}

    def to_json(self) -> dict[str, Any]:
        told = {
            "root": self.root,
            "members": list(self.members),
            "sends": {str(sender): list(own) for sender, own in self.sends.items()},
            "ready": {str(core): self.ready_ps[core] / PS_PER_NS for core in self.members},
            "objective": self.objective,
            "makespan": self.makespan_ps / PS_PER_NS,
            "last_receive": self.last_receive_ps / PS_PER_NS,
            "critical_path": list(self.critical_path),
            "unit": "ns",
            "lower_bound": self.lower_bound_ps / PS_PER_NS,
            "bound_method": self.bound_method,
            "bound_levels": [[format_cpu_list(group) for group in level] for level in self.bound_levels],
            "gap": self.gap,
            "proven": self.is_proven,
            "method": self.method,
            "latency": self.certainty,
            "revision": self.revision,
            "seconds": self.seconds,
        }
        return told if self.changes is None else {**told, "changes": self.changes.to_json()}


def answer_of(
    found: Found, search: Search, method: str, revision: int, started: float, changes: Changes | None = None
) -> MulticastTree:
    """The tree by the cores' own numbers, followed send by send by a checker before it is handed out."""
    cost, cores = found.cost, found.cost.cores
    ready_ps = ready_times(cost, found.tree)
    plan = MulticastTree(
        root=cores[0],
        members=tuple(sorted(cores[1:])),
        sends={cores[sender]: tuple(cores[child] for child in own) for sender, own in sorted(found.tree.items())},
        ready_ps={core: ready_ps[index] for index, core in enumerate(cores)},
        objective=search.objective,
        makespan_ps=found.value_ps,
        last_receive_ps=max(ready_ps),
        critical_path=tuple(cores[index] for index in _path_to_last(found, ready_ps)),
        lower_bound_ps=found.bound_ps,
        bound_method=found.bound_method,
        bound_levels=tuple(
            tuple(tuple(sorted(cores[index] for index in group)) for group in level) for level in found.bound.levels[1:]
        ),
        method=method,
        certainty=cost.certainty,
        revision=revision,
        seconds=time.perf_counter() - started,
        changes=changes,
    )
    _check(plan, found, search)
    return plan


def _check(plan: MulticastTree, found: Found, search: Search) -> None:
    """By code that shares nothing with what made the answer; the bounds of large groups are left to who asks."""
    cost, caps = found.cost, search.caps
    index = {core: position for position, core in enumerate(cost.cores)}
    check_tree(
        plan,
        lambda a, b: (cost.delay_ps[index[a]][index[b]], cost.busy_ps[index[a]][index[b]]),
        caps.fanout,
        caps.depth,
    )
    bound = found.bound
    if found.bound_method == exact.METHOD:
        if cost.size <= MOST_TRIED and caps.is_free and found.is_rooted:
            check_optimum(cost.delay_ps, cost.busy_ps, plan.last_receive_ps if plan.is_proven else 0)
    elif cost.size <= MOST_RECOUNTED:
        check_counting(
            cost.delay_ps, cost.busy_ps, bound.levels[1:], caps.fanout, bound.bound_ps, is_rooted=found.is_rooted
        )


def _path_to_last(found: Found, ready_ps: Sequence[int]) -> list[int]:
    parents = {child: sender for sender, own in found.tree.items() for child in own}
    path = [list(ready_ps).index(max(ready_ps))]
    while path[-1] in parents:
        path.append(parents[path[-1]])
    return path[::-1]
