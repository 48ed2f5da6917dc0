"""What a program asks of its thread."""

from collections.abc import Generator
from dataclasses import dataclass

from kernelsim.programs.signal import Signal


@dataclass(frozen=True, slots=True)
class Compute:
    """Keep the core for `duration_ps` in all, however often it is taken away meanwhile."""

    duration_ps: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until `signal` is seen: spin for `spin_ps` from its beginning or its last dispatch, then "yield" the
    dispatcher or "block"; without `spin_ps` spin for ever.
    """

    signal: Signal
    spin_ps: int | None = None
    then: str = "yield"


@dataclass(frozen=True, slots=True)
class GiveWay:
    """Let the other threads of the dispatcher run, and then the other dispatchers of the core."""


Request = Compute | Wait | GiveWay
Program = Generator[Request, None, None]
