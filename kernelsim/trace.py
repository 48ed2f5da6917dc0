"""What happened when and where: slices of dispatchers, messages between cores, and marks worth a look."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, overload


class Slice(NamedTuple):
    """`who` had `core` from `start_ps` to `end_ps`."""

    start_ps: int
    end_ps: int
    core: int
    who: str


class Message(NamedTuple):
    """A message of `kind` left `source` at `sent_ps` and was there for `target` to see at `arrived_ps`."""

    sent_ps: int
    arrived_ps: int
    source: int
    target: int
    kind: str


class Mark(NamedTuple):
    """Something at one instant: a phase change's steps, a timer reset, a missed deadline."""

    time_ps: int
    core: int
    kind: str
    text: str


class Slices(Sequence[Slice]):
    """The slices of a run. Those recorded on one core may stand for other cores that are alike, as a block."""

    __slots__ = ("_recorded", "_twins", "append")

    def __init__(self) -> None:
        self._recorded: list[Slice] = []
        self._twins: Mapping[int, Mapping[int, Mapping[str, str]]] = {}
        self.append = self._recorded.append

    def unfold(self, twins: Mapping[int, Mapping[int, Mapping[str, str]]]) -> None:
        """From now on, what was recorded on a core happened on all of `twins[core]`; `twins[core][other][application]`
        is the name of the application's dispatcher there.
        """
        self._twins = {**self._twins, **twins}

    def __iter__(self) -> Iterator[Slice]:
        for slice_ in self._recorded:
            if slice_.core not in self._twins:
                yield slice_
                continue
            application = application_of(slice_.who)
            for core, names in self._twins[slice_.core].items():
                yield Slice(slice_.start_ps, slice_.end_ps, core, names[application])

    def __len__(self) -> int:
        return sum(len(self._twins.get(slice_.core, (slice_,))) for slice_ in self._recorded)

    @overload
    def __getitem__(self, index: int) -> Slice: ...
    @overload
    def __getitem__(self, index: slice) -> list[Slice]: ...
    def __getitem__(self, index: int | slice) -> Slice | list[Slice]:
        return (list(self) if self._twins else self._recorded)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def digests(self) -> Iterator[tuple[int, tuple[str, ...], str]]:
        """By core: the dispatchers that ran there, and a hash of when each of their applications did."""
        by_core: dict[int, list[Slice]] = {}
        for slice_ in self._recorded:
            by_core.setdefault(slice_.core, []).append(slice_)
        found = []
        for core, slices in by_core.items():
            lines = sorted((start, end, application_of(who)) for start, end, _, who in slices)
            digest = sha256("".join(map("{0[0]} {0[1]} {0[2]}\n".format, lines)).encode()).hexdigest()
            ran = {application_of(slice_.who): slice_.who for slice_ in slices}
            for other, names in self._twins.get(core, {core: ran}).items():
                found.append((other, tuple(sorted(names[application] for application in ran)), digest))
        return iter(sorted(found))


@dataclass(slots=True)
class Trace:
    """The records of one run. Slices of the same dispatcher that touch are one slice."""

    slices: Slices = field(default_factory=Slices)
    messages: list[Message] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """All records as text, in an order that depends on nothing but what happened."""
        for slice_ in sorted(self.slices):
            yield "slice {} {} {} {}\n".format(*slice_)
        yield from self._other_lines()

    def sha256(self) -> str:
        """A hash of all records, made core by core: equal runs have equal hashes, whether cores that are alike were
        simulated or stood for.
        """
        digest = sha256()
        for core, dispatchers, times in self.slices.digests():
            digest.update(f"core {core} {' '.join(dispatchers)} {times}\n".encode())
        digest.update("".join(self._other_lines()).encode())
        return digest.hexdigest()

    def _other_lines(self) -> Iterator[str]:
        for message in sorted(self.messages):
            yield "message {} {} {} {} {}\n".format(*message)
        for mark in sorted(self.marks):
            yield "mark {} {} {} {}\n".format(*mark)


def application_of(who: str) -> str:
    """Whose dispatcher it is: `barrier` of `barrier.3`."""
    return who.rsplit(".", 1)[0]
