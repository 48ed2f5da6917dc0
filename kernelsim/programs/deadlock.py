"""Deadlock: every thread of an application waits for what only its own threads could do, or has ended."""

from collections.abc import Sequence

from kernelsim.outcome import Failure
from kernelsim.programs.thread import ProgramThread


def deadlocks(threads: Sequence[ProgramThread]) -> tuple[Failure, ...]:
    """One failure for each thread that waits, if none of `threads` will ever go on; from when on it has waited.

    What comes from outside (a time, a message on its way, a device) is awaited, not a deadlock. Some threads that wait
    for each other while another one runs are not found: that one might still raise what they wait for.
    """
    open_ = [thread for thread in threads if not thread.has_ended]
    if any(thread.waits_for is None or thread.waits_for.will_be_raised for thread in open_):
        return ()
    return tuple(_failure(thread, len(threads)) for thread in open_)


def _failure(thread: ProgramThread, threads: int) -> Failure:
    signal = thread.waits_for
    assert signal is not None
    others = "every thread" if threads > 1 else "the only thread"
    what = f"{thread.name} waits for {signal.what} for ever: {others} of its application waits or has ended"
    return Failure(thread.waits_since_ps, thread.core, what)
