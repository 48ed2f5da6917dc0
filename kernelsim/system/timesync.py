"""Synchronisation of the core-local timers by a reference clock, with exponential back-off (dissertation,
section 3.6.3).
"""

from dataclasses import dataclass

from kernelsim.messages.mesh import Mesh
from kernelsim.scenario import MILLISECOND_PS, SECOND_PS
from kernelsim.trace import Mark, Trace

FIRST_WINDOW_PS = 80 * MILLISECOND_PS
GIVE_UP_PS = SECOND_PS


@dataclass(frozen=True, slots=True)
class Synchronisation:
    """How it ended: at `stamp_ps` all timers were reset, or after `rounds` rounds it was given up."""

    succeeded: bool
    stamp_ps: int
    rounds: int


def synchronise(mesh: Mesh, cores: int, response_delay_ps: tuple[int, ...], trace: Trace) -> Synchronisation:
    """Core 0 reads the clock, adds a window, and sends the sum to all others, one after the other.

    A core stops whatever it did (`response_delay_ps[core]` after the message has come), reads the clock and
    spins until the stamp; if the stamp has passed already it answers with a failure and the window is
    doubled. A window of more than a second ends the attempt: phase-locked scheduling is then disabled.
    """
    now, window, rounds = 0, FIRST_WINDOW_PS, 0
    while window <= GIVE_UP_PS:
        rounds += 1
        stamp = now + window
        reads, sent = _read_times(mesh, now, cores, response_delay_ps)
        answers = [_answer(mesh, core, max(read, stamp), read <= stamp) for core, read in reads.items()]
        if all(read <= stamp for read in reads.values()) and sent <= stamp:
            trace.marks.extend(Mark(stamp, core, "timer reset", f"round {rounds}") for core in range(cores))
            return Synchronisation(True, stamp, rounds)
        trace.marks.append(Mark(stamp, 0, "timer synchronisation missed", f"round {rounds}"))
        now, window = max([*answers, sent]), 2 * window
    return Synchronisation(False, now, rounds)


def _read_times(mesh: Mesh, now: int, cores: int, response_delay_ps: tuple[int, ...]) -> tuple[dict[int, int], int]:
    """When each other core first reads the clock, and when core 0 has sent all its messages."""
    reads = {}
    for core in range(1, cores):
        channel = mesh.channel(0, core)
        delay = response_delay_ps[core] if response_delay_ps else 0
        reads[core] = channel.send(now, "synchronise") + channel.receive_ps + delay
        now += channel.send_ps
    return reads, now


def _answer(mesh: Mesh, core: int, time: int, in_time: bool) -> int:
    channel = mesh.channel(core, 0)
    return channel.send(time, "synchronised" if in_time else "missed") + channel.receive_ps
