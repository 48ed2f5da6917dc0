"""Dispatchers: who may write what, where state is saved, how they are entered, and that no preemption loses any."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from kernelsim_dispatcher_model import THREAD, World, context, lost, moves, running, start, structure

from kernelsim.dispatchers.delivery import Delivery, Endpoint, deliver, poll
from kernelsim.dispatchers.execution import Execution, Mode
from kernelsim.dispatchers.resuming import (
    ENTRY_POINTS,
    LEAVE,
    PAGE_FAULT,
    PAGE_FAULT_DISABLED,
    RUN,
    TRAP,
    Runtime,
)
from kernelsim.dispatchers.structure import (
    FURTHER,
    TABLE,
    AccessFault,
    Entry,
    Region,
    Registers,
    user_read,
    user_write,
)
from kernelsim.exploring import Exploration, explore


@pytest.mark.parametrize(
    ("name", "rights"),
    [
        ("disabled", "R/W"),
        ("haswork", "R"),
        ("crit_pc_low", "R"),
        ("crit_pc_high", "R"),
        ("entry_points", "R"),
        ("enabled_save_area", "W"),
        ("disabled_save_area", "R/W"),
        ("trap_save_area", "W"),
    ],
)
def test_user_code_reads_each_field_and_writes_those_of_the_table_alone(name: str, rights: str) -> None:
    before = structure()
    assert {field.name: field.rights for field in TABLE}[name] == rights
    value = user_read(before, name)
    assert value == getattr(before, name)
    if "W" in rights:
        assert user_read(user_write(before, name, 1), name) == 1
    else:
        with pytest.raises(AccessFault, match=f"a write of {name}"):
            user_write(before, name, value)


def test_the_table_has_eight_rows_and_the_drivers_own_page_is_closed_to_user_code() -> None:
    assert len(TABLE) == 8
    private = [field.name for field in FURTHER if field.region is Region.DRIVER]
    assert private
    for name in private:
        with pytest.raises(AccessFault, match="driver-only"):
            user_read(structure(), name)
        with pytest.raises(AccessFault, match="driver-only"):
            user_write(structure(), name, 1)
    with pytest.raises(AccessFault):
        user_write(structure(), "deallocations", 0)


@pytest.mark.parametrize(
    ("disabled", "pc", "is_disabled"), [(0, 4, False), (0, 5, True), (0, 8, True), (0, 9, False), (1, 100, True)]
)
def test_a_dispatcher_is_disabled_by_its_word_or_by_its_program_counter(
    disabled: int, pc: int, is_disabled: bool
) -> None:
    assert running(pc, disabled=disabled).is_disabled is is_disabled


@pytest.mark.parametrize(
    ("disabled", "event", "area", "entry"),
    [
        (0, "preempt", "enabled_save_area", None),
        (0, "trap", "trap_save_area", Entry.TRAP),
        (0, "fault", "enabled_save_area", Entry.PAGE_FAULT),
        (1, "preempt", "disabled_save_area", None),
        (1, "trap", "trap_save_area", Entry.TRAP),
        (1, "fault", "trap_save_area", Entry.PAGE_FAULT_DISABLED),
    ],
)
def test_each_event_saves_in_its_own_area_and_touches_no_other(
    disabled: int, event: str, area: str, entry: Entry | None
) -> None:
    empty: dict[str, Any] = dict.fromkeys(("enabled_save_area", "disabled_save_area", "trap_save_area"))
    before = running(disabled=disabled, **empty)
    arguments = {"preempt": (), "trap": (3,), "fault": (0xBAD,)}[event]
    after = getattr(before, event)(*arguments)
    saved = {name: getattr(after.structure, name) for name in empty}
    kept = saved.pop(area)
    assert set(saved.values()) == {None}
    assert kept.pc == THREAD
    if event == "fault":
        user = before.registers.general
        assert kept.general == (*user[:6], None, None)
        assert after.registers.general == (7, 0xBAD, THREAD, None, None, None, *user[6:])
    else:
        assert kept == before.registers
    assert after.entered is entry
    assert after.is_disabled is (entry is not None or bool(disabled))
    if entry is not None:
        assert after.registers.pc == ENTRY_POINTS[list(Entry).index(entry)]


def test_the_driver_disables_whomever_it_enters_and_hands_over_the_structures_address() -> None:
    waiting = Execution(structure(), pointer=7)
    entered = [waiting.dispatch(), waiting.receive(9, (1, 2, 3, 4)), running().fault(1), running().trap(2)]
    entered.append(running(disabled=1).fault(1))
    assert {each.entered for each in entered} == set(Entry)
    for each in entered:
        assert each.structure.disabled
        assert each.registers is not None
        assert each.registers.general[0] == 7


def test_a_disabled_dispatcher_is_resumed_with_nothing_modified_and_an_enabled_one_is_called() -> None:
    lost = running(disabled=1).preempt()
    assert lost.dispatch() == replace(lost, registers=context(0))
    called = running().preempt().dispatch()
    assert called.entered is Entry.RUN
    assert called.registers == Registers(RUN, (7, *(None,) * 7))


def test_who_yields_while_disabled_is_entered_at_run_the_next_time() -> None:
    yielded = running(disabled=1).give_up(has_work=False)
    assert yielded.mode is Mode.NOTRUNNING_ENABLED
    assert yielded.structure.haswork == 0
    assert yielded.dispatch().entered is Entry.RUN


def test_each_loss_of_the_core_is_counted_and_nothing_else_is() -> None:
    execution = Execution(structure())
    for count in range(1, 4):
        execution = execution.dispatch().call()
        assert execution.structure.deallocations == count - 1
        execution = execution.give_up() if count == 2 else execution.preempt()
        assert execution.structure.deallocations == count
    assert user_read(execution.structure, "deallocations") == 3


@pytest.fixture(scope="module")
def explored() -> Exploration[World]:
    return explore(start(), moves)


@pytest.fixture(scope="module")
def steps(explored: Exploration[World]) -> list[tuple[World, str, World]]:
    """Every step between two of the states, with its name."""
    return [(state, name, after) for state in explored.came for name, after in moves(state)]


def test_preempting_at_every_instruction_loses_no_thread(
    explored: Exploration[World], steps: list[tuple[World, str, World]]
) -> None:
    assert len(explored.came) > 1000
    assert not explored.stuck
    assert not lost(explored)
    preempted = {
        state[0].execution.registers.pc
        for state, name, _ in steps
        if name == "preempt domain" and state[0].execution.registers is not None
    }
    assert preempted >= {*range(9), PAGE_FAULT, PAGE_FAULT_DISABLED, TRAP, LEAVE, THREAD}


def test_without_the_range_of_the_critical_section_a_preemption_in_it_loses_a_thread() -> None:
    def only_preempted(world: World) -> Iterator[tuple[str, World]]:
        return (each for each in moves(world) if each[0] not in ("fault", "trap", "idc_local", "compute"))

    assert not lost(explore(start(), only_preempted), only_preempted)
    found = explore(start(has_critical_section=False), only_preempted)
    shortest = min((found.way(state) for state in lost(found, only_preempted)), key=len)
    assert shortest == ("dispatch domain", *["library"] * 5, "dispatch thread", "preempt domain")


def test_a_page_fault_in_the_critical_section_would_leave_a_thread_disabled() -> None:
    """Why its code and the save areas are never paged out: the handler's entry sets the word that was just cleared."""
    runtime = Runtime.of((context(0), context(1)))
    runtime = replace(runtime, execution=runtime.execution.dispatch())
    while runtime.execution.structure.disabled:
        runtime = runtime.advance()
    faulted = replace(runtime, execution=runtime.execution.fault(0xBAD))
    for way in (runtime, faulted):
        while way.is_in_library:
            way = way.advance()
        assert way.execution.registers == context(1)
        assert way.execution.is_disabled is (way.faults > 0)


def test_only_the_drawn_transitions_between_modes_happen(steps: list[tuple[World, str, World]]) -> None:
    """Fig 2.9; what happens within a mode, and the faults that the figure leaves out, aside."""
    drawn = {
        ("dispatch domain", Mode.NOTRUNNING_ENABLED, Mode.RUNNING_DISABLED),
        ("idc_local", Mode.NOTRUNNING_ENABLED, Mode.RUNNING_DISABLED),
        ("dispatch domain", Mode.NOTRUNNING_DISABLED, Mode.RUNNING_DISABLED),
        ("dispatch thread", Mode.RUNNING_DISABLED, Mode.RUNNING_ENABLED),
        ("preempt thread", Mode.RUNNING_ENABLED, Mode.RUNNING_DISABLED),
        ("preempt domain", Mode.RUNNING_ENABLED, Mode.NOTRUNNING_ENABLED),
        ("preempt domain", Mode.RUNNING_DISABLED, Mode.NOTRUNNING_DISABLED),
    }
    happened = set()
    for state, name, after in steps:
        before, then = state[0].execution.mode, after[0].execution.mode
        if before is not then and name not in ("fault", "trap"):
            happened.add((name, before, then))
    assert happened == drawn
    assert start()[0].execution.mode is Mode.NOTRUNNING_ENABLED


def test_a_dispatch_of_a_disabled_domain_modifies_no_state(explored: Exploration[World]) -> None:
    seen = 0
    for runtime, _ in explored.came:
        if runtime.execution.mode is Mode.NOTRUNNING_DISABLED:
            seen += 1
            after = runtime.execution.dispatch()
            assert after.structure == runtime.execution.structure
            assert after.registers == runtime.execution.structure.disabled_save_area
    assert seen


def test_entry_points_and_resume_follow_the_figure_of_dispatcher_states(steps: list[tuple[World, str, World]]) -> None:
    """Fig 2.10, with the trap and page fault states that it leaves out, whose way back is resume(), too."""
    happened: dict[str, set[tuple[str, str]]] = {}
    for state, name, after in steps:
        places = (state[0].execution.place, after[0].execution.place)
        if places[0] != places[1]:
            happened.setdefault(name, set()).add(places)
    assert {source for source, _ in happened["idc_local"]} == {"notrunning"}
    assert {target for _, target in happened["idc_local"]} == {"LMP"}
    assert {target for _, target in happened["preempt domain"]} == {"notrunning"}
    assert {target for _, target in happened["dispatch thread"]} == {"running"}
    assert happened["fault"] >= {("running", "PageFault"), ("Run", "PageFault_Disabled"), ("LMP", "PageFault_Disabled")}
    assert {target for _, target in happened["fault"]} == {"PageFault", "PageFault_Disabled"}
    called = {
        after[0].execution.place
        for state, name, after in steps
        if name == "dispatch domain" and state[0].execution.mode is Mode.NOTRUNNING_ENABLED
    }
    assert called == {"Run"}
    assert happened["trap"] == {("running", "Trap")}
    assert "compute" not in happened


WORDS = (1, 2, 3, 4)


def test_a_message_enters_only_who_is_neither_running_nor_disabled() -> None:
    endpoint = Endpoint(9, 1)
    waiting = Execution(structure(), pointer=7)
    others = [running(), running(disabled=1), running(disabled=1).preempt()]
    how, entered, after = deliver(waiting, endpoint, WORDS)
    assert (how, entered.entered, after) == (Delivery.ENTERED, Entry.LMP, endpoint)
    assert entered.registers is not None
    assert entered.registers.general[:6] == (7, 9, *WORDS)
    for execution in others:
        how, kept, after = deliver(execution, endpoint, WORDS)
        assert how is Delivery.BUFFERED
        assert (kept.registers, kept.entered) == (execution.registers, execution.entered)
        assert kept.structure.lmp_delivered
        assert after.waiting == (WORDS,)


def test_no_message_is_delivered_to_the_entry_of_a_running_or_disabled_dispatcher_in_any_state(
    explored: Exploration[World],
) -> None:
    for runtime, _ in explored.came:
        how, after, _ = deliver(runtime.execution, Endpoint(9, 1), WORDS)
        free = runtime.execution.mode is Mode.NOTRUNNING_ENABLED
        assert how is (Delivery.ENTERED if free else Delivery.BUFFERED)
        assert (after.registers == runtime.execution.registers) is not free


def test_a_full_buffer_refuses_and_the_flag_stands_until_the_last_message_is_taken() -> None:
    execution, endpoint = running(), Endpoint(9, 2)
    for words in (WORDS, (5, 6, 7, 8)):
        _, execution, endpoint = deliver(execution, endpoint, words)
    assert deliver(execution, endpoint, WORDS) == (Delivery.FULL, execution, endpoint)
    first, execution, endpoint = poll(execution, endpoint)
    assert (first, execution.structure.lmp_delivered) == (WORDS, 1)
    second, execution, endpoint = poll(execution, endpoint)
    assert (second, execution.structure.lmp_delivered) == ((5, 6, 7, 8), 0)
    assert poll(execution, endpoint) == (None, execution, endpoint)


def test_the_flag_stands_while_messages_wait_at_another_endpoint() -> None:
    first, second = Endpoint(9, 2), Endpoint(10, 2)
    _, execution, first = deliver(running(), first, WORDS)
    _, execution, second = deliver(execution, second, WORDS)
    _, execution, first = poll(execution, first)
    assert execution.structure.lmp_delivered
    _, execution, second = poll(execution, second)
    assert not execution.structure.lmp_delivered


def test_a_message_never_overtakes_one_that_waits() -> None:
    _, execution, endpoint = deliver(running(), Endpoint(9, 2), WORDS)
    how, _, endpoint = deliver(execution.preempt(), endpoint, (5, 6, 7, 8))
    assert how is Delivery.BUFFERED
    assert endpoint.waiting == (WORDS, (5, 6, 7, 8))
