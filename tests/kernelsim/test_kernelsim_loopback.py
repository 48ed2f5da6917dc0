"""IP loopback over a channel and through a kernel."""

import pytest
from kernelsim_machines import cycles

from kernelsim.applications.loopback import WINDOW, Loopback, Stack
from kernelsim.machine.coherence import Coherence

WORK = cycles(7000)
CHANNEL = Stack(WORK)
KERNEL = Stack(WORK, 0, cycles(800), shared_lines=9, lock=True)


def lines(transfer_cycles: int) -> Coherence:
    return Coherence([[cycles(transfer_cycles)] * 2] * 2, [cycles(2)] * 2, [0, 1], cycles(20))


def loopback(stack: Stack, transfer_cycles: int = 160, payload_bytes: int = 1000) -> Loopback:
    return Loopback(lines(transfer_cycles), stack, 0, 1, payload_bytes)


def test_a_channel_moves_the_payload_and_a_message_to_the_sink_and_one_message_back() -> None:
    found = loopback(CHANNEL).measure(100)
    assert (found.to_sink, found.to_source, found.given_up) == (18, 1, 18)


def test_what_both_sides_write_moves_both_ways_with_every_packet() -> None:
    found = loopback(KERNEL).measure(100)
    assert (found.to_sink, found.to_source) == (17 + 9, 9)


@pytest.mark.parametrize(("payload_bytes", "expected"), [(1, 1), (36, 1), (37, 2), (1000, 17)])
def test_a_packet_has_the_lines_of_its_payload_and_headers(payload_bytes: int, expected: int) -> None:
    assert loopback(CHANNEL, payload_bytes=payload_bytes).payload_lines == expected


def test_a_kernel_is_slower_by_its_entry_and_shared_lines_and_the_gap_shrinks_in_a_shared_cache() -> None:
    gaps = [
        loopback(KERNEL, transfer).measure(100).packet_ps - loopback(CHANNEL, transfer).measure(100).packet_ps
        for transfer in (160, 17)
    ]
    assert gaps[0] == pytest.approx(cycles(800 + 9 * 160), rel=0.25)
    assert gaps[1] < 0.6 * gaps[0]


def test_a_packet_takes_a_sides_work_and_its_waits_for_lines() -> None:
    assert loopback(CHANNEL).measure(100).packet_ps == pytest.approx(WORK + cycles(18 * 160 + 160), rel=0.02)
    assert loopback(CHANNEL, transfer_cycles=2).measure(100).packet_ps < WORK + cycles(18 * 160 / 5)


def test_both_sides_are_in_step_after_the_first_window() -> None:
    assert loopback(CHANNEL).measure(4 * WINDOW) == loopback(CHANNEL).measure(8 * WINDOW)
