"""Waking a thread of the same application: on the own core at once, on another one by a message to its dispatcher."""

from dataclasses import dataclass

from kernelsim.programs.requests import Program, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Member


@dataclass(slots=True)
class Sleeper:
    """A thread that is about to wait to be woken; once, by one other."""

    member: Member
    told: Signal
    from_core: int | None = None


def sleeper(me: Member, what: str) -> Sleeper:
    """`me`, to be put in a queue before it sleeps; `what` is what it will wait for."""
    return Sleeper(me, me.team.event(what))


def sleep(me: Member, own: Sleeper, spin_ps: int = 0) -> Program:
    """Wait to be woken: spin for `spin_ps`, then block; then receive the message that woke it, if one did."""
    yield Wait(own.told, spin_ps, "block")
    if own.from_core is not None:
        yield me.compute_ps(me.team.channel(own.from_core, me.core).receive_ps)


def wake(me: Member, other: Sleeper, kind: str) -> Program:
    """Wake it: at once on the own core, else by exactly one UMP message of `kind`."""
    source, target = me.core, other.member.core
    if source == target:
        other.told.raise_from(source)
        return
    channel = me.team.channel(source, target)
    other.from_core = source
    other.told.raise_at(channel.send(me.now_ps, kind), target)
    yield me.compute_ps(channel.send_ps)
