"""Multicast trees: in which order cores pass a message on, so that the last one has it early."""

import time
from collections.abc import Mapping, Sequence

from planner.cpu_list import format_cpu_list
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.matrix_text import LARGEST_VALUE
from planner.trees.answer import PS_PER_NS, MulticastTree, answer_of
from planner.trees.caps import caps_of
from planner.trees.cost import MulticastCost, Rows, cost_of_matrices, cost_on_machine, size_of_matrices
from planner.trees.objective import objective_named
from planner.trees.package_inference import infer_packages
from planner.trees.search.repair import Sends, changes_of, root_of
from planner.trees.solve import BEST, REPAIR, Search, choose_root, find_tree, repair_tree

CHOOSE = "choose"


def multicast(
    machine: Topology,
    root: int | str = CHOOSE,
    members: Sequence[int] | None = None,
    *,
    method: str = BEST,
    objective: str = "last_receive",
    send_share: float | None = None,
    send_floor_ns: float = 0.0,
    max_fanout: int | None = None,
    max_depth: int | None = None,
    iterations: int | None = None,
    time_limit: float | None = None,
    seed: int = 0,
    previous: Sends | None = None,
) -> MulticastTree:
    """The tree by which `root` reaches `members` (all allowed cores by default; the root may be among them).

    Root "choose" takes the member from which it takes least. Cost model: the receiver may forward after the
    one-way latency D; the sender is busy for G = max(floor, send share x D), the machine's own share unless given.
    Method "best" proves small groups and searches larger ones for `time_limit` seconds, or for so many
    `iterations` that give the same answer every time; the others are built as they are named. With a `previous`
    tree of the same root (its `sends`) only those move who lost their sender or joined, and whoever a search, if
    one is asked for, finds a better place for.

    Raises PlanError for a core that does not exist, an unknown method or objective, a share outside 0..1, and
    caps (receivers of one core, forwards on one path) within which no tree reaches the members.
    """
    started = time.perf_counter()
    root = root if previous is None or root != CHOOSE else root_of(previous)
    chosen = machine.allowed_ids if members is None else members
    for core in (*_rooted(root), *chosen):
        machine.core(core)
    first, others = _group(root, chosen)
    caps = caps_of(max_fanout, max_depth, len(others))
    search = Search(method, objective_named(objective), caps, iterations, time_limit, seed)
    cost = cost_on_machine(machine, first, others, send_share, floor_ps_of(send_floor_ns))
    return _answer(cost, search, root, previous, machine.revision, started)


def multicast_matrix(
    latency_ns: Rows | Mapping[str, Rows],
    root: int | str = 0,
    members: Sequence[int] | None = None,
    *,
    method: str = BEST,
    objective: str = "last_receive",
    send_share: float | None = None,
    send_floor_ns: float = 0.0,
    max_fanout: int | None = None,
    max_depth: int | None = None,
    iterations: int | None = None,
    time_limit: float | None = None,
    seed: int = 0,
    previous: Sends | None = None,
) -> MulticastTree:
    """The same without a machine: `latency_ns[i][j]` is the one-way latency from core i to core j, square.

    A mapping gives matrices by name instead: `delay` and `busy`, or `send`, `receive` and perhaps `propagation`.
    Packages are inferred from the delays.
    """
    started = time.perf_counter()
    root = root if previous is None or root != CHOOSE else root_of(previous)
    matrices = matrices_of(latency_ns)
    size = size_of_matrices(matrices, send_share)
    chosen = range(size) if members is None else members
    check_cores((*_rooted(root), *chosen), size)
    first, others = _group(root, chosen)
    caps = caps_of(max_fanout, max_depth, len(others))
    search = Search(method, objective_named(objective), caps, iterations, time_limit, seed)
    cost = cost_of_matrices(matrices, first, others, send_share, floor_ps_of(send_floor_ns), infer_packages)
    return _answer(cost, search, root, previous, 0, started)


def matrices_of(latency_ns: Rows | Mapping[str, Rows]) -> Mapping[str, Rows]:
    return latency_ns if isinstance(latency_ns, Mapping) else {"latency": latency_ns}


def check_cores(cores: Sequence[int], size: int) -> None:
    """Raises PlanError for a core that a matrix of this size does not have."""
    for core in cores:
        if not 0 <= core < size:
            raise PlanError(
                f"core {core} is not in the matrix; its cores are {format_cpu_list(range(size))}",
                code="unknown_core",
                details={"core": core},
            )


def floor_ps_of(send_floor_ns: float) -> int:
    if not 0 <= send_floor_ns <= LARGEST_VALUE:
        raise PlanError(
            f"the send floor is {send_floor_ns} ns; a number from 0 to 1e12 is accepted",
            code="bad_send_floor",
            details={"key": "send_floor_ns", "found": str(send_floor_ns)},
        )
    return round(send_floor_ns * PS_PER_NS)


def _answer(
    cost: MulticastCost, search: Search, root: int | str, previous: Sends | None, revision: int, started: float
) -> MulticastTree:
    if previous is None:
        found = choose_root(cost, search) if root == CHOOSE else find_tree(cost, search)
        return answer_of(found, search, search.method, revision, started)
    found = repair_tree(cost, previous, search)
    sends = {cost.cores[sender]: [cost.cores[child] for child in own] for sender, own in found.tree.items()}
    changes = changes_of(previous, sends, cost.cores[1:])
    return answer_of(found, search, REPAIR, revision, started, changes)


def _rooted(root: int | str) -> tuple[int, ...]:
    if isinstance(root, str):
        if root != CHOOSE:
            raise PlanError(
                f"the root is {root!r}; a core's number or {CHOOSE!r} is accepted",
                code="bad_root",
                details={"key": "root", "found": root},
            )
        return ()
    return (root,)


def _group(root: int | str, chosen: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """The root and the others, ascending; the lowest core stands in where the root is to be chosen."""
    everyone = sorted({*chosen, *_rooted(root)})
    if not everyone:
        raise PlanError("there is no member; at least one is accepted", code="no_members", details={"key": "members"})
    first = everyone[0] if isinstance(root, str) else root
    return first, tuple(core for core in everyone if core != first)
