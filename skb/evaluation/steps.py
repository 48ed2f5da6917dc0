"""What a compiled rule does to a batch of frames: join, filter, take terms apart, put terms together.

A frame is a flat tuple of values; a step takes a list of frames and yields lists of longer or fewer frames.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

from skb.evaluation.budget import BATCH, Budget
from skb.indexes import Columns, Index, Ordered, slice_or_items
from skb.query.comparing import Filter, Frame
from skb.terms import PARTIAL_LIST, Compound, Term

Step: TypeAlias = Callable[[list[Frame]], Iterable[list[Frame]]]
KeyPart: TypeAlias = tuple[int | None, Any]


class Access(Protocol):
    """Rows of a relation by the values at fixed positions: a bare value for one position, else a tuple."""

    @property
    def outputs(self) -> Columns | None:
        """The columns that a row carries; None for all."""

    def index(self, keys: Iterable[Hashable]) -> Index:
        """An index that is complete for `keys` at least."""

    def widest(self) -> int:
        """At most so many rows (about) share a key."""

    def ordered(self, column: int) -> Mapping[Any, Ordered] | None:
        """Each key's rows ascending by an integer column, where that is known without a look at the keys."""


def filtering(keep: Filter) -> Step:
    def step(frames: list[Frame]) -> Iterable[list[Frame]]:
        return (keep(frames),)

    return step


def joining(access: Access, key_parts: Sequence[KeyPart], kept: Sequence[int] | None, budget: Budget) -> Step:
    """The kept slots of every frame (None: all) with every row of its key."""
    key = key_reader(key_parts)
    base = None if kept is None else slice_or_items(kept)

    def step(frames: list[Frame]) -> Iterator[list[Frame]]:
        rows_of = access.index(map(key, frames)).get
        size = max(1, BATCH // max(1, access.widest()))
        for at in range(0, len(frames), size):
            part = frames[at : at + size] if size < len(frames) else frames
            if base is None:
                joined = [frame + row for frame in part for row in rows_of(key(frame), ())]
            else:
                pairs = zip(map(base, part), map(key, part), strict=True)
                joined = [start + row for start, at_key in pairs for row in rows_of(at_key, ())]
            budget.tick(len(joined))
            yield joined

    return step


@dataclass(frozen=True, slots=True)
class Range:
    """What tests say about one new column: above `low` and below `high`, each a slot or a value, or nothing."""

    column: int
    low: KeyPart | None
    high: KeyPart | None
    has_low: bool
    has_high: bool


def ranging(
    access: Access, key_parts: Sequence[KeyPart], kept: Sequence[int], within: Range, general: Step, budget: Budget
) -> Step:
    """A join whose rows are cut out of a sorted column; `general` joins and tests where that is not possible."""
    key, base = key_reader(key_parts), slice_or_items(kept)
    low, high = _bound_reader(within.low), _bound_reader(within.high)
    first = bisect_left if within.has_low else bisect_right
    last = bisect_right if within.has_high else bisect_left

    def step(frames: list[Frame]) -> Iterator[list[Frame]]:
        ordered = access.ordered(within.column)
        bounds = [read for read in (low, high) if read is not None]
        if ordered is None or any(set(map(type, map(read, frames))) != {int} for read in bounds):
            yield from general(frames)
            return
        size = max(1, BATCH // max(1, access.widest()))
        for at in range(0, len(frames), size):
            joined: list[Frame] = []
            for frame in frames[at : at + size]:
                found = ordered.get(key(frame))
                if found is not None:
                    start = base(frame)
                    begin = 0 if low is None else first(found.values, low(frame))
                    end = len(found.rows) if high is None else last(found.values, high(frame))
                    joined += [start + row for row in found.rows[begin:end]]
            budget.tick(len(joined))
            yield joined

    return step


def _bound_reader(part: KeyPart | None) -> Callable[[Frame], Any] | None:
    return None if part is None else key_reader([part])


def key_reader(parts: Sequence[KeyPart]) -> Callable[[Frame], Any]:
    """Reads a key from a frame; a part is (slot, None), or (None, value) for a constant."""
    match [(slot, value) for slot, value in parts]:
        case [(None, value)]:
            return lambda frame: value
        case [(None, value), (int() as slot, _)]:
            return lambda frame: (value, frame[slot])
        case [(int() as slot, _), (None, value)]:
            return lambda frame: (frame[slot], value)
    if all(slot is None for slot, _ in parts):
        constant = tuple([value for _, value in parts])
        return lambda frame: constant
    slots = [slot for slot, _ in parts if slot is not None]
    if len(slots) == len(parts):
        return itemgetter(*slots)
    return lambda frame: tuple([value if slot is None else frame[slot] for slot, value in parts])


def meeting(access: Access, key_parts: Sequence[KeyPart], width: int, wanted: bool) -> Step:
    """Keeps the frames whose key has rows (or, not wanted, has none)."""
    is_whole = width > 1 and [slot for slot, _ in key_parts] == list(range(width))
    key = key_reader(key_parts)

    def step(frames: list[Frame]) -> Iterable[list[Frame]]:
        rows_of = access.index(frames if is_whole else map(key, frames)).get
        if is_whole:
            return (list(filter(rows_of, frames) if wanted else filterfalse(rows_of, frames)),)
        if wanted:
            return ([frame for frame in frames if rows_of(key(frame))],)
        return ([frame for frame in frames if not rows_of(key(frame))],)

    return step


def equal_slots(first: int, second: int) -> Step:
    return filtering(lambda frames: [frame for frame in frames if frame[first] == frame[second]])


def equal_value(slot: int, value: Term) -> Step:
    return filtering(lambda frames: [frame for frame in frames if frame[slot] == value])


def narrowing(kept: Sequence[int]) -> Step:
    """Keeps some slots, in the order given."""
    read = slice_or_items(kept)
    return filtering(lambda frames: list(map(read, frames)))


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
