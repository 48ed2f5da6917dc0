"""Typed messages: interfaces, their values on any wire, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelsim.errors import ScenarioError
from kernelsim.messages.typed.interface import INTEGERS, SCALARS, Argument, Interface, MessageType, read_interface
from kernelsim.messages.typed.marshalling import LMP_WIRE, SCC_WIRE, UMP_WIRE, Assembly, Typed, WireFormat, split

WIRES = st.sampled_from([LMP_WIRE, UMP_WIRE, SCC_WIRE, WireFormat(1, 4), WireFormat(1, 8)])
ECHO = read_interface(
    """
    interface echo {
        message ask(u32 id, string text);
        message samples(i16 values[4], bool last);
        message bulk(buffer data);
        message stop();
    }
    """
)


def _one(kind: str) -> st.SearchStrategy[int | bool | str | bytes]:
    if kind in INTEGERS:
        sign, bits = INTEGERS[kind]
        least = -(1 << (bits - 1)) if sign == "i" else 0
        return st.integers(least, least + (1 << bits) - 1)
    if kind == "bool":
        return st.booleans()
    return st.text(st.characters(codec="utf-8"), max_size=40) if kind == "string" else st.binary(max_size=200)


@st.composite
def typed(draw: st.DrawFn) -> tuple[Interface, list[Typed]]:
    """An interface of up to three messages, and some of them with values."""
    kinds = st.tuples(st.sampled_from(SCALARS), st.integers(0, 3))
    messages = tuple(
        MessageType(f"m{number}", tuple(Argument(f"a{i}", kind, count) for i, (kind, count) in enumerate(arguments)))
        for number, arguments in enumerate(draw(st.lists(st.lists(kinds, max_size=4), min_size=1, max_size=3)))
    )
    said = []
    for message in draw(st.lists(st.sampled_from(messages), max_size=4)):
        values = {}
        for each in message.arguments:
            one = _one(each.type)
            values[each.name] = draw(st.tuples(*[one] * each.count) if each.count else one)
        said.append(Typed(message.name, values))
    return Interface("any", messages), said


@given(typed(), WIRES)
def test_what_is_marshalled_comes_out_again_on_every_wire(
    said: tuple[Interface, list[Typed]], wire: WireFormat
) -> None:
    interface, messages = said
    assembly = Assembly(interface, wire)
    for message in messages:
        parts = split(interface, message, wire)
        for number, words in enumerate(parts):
            assert all(0 <= word < 1 << (8 * wire.word_bytes) for word in words)
            assert assembly.receive(words) == (message if number == len(parts) - 1 else None)


def test_a_small_message_is_one_of_the_transport_and_a_long_one_as_many_as_it_needs() -> None:
    small, long = Typed("stop", {}), Typed("bulk", {"data": bytes(1000)})
    for wire in (LMP_WIRE, UMP_WIRE, SCC_WIRE):
        assert len(split(ECHO, small, wire)) == 1
        assert len(split(ECHO, long, wire)) == -(-(2 + 4 + 4 + 1000) // wire.size_bytes)


@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        (Typed("tell", {}), "ask, samples, bulk, stop"),
        (Typed("ask", {"id": 1}), r"\['id', 'text'\]"),
        (Typed("ask", {"id": 2**32, "text": ""}), "0 to 4294967295 for u32"),
        (Typed("ask", {"id": True, "text": ""}), "u32"),
        (Typed("ask", {"id": 0, "text": b""}), "string"),
        (Typed("ask", {"id": 0, "text": "\ud800"}), "a string without surrogates"),
        (Typed("samples", {"values": (1, 2, 3), "last": True}), "a tuple of 4 i16"),
        (Typed("samples", {"values": (1, 2, 3, -(2**15) - 1), "last": True}), "-32768 to 32767 for i16"),
        (Typed("samples", {"values": (1, 2, 3, 4), "last": 1}), "bool"),
        (Typed("bulk", {"data": "text"}), "buffer"),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_refused(message: Typed, accepted: str) -> None:
    with pytest.raises(ScenarioError, match=f"accepted: {accepted}"):
        split(ECHO, message, UMP_WIRE)


@pytest.mark.parametrize(
    ("data", "accepted"),
    [
        (bytes([9, 0, 0, 0, 0, 0]), "0 to 3"),
        (bytes([3, 0, 1, 0, 0, 0, 7]), "0"),
        (bytes([0, 0, 2, 0, 0, 0, 1, 2]), "4 or more"),
        (bytes([1, 0, 9, 0, 0, 0, *(0,) * 8, 2]), "0 or 1 for bool"),
        (bytes([0, 0, 9, 0, 0, 0, *(0,) * 4, 1, 0, 0, 0, 255]), "UTF-8"),
    ],
)
def test_words_that_are_no_message_of_the_interface_are_refused(data: bytes, accepted: str) -> None:
    whole = data + bytes(-len(data) % UMP_WIRE.size_bytes)
    words = tuple(int.from_bytes(whole[at : at + 8], "little") for at in range(0, len(whole), 8))
    with pytest.raises(ScenarioError, match=f"accepted: {accepted}"):
        Assembly(ECHO, UMP_WIRE).receive(words)


@pytest.mark.parametrize(
    "text",
    [
        "message a();",
        "interface a { message b(u32); }",
        "interface a { message b(u33 c); }",
        "interface a { message b(u8 c[0]); }",
        "interface a { message b(u8 c, u8 c); }",
        "interface a { message b(); message b(); }",
        "interface a { }",
        "interface a { message b() }",
        "interface a { message 1b(); }",
    ],
)
def test_an_interface_that_cannot_be_is_refused_with_what_would_be_accepted(text: str) -> None:
    with pytest.raises(ScenarioError, match="accepted: "):
        read_interface(text)
