"""Messages from many cores of the chip to one, in virtual time: locks, interrupts, full rings, payload."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scc_machine import CHIP, COSTS

from kernelsim.errors import ScenarioError
from kernelsim.scc.costs import BIT, READ_LINE, READ_WORD, REGISTER, SPILL, WRITE_LINE
from kernelsim.scc.delivery import COPIED, IN_PLACE, SHARED, Load, deliver
from kernelsim.scc.port import RAISE, READ_STATUS
from kernelsim.scc.ring import SEND_STEPS, Ring
from kernelsim.scc.tree import Tree

MS = 10**9


def senders(count: int) -> tuple[int, ...]:
    return tuple(range(1, count + 1))


def payload(lines: int) -> Ring:
    return Ring(254 // lines, lines, is_payload=True)


def test_a_lone_sender_spends_the_operations_of_its_steps() -> None:
    alone = deliver(CHIP, COSTS, Ring(), Load(0, (47,)))
    hops = CHIP.hops(47, 0)
    steps: list[Fraction | int] = [COSTS.shared_write(CHIP.memory_hops(47, 47)), COSTS.kernel_entry]
    kinds = ([REGISTER], [READ_WORD] * 2, [WRITE_LINE], [WRITE_LINE], [REGISTER], [REGISTER], [REGISTER])
    steps += [sum((COSTS.operation(kind, hops) for kind in step), Fraction(0)) for step in kinds]
    assert alone.sender_ps == sum(COSTS.ps(step) for step in steps)
    assert alone.interrupts == 1
    assert alone.waited_ps == 0


def test_a_lone_sender_by_tree_spends_two_line_reads_and_two_bit_operations_instead() -> None:
    ring = deliver(CHIP, COSTS, Ring(), Load(0, (47,)))
    tree = deliver(CHIP, COSTS, Tree(), Load(0, (47,)))
    hops = CHIP.hops(47, 0)
    more = 2 * sum(COSTS.operation(kind, hops) for kind in (READ_LINE, SPILL, BIT)) - 2 * COSTS.operation(
        READ_WORD, hops
    )
    assert abs(tree.sender_ps - ring.sender_ps - COSTS.ps(more)) <= len(Tree().send_steps)


@settings(max_examples=30)
@given(
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 20_000_000),
    st.sampled_from(["ring", "small ring", "tree", COPIED, IN_PLACE]),
    st.integers(0, 2),
)
def test_every_message_is_read_once(
    count: int, messages: int, lines: int, interval_ps: int, how: str, extra: int
) -> None:
    load = Load(0, senders(count), messages, lines, interval_ps, applications=1 + extra, slice_ps=MS)
    design = {"ring": Ring(), "small ring": Ring(2), "tree": Tree()}.get(how) or payload(lines)
    outcome = deliver(CHIP, COSTS, design, load, how if how in (COPIED, IN_PLACE) else SHARED)
    assert outcome.messages == count * messages
    assert 1 <= outcome.interrupts <= outcome.messages
    assert outcome == deliver(CHIP, COSTS, design, load, how if how in (COPIED, IN_PLACE) else SHARED)


@pytest.mark.parametrize("count", [1, 2, 8, 47])
def test_a_ring_costs_less_than_a_tree_and_than_payload(count: int) -> None:
    load = Load(0, senders(count), 3)
    ring = deliver(CHIP, COSTS, Ring(), load).core_ps
    assert ring < deliver(CHIP, COSTS, Tree(), load).core_ps
    assert ring < deliver(CHIP, COSTS, payload(1), load, COPIED).core_ps


def test_one_interrupt_serves_many_senders_because_they_look_at_the_status() -> None:
    load = Load(0, senders(47), 2)
    blind = Ring(send_steps=tuple(step for step in SEND_STEPS if step != READ_STATUS))
    assert deliver(CHIP, COSTS, Ring(), load).interrupts < 94 / 10
    assert deliver(CHIP, COSTS, blind, load).interrupts == 94


def test_a_full_ring_refuses_and_every_message_arrives_by_trying_again() -> None:
    outcome = deliver(CHIP, COSTS, Ring(4), Load(0, senders(12), 3))
    assert outcome.refused > 0
    assert outcome.messages == 36
    assert deliver(CHIP, COSTS, Tree(), Load(0, senders(12), 3)).refused == 0


def test_without_interrupts_nothing_is_delivered_and_that_is_said() -> None:
    silent = Ring(send_steps=tuple(step for step in SEND_STEPS if step != RAISE))
    with pytest.raises(ScenarioError, match="0 of 1 messages were read"):
        deliver(CHIP, COSTS, silent, Load(0, (1,)))


def test_payload_left_in_the_buffer_lets_one_application_hold_up_another() -> None:
    """Two applications take turns; the ring of ids is emptied at once, payload in place waits for its reader."""
    load = Load(0, senders(16), 10, 4, retry_ps=MS // 10, applications=2, slice_ps=4 * MS)
    ring = deliver(CHIP, COSTS, Ring(), load)
    in_place = deliver(CHIP, COSTS, payload(4), load, IN_PLACE)
    copied = deliver(CHIP, COSTS, payload(4), load, COPIED)
    assert in_place.refused > copied.refused
    assert in_place.by_application_ps[0] > ring.by_application_ps[0]
    assert copied.core_ps > ring.core_ps


def test_caches_that_allocated_on_a_write_would_make_copying_cheap() -> None:
    load = Load(0, senders(8), 3)
    allocating = replace(COSTS, is_allocating=True)
    ring = deliver(CHIP, allocating, Ring(), load)
    assert deliver(CHIP, allocating, payload(1), load, COPIED).core_ps < ring.core_ps


@pytest.mark.parametrize(
    ("load", "how", "found"),
    [
        (Load(0, ()), SHARED, "from 0 senders"),
        (Load(0, (48,)), SHARED, "core 48 does not exist"),
        (Load(0, (1,)), COPIED, "messages of 1 lines"),
        (Load(0, (1,), applications=2), SHARED, "slices of 0 ps"),
        (Load(0, (1,), starts_ps=(1, 2)), SHARED, "2 starts"),
    ],
)
def test_what_cannot_be_sent_is_refused(load: Load, how: str, found: str) -> None:
    with pytest.raises(ScenarioError, match=found):
        deliver(CHIP, COSTS, Ring(), load, how)
