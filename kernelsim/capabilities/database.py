"""A core's capabilities: who holds which in which slot, what was made of what, and what is mapped where.

The CPU driver alone keeps it: user code names slots of its own space and nothing else. Every change returns the
database after it or raises Refused; nothing of other cores is looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kernelsim.capabilities.kinds import (
    CAPABILITY_TABLE,
    INTERRUPT_TABLE,
    IPI,
    PAGE_TABLE,
    PHYSICAL,
    RETYPES,
    UNTYPED,
    accepts,
)

SLOT_BYTES = 64
TABLE_SLOTS = 512
ENTRIES, LEVELS = 512, 4
"""Entries of a page table, and levels of page tables, 0 the lowest."""
ROOT = "init"
"""The first space of each core."""


class Refused(RuntimeError):  # noqa: N818 - an answer, not a fault
    """The driver's answer to what must not be; `code` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Object:
    """What capabilities refer to: bytes `base` to `base + size` used as a kind; `level` is a page table's.

    `parent` is the object that it was retyped from, or the nearest one before it that still exists.
    """

    number: int
    kind: str
    base: int = 0
    size: int = 0
    level: int = 0
    parent: int | None = None

    def overlaps(self, base: int, size: int) -> bool:
        """Whether they have a byte in common."""
        return self.size > 0 and self.base < base + size and base < self.base + self.size


@dataclass(frozen=True, slots=True)
class Database:
    """`slots` are (space, slot, object); `spaces` (name, its capability table); `mappings` (table, index, object).

    `regions` are the (base, size) for which monitors can agree on a type; those `shared` with other cores, by base,
    are changed in no other way. `generations[i]` counts the agreed changes of region i.
    """

    core: int
    objects: tuple[Object, ...] = ()
    slots: tuple[tuple[str, int, int], ...] = ()
    spaces: tuple[tuple[str, int], ...] = ()
    mappings: tuple[tuple[int, int, int], ...] = ()
    regions: tuple[tuple[int, int], ...] = ()
    shared: frozenset[int] = frozenset()
    generations: tuple[int, ...] = ()
    made: int = 0

    @classmethod
    def boot(
        cls, core: int, memory: tuple[tuple[int, int], ...] = (), *, regions: tuple[tuple[int, int], ...] = ()
    ) -> "Database":
        """A first space that holds its own table in slot 0, the core's interrupt table and interprocessor interrupts
        in 1 and 2, and from 3 on the physical `memory`, by base and size.
        """
        database = cls(core, regions=regions, generations=(0,) * len(regions), spaces=((ROOT, 0),))
        table_bytes = SLOT_BYTES * TABLE_SLOTS
        database = database.insert(ROOT, 0, Object(0, CAPABILITY_TABLE, -table_bytes, table_bytes))
        database = database.insert(ROOT, 1, Object(0, INTERRUPT_TABLE)).insert(ROOT, 2, Object(0, IPI))
        for slot, (base, size) in enumerate(memory, 3):
            database = database.insert(ROOT, slot, Object(0, PHYSICAL, base, size))
        return database

    # -- reading -----------------------------------------------------------------------------------------------

    def look(self, space: str, slot: int) -> Object:
        """The object to which a slot refers."""
        for name, place, number in self.slots:
            if (name, place) == (space, slot):
                return self.object(number)
        raise Refused("no_capability", f"slot {slot} of {space!r} is empty")

    def object(self, number: int) -> Object:
        """By its number."""
        return next(each for each in self.objects if each.number == number)

    def descendants(self, number: int) -> Iterator[Object]:
        """All that was made of an object and still exists, its children first."""
        for each in self.objects:
            if each.parent == number:
                yield each
                yield from self.descendants(each.number)

    def mapped(self, table: int) -> Iterator[Object]:
        """The pages that user code reaches through a page table."""
        for owner, _, target in self.mappings:
            if owner == table:
                if self.object(table).level == 0:
                    yield self.object(target)
                else:
                    yield from self.mapped(target)

    # -- invocations of a capability table ---------------------------------------------------------------------

    def copy(self, space: str, slot: int, target: int, into: str | None = None) -> "Database":
        """Another capability for the same object, in the same space; only a message's delivery goes `into` another."""
        return self.put(into or space, target, self.look(space, slot).number)

    def delete(self, space: str, slot: int) -> "Database":
        """Empty a slot; an object without any slot is gone, and what was made of it belongs to its parent."""
        self.look(space, slot)
        return replace(self, slots=tuple(each for each in self.slots if each[:2] != (space, slot)))._swept()

    def revoke(self, space: str, slot: int) -> "Database":
        """Only this slot is left of all the core's capabilities for the object, and nothing that was made of it."""
        own = self.look(space, slot)
        self._must_be_local(own, "revoke")
        gone = {own.number, *(each.number for each in self.descendants(own.number))}
        kept = tuple(each for each in self.slots if each[2] not in gone or each[:2] == (space, slot))
        return replace(self, slots=kept)._swept()

    def retype(self, space: str, slot: int, to: str, targets: tuple[int, ...], level: int = 0) -> "Database":
        """Make one object in each of the free slots `targets`, equal parts of the memory.

        Untyped memory allows it once, until nothing that was made of it is left.
        """
        own = self.look(space, slot)
        if level not in range(LEVELS):
            raise Refused("bad_level", f"a page table of level {level!r}; accepted: 0 to {LEVELS - 1}")
        if own.kind in UNTYPED:
            self._must_be_local(own, "retype")
        return self.make(own, space, to, targets, level)

    def make(self, own: Object, space: str, to: str, targets: tuple[int, ...], level: int = 0) -> "Database":
        """A retype by whoever has the right to it."""
        self._check_retype(own, to, targets)
        size = own.size // len(targets) if own.kind in UNTYPED else 0
        database = self
        for place, target in enumerate(targets):
            child = Object(0, to, own.base + place * size, size, level if to == PAGE_TABLE else 0, own.number)
            database = database.insert(space, target, child)
        return database

    # -- invocations of a page table ---------------------------------------------------------------------------

    def map(self, space: str, slot: int, index: int, target: int) -> "Database":
        """Enter what slot `target` refers to into the page table in `slot`."""
        table, entry = self.look(space, slot), self.look(space, target)
        if table.kind != PAGE_TABLE or not accepts(table.level, entry.kind, entry.level):
            raise Refused(
                "wrong_entry",
                f"a {entry.kind} of level {entry.level} in a {table.kind} of level {table.level}; "
                "accepted: frames in page tables of level 0, page tables in those of the level above",
            )
        if not 0 <= index < ENTRIES or any((table.number, index) == each[:2] for each in self.mappings):
            raise Refused("taken", f"entry {index} of the page table; accepted: 0 to {ENTRIES - 1}, not in use")
        return replace(self, mappings=(*self.mappings, (table.number, index, entry.number)))

    def unmap(self, space: str, slot: int, index: int) -> "Database":
        """Delete an entry."""
        table = self.look(space, slot)
        kept = tuple(each for each in self.mappings if each[:2] != (table.number, index))
        if len(kept) == len(self.mappings):
            raise Refused("not_mapped", f"entry {index} of the page table is empty")
        return replace(self, mappings=kept)

    # -- spaces ------------------------------------------------------------------------------------------------

    def open_space(self, name: str, table: Object) -> "Database":
        """A capability table becomes the space of a dispatcher."""
        if table.kind != CAPABILITY_TABLE or table.number in (number for _, number in self.spaces):
            raise Refused(
                "wrong_space", f"a {table.kind} as the space of {name!r}; accepted: an unused capability table"
            )
        if name in dict(self.spaces):
            raise Refused("taken", f"a space {name!r} exists")
        return replace(self, spaces=(*self.spaces, (name, table.number)))

    def close_space(self, name: str) -> "Database":
        """The space and all that it holds are gone."""
        return replace(self, spaces=tuple(each for each in self.spaces if each[0] != name))._swept()

    # -- what all of them are made of --------------------------------------------------------------------------

    def insert(self, space: str, slot: int, new: Object) -> "Database":
        """A new object with its first capability."""
        numbered = replace(new, number=self.made)
        return replace(self, objects=(*self.objects, numbered), made=self.made + 1).put(space, slot, self.made)

    def region_of(self, own: Object) -> int | None:
        """The place in `regions` of the one that an object lies in; None if it lies in no single one."""
        for place, (base, size) in enumerate(self.regions):
            if base <= own.base and own.base + own.size <= base + size and own.size:
                return place
        return None

    def put(self, space: str, slot: int, number: int) -> "Database":
        """One more capability for an object, in a free slot."""
        table = dict(self.spaces).get(space)
        if table is None:
            raise Refused("no_space", f"there is no space {space!r}")
        room = next((each.size // SLOT_BYTES for each in self.objects if each.number == table), 0)
        if not 0 <= slot < room:
            raise Refused("bad_slot", f"slot {slot} of {space!r}; accepted: 0 to {room - 1}")
        if any(each[:2] == (space, slot) for each in self.slots):
            raise Refused("taken", f"slot {slot} of {space!r} is in use")
        return replace(self, slots=(*self.slots, (space, slot, number)))

    def _must_be_local(self, own: Object, what: str) -> None:
        sizes = dict(self.regions)
        if any(own.overlaps(base, sizes[base]) for base in self.shared):
            raise Refused("ask_monitor", f"{what} of memory that is shared with other cores; accepted: by agreement")

    def _check_retype(self, own: Object, to: str, targets: tuple[int, ...]) -> None:
        accepted = RETYPES.get(own.kind, ())
        if to not in accepted:
            raise Refused("wrong_kind", f"a retype of {own.kind} to {to!r}; accepted: {', '.join(accepted) or 'none'}")
        if own.kind in UNTYPED and any(self.descendants(own.number)):
            raise Refused("retyped", f"{own.kind} memory at {own.base:#x} has been retyped; accepted after a revoke")
        if not targets or (own.kind in UNTYPED and own.size % len(targets)):
            raise Refused("bad_count", f"{own.size} bytes in {len(targets)} equal parts")

    def _swept(self) -> "Database":
        """Without what no slot refers to any longer: its mappings go with it, its children to its parent."""
        database = self
        while True:
            spaces = {name for name, _ in database.spaces}
            slots = tuple(each for each in database.slots if each[0] in spaces)
            held = {number for *_, number in slots}
            if len(held) == len(database.objects) and len(slots) == len(database.slots):
                return database
            database = database._with_only(held, slots)

    def _with_only(self, held: set[int], slots: tuple[tuple[str, int, int], ...]) -> "Database":
        parents = {each.number: each.parent for each in self.objects}

        def heir(number: int | None) -> int | None:
            while number is not None and number not in held:
                number = parents[number]
            return number

        return replace(
            self,
            objects=tuple(replace(each, parent=heir(each.parent)) for each in self.objects if each.number in held),
            slots=slots,
            spaces=tuple(each for each in self.spaces if each[1] in held),
            mappings=tuple(each for each in self.mappings if each[0] in held and each[2] in held),
        )
