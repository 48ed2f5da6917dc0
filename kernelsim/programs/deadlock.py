"""Deadlock: threads that wait for what only others that wait, or have ended, could do."""

from collections.abc import Sequence

from kernelsim.outcome import Failure
from kernelsim.programs.thread import ProgramThread


def deadlocks(threads: Sequence[ProgramThread]) -> tuple[Failure, ...]:
    """One failure for each of an application's threads that will never go on; from when on it has waited.

    What comes from outside (a time, a message on its way, a device) is awaited, not a deadlock. Of a mutex it is known
    who alone can release it; anything else might be done by any thread that still runs.
    """
    open_ = [thread for thread in threads if not thread.has_ended]
    stuck = [thread for thread in open_ if thread.waits_for is not None and not thread.waits_for.will_be_raised]
    while True:
        free = [thread for thread in open_ if thread not in stuck]
        still = [thread for thread in stuck if not any(_may_help(other, thread) for other in free)]
        if len(still) == len(stuck):
            return tuple(_failure(thread) for thread in stuck)
        stuck = still


def _may_help(other: ProgramThread, thread: ProgramThread) -> bool:
    signal = thread.waits_for
    assert signal is not None
    return signal.raiser is None or signal.raiser() == other.name


def _failure(thread: ProgramThread) -> Failure:
    signal = thread.waits_for
    assert signal is not None
    what = f"{thread.name} waits for {signal.what} for ever: whoever could end that waits, too, or has ended"
    return Failure(thread.waits_since_ps, thread.core, what)
