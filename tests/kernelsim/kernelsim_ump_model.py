"""Two cores and a UMP channel between them as a system to explore: every order of words written, lines polled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kernelsim.exploring import MOST_STATES, Exploration, explore
from kernelsim.messages.ump_endpoint import Ring, UmpEndpoint, empty_ring
from kernelsim.messages.ump_format import UmpFormat

Rule = Callable[[UmpEndpoint], UmpEndpoint]


class Unchecked(UmpFormat):
    """A format that nobody refuses."""

    def __post_init__(self) -> None:
        """Accept it."""


class NarrowCount(Unchecked):
    """Counts of two bits."""

    @property
    def count_bits(self) -> int:
        return 2


class Heedless(UmpEndpoint):
    """An end that reuses slots without being told that it may."""

    def can_send(self) -> bool:
        return not self.unwritten

    def is_ack_due(self) -> bool:
        return False


class Greedy(UmpEndpoint):
    """An end that sends messages in the line that is kept for acknowledgements."""

    def can_send(self) -> bool:
        return not self.unwritten and self.in_ring < self.format.lines


class HeaderFirst(UmpEndpoint):
    """An end that writes the word that is polled first."""

    def _begin(self, payload: tuple[int, ...], *, is_ack: bool) -> "HeaderFirst":
        end = UmpEndpoint._begin(self, payload, is_ack=is_ack)
        return replace(self, sent=end.sent, told=end.told, unwritten=end.unwritten[::-1])


@dataclass(frozen=True, slots=True)
class Side:
    """One core: its end, how many messages it is to send and has begun, how many it has got, and whether one of them
    was not the one that was to come: every word of message n, counted from 1, is n.
    """

    end: UmpEndpoint
    to_send: int
    begun: int = 0
    got: int = 0
    wrong: bool = False


State = tuple[tuple[Side, Side], tuple[Ring, Ring]]
"""Ring i is written by side i."""


def channel(
    format_: UmpFormat, messages: tuple[int, int], end: type[UmpEndpoint] = UmpEndpoint, most_states: int = MOST_STATES
) -> Exploration[State]:
    """All states of a channel over which the sides send so many messages."""
    start = (Side(end(format_), messages[0]), Side(end(format_), messages[1]))
    ring = empty_ring(format_)
    return explore((start, (ring, ring)), _moves, most_states)


def _moves(state: State) -> Iterator[tuple[str, State]]:
    sides, rings = state
    for who in (0, 1):
        for name, side, ring in _sends(sides[who], rings[who]):
            yield f"{who} {name}", _with(state, who, side, ring)
        side, inbound = sides[who], rings[1 - who]
        if side.end.sees(inbound):
            yield f"{who} takes", _with(state, who, _taken(side, inbound), rings[who])


def _sends(side: Side, ring: Ring) -> Iterator[tuple[str, Side, Ring]]:
    end = side.end
    if end.unwritten:
        written, write = end.write()
        yield f"writes word {write.word}", replace(side, end=written), write.into(ring)
    if side.begun < side.to_send and end.can_send():
        number = side.begun + 1
        yield "begins", replace(side, end=end.begin((number,) * end.format.words), begun=number), ring
    if end.can_acknowledge():
        yield "acknowledges", replace(side, end=end.acknowledge()), ring


def _taken(side: Side, inbound: Ring) -> Side:
    end, payload = side.end.take(inbound)
    if payload is None:
        return replace(side, end=end)
    return replace(side, end=end, got=side.got + 1, wrong=side.wrong or payload != (side.got + 1,) * len(payload))


def _with(state: State, who: int, side: Side, ring: Ring) -> State:
    sides, rings = state
    if who == 0:
        return (side, sides[1]), (ring, rings[1])
    return (sides[0], side), (rings[0], ring)
