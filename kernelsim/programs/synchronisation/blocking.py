"""Mutexes, condition variables and semaphores whose waiters block: first come, first served.

Their state is one shared line. Who gives something up hands it to the first waiter, which is woken with it in its
hands: nobody can come between, and nobody who waits is passed over. A waiter spins for `spin_ps` before it blocks.
"""

from collections import deque

from kernelsim.programs.cell import Cell
from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.waking import Sleeper, sleep, sleeper, wake
from kernelsim.programs.team import Member, Team


class Semaphore:
    """A counting semaphore of `count` units."""

    def __init__(self, team: Team, count: int, spin_ps: int = 0, what: str = "a semaphore") -> None:
        if count < 0:
            raise ValueError(f"a semaphore of {count} units; accepted: 0 or more")
        self._units = Cell(team, count, what)
        self._queue: deque[Sleeper] = deque()
        self._spin_ps = spin_ps
        self._what = what

    def acquire(self, me: Member) -> Program:
        """Take a unit; waits for one."""
        own = sleeper(me, self._what)

        def take(units: int) -> int:
            if units == 0:
                self._queue.append(own)
            return max(0, units - 1)

        if (yield from self._units.update(me, take)) == 0:
            yield from sleep(me, own, self._spin_ps)

    def release(self, me: Member) -> Program:
        """Give a unit to the first waiter, or put it back."""
        first: list[Sleeper] = []

        def give(units: int) -> int:
            if not self._queue:
                return units + 1
            first.append(self._queue.popleft())
            return units

        yield from self._units.update(me, give)
        for waiter in first:
            yield from wake(me, waiter, f"wake {self._what}")


class Mutex:
    """Held by one thread, which alone may release it; not to be locked again by who holds it."""

    def __init__(self, team: Team, spin_ps: int = 0, what: str = "a mutex") -> None:
        self._owner: Cell[int | None] = Cell(team, None, what)
        self._queue: deque[Sleeper] = deque()
        self._spin_ps = spin_ps
        self._what = what

    @property
    def owner(self) -> int | None:
        """The index of the thread that holds it."""
        return self._owner.value

    def acquire(self, me: Member) -> Program:
        """Take it; waits for whoever came first. A thread that holds it already would wait for itself, for ever."""
        own = sleeper(me, self._what)
        own.told.raiser = self._who_releases

        def take(owner: int | None) -> int | None:
            if owner is not None:
                self._queue.append(own)
            return me.index if owner is None else owner

        if (yield from self._owner.update(me, take)) is not None:
            yield from sleep(me, own, self._spin_ps)

    def release(self, me: Member) -> Program:
        """Hand it to the first waiter. Raises RuntimeError for who does not hold it."""
        if self._owner.value != me.index:
            raise RuntimeError(f"thread {me.index} releases {self._what} held by {self._owner.value}")
        first: list[Sleeper] = []

        def give(_: int | None) -> int | None:
            if not self._queue:
                return None
            first.append(self._queue.popleft())
            first[0].told.promise()
            return first[0].member.index

        yield from self._owner.update(me, give)
        for waiter in first:
            yield from wake(me, waiter, f"wake {self._what}")

    def _who_releases(self) -> str | None:
        return None if self.owner is None else f"thread {self.owner}"


class Condition:
    """A condition variable for use with `mutex`: who waits gives it up, and has it again when it goes on."""

    def __init__(self, team: Team, mutex: Mutex, what: str = "a condition") -> None:
        self._mutex = mutex
        self._queue: Cell[tuple[Sleeper, ...]] = Cell(team, (), what)
        self._what = what

    def wait(self, me: Member) -> Program:
        """Wait to be notified; as with POSIX, what was waited for must be looked at again."""
        own = sleeper(me, self._what)
        yield from self._queue.update(me, lambda queue: (*queue, own))
        yield from self._mutex.release(me)
        yield from sleep(me, own)
        yield from self._mutex.acquire(me)

    def notify(self, me: Member, most: int = 1) -> Program:
        """Wake the first `most` who wait; without any waiter nothing happens."""
        for waiter in (yield from self._queue.update(me, lambda queue: queue[most:]))[:most]:
            yield from wake(me, waiter, f"wake {self._what}")

    def notify_all(self, me: Member) -> Program:
        """Wake all who wait."""
        yield from self.notify(me, most=me.team.size)
