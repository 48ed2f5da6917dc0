"""Who tells whom: unicast from one core, and multicast to one core of each package that forwards within it."""

from collections.abc import Callable, Sequence

from kernelsim.machine.hardware import Machine


def unicast(root: int, members: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The root tells every other member itself, in their order."""
    return {root: tuple(core for core in members if core != root)}


def by_package(machine: Machine, root: int, members: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The first member of each package is told by the root and tells the others; the root tells its own package
    last.
    """
    return _two_levels(machine, root, members, lambda core: 0)


def farthest_first(machine: Machine, root: int, members: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """`by_package`, but the packages with the highest latency are told first (SOSP 2009's NUMA-aware order)."""
    return _two_levels(machine, root, members, lambda core: -machine.latency_ps[root][core])


def _two_levels(
    machine: Machine, root: int, members: Sequence[int], rank: Callable[[int], int]
) -> dict[int, tuple[int, ...]]:
    packages: dict[object, list[int]] = {}
    for core in members:
        if core != root:
            packages.setdefault(machine.package[core], []).append(core)
    own = packages.pop(machine.package[root], [])
    heads = sorted((cores[0] for cores in packages.values()), key=rank)
    sends = {root: (*heads, *own)}
    for cores in packages.values():
        if len(cores) > 1:
            sends[cores[0]] = tuple(cores[1:])
    return sends
