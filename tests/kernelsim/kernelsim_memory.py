"""Memory for the tests of capabilities: the first space, and what must hold of all spaces together."""

import random
from collections.abc import Callable

import pytest

from kernelsim.capabilities.database import ROOT, Database, Object, Refused
from kernelsim.capabilities.kinds import (
    CAPABILITY_TABLE,
    FRAME,
    FROM_RAW,
    PAGE_TABLE,
    RAW,
    RETYPES,
)

PAGE = 4096


REGIONS = tuple((place * 4 * PAGE, 4 * PAGE) for place in range(3))


def raw(core: int = 0, memory: int = 12 * PAGE) -> Database:
    """A first space with three regions of raw memory in slots 10, 11 and 12, made of the physical memory in slot 3."""
    booted = Database.boot(core, ((0, memory),), regions=REGIONS)
    return booted.retype(ROOT, 3, RAW, (10, 11, 12))


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        action()
    return refused.value.code


def local_step(before: Database, code: int, a: int, b: int, c: int, d: int) -> Database:
    """One request of user code, drawn among capabilities that there are and kinds that might do."""
    slots = [(space, slot) for space, slot, _ in before.slots if slot > 2 or space != ROOT]
    (space, slot), (_, second) = slots[a % len(slots)], slots[b % len(slots)]
    own = before.look(space, slot)
    free = 10 + d % 40
    if code < 4:
        accepted = RETYPES.get(own.kind, FROM_RAW)
        count = (1, 1, 2, 4)[c % 4]
        return before.retype(space, slot, accepted[b % len(accepted)], tuple(range(free, free + count)), level=c % 3)
    if code == 4:
        return before.copy(space, slot, free)
    if code == 5:
        return before.delete(space, slot)
    if code == 6:
        return before.revoke(space, slot)
    if code == 7:
        tables = [each for each in slots if before.look(*each).kind == PAGE_TABLE]
        return before.map(*tables[a % len(tables)], c % 3, second) if tables else before
    if code == 8:
        return before.unmap(space, slot, c % 3)
    return (
        before.open_space(f"app {c % 3}", own) if own.kind == CAPABILITY_TABLE else before.copy(space, slot, free, ROOT)
    )


def check(cores: list[Database]) -> None:
    """Nothing is two things, no page table nor any other object of a driver is a page, nothing hangs loose."""
    everything = [each for core in cores for each in core.objects]
    assert not conflicts(everything), "memory with two uses"
    closed = [each for each in everything if each.kind in FROM_RAW and each.kind != FRAME]
    for core in cores:
        numbers = {each.number for each in core.objects}
        assert {number for *_, number in core.slots} == numbers
        assert {each.parent for each in core.objects} <= numbers | {None}
        for table, _, target in core.mappings:
            if core.object(table).level == 0:
                page = core.object(target)
                assert not any(page.overlaps(each.base, each.size) for each in closed), "a page is a driver's object"


def conflicts(objects: list[Object]) -> list[tuple[Object, Object]]:
    """Pairs of objects that use a byte as two things, or as two objects of one kind."""
    typed = [each for each in objects if each.kind in FROM_RAW]
    return [
        (one, other)
        for place, one in enumerate(typed)
        for other in typed[:place]
        if one.overlaps(other.base, other.size)
        and (one.kind, one.base, one.size, one.level) != (other.kind, other.base, other.size, other.level)
    ]


def chance(seed: int, length: int = 60) -> list[tuple[int, ...]]:
    draw = random.Random(seed)
    return [(draw.randrange(10), *(draw.randrange(2**16) for _ in range(4))) for _ in range(length)]


def run_many(one: Callable[[int], object]) -> None:
    for seed in range(200):
        one(seed)
