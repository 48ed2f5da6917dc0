"""UMP as a state machine: rings, acknowledgements, and what each rule is for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernelsim_ump_model import Greedy, HeaderFirst, Heedless, NarrowCount, State, Unchecked, channel

from kernelsim.errors import ScenarioError
from kernelsim.exploring import Exploration
from kernelsim.machine.coherence import Coherence
from kernelsim.messages.ump_endpoint import UmpEndpoint, empty_ring
from kernelsim.messages.ump_format import UmpFormat
from kernelsim.microbenchmarks.ump_lines import UmpLines

TWO_WORDS, FOUR_WORDS = 16, 32
HERE, FAR, SERVICE = 2, 160, 100


def is_right(found: Exploration[State]) -> bool:
    """No message anywhere that is partial, or not the next one."""
    return not any(side.wrong for sides, _ in found.came for side in sides)


def is_complete(found: Exploration[State]) -> bool:
    """It comes to rest, and only when all are received."""
    return bool(found.stuck) and all(
        mine.got == yours.to_send for sides, _ in found.stuck for mine, yours in (sides, sides[::-1])
    )


@pytest.mark.parametrize("acks", ["separate", "piggyback"])
@pytest.mark.parametrize(
    ("slots", "line_bytes", "messages"),
    [(2, FOUR_WORDS, (8, 0)), (2, TWO_WORDS, (4, 3)), (3, TWO_WORDS, (5, 0)), (3, TWO_WORDS, (4, 2))],
)
def test_no_message_is_lost_doubled_reordered_or_partial_in_any_order_of_words(
    acks: str, slots: int, line_bytes: int, messages: tuple[int, int], full_scale: bool
) -> None:
    if full_scale:
        messages = messages[0] + 1, messages[1] + 1
    found = channel(UmpFormat(slots, line_bytes, acks=acks), messages)
    assert is_right(found)
    assert is_complete(found)


def test_slots_reused_without_an_acknowledgement_lose_messages() -> None:
    found = channel(UmpFormat(2, TWO_WORDS), (5, 0), Heedless)
    assert not is_right(found) or not is_complete(found)


def test_a_polled_word_that_is_not_written_last_shows_partial_messages() -> None:
    assert not is_right(channel(UmpFormat(2, TWO_WORDS), (2, 0), HeaderFirst))


def test_without_a_line_for_acknowledgements_two_full_rings_wait_for_each_other() -> None:
    found = channel(UmpFormat(2, TWO_WORDS), (4, 3), Greedy)
    assert is_right(found)
    assert not is_complete(found)


@pytest.mark.parametrize("acks", ["separate", "piggyback"])
def test_in_a_ring_of_one_slot_acknowledgements_would_acknowledge_each_other_for_ever(acks: str) -> None:
    with pytest.raises(ScenarioError, match=r"1 slots.*accepted: 2 slots or more"):
        UmpFormat(1, acks=acks)
    with pytest.raises(ScenarioError, match="more than 500 states"):
        channel(Unchecked(1, TWO_WORDS, acks=acks), (1, 0), most_states=500)


def test_a_ring_longer_than_its_counts_can_tell_is_refused_and_would_stop() -> None:
    with pytest.raises(ScenarioError, match=r"65,536.*at most 65,534 slots"):
        UmpFormat(65_535, acks="piggyback")
    assert UmpFormat(65_534, acks="piggyback").lines == 65_535
    assert is_complete(channel(NarrowCount(2, TWO_WORDS, acks="piggyback"), (6, 0)))
    assert not is_complete(channel(NarrowCount(4, TWO_WORDS, acks="piggyback"), (6, 0)))


@pytest.mark.parametrize("acks", ["separate", "piggyback"])
@given(slots=st.integers(2, 40), ack_every=st.integers(0, 40))
def test_a_sender_with_an_idle_peer_blocks_after_so_many_messages_as_there_are_slots(
    acks: str, slots: int, ack_every: int
) -> None:
    format_ = UmpFormat(slots, acks=acks, ack_every=min(slots, ack_every) if ack_every != 1 else 0)
    end, ring = UmpEndpoint(format_), empty_ring(format_)
    sent = 0
    while end.can_send():
        end, ring = end.send(ring, (sent,))
        sent += 1
    assert sent == slots
    with pytest.raises(ScenarioError, match="no slot for a message"):
        end.begin((0,))


def test_one_acknowledgement_frees_the_whole_batch() -> None:
    format_ = UmpFormat(6, ack_every=4)
    here, there, ring, back = UmpEndpoint(format_), UmpEndpoint(format_), empty_ring(format_), empty_ring(format_)
    for number in range(6):
        here, ring = here.send(ring, (number,))
    for taken in range(4):
        assert not there.can_acknowledge()
        there, payload = there.take(ring)
        assert payload == (taken, 0, 0, 0, 0, 0, 0)
    there, back = there.acknowledge().flush(back)
    assert not here.can_send()
    here, payload = here.take(back)
    assert (payload, here.in_ring) == (None, 2)


@pytest.mark.parametrize(("line_bytes", "word_bytes"), [(64, 8), (32, 4)])
@pytest.mark.parametrize("acks", ["separate", "piggyback"])
@given(order=st.lists(st.integers(0, 3), max_size=200))
def test_long_streams_over_many_laps_arrive_whole_and_in_order(
    line_bytes: int, word_bytes: int, acks: str, order: list[int]
) -> None:
    format_ = UmpFormat(3, line_bytes, word_bytes, acks)
    ends, rings = [UmpEndpoint(format_)] * 2, [empty_ring(format_)] * 2
    sent, got = [0, 0], [0, 0]
    for move in order:
        who = move % 2
        if move < 2 and ends[who].can_send():
            sent[who] += 1
            ends[who], rings[who] = ends[who].send(rings[who], (sent[who], 2**31 + sent[who]))
        elif move >= 2 and ends[who].sees(rings[1 - who]):
            ends[who], payload = ends[who].take(rings[1 - who])
            if payload is not None:
                got[who] += 1
                assert payload[:2] == (got[who], 2**31 + got[who])
        if ends[who].can_acknowledge():
            ends[who], rings[who] = ends[who].acknowledge().flush(rings[who])


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"acks": "none"}, "separate or piggyback"),
        ({"line_bytes": 60}, "words of 4 or 8 bytes"),
        ({"word_bytes": 64}, "lines of two words or more"),
        ({"ack_every": 1}, "2 to 16, or 0"),
        ({"ack_every": 17}, "2 to 16, or 0"),
    ],
)
def test_a_format_that_cannot_work_is_refused_with_what_would_be_accepted(
    change: dict[str, int | str], accepted: str
) -> None:
    with pytest.raises(ScenarioError, match=accepted):
        UmpFormat(**change)  # type: ignore[arg-type]


def test_a_payload_that_does_not_fit_a_line_is_refused() -> None:
    end = UmpEndpoint(UmpFormat())
    for payload in ((0,) * 8, (2**64,), (-1,)):
        with pytest.raises(ScenarioError, match="7 words below"):
            end.begin(payload)


# -- lines that move -------------------------------------------------------------------------------------------


def lines(format_: UmpFormat, *, clears: bool = False, service: int = SERVICE) -> UmpLines:
    transfer = [[0, FAR], [FAR, 0]]
    return UmpLines(Coherence(transfer, [HERE] * 2, [0, 1], service), format_, send_ps=30, receive_ps=50, clears=clears)


@pytest.mark.parametrize("gap_ps", [0, 3000])
def test_a_message_is_two_transfers_and_would_be_three_if_the_receiver_wrote_to_the_line(gap_ps: int) -> None:
    found = lines(UmpFormat(16)).run(200, gap_ps)
    assert found.transfers == 2 * (200 + found.acknowledgements)
    cleared = lines(UmpFormat(16), clears=True).run(200, gap_ps)
    assert cleared.transfers == 3 * 200 + 2 * cleared.acknowledgements


def test_prefetching_raises_throughput_at_the_expense_of_the_latency_of_single_messages() -> None:
    plain, ahead = (lines(UmpFormat(16, ack_every=4, prefetch=prefetch)) for prefetch in (False, True))
    assert ahead.run(400).interval_ps < 0.8 * plain.run(400).interval_ps
    assert ahead.run(50, 3000).latency_ps > plain.run(50, 3000).latency_ps


def test_where_the_interconnect_is_the_limit_prefetching_gains_nothing() -> None:
    plain, ahead = (lines(UmpFormat(16, ack_every=4, prefetch=each), service=FAR) for each in (False, True))
    assert ahead.run(400).interval_ps >= plain.run(400).interval_ps
