"""Capabilities: what is made of memory, by whom, once; and that no order of requests gives memory two meanings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernelsim_memory import PAGE, chance, check, local_step, raw, refusal, run_many

from kernelsim.capabilities import database as databases
from kernelsim.capabilities.database import ROOT, TABLE_SLOTS, Database, Refused
from kernelsim.capabilities.kinds import (
    CAPABILITY_TABLE,
    DISPATCHER,
    ENDPOINT,
    FRAME,
    FROM_RAW,
    PAGE_TABLE,
    PHYSICAL,
    RAW,
    RETYPES,
)


def test_every_kind_is_made_of_what_the_kinds_say_and_of_nothing_else() -> None:
    made = raw().retype(ROOT, 10, DISPATCHER, (20,))
    made = made.retype(ROOT, 11, FRAME, (21, 22, 23, 24)).retype(ROOT, 12, PAGE_TABLE, (25,), level=1)
    made = made.retype(ROOT, 20, ENDPOINT, (26,)).retype(ROOT, 20, ENDPOINT, (27,))
    slots = {made.look(ROOT, slot).kind: slot for slot in (0, 1, 2, 3, 20, 21, 25, 26)}
    for kind, slot in slots.items():
        for to in {PHYSICAL, RAW, ENDPOINT, *FROM_RAW} - set(RETYPES.get(kind, ())):
            assert refusal(lambda slot=slot, to=to: made.retype(ROOT, slot, to, (40,))) == "wrong_kind"  # type: ignore[misc]
    frames = [made.look(ROOT, slot) for slot in (21, 22, 23, 24)]
    assert [(each.base, each.size) for each in frames] == [(4 * PAGE + place * PAGE, PAGE) for place in range(4)]


def test_raw_memory_is_retyped_once_until_nothing_of_it_is_left() -> None:
    before = raw()
    typed = before.retype(ROOT, 10, FRAME, (20, 21))
    assert refusal(lambda: typed.retype(ROOT, 10, PAGE_TABLE, (30,))) == "retyped"
    half = typed.delete(ROOT, 20)
    assert refusal(lambda: half.retype(ROOT, 10, PAGE_TABLE, (30,))) == "retyped"
    assert half.delete(ROOT, 21).retype(ROOT, 10, PAGE_TABLE, (30,)).look(ROOT, 30).kind == PAGE_TABLE
    assert typed.revoke(ROOT, 10).retype(ROOT, 10, PAGE_TABLE, (30,)).look(ROOT, 30).kind == PAGE_TABLE


def test_a_copy_of_raw_memory_gives_no_second_retype() -> None:
    copied = raw().copy(ROOT, 10, 20).retype(ROOT, 10, FRAME, (30,))
    assert refusal(lambda: copied.retype(ROOT, 20, PAGE_TABLE, (31,))) == "retyped"


def test_memory_whose_raw_capability_is_gone_is_still_in_use_for_who_stands_above() -> None:
    orphaned = raw().retype(ROOT, 10, FRAME, (20,))
    for slot in (10, 11, 12):
        orphaned = orphaned.delete(ROOT, slot)
    assert refusal(lambda: orphaned.retype(ROOT, 3, RAW, (10,))) == "retyped"
    assert orphaned.delete(ROOT, 20).retype(ROOT, 3, RAW, (10,)).look(ROOT, 10).size == 12 * PAGE


def test_a_revoke_takes_copies_and_descendants_and_what_is_mapped_of_them() -> None:
    before = raw().retype(ROOT, 10, FRAME, (20,)).copy(ROOT, 20, 21).retype(ROOT, 11, PAGE_TABLE, (22,))
    before = before.map(ROOT, 22, 7, 21).copy(ROOT, 10, 13)
    table = before.look(ROOT, 22).number
    assert [each.kind for each in before.mapped(table)] == [FRAME]
    after = before.revoke(ROOT, 13)
    assert after.mappings == ()
    assert {slot for _, slot, _ in after.slots} == {0, 1, 2, 3, 11, 12, 13, 22}


def test_page_tables_take_frames_at_the_lowest_level_and_tables_of_the_next_level_above() -> None:
    made = raw().retype(ROOT, 10, PAGE_TABLE, (20, 21), level=0).retype(ROOT, 11, PAGE_TABLE, (22,), level=1)
    made = made.retype(ROOT, 12, FRAME, (23,))
    assert refusal(lambda: made.map(ROOT, 20, 0, 21)) == "wrong_entry"
    assert refusal(lambda: made.map(ROOT, 20, 0, 20)) == "wrong_entry"
    assert refusal(lambda: made.map(ROOT, 22, 0, 23)) == "wrong_entry"
    assert refusal(lambda: made.map(ROOT, 23, 0, 20)) == "wrong_entry"
    nested = made.map(ROOT, 22, 0, 20).map(ROOT, 20, 5, 23)
    assert [each.kind for each in nested.mapped(nested.look(ROOT, 22).number)] == [FRAME]
    assert refusal(lambda: nested.map(ROOT, 20, 5, 23)) == "taken"
    assert refusal(lambda: nested.unmap(ROOT, 20, 6)) == "not_mapped"
    assert not any(nested.unmap(ROOT, 22, 0).mapped(nested.look(ROOT, 22).number))


def test_a_slot_is_a_name_in_ones_own_space_and_no_way_into_another() -> None:
    made = raw().retype(ROOT, 10, CAPABILITY_TABLE, (20,))
    made = made.open_space("app", made.look(ROOT, 20))
    assert refusal(lambda: made.look("app", 10)) == "no_capability"
    assert refusal(lambda: made.copy("app", 10, 11)) == "no_capability"
    assert refusal(lambda: made.copy(ROOT, 10, TABLE_SLOTS)) == "bad_slot"
    assert refusal(lambda: made.copy(ROOT, 10, 11)) == "taken"
    assert refusal(lambda: made.copy(ROOT, 10, 1, into="nobody")) == "no_space"
    given = made.copy(ROOT, 11, 0, into="app")
    assert given.look("app", 0).kind == RAW
    assert given.delete(ROOT, 20).spaces == ((ROOT, 0),)


STEPS = st.lists(st.tuples(st.integers(0, 9), *[st.integers(0, 2**16)] * 4), max_size=60)


def run_local(steps: list[tuple[int, ...]]) -> int:
    core, done = raw(), 0
    for step in steps:
        try:
            core = local_step(core, *step)
            done += 1
        except Refused:
            continue
        check([core])
        if len([each for each in core.slots if each[1] > 2]) == 0:
            break
    return done


@given(STEPS)
def test_no_sequence_on_one_core_gives_memory_two_uses_or_maps_a_page_table(steps: list[tuple[int, ...]]) -> None:
    run_local(steps)


def test_without_the_rule_of_one_retype_memory_gets_two_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(run_local(chance(seed)) for seed in range(20)) > 300
    monkeypatch.setattr(Database, "descendants", lambda self, number: iter(()))
    with pytest.raises(AssertionError, match="memory with two uses"):
        run_many(lambda seed: run_local(chance(seed)))


def test_without_levels_a_page_table_becomes_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "accepts", lambda table_level, kind, level: kind in (FRAME, PAGE_TABLE))
    with pytest.raises(AssertionError, match="a page is a driver's object"):
        run_many(lambda seed: run_local(chance(seed)))
