"""Multicast trees: in which order cores pass a message on, so that the last one has it early."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.cpu_list import format_cpu_list
from planner.errors import PlanError
from planner.machine.latency import Certainty
from planner.machine.topology import Topology
from planner.matrix_text import LARGEST_VALUE
from planner.placement.matrix_problem import square
from planner.trees.bound import METHOD, lower_bound
from planner.trees.cost import DEFAULT_SEND_SHARE, MulticastCost, cost_of_matrix, cost_on_machine
from planner.trees.methods import METHODS, Tree
from planner.trees.order import ready_times
from planner.trees.package_inference import infer_packages
from planner.trees.search import improve
from planner.verify.tree import check_tree

PS_PER_NS = 1000


@dataclass(frozen=True, slots=True)
class MulticastTree:
    """Who sends to whom in which order, with the times that the cost model gives, in picoseconds.

    `members` are the cores to be reached, ascending, without the root; `ready_ps` says when each may forward.
    """

    root: int
    members: tuple[int, ...]
    sends: Mapping[int, tuple[int, ...]]
    ready_ps: Mapping[int, int]
    makespan_ps: int
    lower_bound_ps: int
    bound_method: str
    method: str
    certainty: Certainty
    revision: int
    seconds: float

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
        return {
            "root": self.root,
            "members": list(self.members),
            "sends": {str(sender): list(own) for sender, own in self.sends.items()},
            "ready": {str(core): self.ready_ps[core] / PS_PER_NS for core in self.members},
            "makespan": self.makespan_ps / PS_PER_NS,
            "unit": "ns",
            "lower_bound": self.lower_bound_ps / PS_PER_NS,
            "bound_method": self.bound_method,
            "gap": self.gap,
            "proven": self.is_proven,
            "method": self.method,
            "latency": self.certainty,
            "revision": self.revision,
            "seconds": self.seconds,
        }


def multicast(
    machine: Topology,
    root: int,
    members: Sequence[int] | None = None,
    *,
    method: str = "lookahead",
    send_share: float | None = None,
    send_floor_ns: float = 0.0,
    iterations: int = 0,
    time_limit: float | None = None,
    seed: int = 0,
) -> MulticastTree:
    """The tree by which `root` reaches `members` (all allowed cores by default; the root may be among them).

    Cost model: the receiver may forward after the one-way latency D; the sender is busy for
    G = max(floor, send share x D), the machine's own share unless given. `iterations` of local search, or as
    many as
    `time_limit` seconds hold, improve the tree; by iterations the answer is the same every time.

    Raises PlanError for a core that does not exist, a method that is none of METHODS, a share outside 0..1.
    """
    started = time.perf_counter()
    machine.core(root)
    chosen = machine.allowed_ids if members is None else members
    for member in chosen:
        machine.core(member)
    others = tuple(sorted(set(chosen) - {root}))
    cost = cost_on_machine(machine, root, others, send_share, _floor_ps(send_floor_ns))
    return _plan(cost, method, iterations, time_limit, seed, machine.revision, started)


def multicast_matrix(
    latency_ns: Sequence[Sequence[float]],
    root: int = 0,
    members: Sequence[int] | None = None,
    *,
    method: str = "lookahead",
    send_share: float = DEFAULT_SEND_SHARE,
    send_floor_ns: float = 0.0,
    iterations: int = 0,
    time_limit: float | None = None,
    seed: int = 0,
) -> MulticastTree:
    """The same without a machine: `latency_ns[i][j]` is the one-way latency from core i to core j, square."""
    started = time.perf_counter()
    size = len(square("latency", latency_ns))
    for core in (root, *(members or ())):
        if not 0 <= core < size:
            raise PlanError(
                f"core {core} is not in the matrix; its cores are {format_cpu_list(range(size))}",
                code="unknown_core",
                details={"core": core},
            )
    others = tuple(sorted(set(range(size) if members is None else members) - {root}))
    floor_ps = _floor_ps(send_floor_ns)
    cost = cost_of_matrix(latency_ns, root, others, send_share, floor_ps, infer_packages)
    return _plan(cost, method, iterations, time_limit, seed, 0, started)


def _plan(
    cost: MulticastCost,
    method: str,
    iterations: int,
    time_limit: float | None,
    seed: int,
    revision: int,
    started: float,
) -> MulticastTree:
    build = METHODS.get(method)
    if build is None:
        raise PlanError(
            f"multicast method {method!r} is unknown; {', '.join(METHODS)} are accepted",
            code="unknown_method",
            details={"found": method, "accepted": list(METHODS)},
        )
    bound_ps = lower_bound(cost).bound_ps
    tree = build(cost)
    if iterations or time_limit is not None:
        tree = improve(cost, tree, bound_ps, iterations=iterations or None, time_limit=time_limit, seed=seed)
    plan = _plan_of(cost, tree, bound_ps, method, revision, started)
    index = {core: position for position, core in enumerate(cost.cores)}
    check_tree(
        plan.root,
        plan.members,
        plan.sends,
        plan.makespan_ps,
        plan.lower_bound_ps,
        lambda a, b: (cost.delay_ps[index[a]][index[b]], cost.busy_ps[index[a]][index[b]]),
    )
    return plan


def _plan_of(
    cost: MulticastCost, tree: Tree, bound_ps: int, method: str, revision: int, started: float
) -> MulticastTree:
    ready_ps = ready_times(cost, tree)
    cores = cost.cores
    return MulticastTree(
        root=cores[0],
        members=tuple(sorted(cores[1:])),
        sends={cores[sender]: tuple(cores[child] for child in own) for sender, own in sorted(tree.items())},
        ready_ps={core: ready_ps[index] for index, core in enumerate(cores)},
        makespan_ps=max(ready_ps),
        lower_bound_ps=bound_ps,
        bound_method=METHOD,
        method=method,
        certainty=cost.certainty,
        revision=revision,
        seconds=time.perf_counter() - started,
    )


def _floor_ps(send_floor_ns: float) -> int:
    if not 0 <= send_floor_ns <= LARGEST_VALUE:
        raise PlanError(
            f"the send floor is {send_floor_ns} ns; a number from 0 to 1e12 is accepted",
            code="bad_send_floor",
            details={"found": str(send_floor_ns)},
        )
    return round(send_floor_ns * PS_PER_NS)
