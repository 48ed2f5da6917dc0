"""Messages that many polling cores send at once, each straight to its target or over cores that pass it on."""

from collections.abc import Callable, Sequence
from functools import partial

from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.messages.mesh import Mesh
from kernelsim.system.speaker import Poller
from kernelsim.trace import Trace

Path = Callable[[int, int], Sequence[int]]
"""The cores that a message from one to another visits, both ends included."""

END_PS = 1 << 62


def delivered_ps(machine: Machine, sends: Sequence[tuple[int, int]], path: Path) -> tuple[int, ...]:
    """For each of `sends` (source, target), in order, when its target has received it; all are sent at time 0.

    A core is busy for each send and each receipt, one after the other; a hop on the way costs both.
    """
    engine, mesh = Engine(), Mesh(machine, Trace())
    pollers = [Poller(core, engine, machine, mesh) for core in range(machine.cores)]
    done = [0] * len(sends)

    def at_hop(number: int, way: Sequence[int], hop: int) -> None:
        if hop + 1 == len(way):
            done[number] = engine.now
        else:
            pollers[way[hop]].send(pollers[way[hop + 1]], "message", partial(at_hop, number, way, hop + 1))

    for number, (source, target) in enumerate(sends):
        at_hop(number, path(source, target), 0)
    engine.run(END_PS)
    return tuple(done)
