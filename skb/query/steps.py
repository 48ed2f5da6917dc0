"""What a compiled rule does to a batch of frames: join, filter, take terms apart, put terms together.

A frame is a flat tuple of values; a step takes a list of frames and yields lists of longer or fewer frames.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

from skb.query.budget import BATCH, Budget
from skb.query.comparing import Filter, Frame
from skb.terms import PARTIAL_LIST, Compound, Row, Term

Step: TypeAlias = Callable[[list[Frame]], Iterable[list[Frame]]]
Index: TypeAlias = Mapping[Any, Sequence[Row]]


class Access(Protocol):
    """Rows of a relation by the values at fixed positions: a bare value for one position, else a tuple."""

    def index(self, keys: Iterable[Hashable]) -> Index:
        """An index that is complete for `keys` at least."""

    def widest(self) -> int:
        """At most so many rows (about) share a key."""


def filtering(keep: Filter) -> Step:
    def step(frames: list[Frame]) -> Iterable[list[Frame]]:
        return (keep(frames),)

    return step


def joining(access: Access, key_slots: Sequence[int], budget: Budget) -> Step:
    """Every frame with every row of its key; the row is appended whole."""
    key = key_reader(key_slots)

    def step(frames: list[Frame]) -> Iterator[list[Frame]]:
        index = access.index(map(key, frames))
        size = max(1, BATCH // max(1, access.widest()))
        for at in range(0, len(frames), size):
            part = frames[at : at + size]
            joined = [frame + row for frame in part for row in index.get(key(frame), ())]
            budget.tick(len(joined))
            yield joined

    return step


def key_reader(slots: Sequence[int]) -> Callable[[Frame], Any]:
    return itemgetter(*slots) if slots else lambda frame: ()


def meeting(access: Access, key_slots: Sequence[int], wanted: bool) -> Step:
    """Keeps the frames whose key has rows (or, not wanted, has none)."""
    key = key_reader(key_slots)

    def step(frames: list[Frame]) -> Iterable[list[Frame]]:
        index = access.index(map(key, frames))
        if wanted:
            return ([frame for frame in frames if index.get(key(frame))],)
        return ([frame for frame in frames if not index.get(key(frame))],)

    return step


def equal_slots(first: int, second: int) -> Step:
    return filtering(lambda frames: [frame for frame in frames if frame[first] == frame[second]])


def taking_apart(slot: int, pattern: Term) -> Step:
    """Appends the arguments of the term in `slot` where it has the pattern's shape, drops the frame else."""
    if isinstance(pattern, tuple):
        length = len(pattern)
        return filtering(
            lambda frames: [
                frame + frame[slot] for frame in frames if isinstance(frame[slot], tuple) and len(frame[slot]) == length
            ]
        )
    if isinstance(pattern, Compound) and pattern.functor == PARTIAL_LIST and len(pattern.args) == 2:
        return filtering(
            lambda frames: [
                (*frame, frame[slot][0], frame[slot][1:])
                for frame in frames
                if isinstance(frame[slot], tuple) and frame[slot]
            ]
        )
    assert isinstance(pattern, Compound)
    return _taking_compound_apart(slot, pattern.functor, len(pattern.args))


def _taking_compound_apart(slot: int, functor: str, arity: int) -> Step:
    def keep(frames: list[Frame]) -> list[Frame]:
        return [
            frame + term.args
            for frame in frames
            if isinstance(term := frame[slot], Compound) and term.functor == functor and len(term.args) == arity
        ]

    return filtering(keep)


def appending(read: Callable[[Frame], Any]) -> Step:
    """Appends one computed value to every frame."""
    return filtering(lambda frames: [(*frame, read(frame)) for frame in frames])


def enumerating(values: Callable[[Frame], Iterable[Term]], budget: Budget) -> Step:
    """Every frame with every value that a built-in enumerates for it."""

    def step(frames: list[Frame]) -> Iterator[list[Frame]]:
        made: list[Frame] = []
        for frame in frames:
            for value in values(frame):
                made.append((*frame, value))
                if len(made) >= BATCH:
                    budget.tick(len(made))
                    yield made
                    made = []
        budget.tick(len(made))
        yield made

    return step


def flow(steps: Sequence[Step], frames: list[Frame], at: int = 0) -> Iterator[list[Frame]]:
    """Runs frames through the steps, batch by batch: no intermediate result is ever whole in memory."""
    if at == len(steps):
        yield frames
        return
    for batch in steps[at](frames):
        if batch:
            yield from flow(steps, batch, at + 1)
