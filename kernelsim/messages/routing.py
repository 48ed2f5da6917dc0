"""Messages between monitors over several hops: far fewer channels than the full mesh, at the price of latency."""

from collections.abc import Sequence
from itertools import pairwise

from kernelsim.machine.hardware import Machine


class Routing:
    """The first core of each package is its router. Cores of a package have channels to each other, routers too.

    Every hop costs its receipt and the next send, on a core that polls (dissertation, section 2.5.4: an alternative to
    the n(n-1) channels of the full mesh).
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._router: dict[object, int] = {}
        for core in range(machine.cores):
            self._router.setdefault(machine.package[core], core)

    def path(self, source: int, target: int) -> tuple[int, ...]:
        """The cores that a message visits, both ends included; a message to oneself visits one."""
        package = self._machine.package
        if package[source] == package[target]:
            hops: Sequence[int] = (source, target)
        else:
            hops = (source, self._router[package[source]], self._router[package[target]], target)
        return tuple(hop for index, hop in enumerate(hops) if index == 0 or hop != hops[index - 1])

    def channels(self) -> int:
        """One-way channels that have to be there."""
        sizes: dict[object, int] = {}
        for package in self._machine.package:
            sizes[package] = sizes.get(package, 0) + 1
        routers = len(sizes)
        return sum(size * (size - 1) for size in sizes.values()) + routers * (routers - 1)

    def latency_ps(self, source: int, target: int) -> int:
        """From the start of the first send to the end of the last receipt, where nobody else is in the way."""
        path = self.path(source, target)
        return sum(self._machine.latency_ps[a][b] + self._machine.receive_ps(a, b) for a, b in pairwise(path))


def mesh_channels(cores: int) -> int:
    """One-way channels of the full mesh."""
    return cores * (cores - 1)
