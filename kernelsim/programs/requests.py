"""What a program asks of its thread."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

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


@dataclass(frozen=True, slots=True)
class Migrate:
    """Leave this dispatcher for the one on `core`, and go on there."""

    core: int


Request = Compute | Wait | GiveWay | Migrate
Result = TypeVar("Result")
Steps = Generator[Request, None, Result]
"""Part of a program that comes to a result: `result = yield from steps`."""
Program = Generator[Request, None, None]
