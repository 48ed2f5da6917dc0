"""A stream of messages over one channel with a window: how many may be under way before the first was received."""

from dataclasses import dataclass

from kernelsim.machine.hardware import Machine


@dataclass(frozen=True, slots=True)
class MessageStream:
    """As fast as the channel lets it. Sending and receiving exclude each other: both hold the channel's lines.

    A slot is free again when its message has been received; what the acknowledgement costs is in the occupancy.
    """

    machine: Machine
    source: int
    target: int
    window: int

    def interval_ps(self, messages: int = 1000) -> float:
        """Mean picoseconds from one receipt to the next, without the beginning and the end of the stream.

        Over whole windows, since sends and receipts come in turns of a window.
        """
        first = 2 * self.window
        last = first + max(1, messages // self.window) * self.window
        received = self.receipts_ps(last + 2 * self.window)
        return (received[last] - received[first]) / (last - first)

    def receipts_ps(self, messages: int) -> list[int]:
        """When each message has been received; the first send begins at 0."""
        send_ps = self.machine.send_ps[self.source][self.target]
        receive_ps = self.machine.receive_ps(self.source, self.target)
        flight_ps = self.machine.latency_ps[self.source][self.target] - receive_ps
        visible: list[int] = []
        received: list[int] = []
        free_ps = 0
        while len(received) < messages:
            send_from = self._may_send(len(visible), received) if len(visible) < messages else None
            receive_from = visible[len(received)] if len(visible) > len(received) else None
            if receive_from is None or (send_from is not None and send_from <= receive_from):
                assert send_from is not None
                start_ps = max(free_ps, send_from)
                visible.append(start_ps + flight_ps)
                free_ps = start_ps + send_ps
            else:
                free_ps = max(free_ps, receive_from) + receive_ps
                received.append(free_ps)
        return received

    def _may_send(self, index: int, received: list[int]) -> int | None:
        """From when on message `index` finds a free slot; None while none is known to become free."""
        before = index - self.window
        if before < 0:
            return 0
        return received[before] if before < len(received) else None
