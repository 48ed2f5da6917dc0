"""A program for `program.toml`: threads that compute a little and meet."""

from collections.abc import Callable, Iterator
from typing import Any

from kernelsim.programs.synchronisation.barriers import CounterBarrier


def meet(team: Any) -> Callable[[Any], Iterator[Any]]:
    """What the threads share is made here, once; then each runs `body`."""
    barrier = CounterBarrier(team, 50_000_000)

    def body(me: Any) -> Iterator[Any]:
        while True:
            yield me.compute_ps(1_000_000_000)
            yield from barrier.wait(me)
            me.count()

    return body
