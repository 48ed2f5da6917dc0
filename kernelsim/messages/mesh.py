"""The channels between monitors: a full mesh, each made when it is first used."""

from kernelsim.machine.hardware import Machine
from kernelsim.machine.interconnect import Network
from kernelsim.messages.ump import UmpChannel
from kernelsim.trace import Trace


class Mesh:
    """`channel(a, b)` is the channel from a's monitor to b's; where there is a `network`, messages share its links."""

    def __init__(self, machine: Machine, trace: Trace, network: Network | None = None) -> None:
        self.network = network
        self._machine = machine
        self._trace = trace
        self._channels: dict[tuple[int, int], UmpChannel] = {}

    def channel(self, source: int, target: int) -> UmpChannel:
        """The channel in one direction."""
        key = (source, target)
        found = self._channels.get(key)
        if found is None:
            found = self._channels[key] = UmpChannel(self._machine, source, target, self._trace)
        return found

    @property
    def sent(self) -> int:
        """Messages sent over all channels."""
        return sum(channel.sent for channel in self._channels.values())
