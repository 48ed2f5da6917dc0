"""UMP: one direction of a message channel between two cores, in order, with a latency and an occupancy."""

from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.trace import Message, Trace


class UmpChannel:
    """Messages of a cache line each. The sender is busy for `send_ps`, the receiver for `receive_ps`; between
    the start of the send and the moment at which the receiver can see the message lies `latency_ps` (Table
    2.5).
    """

    __slots__ = (
        "_last_arrival_ps",
        "_trace",
        "latency_ps",
        "receive_ps",
        "send_ps",
        "sent",
        "source",
        "target",
    )

    def __init__(self, machine: Machine, source: int, target: int, trace: Trace) -> None:
        self.source = source
        self.target = target
        self.latency_ps = machine.latency_ps[source][target]
        self.send_ps = machine.send_ps[source][target]
        self.receive_ps = machine.receive_ps(source, target)
        if min(self.latency_ps, self.send_ps, self.receive_ps) < 0:
            raise ScenarioError(
                "bad_machine",
                f"a message from core {source} to {target} that takes {self.latency_ps} ps, {self.send_ps} ps of the "
                f"sender and {self.receive_ps} ps of the receiver; accepted: times from 0 on",
                core=source,
            )
        self.sent = 0
        self._last_arrival_ps = -1
        self._trace = trace

    def send(self, start_ps: int, kind: str) -> int:
        """A message whose send begins at `start_ps`; returns when the receiver can see it, never before an
        earlier one.
        """
        return self.land(start_ps, start_ps + self.latency_ps, kind)

    def land(self, start_ps: int, arrival: int, kind: str) -> int:
        """A message that comes at `arrival`; returns when the receiver can see it, never before an earlier one."""
        if arrival <= self._last_arrival_ps:
            arrival = self._last_arrival_ps + 1
        self._last_arrival_ps = arrival
        self.sent += 1
        self._trace.messages.append(Message(start_ps, arrival, self.source, self.target, kind))
        return arrival
