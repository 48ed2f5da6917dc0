"""Links: what carries a channel, LMP on a core and UMP between two, without the programs."""

import pytest
from kernelsim_echo import CORES
from kernelsim_machines import MS

from kernelsim.channels.links import Links, Side
from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.messages.ump_format import UmpFormat
from kernelsim.trace import Trace


def links() -> tuple[Links, Engine]:
    engine = Engine()
    return Links(engine, CORES, Trace()), engine


def test_a_local_message_to_a_busy_receiver_waits_in_its_buffer_and_a_full_buffer_is_an_error() -> None:
    here, there = links()[0].lmp(2, slots=2)
    here.send((1, 0, 0, 0))
    here.send((2, 0, 0, 0))
    assert there.buffered == 2
    assert not here.can_send()
    with pytest.raises(ScenarioError, match="buffer of 2 messages is full"):
        here.send((3, 0, 0, 0))
    assert [there.poll(), there.poll(), there.poll()] == [(1, 0, 0, 0), (2, 0, 0, 0), None]
    here.send((3, 0, 0, 0))
    assert there.poll() == (3, 0, 0, 0)


def test_a_receiver_that_waits_gets_a_local_message_in_registers() -> None:
    here, there = links()[0].lmp(2, slots=1)
    woken: list[str] = []
    there.on_seen = lambda: woken.append("switched to")
    here.send((1, 2, 3, 4))
    assert (woken, there.buffered, there.poll()) == (["switched to"], 0, (1, 2, 3, 4))


def test_both_directions_of_a_local_channel_are_open() -> None:
    here, there = links()[0].lmp(2, slots=1)
    here.send((1, 0, 0, 0))
    there.send((2, 0, 0, 0))
    assert (there.poll(), here.poll()) == ((1, 0, 0, 0), (2, 0, 0, 0))


@pytest.mark.parametrize("acks", ["separate", "piggyback"])
def test_a_ump_sender_stops_when_its_peer_is_idle_and_goes_on_when_it_is_told(acks: str) -> None:
    made, engine = links()
    here, there = made.ump(1, 6, UmpFormat(4, acks=acks))

    def fill(side: Side) -> int:
        sent = 0
        while side.can_send():
            side.send((sent, 0, 0, 0, 0, 0, 0))
            sent += 1
        return sent

    engine.run(1 * MS)
    assert fill(here) == 4
    engine.run(2 * MS)
    assert (here.poll(), here.can_send()) == (None, False)
    assert [(there.poll() or (None,))[0] for _ in range(5)] == [0, 1, 2, 3, None]
    engine.run(3 * MS)
    assert (here.poll(), fill(here)) == (None, 4)


def test_messages_and_acknowledgements_of_a_link_have_the_latency_of_their_channel() -> None:
    made, engine = links()
    here, there = made.ump(1, 6, UmpFormat(2))
    engine.run(1 * MS)
    for _ in range(2):
        here.send((7,) * 7)
    engine.run(2 * MS)
    while there.poll() is not None:
        pass
    kinds = [message.kind for message in made.trace.messages]
    assert kinds == ["ump", "ump", "ack"]
    first, _, ack = made.trace.messages
    assert first.arrived_ps - first.sent_ps == CORES.latency_ps[1][6]
    assert ack.arrived_ps - ack.sent_ps == CORES.latency_ps[6][1]
