"""Floating point of dispatchers: saved late, restored in time, paid for by those who use it."""

from collections.abc import Iterator
from typing import Any

import pytest

from kernelsim.dispatchers.fpu import Fpu
from kernelsim.exploring import explore

Floats = tuple[Fpu, tuple[str, ...], tuple[int, ...]]


"""The unit; where each dispatcher is in its program; what its thread's registers should hold."""


def float_moves(world: Floats) -> Iterator[tuple[str, Floats]]:
    """Two dispatchers: a thread computes where it owns the unit, else its library restores it, in disabled mode."""
    fpu, places, values = world
    if fpu.running is None:
        for who in range(len(places)):
            yield f"dispatch {who}", (fpu.dispatch(who), places, values)
        return
    who = fpu.running
    place = places[who]

    def at(after: str, unit: Fpu, value: int = values[who]) -> Floats:
        def changed(them: tuple[Any, ...], it: Any) -> tuple[Any, ...]:
            return (*them[:who], it, *them[who + 1 :])

        return unit, changed(places, after), changed(values, value)

    yield "preempt", (fpu.preempt(is_disabled=place != "thread"), places, values)
    if place == "trapped":
        yield "first word", at("halfway", fpu.load(0))
    elif place == "halfway":
        yield "second word", at("thread", fpu.load(1))
    elif fpu.traps:
        yield "trap", at("trapped", fpu.take())
    else:
        assert fpu.registers == (values[who],) * 2, "another's floating-point state"
        onward = 2 * who + 1 + (values[who] == 2 * who + 1)
        yield "compute", at("thread", fpu.compute(onward), onward)


def test_no_thread_ever_sees_other_floats_than_its_own() -> None:
    found = explore((Fpu.idle(2), ("thread", "thread"), (0, 0)), float_moves)
    assert len(found.came) > 50
    assert not found.stuck


def test_a_driver_that_is_lazy_with_disabled_dispatchers_mixes_floats_up() -> None:
    with pytest.raises(AssertionError, match="another's floating-point state"):
        explore((Fpu.idle(2, is_eager=False), ("thread", "thread"), (0, 0)), float_moves)


def test_integer_only_threads_pay_for_no_save() -> None:
    fpu = Fpu.idle(3)
    for turn in range(30):
        fpu = fpu.dispatch(turn % 3).preempt(is_disabled=turn % 5 == 0)
    assert fpu.moved == 0


def test_a_dispatcher_that_alone_uses_floats_pays_once() -> None:
    fpu = Fpu.idle(2).dispatch(0).restore().compute(5)
    for _ in range(10):
        fpu = fpu.preempt(is_disabled=False).dispatch(1).preempt(is_disabled=False).dispatch(0)
    assert (fpu.registers, fpu.traps, fpu.moved) == ((5, 5), False, 1)


def test_a_disabled_dispatcher_finds_its_floats_restored_and_pays_for_both_ways() -> None:
    fpu = Fpu.idle(2).dispatch(0).restore().compute(5).preempt(is_disabled=True)
    assert fpu.moved == 2
    fpu = fpu.dispatch(1).restore().compute(7).preempt(is_disabled=False).dispatch(0)
    assert (fpu.registers, fpu.traps, fpu.enabled) == ((5, 5), False, ((0, 0), (7, 7)))
    assert fpu.moved == 5
