"""Memory that several cores hold: retype and revoke by agreement of the monitors, and the way from core to core.

What a core retypes by itself stays on it (dissertation, section 2.5.5). A region travels while it is raw, and what is
made of it by agreement travels, too; from then on it is changed by two-phase commit alone (`system.two_phase`), whose
changes name a region by its base. Monitors send capabilities to each other as `Serialised` (section 2.5.3).
"""

from dataclasses import dataclass, replace

from kernelsim.capabilities.database import Database, Object, Refused
from kernelsim.capabilities.kinds import RAW, TRAVELLING, UNTYPED


@dataclass(frozen=True, slots=True)
class Request:
    """A retype to be agreed on: which slot of which space, to what, into which slots."""

    space: str
    slot: int
    to: str
    targets: tuple[int, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Serialised:
    """A capability as a message between monitors. `generation` is its region's, so that one that a revoke has
    overtaken is not made again.
    """

    kind: str
    base: int
    size: int
    generation: int


# -- agreement -------------------------------------------------------------------------------------------------


def region_to_agree_on(database: Database, space: str, slot: int) -> int:
    """The base of the region that a slot's raw memory is; the driver asks before the monitors do."""
    own = database.look(space, slot)
    if own.kind != RAW or (own.base, own.size) not in database.regions:
        raise Refused(
            "no_region", f"agreement on {own.kind} at {own.base:#x}, {own.size} bytes; accepted: a whole raw region"
        )
    if own.base not in database.shared and any(database.descendants(own.number)):
        raise Refused("retyped", f"the raw memory at {own.base:#x} has been retyped by this core alone")
    return own.base


def propose(database: Database, base: int) -> Database:
    """From now on the core alone changes nothing of the region, whatever becomes of the proposal."""
    return replace(database, shared=database.shared | {base})


def retyped(database: Database, base: int, request: Request | None = None) -> Database:
    """A retype has been committed; the core that asked, `request`, makes its objects if it still can."""
    agreed = _next_generation(propose(database, base), base)
    if request is None:
        return agreed
    try:
        own = agreed.look(request.space, request.slot)
        return (
            agreed.make(own, request.space, request.to, request.targets, request.level) if own.base == base else agreed
        )
    except Refused:
        return agreed


def revoked(database: Database, base: int) -> Database:
    """A revoke has been committed: nothing is left that was made of the region; raw it stays with who holds it."""
    agreed = _next_generation(propose(database, base), base)
    size = dict(agreed.regions)[base]
    gone = {each.number for each in agreed.objects if each.kind not in UNTYPED and each.overlaps(base, size)}
    gone |= {below.number for number in tuple(gone) for below in agreed.descendants(number)}
    for space, slot, number in agreed.slots:
        if number in gone and (space, slot, number) in agreed.slots:
            agreed = agreed.delete(space, slot)
    return agreed


def _next_generation(database: Database, base: int) -> Database:
    counted = (
        count + (region == base) for count, (region, _) in zip(database.generations, database.regions, strict=True)
    )
    return replace(database, generations=tuple(counted))


# -- travelling ------------------------------------------------------------------------------------------------


def serialise(database: Database, space: str, slot: int) -> tuple[Database, Serialised]:
    """What the monitor tells the other one; raw memory is shared from now on."""
    own = database.look(space, slot)
    region = database.region_of(own)
    is_whole = (own.base, own.size) in database.regions
    is_free = own.kind != RAW or (is_whole and not any(database.descendants(own.number)))
    is_agreed = own.kind == RAW or (region is not None and database.regions[region][0] in database.shared)
    if own.kind not in TRAVELLING or region is None or not is_free or not is_agreed:
        raise Refused(
            "core_local",
            f"{own.kind} at {own.base:#x} to another core; accepted: whole raw regions that nothing is made of, "
            "and frames whose retype was agreed",
        )
    sent = Serialised(own.kind, own.base, own.size, database.generations[region])
    return propose(database, database.regions[region][0]), sent


def deserialise(database: Database, space: str, slot: int, sent: Serialised) -> Database:
    """Make it again, as another capability for the object if the core has it."""
    new = Object(0, sent.kind, sent.base, sent.size)
    region = database.region_of(new)
    if region is None or (sent.kind != RAW and sent.generation < database.generations[region]):
        raise Refused("stale", f"{sent.kind} at {sent.base:#x} has been revoked on its way")
    shared = propose(database, database.regions[region][0])
    for each in database.objects:
        if (each.kind, each.base, each.size) == (sent.kind, sent.base, sent.size):
            return shared.put(space, slot, each.number)
    around = [each for each in database.objects if each.kind in UNTYPED and each.overlaps(new.base, new.size)]
    nearest = min(around, key=lambda each: (each.size, each.kind != RAW), default=None)
    parented = replace(new, parent=None if nearest is None else nearest.number)
    return shared.insert(space, slot, parented)
