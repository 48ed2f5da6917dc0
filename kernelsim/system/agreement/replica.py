"""What every member knows alike: the types of memory regions and who the members are; and the changes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kernelsim.capabilities.kinds import FROM_RAW, RAW

RETYPE, REVOKE, JOIN, LEAVE = "retype", "revoke", "join", "leave"


@dataclass(frozen=True, slots=True)
class Change:
    """`retype` of region `subject` to `to`, its `revoke`, or core `subject` that is to `join` or to `leave`."""

    kind: str
    subject: int
    to: str = ""

    @property
    def is_of_members(self) -> bool:
        """Whether it changes who takes part."""
        return self.kind in (JOIN, LEAVE)

    def conflicts_with(self, other: "Change") -> bool:
        """Whether both at once could leave replicas that differ: the same region, or members beside anything."""
        return self.is_of_members or other.is_of_members or self.subject == other.subject


@dataclass(frozen=True, slots=True)
class Replica:
    """Regions with their types, by region; the members, ascending; and how often these have changed."""

    regions: tuple[tuple[int, str], ...]
    members: tuple[int, ...]
    view: int = 0

    @classmethod
    def of(cls, regions: Mapping[int, str], members: Iterable[int]) -> "Replica":
        """A replica in its normal form."""
        return cls(tuple(sorted(regions.items())), tuple(sorted(members)))

    def type_of(self, region: int) -> str | None:
        """None where there is no such region."""
        return dict(self.regions).get(region)

    def allows(self, change: Change) -> bool:
        """Raw memory is retyped, typed memory revoked, each but once; strangers join, members leave, not the last."""
        if change.kind == RETYPE:
            return self.type_of(change.subject) == RAW and change.to in FROM_RAW
        if change.kind == REVOKE:
            return self.type_of(change.subject) not in (None, RAW)
        if change.kind == JOIN:
            return change.subject not in self.members
        return change.subject in self.members and len(self.members) > 1

    def after(self, change: Change) -> "Replica":
        """The replica with the change made."""
        if change.kind == JOIN:
            return replace(self, members=tuple(sorted((*self.members, change.subject))), view=self.view + 1)
        if change.kind == LEAVE:
            left = tuple(core for core in self.members if core != change.subject)
            return replace(self, members=left, view=self.view + 1)
        type_ = change.to if change.kind == RETYPE else RAW
        return replace(self, regions=tuple(sorted({**dict(self.regions), change.subject: type_}.items())))

    def seen_by(self, core: int) -> "Replica | None":
        """None once the core is no member."""
        return self if core in self.members else None
