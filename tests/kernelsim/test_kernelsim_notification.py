"""Poll, then block and be notified: windows, their cost, and no wake-up lost."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelsim.errors import ScenarioError
from kernelsim.exploring import Exploration, explore
from kernelsim.messages.notification import ANNOUNCED, ASLEEP, IN_VAIN, POLLING, Notice
from kernelsim.messages.spinning import AdaptiveSpin, FixedSpin
from kernelsim.microbenchmarks.waiting import total_cost

BLOCK = 7_370_000
MESSAGES = 3
System = tuple[Notice, bool]
"""What both sides share, and whether the sender has written a message without having looked who waits."""


def best(durations: list[int]) -> int:
    return sum(min(duration, BLOCK) for duration in durations)


@given(st.lists(st.integers(0, 20 * BLOCK), max_size=60))
def test_polling_for_the_cost_of_a_block_loses_at_most_twice_what_who_knows_all_arrivals_loses(
    waits: list[int],
) -> None:
    assert total_cost(waits, FixedSpin(BLOCK), BLOCK) <= 2 * best(waits)


def test_the_bound_is_met_by_random_arrivals_and_broken_by_other_windows() -> None:
    draw = random.Random(7)
    for mean in (0.1, 0.5, 1.0, 3.0, 20.0):
        waits = [round(draw.expovariate(1) * mean * BLOCK) for _ in range(2000)]
        assert total_cost(waits, FixedSpin(BLOCK), BLOCK) <= 2 * best(waits)
    long, short = [BLOCK * 50] * 10, [BLOCK // 10] * 10
    assert total_cost(long, FixedSpin(2 * BLOCK), BLOCK) > 2 * best(long)
    assert total_cost(short, FixedSpin(0), BLOCK) > 2 * best(short)


def bimodal(seed: int, share_short: float, run: int) -> list[int]:
    """Waits of about a tenth of a block, and of many; runs of one kind have `run` waits in the mean."""
    draw = random.Random(seed)
    waits = []
    while len(waits) < 1000:
        is_short = draw.random() < share_short
        for _ in range(round(draw.expovariate(1 / run)) + 1):
            waits.append(round(BLOCK * (draw.uniform(0.05, 0.15) if is_short else draw.uniform(5, 30))))
    return waits


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("share_short", "run"), [(0.8, 1), (0.5, 1), (0.2, 1), (0.5, 50)])
def test_adaptive_polling_beats_every_fixed_window_it_could_be_given_for_bimodal_arrivals(
    seed: int, share_short: float, run: int
) -> None:
    waits = bimodal(seed, share_short, run)
    adaptive = total_cost(waits, AdaptiveSpin(BLOCK), BLOCK)
    assert adaptive < total_cost(waits, FixedSpin(BLOCK), BLOCK)
    if run > 1:
        assert adaptive < min(total_cost(waits, FixedSpin(BLOCK * tenth // 10), BLOCK) for tenth in range(21))


@given(st.lists(st.integers(0, 20 * BLOCK), max_size=60), st.integers(1, 20))
def test_adaptive_polling_never_loses_more_than_two_blocks_a_wait(waits: list[int], memory: int) -> None:
    rule = AdaptiveSpin(BLOCK, memory)
    for wait in waits:
        assert 0 <= rule.window_ps() <= BLOCK
        assert total_cost([wait], rule, BLOCK) <= 2 * BLOCK


def test_adaptive_polling_follows_arrivals_that_change() -> None:
    rule = AdaptiveSpin(BLOCK, memory=4)
    assert rule.window_ps() == BLOCK
    total_cost([30 * BLOCK] * 4, rule, BLOCK)
    assert rule.window_ps() == 0
    total_cost([BLOCK // 4] * 4, rule, BLOCK)
    assert rule.window_ps() >= BLOCK // 4


def test_windows_that_cannot_be_are_refused() -> None:
    for make in (lambda: FixedSpin(-1), lambda: AdaptiveSpin(0), lambda: AdaptiveSpin(1, 0)):
        with pytest.raises(ScenarioError, match="accepted: "):
            make()


# -- no message is slept through -------------------------------------------------------------------------------


def moves(system: System) -> Iterator[tuple[str, System]]:
    notice, is_to_look = system
    if is_to_look:
        yield "looks who waits", (notice.notify(), False)
    elif notice.written < MESSAGES:
        yield "writes", (notice.write(), True)
    if notice.notified:
        yield "notification", (notice.wake(), is_to_look)
    if notice.receiver == POLLING and notice.written > notice.taken:
        yield "takes", (notice.take(), is_to_look)
    elif notice.receiver == POLLING:
        yield "gives up", (notice.give_up(), is_to_look)
    elif notice.receiver == IN_VAIN:
        yield "announces", (notice.announce(), is_to_look)
    elif notice.receiver == ANNOUNCED:
        yield "sleeps", (notice.sleep(), is_to_look)


def slept_through(found: Exploration[System]) -> bool:
    """Whether the receiver sleeps somewhere for ever beside a message."""
    assert found.stuck
    return any(notice.receiver == ASLEEP and notice.taken < MESSAGES for notice, _ in found.stuck)


def test_no_message_is_slept_through_in_any_order() -> None:
    assert not slept_through(explore((Notice(), False), moves))


@pytest.mark.parametrize("without", ["looks_again", "keeps_announced"])
def test_without_a_second_look_a_message_is_slept_through(without: str) -> None:
    assert slept_through(explore((replace(Notice(), **{without: False}), False), moves))
