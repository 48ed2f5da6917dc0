"""Small programs that measure a machine: streams of messages, calls, waits."""

from hypothesis import given
from hypothesis import strategies as st

from kernelsim.machine.hardware import Machine
from kernelsim.microbenchmarks.message_stream import MessageStream
from kernelsim.microbenchmarks.remote_update import RemoteUpdate
from kernelsim.microbenchmarks.waiting import best_cost, waiting_cost, worst_ratio

CORES = 5
LATENCY, SEND, OCCUPANCY = 545, 104, 283


def machine(latency: int = LATENCY, send: int = SEND, occupancy: int = OCCUPANCY) -> Machine:
    def matrix(value: int) -> list[list[int]]:
        return [[0 if a == b else value for b in range(CORES)] for a in range(CORES)]

    none = (0,) * CORES
    return Machine(
        name="five",
        clock_hz=(10**12,) * CORES,
        package=none,
        latency_ps=matrix(latency),
        occupancy_ps=matrix(occupancy),
        send_ps=matrix(send),
        line_ps=matrix(100),
        lmp_ps=none,
        work_ps=none,
        context_switch_ps=0,
        timeslice_ps=1,
        block_ps=0,
    )


def test_one_message_takes_its_latency_and_a_window_of_one_nothing_less_each() -> None:
    assert MessageStream(machine(), 0, 1, 1).receipts_ps(3) == [LATENCY, 2 * LATENCY, 3 * LATENCY]


def test_a_wide_window_is_limited_by_the_occupancy() -> None:
    assert abs(MessageStream(machine(), 0, 1, 16).interval_ps() - OCCUPANCY) < 1


@given(st.integers(1, 20), st.integers(1, 200), st.integers(1, 200), st.integers(0, 500))
def test_messages_are_received_in_order_never_faster_than_latency_and_window_allow(
    window: int, send: int, receive: int, flight: int
) -> None:
    latency = send + receive + flight
    received = MessageStream(machine(latency, send, send + receive), 0, 1, window).receipts_ps(60)
    assert received == sorted(received)
    assert len(received) == 60
    for index, at in enumerate(received):
        before = received[index - window] if index >= window else 0
        assert at - before >= latency
        assert at >= (index + 1) * receive


def test_one_client_waits_for_two_messages_and_the_update() -> None:
    call, between = RemoteUpdate(machine(), 0, (1,), 26).measure([0])
    assert (call, between) == (2 * LATENCY + 26, 2 * LATENCY + 26)


def test_many_clients_wait_for_each_other_at_the_server() -> None:
    call, between = RemoteUpdate(machine(), 0, (1, 2, 3, 4), 326).measure([0, 10, 20, 30])
    assert between == OCCUPANCY + 326
    assert call == 4 * between


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e3))
def test_who_spins_for_the_cost_of_a_block_loses_at_most_twice_what_he_must(duration: float, block: float) -> None:
    assert waiting_cost(duration, block, block) <= 2 * best_cost(duration, block)
    assert worst_ratio([duration], block, block) <= 2
