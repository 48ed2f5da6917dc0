"""A user-level thread that runs a program."""

from functools import partial

from kernelsim.core.threads import UserThread
from kernelsim.engine import EVALUATION, Engine
from kernelsim.outcome import Failure
from kernelsim.programs.custody import WAKE, Custody, Letter
from kernelsim.programs.requests import Compute, GiveWay, Migrate, Program, Request, Wait
from kernelsim.programs.signal import Signal

MOST_REQUESTS_AT_ONCE = 10_000
"""A program that asks for so much without any time passing will never yield."""


class ProgramThread(UserThread):
    """Runs one program. What it asks for begins when its thread has the core, and is carried out by the engine.

    `block_ps` is what blocking and being woken cost.
    """

    __slots__ = ("_begun_ps", "_block_ps", "_done", "_engine", "_left_ps", "_on_core", "_plan_number", "_program",
                 "_runs_from", "_times_now", "_wait", "_waits_since_ps", "_was_at_ps", "custody", "failure",
                 "has_ended", "name")  # fmt: skip
    announces_end = True

    def __init__(self, engine: Engine, block_ps: int) -> None:
        super().__init__()
        self._engine = engine
        self._block_ps = block_ps
        self._program: Program | None = None
        self._on_core = False
        self._runs_from = 0
        self._begun_ps = 0
        """When it went on computing, or began to spin: after its last dispatch."""
        self._left_ps = 0
        self._wait: Wait | None = None
        self._waits_since_ps = 0
        self._plan_number = 0
        self._was_at_ps = -1
        self._times_now = 0
        """How often it has been looked at in this instant."""
        self._done = 0
        self.name = "thread"
        self.custody: Custody | None = None
        """Who has it, once it has moved."""
        self.failure: Failure | None = None
        self.has_ended = False
        """Whether its program has come to its end, or failed."""

    def load(self, program: Program, name: str = "thread") -> None:
        """The program to run, from its beginning."""
        self._program = program
        self.name = name

    @property
    def waits_for(self) -> Signal | None:
        """What it waits for, if it does."""
        return None if self._wait is None else self._wait.signal

    @property
    def waits_since_ps(self) -> int:
        """Since when it has waited for that."""
        return self._waits_since_ps

    def count(self, times: int = 1) -> None:
        """The program has come so much further."""
        self._done += times

    @property
    def core(self) -> int:
        """Where it is."""
        return self.dispatcher.core

    @property
    def is_asleep(self) -> bool:
        """Whether its dispatcher has it, blocked."""
        is_here = self.custody is None or self.custody.owners() == (self.core,)
        return self.blocked and is_here and not self.has_ended

    # -- the dispatcher's calls ------------------------------------------------------------------------------

    def start(self, now: int, runs_from: int) -> None:
        """Go on where it was; a wait's window begins again."""
        self._on_core = True
        self._runs_from = runs_from
        self._begun_ps = now if self._wait else runs_from
        self._plan()

    def stop(self, now: int) -> None:
        """Keep what is left to compute."""
        self._on_core = False
        if self._wait is None:
            self._left_ps -= min(self._left_ps, max(0, now - self._begun_ps))
        self._plan_number += 1

    def settle(self, now: int) -> None:
        """Waiting alone on its core, it has yielded to itself at the end of each window."""
        wait = self._wait
        if wait is None or not self._on_core or not self._yields_to_itself(wait):
            return
        assert wait.spin_ps is not None
        seen_ps = wait.signal.seen_ps(self.core)
        until = now if seen_ps is None else min(now, seen_ps)
        windows = (until - 1 - self._begun_ps) // wait.spin_ps
        if windows > 0:
            self._begun_ps += windows * wait.spin_ps
            self._engine.skipped += windows
            self.dispatcher.self_yielded(windows, self._begun_ps)

    def reconsider(self) -> None:
        """Alone no more, or alone again."""
        if self._wait is not None and self._on_core:
            self._plan()

    def progress(self, now: int) -> int:
        """What its program has counted."""
        return self._done

    # -- a signal's call -------------------------------------------------------------------------------------

    def told(self, seen_ps: int) -> None:
        """What it waits for has been raised, and will be seen then."""
        if self.blocked:
            self._engine.at(max(self._engine.now, seen_ps + self._block_ps), partial(self._wake, self.core))
        elif self._on_core:
            self.settle(self._engine.now)
            self._plan()

    def _wake(self, core: int) -> None:
        """A wake-up has come to `core`, where it was when it was called."""
        if self.custody is not None:
            self.custody.deliver(Letter(WAKE, core, core))
        else:
            self.be_woken()

    def be_woken(self) -> None:
        """Go on, if it is blocked."""
        if self.blocked:
            self.dispatcher.wake_thread(self)

    def leave(self, core: int) -> None:
        """To be run by the dispatcher on `core`, as soon as its control block is there; it is running or blocked."""
        assert self.custody is not None
        is_runnable, source = not self.blocked, self.core
        self._plan_number += 1
        self.dispatcher.release_thread(self)
        self.custody.hand_off(source, core, is_runnable=is_runnable)

    # -- running ---------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Enter what happens next on this core, if nothing comes between."""
        self._plan_number += 1
        number, wait, now = self._plan_number, self._wait, self._engine.now
        if wait is None:
            self._engine.at(max(now, self._begun_ps + self._left_ps), lambda: self._go_on(number), EVALUATION)
            return
        seen_ps = wait.signal.seen_ps(self.core)
        stays = wait.spin_ps is None or self._yields_to_itself(wait)
        window_end = None if stays else self._begun_ps + (wait.spin_ps or 0)
        if seen_ps is not None and (window_end is None or seen_ps <= max(window_end, now)):
            self._engine.at(max(now, self._runs_from, seen_ps), lambda: self._go_on(number), EVALUATION)
        elif window_end is not None:
            self._engine.at(max(now, window_end), lambda: self._give_way(number), EVALUATION)

    def _yields_to_itself(self, wait: Wait) -> bool:
        return wait.then == "yield" and bool(wait.spin_ps) and self.dispatcher.is_alone()

    def _give_way(self, number: int) -> None:
        """The window is over."""
        wait = self._wait
        if number != self._plan_number or wait is None or self._ends_for_standing_still():
            return
        if wait.then == "yield":
            self.dispatcher.yield_thread(self)
            return
        self.dispatcher.block_thread(self)
        seen_ps = wait.signal.seen_ps(self.core)
        if seen_ps is not None:
            self.told(seen_ps)

    def _go_on(self, number: int) -> None:
        """What it asked for is done: ask what is next."""
        if number != self._plan_number:
            return
        self.settle(self._engine.now)
        if self._ends_for_standing_still():
            return
        self._left_ps, self._wait = 0, None
        for _ in range(MOST_REQUESTS_AT_ONCE):
            request = self._next_request()
            if request is None:
                self.has_ended = True
                self.dispatcher.block_thread(self)
                return
            if isinstance(request, Migrate):
                self.leave(request.core)
                return
            if isinstance(request, GiveWay):
                self._plan_number += 1
                self.dispatcher.yield_thread(self)
                return
            if self._takes_up(request):
                return
        self._end_with(f"made {MOST_REQUESTS_AT_ONCE:,} requests in a row that take no time")

    def _ends_for_standing_still(self) -> bool:
        """Whether it fails here: it yields or waits again and again, and gets its core back at the same instant."""
        now = self._engine.now
        if now != self._was_at_ps:
            self._was_at_ps, self._times_now = now, 0
        self._times_now += 1
        if self._times_now <= MOST_REQUESTS_AT_ONCE:
            return False
        self._end_with(f"gave way or waited {MOST_REQUESTS_AT_ONCE:,} times while no time passed; accepted: a sleep")
        return True

    def _end_with(self, what: str) -> None:
        self._fail(what)
        self._wait, self.has_ended = None, True
        self._plan_number += 1
        self.dispatcher.block_thread(self)

    def _takes_up(self, request: Request) -> bool:
        """Begin with a request, unless it is done already."""
        now = self._engine.now
        if isinstance(request, Compute):
            if request.duration_ps <= 0:
                return False
            self._left_ps = request.duration_ps
        elif isinstance(request, Wait):
            seen_ps = request.signal.seen_ps(self.core)
            if seen_ps is not None and seen_ps <= now:
                return False
            self._wait, self._waits_since_ps = request, now
            if seen_ps is None:
                request.signal.join(self)
        self._begun_ps = now
        self._plan()
        return True

    def _next_request(self) -> Request | None:
        """What the program yields next; None at its end, and where it fails."""
        if self._program is None:
            return None
        try:
            request = next(self._program)
        except StopIteration:
            return None
        except (Exception, SystemExit) as error:  # a program is its user's code: its failure is an outcome of the run
            self._fail(f"raised {type(error).__name__}: {error}")
            return None
        if not isinstance(request, (Compute, Wait, GiveWay, Migrate)):
            self._fail(f"yielded {request!r}; accepted: what its member's methods return")
            return None
        return request

    def _fail(self, what: str) -> None:
        self.failure = Failure(self._engine.now, self.core, what)
        self._program = None
