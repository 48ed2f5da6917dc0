"""The finding of one multicast tree: seeds, proof of a small one, search of a large one, bound."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from planner.errors import PlanError
from planner.trees import bound as counting
from planner.trees.bound import Bound, lower_bound, most_below
from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost
from planner.trees.objective import least_ack_ps, shortened_for_ack, value_ps
from planner.trees.order import ready_times
from planner.trees.search import exact
from planner.trees.search.annealing import improve
from planner.trees.search.repair import Sends, repaired
from planner.trees.seeds.adaptive import adaptive, reordered, shuffled
from planner.trees.seeds.baselines import binomial, mst, sequential, two_level
from planner.trees.seeds.lookahead import lookahead

Tree = dict[int, list[int]]
BEST = "best"
EXACT = "exact"
REPAIR = "repair"

BASELINES: dict[str, Callable[[MulticastCost], Tree]] = {
    "two-level": two_level,
    "sequential": sequential,
    "binomial": binomial,
    "mst": mst,
    "adaptive": adaptive,
    "adaptive-shuffle-sort": shuffled,
}
METHODS = (BEST, EXACT, "lookahead", *BASELINES)

DEFAULT_ITERATIONS = 100_000
SECONDS_FOR_PROOF = 2.0
"""For a proof where no time limit is given; part of the limit otherwise."""
SHARE_FOR_PROOF = 0.6
LARGE = 300
"""Above this many cores the search starts from the lookahead tree alone."""
MOST_ROOTS = 8
"""So many of the roots that may be chosen are tried in earnest."""


@dataclass(frozen=True, slots=True)
class Search:
    """How a tree is to be found; `time_limit` in seconds from the search's start."""

    method: str
    objective: str
    caps: Caps
    iterations: int | None
    time_limit: float | None
    seed: int

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise PlanError(
                f"multicast method {self.method!r} is unknown; {', '.join(METHODS)} are accepted",
                code="unknown_method",
                details={"key": "method", "found": self.method, "accepted": list(METHODS)},
            )
        for name, value in (("iterations", self.iterations), ("time_limit", self.time_limit)):
            if value is not None and not 0 <= value < float("inf"):
                raise PlanError(
                    f"{name} is {value}; a finite number from 0 is accepted",
                    code="bad_limit",
                    details={"key": name, "found": str(value)},
                )

    @property
    def seconds_for_proof(self) -> float:
        if self.method == EXACT:
            return float("inf")
        return SECONDS_FOR_PROOF if self.time_limit is None else SHARE_FOR_PROOF * self.time_limit


@dataclass(frozen=True, slots=True)
class Found:
    """A tree by indices of the cost, with a bound of its objective; `bound` is the counting that it may rest on."""

    cost: MulticastCost
    tree: Tree
    value_ps: int
    bound_ps: int
    bound_method: str
    bound: Bound
    is_rooted: bool = True


def find_tree(cost: MulticastCost, search: Search) -> Found:
    """The tree from the cost's root. PlanError where a named method cannot keep the caps or the size."""
    bound = lower_bound(cost, search.caps.fanout)
    started = time.perf_counter()
    if search.method == "lookahead":
        return _found(cost, lookahead(cost, search.caps), search, bound)
    if search.method in BASELINES:
        tree = BASELINES[search.method](cost)
        if not search.caps.holds_for(tree):
            raise _no_method(search, f"its tree does not keep to {search.caps}")
        return _found(cost, tree, search, bound)
    tree = _start(cost, search)
    if _last_ps(cost, tree) > bound.bound_ps:
        if exact.seconds_needed(cost.size, search.caps) <= search.seconds_for_proof:
            return _proven(cost, tree, search, bound)
        if search.method == EXACT:
            raise _no_method(search, f"the group has {cost.size} cores; up to {exact.MOST_CORES} are accepted")
        tree = _searched(cost, tree, search, bound.bound_ps, started)
    return _found(cost, tree, search, bound)


def choose_root(cost: MulticastCost, search: Search) -> Found:
    """The best of all roots by a small group's proof, of the most central ones otherwise; the bound is any root's."""
    by_centre = sorted(range(cost.size), key=lambda core: (int(cost.delay[core].sum()), core))
    seconds = exact.seconds_needed(cost.size, search.caps) * cost.size
    if search.method in (BEST, EXACT) and seconds <= search.seconds_for_proof:
        found = [find_tree(cost.from_root(core), search) for core in by_centre]
        best = min(found, key=lambda one: one.value_ps)
        least = min(found, key=lambda one: one.bound_ps)
        return Found(
            best.cost, best.tree, best.value_ps, least.bound_ps, exact.METHOD, Bound(least.bound_ps, ()), False
        )
    if search.method == EXACT:
        raise _no_method(search, f"{cost.size} roots are to be tried; fewer cores or a longer time are accepted")
    quick = Search(search.method if search.method in BASELINES else "lookahead", search.objective, search.caps, 0, 0, 0)
    roots = by_centre[: MOST_ROOTS if cost.size <= LARGE else 1]
    best = min((find_tree(cost.from_root(core), quick) for core in roots), key=lambda one: one.value_ps)
    if search.method == BEST:
        best = find_tree(best.cost, search)
    bound = lower_bound(best.cost, search.caps.fanout, is_rooted=False)
    return replace(_found(best.cost, best.tree, search, bound), is_rooted=False)


def repair_tree(cost: MulticastCost, previous: Sends, search: Search) -> Found:
    """The previous tree for the members that there are now, searched further only where a limit is given."""
    bound = lower_bound(cost, search.caps.fanout)
    started = time.perf_counter()
    tree = repaired(cost, previous, search.caps)
    if not search.caps.holds_for(tree):
        tree = lookahead(cost, search.caps)
    if search.iterations or search.time_limit:
        tree = _searched(cost, tree, search, bound.bound_ps, started)
    return _found(cost, tree, search, bound)


def _start(cost: MulticastCost, search: Search) -> Tree:
    trees = [lookahead(cost, search.caps)]
    if cost.size <= LARGE:
        others = (reordered(cost, shuffled(cost)), reordered(cost, two_level(cost)))
        trees += [tree for tree in others if search.caps.holds_for(tree)]
    return min(trees, key=lambda tree: _last_ps(cost, tree))


def _searched(cost: MulticastCost, tree: Tree, search: Search, bound_ps: int, started: float) -> Tree:
    iterations, time_limit = search.iterations, search.time_limit
    if not iterations and time_limit is None:
        iterations = DEFAULT_ITERATIONS
    if time_limit is not None:
        time_limit = max(0.0, time_limit - (time.perf_counter() - started))
    return improve(
        cost,
        tree,
        bound_ps,
        caps=search.caps,
        iterations=iterations or None,
        time_limit=time_limit,
        seed=search.seed,
    )


def _proven(cost: MulticastCost, tree: Tree, search: Search, bound: Bound) -> Found:
    below = most_below(cost, _last_ps(cost, tree), search.caps.fanout)
    tree = exact.best_tree(cost, search.caps, below)
    return _found(cost, tree, search, bound, _last_ps(cost, tree))


def _found(cost: MulticastCost, tree: Tree, search: Search, bound: Bound, proven_ps: int | None = None) -> Found:
    """`proven_ps` is the least last receive of all trees, where that is known."""
    bound_ps = bound.bound_ps if proven_ps is None else proven_ps
    if search.objective == "with_ack":
        bound_ps += least_ack_ps(cost)
        if search.method in (BEST, EXACT):
            tree = shortened_for_ack(cost, tree, search.caps)
    method = counting.METHOD if proven_ps is None else exact.METHOD
    return Found(cost, tree, value_ps(cost, tree, search.objective), bound_ps, method, bound)


def _last_ps(cost: MulticastCost, tree: Tree) -> int:
    return max(ready_times(cost, tree))


def _no_method(search: Search, reason: str) -> PlanError:
    return PlanError(
        f"method {search.method!r} does not do: {reason}; method {BEST!r} is accepted",
        code="method_not_possible",
        details={"key": "method", "found": search.method, "accepted": BEST},
    )
