"""A node's three system calls, and what user code can do with them: to its own core and to nobody else's."""

import inspect
import random
from dataclasses import replace
from typing import Any

import pytest

from kernelsim.capabilities.database import ROOT, SLOT_BYTES, Refused
from kernelsim.capabilities.kinds import (
    CAPABILITY_TABLE,
    COMMANDS,
    DISPATCHER,
    ENDPOINT,
    FRAME,
    INTERRUPT_TABLE,
    IPI,
    PAGE_TABLE,
    RAW,
)
from kernelsim.dispatchers.paging import PAGE_BYTES, SelfPager
from kernelsim.dispatchers.structure import Entry, Registers
from kernelsim.nodes import system_calls
from kernelsim.nodes.node import MONITOR, MONITOR_ENDPOINT, OWN_DISPATCHER, RECEIVE_SLOT, Node
from kernelsim.nodes.sending import Hop, send_across
from kernelsim.nodes.system_calls import SYSTEM_CALLS, system_call

INVOKE, YIELD, SEND = range(3)
WORDS = (1, 2, 3, 4)
MEMORY = ((0, 16 * PAGE_BYTES),)
REGIONS = tuple((place * 4 * PAGE_BYTES, 4 * PAGE_BYTES) for place in range(4))
RAWS = (20, 21, 22, 23)


def call(node: Node, number: Any, *arguments: Any) -> Node:
    answer = system_call(node, number, *arguments)
    assert not answer.error, answer.reason
    return answer.node


def refused(node: Node, number: Any, *arguments: Any) -> str:
    answer = system_call(node, number, *arguments)
    assert answer.node == node
    return answer.error


def booted(core: int = 0) -> Node:
    """The first dispatcher holds four regions of raw memory in slots 20 to 23."""
    return call(Node.boot(core, MEMORY, regions=REGIONS), INVOKE, 0, "retype", 3, RAW, RAWS)


def with_process(node: Node, name: str = "app") -> Node:
    """Its capability table in slot 30 of the first space, its dispatcher in 31, its endpoint in 32."""
    made = call(node, INVOKE, 0, "retype", 20, CAPABILITY_TABLE, (30,))
    made = call(made, INVOKE, 0, "retype", 21, DISPATCHER, (31,))
    made = call(made, INVOKE, 0, "retype", 31, ENDPOINT, (32,))
    return call(made, INVOKE, 31, "create", name, 30)


# -- three, not four -------------------------------------------------------------------------------------------


def test_there_are_three_system_calls() -> None:
    public = [
        name
        for name, each in inspect.getmembers(system_calls, inspect.isfunction)
        if each.__module__ == system_calls.__name__ and not name.startswith("_")
    ]
    assert sorted(public) == sorted([*(each.__name__ for each in SYSTEM_CALLS), "system_call"])
    assert len(SYSTEM_CALLS) == 3


@pytest.mark.parametrize("number", [3, -1, 4, 2**32, 1.0, "0", None, True, (0,)])
def test_a_fourth_system_call_is_refused(number: Any) -> None:
    assert refused(booted(), number) == "no_such_call"
    assert refused(booted(), number, 0, "retype", 3, RAW, RAWS) == "no_such_call"


def test_whatever_is_handed_in_is_answered_and_a_refusal_changes_nothing(full_scale: bool) -> None:
    draw = random.Random(7)
    words = [name for names in COMMANDS.values() for name in names]
    values = [*range(4), 20, 21, *range(30, 33), 40, -1, 511, "x", None, 1.5, (), (40, 41), (50,), WORDS, MONITOR, ROOT]
    kinds = [RAW, FRAME, PAGE_TABLE, DISPATCHER, CAPABILITY_TABLE, ENDPOINT]
    values += [*words, *kinds, [], {}, OWN_DISPATCHER, MONITOR_ENDPOINT]
    errors, done = set(), 0
    for _ in range(300 if full_scale else 10):
        node = with_process(booted())
        for _ in range(200):
            number = draw.choice((0, 0, 0, 1, 2, 3))
            arguments = [draw.choice(values) for _ in range(draw.randrange(6))]
            if number == INVOKE and arguments and draw.random() < 0.8:
                arguments[1:2] = [draw.choice(words)]
            answer = system_call(node, number, *arguments)
            assert (answer.node == node) or not answer.error
            assert answer.node.running is not None or not answer.node.runnable()
            errors.add(answer.error)
            done += not answer.error
            node = answer.node
    assert errors >= {"", "no_such_call", "bad_arguments", "not_invocable", "no_capability"}
    assert done > 30


def test_only_objects_of_the_driver_are_invocable_and_each_by_its_own_commands() -> None:
    assert set(COMMANDS) == {INTERRUPT_TABLE, DISPATCHER, PAGE_TABLE, IPI, CAPABILITY_TABLE}
    node = with_process(booted())
    node = call(node, INVOKE, 0, "retype", 22, FRAME, (40,))
    node = call(node, INVOKE, 0, "retype", 23, PAGE_TABLE, (41,))
    slots = {node.database.look(ROOT, slot).kind: slot for slot in (0, 1, 2, 3, 23, 31, 32, 40, 41)}
    for kind, slot in slots.items():
        for command in {each for commands in COMMANDS.values() for each in commands} - set(COMMANDS.get(kind, ())):
            assert refused(node, INVOKE, slot, command, 0, 1) == "not_invocable"


# -- what they do ----------------------------------------------------------------------------------------------


def test_a_process_is_created_runs_and_is_destroyed_with_all_that_it_holds() -> None:
    node = with_process(booted())
    assert [space for space, _, _ in node.dispatchers] == [ROOT, MONITOR, "app"]
    assert refused(node, INVOKE, 31, "create", "other", 30) == "wrong_state"
    running = call(node, YIELD, "app")
    assert (running.running, running.execution("app").entered) == ("app", Entry.RUN)
    assert refused(running, INVOKE, 31, "destroy") == "no_capability"
    back = call(running, YIELD, ROOT)
    gone = call(back, INVOKE, 31, "destroy")
    assert [space for space, _, _ in gone.dispatchers] == [ROOT, MONITOR]
    assert refused(gone, SEND, 32, WORDS) == "bad_message"


def test_a_yield_to_nobody_in_particular_goes_round() -> None:
    node = with_process(booted())
    order = []
    for _ in range(6):
        order.append(node.running)
        node = call(node, YIELD)
    assert order == [ROOT, MONITOR, "app", ROOT, MONITOR, "app"]
    assert refused(node, YIELD, "nobody") == "not_runnable"


def test_a_message_to_who_waits_is_a_switch_and_to_who_is_disabled_it_is_a_buffered_word() -> None:
    node = with_process(booted())
    called = call(node, SEND, 32, WORDS)
    assert (called.running, called.execution("app").entered) == ("app", Entry.LMP)
    registers = called.execution("app").registers
    assert registers is not None
    assert registers.general[2:6] == WORDS
    back = called.tick_off().dispatched(None, ROOT)
    assert back.execution("app").is_disabled
    for _ in range(4):
        assert back.running == ROOT
        back = call(back, SEND, 32, WORDS)
    assert back.execution("app").structure.lmp_delivered
    assert refused(back, SEND, 32, WORDS) == "full"
    assert refused(back, SEND, 20, WORDS) == "bad_message"
    assert refused(back, SEND, 32, (1, 2)) == "bad_message"


def test_a_capability_comes_with_a_message_into_the_receivers_space() -> None:
    node = call(with_process(booted()), INVOKE, 0, "retype", 22, FRAME, (40, 41))
    sent = call(node, SEND, 32, WORDS, 40)
    assert sent.database.look("app", RECEIVE_SLOT) == node.database.look(ROOT, 40)
    assert refused(node, SEND, 32, WORDS, 77) == "no_capability"
    again = sent.tick_off().dispatched(None, ROOT)
    assert refused(again, SEND, 32, WORDS, 41) == "taken"


def test_an_interrupt_is_a_message_to_whom_the_table_names() -> None:
    node = with_process(booted())
    assert node.interrupt(5) == node
    connected = call(node, INVOKE, 1, "connect", 5, 32)
    woken = connected.interrupt(5)
    assert (woken.running, woken.execution("app").entered) == ("app", Entry.LMP)
    again = woken.tick_off().dispatched(None, MONITOR).interrupt(5)
    assert again.running == MONITOR
    assert again.execution("app").structure.lmp_delivered == 1
    assert call(connected, INVOKE, 1, "disconnect", 5).interrupt(5).running == ROOT


def test_an_interrupt_for_another_core_is_all_that_leaves_this_one() -> None:
    node = booted()
    assert call(node, INVOKE, 2, "send", 3).sent_ipis == (3,)
    assert refused(node, INVOKE, 2, "send", 0) == "wrong_core"


def test_a_space_of_ones_own_gives_nobody_elses_capabilities() -> None:
    node = with_process(booted())
    assert refused(node, INVOKE, 0, "copy", 21, 60, MONITOR) == "bad_arguments"
    inside = call(node, YIELD, "app")
    for slot in (0, 1, 20, OWN_DISPATCHER):
        assert refused(inside, INVOKE, slot, "copy", 20, 60) in ("no_capability", "bad_slot")


def test_nothing_that_the_driver_does_nests_or_waits() -> None:
    """Each event ends with one dispatcher running; a node is a value, so nobody can meet it half done."""
    node, draw = with_process(booted()), random.Random(3)
    for _ in range(300):
        before = node
        event = draw.randrange(6)
        if event == 0:
            node = node.tick()
        elif event < 3:
            node = node.fault(64) if event == 1 else node.trap(1)
        else:
            node = system_call(node, event - 3, draw.choice((0, 32, "app", None)), draw.choice(("copy", WORDS))).node
        assert sum(execution.is_running for _, _, execution in node.dispatchers) == 1
        assert before.core == node.core


# -- page faults -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_disabled", [False, True])
def test_a_page_fault_is_the_dispatchers_own_affair_and_the_driver_allocates_nothing(is_disabled: bool) -> None:
    node = call(booted(), INVOKE, 0, "retype", 22, FRAME, (40, 41, 42, 43))
    node = call(node, INVOKE, 0, "retype", 23, PAGE_TABLE, (45,))
    pager = SelfPager(45, (40, 41, 42, 43))
    for page in range(4):
        before = node.database
        execution = node.execution(ROOT)
        node = node.with_execution(
            ROOT, execution.step(Registers(100), replace(execution.structure, disabled=int(is_disabled)))
        )
        faulted = node.fault(page * PAGE_BYTES + 8)
        assert faulted.database == before
        assert faulted.execution(ROOT).entered is (Entry.PAGE_FAULT_DISABLED if is_disabled else Entry.PAGE_FAULT)
        pager, wanted = pager.answer(page * PAGE_BYTES + 8)
        assert wanted is not None
        node = call(faulted, INVOKE, *wanted)
        assert node.database.objects == before.objects
        assert node.database.slots == before.slots
    table = node.database.look(ROOT, 45).number
    assert [each.base // PAGE_BYTES for each in node.database.mapped(table)] == [8, 9, 10, 11]
    assert pager.answer(9 * PAGE_BYTES)[1] is None


def test_a_thread_that_faults_on_a_page_that_is_there_is_given_no_other() -> None:
    pager, _ = SelfPager(45, (40, 41)).answer(5)
    assert pager.answer(6) == (pager, None)


# -- to another core -------------------------------------------------------------------------------------------


def receiving() -> Node:
    """Core 3, whose monitor holds an endpoint of its process in slot 5; it has no memory of those regions."""
    own = Node.boot(3, ((2**20, 16 * PAGE_BYTES),), regions=REGIONS)
    node = with_process(call(own, INVOKE, 0, "retype", 3, RAW, RAWS))
    handed = call(node, SEND, MONITOR_ENDPOINT, WORDS, 32)
    database = handed.database.copy(MONITOR, RECEIVE_SLOT, 5).delete(MONITOR, RECEIVE_SLOT)
    return Node(3, database, handed.dispatchers, handed.buffers)


def test_a_capability_goes_to_another_core_by_both_monitors_and_a_local_message_at_either_end() -> None:
    source, target, hops = send_across(booted(), receiving(), MONITOR_ENDPOINT, 22, 5)
    assert hops == (
        Hop("LMP", (0, ROOT), (0, MONITOR)),
        Hop("UMP", (0, MONITOR), (3, MONITOR)),
        Hop("LMP", (3, MONITOR), (3, "app")),
    )
    came = target.database.look("app", RECEIVE_SLOT)
    assert (came.kind, came.base) == (RAW, REGIONS[2][0])
    assert source.database.look(ROOT, 22).base == REGIONS[2][0]
    for node in (source, target):
        assert not any(space == MONITOR and slot == RECEIVE_SLOT for space, slot, _ in node.database.slots)
    back = source.tick_off().dispatched(None, ROOT)
    assert refused(back, INVOKE, 0, "retype", 22, FRAME, (60,)) == "ask_monitor"


def test_what_names_state_of_its_core_is_refused_by_its_own_monitor() -> None:
    node = with_process(booted())
    for slot in (1, 2, 30, 31, 32):
        with pytest.raises(Refused, match="to another core"):
            send_across(node, receiving(), MONITOR_ENDPOINT, slot, 5)


def test_a_capability_table_is_as_large_as_its_memory() -> None:
    node = with_process(booted())
    table = node.database.look(ROOT, 30)
    assert refused(call(node, YIELD, "app"), INVOKE, 0, "delete", 0) == "no_capability"
    room = table.size // SLOT_BYTES
    filled = node.database.copy(ROOT, 22, room - 1, into="app")
    assert filled.look("app", room - 1).kind == RAW
    with pytest.raises(Refused, match=f"accepted: 0 to {room - 1}"):
        filled.copy(ROOT, 22, room, into="app")
