"""Clients that ask one server core to update its data, each waiting for the answer: a synchronous call by messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine


@dataclass(frozen=True, slots=True)
class RemoteUpdate:
    """Requests are served in the order of arrival; an update keeps the server for `update_ps` besides the messages.

    A message's one-way latency ends when it has been received: the receiver's part of its occupancy is its end, the
    sender's its beginning.
    """

    machine: Machine
    server: int
    clients: tuple[int, ...]
    update_ps: int

    def measure(self, starts_ps: Sequence[int], *, calls: int = 40, warmup: int = 10) -> tuple[float, float]:
        """Mean picoseconds of a call at the clients, and from update to update at the server, after `warmup` calls."""
        engine = Engine()
        server = _Server(engine, self)
        for client, start_ps in zip(self.clients, starts_ps, strict=True):
            engine.at(start_ps, server.caller(client))
        step_ps = calls * (self.update_ps + max(map(max, self.machine.latency_ps)))
        until_ps = max(starts_ps) + step_ps
        while min(len(ends) for ends in server.ends_ps.values()) <= calls:
            engine.run(until_ps)
            until_ps += step_ps
        spans = [(ends[calls] - ends[warmup]) / (calls - warmup) for ends in server.ends_ps.values()]
        first, last = warmup * len(self.clients), calls * len(self.clients)
        busy = (server.updates_ps[last] - server.updates_ps[first]) / (last - first)
        return sum(spans) / len(spans), busy


class _Server:
    """The server core and its clients' loops."""

    def __init__(self, engine: Engine, program: RemoteUpdate) -> None:
        self.ends_ps: dict[int, list[int]] = {client: [] for client in program.clients}
        self.updates_ps: list[int] = []
        self._engine = engine
        self._program = program
        self._free_ps = 0

    def caller(self, client: int) -> "_Caller":
        return _Caller(self, client)

    def call(self, client: int) -> None:
        """The client begins to send now; the request can be received when its latency is all but over."""
        machine, server = self._program.machine, self._program.server
        receive_ps = machine.receive_ps(client, server)
        visible_ps = self._engine.now + machine.latency_ps[client][server] - receive_ps
        self._engine.at(visible_ps, lambda: self._serve(client, receive_ps))

    def _serve(self, client: int, receive_ps: int) -> None:
        machine, server = self._program.machine, self._program.server
        updated_ps = max(self._engine.now, self._free_ps) + receive_ps + self._program.update_ps
        self._free_ps = updated_ps + machine.send_ps[server][client]
        self.updates_ps.append(updated_ps)
        self._engine.at(updated_ps + machine.latency_ps[server][client], lambda: self._answered(client))

    def _answered(self, client: int) -> None:
        self.ends_ps[client].append(self._engine.now)
        self.call(client)


@dataclass(frozen=True, slots=True)
class _Caller:
    server: _Server
    client: int

    def __call__(self) -> None:
        self.server.call(self.client)
