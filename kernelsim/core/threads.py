"""User-level threads: what a dispatcher runs while it has the core."""

from typing import Protocol

from kernelsim.core.activation import Activation


class ThreadHost(Protocol):
    """What a thread may ask of its dispatcher."""

    activation: Activation
    application: str
    core: int
    runs: bool

    def is_alone(self) -> bool: ...
    def self_yielded(self, times: int, then_ps: int) -> None: ...
    def yield_thread(self, thread: "UserThread") -> None: ...
    def block_thread(self, thread: "UserThread") -> None: ...
    def enter_section(self) -> None: ...
    def leave_section(self) -> None: ...
    def end_work(self) -> None: ...
    def release_thread(self, thread: "UserThread") -> None: ...
    def wake_thread(self, thread: "UserThread") -> None: ...
    def call_thread(self, thread: "UserThread") -> None: ...
    def rest(self) -> None: ...


class UserThread:
    """A thread of one dispatcher. Subclasses say what it does with the core; times are absolute picoseconds.

    `start(now, runs_from)` is its dispatch at `now`: it computes from `runs_from` on, when the switch is
    over. `settle(now)` brings its books up to date, `reconsider()` asks it to think again because its core
    has changed.
    """

    __slots__ = ("blocked", "dispatcher", "yielded_in")
    announces_end = False
    """Whether it yields when a job of its own is done, and not before."""
    has_ended = False
    """Whether it will never run again."""

    def __init__(self) -> None:
        self.dispatcher: ThreadHost
        self.blocked = False
        self.yielded_in = -1

    def start(self, now: int, runs_from: int) -> None:
        """It has the core."""
        raise NotImplementedError

    def stop(self, now: int) -> None:
        """It has lost the core."""
        raise NotImplementedError

    def settle(self, now: int) -> None:
        """Account for the time up to `now`."""

    def reconsider(self) -> None:
        """Other dispatchers have come to its core, or left it."""

    def progress(self, now: int) -> int:
        """Iterations done by `now`, as far as they are this thread's own."""
        return 0
