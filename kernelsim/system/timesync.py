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
    """How it ended: at `stamp_ps` all timers were reset, core i's `late_ps[i]` later, or after `rounds` rounds it was
    given up.
    """

    succeeded: bool
    stamp_ps: int
    rounds: int
    late_ps: tuple[int, ...]


def synchronise(
    mesh: Mesh, cores: int, response_delay_ps: tuple[int, ...], trace: Trace, *, shared_read_ps: int = 0
) -> Synchronisation:
    """Core 0 reads the clock, adds a window, and sends the sum to all others, one after the other.

    A core stops whatever it did (`response_delay_ps[core]` after the message has come), reads the clock and
    spins until the stamp; if the stamp has passed already it answers with a failure and the window is
    doubled. A window of more than a second ends the attempt: phase-locked scheduling is then disabled.

    `shared_read_ps` is 0 where every core has the reference clock at hand (synchronised TSCs); a clock that all have
    to share (the PIT) serves one read after the other, so cores also see the stamp pass one after the other.
    """
    now, window, rounds = 0, FIRST_WINDOW_PS, 0
    while window <= GIVE_UP_PS:
        rounds += 1
        stamp = now + window
        reads, sent = _read_times(mesh, now, cores, response_delay_ps)
        reads = _in_turn(reads, shared_read_ps)
        answers = [_answer(mesh, core, max(read, stamp), read <= stamp) for core, read in reads.items()]
        if all(read <= stamp for read in reads.values()) and sent <= stamp:
            trace.marks.extend(Mark(stamp, core, "timer reset", f"round {rounds}") for core in range(cores))
            turns = {core: turn for turn, core in enumerate(reads, 1)}
            late = tuple(turns.get(core, 0) * shared_read_ps for core in range(cores))
            return Synchronisation(True, stamp, rounds, late)
        trace.marks.append(Mark(stamp, 0, "timer synchronisation missed", f"round {rounds}"))
        now, window = max([*answers, sent]), 2 * window
    return Synchronisation(False, now, rounds, (0,) * cores)


def _read_times(mesh: Mesh, now: int, cores: int, response_delay_ps: tuple[int, ...]) -> tuple[dict[int, int], int]:
    """When each other core first reads the clock, and when core 0 has sent all its messages."""
    reads = {}
    for core in range(1, cores):
        channel = mesh.channel(0, core)
        delay = response_delay_ps[core] if response_delay_ps else 0
        reads[core] = channel.send(now, "synchronise") + channel.receive_ps + delay
        now += channel.send_ps
    return reads, now


def _in_turn(reads: dict[int, int], shared_read_ps: int) -> dict[int, int]:
    """When each core has its first reading of a clock that serves one after the other; in that order."""
    free, done = 0, {}
    for core, asked in sorted(reads.items(), key=lambda read: (read[1], read[0])):
        free = max(free, asked) + shared_read_ps
        done[core] = free if shared_read_ps else asked
    return done


def _answer(mesh: Mesh, core: int, time: int, in_time: bool) -> int:
    channel = mesh.channel(core, 0)
    return channel.send(time, "synchronised" if in_time else "missed") + channel.receive_ps
