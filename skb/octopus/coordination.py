"""Locks, barriers and semaphores among processes, by Octopus's protocols over sequential records."""

from collections.abc import Callable
from types import TracebackType

from skb.errors import RecordError
from skb.octopus.query import Record, natural_order
from skb.octopus.records import Records


class Lock:
    """Held by the lowest record `NAME_N { lock: NAME }`; a waiter watches the one before it only, so turns are fair.

    A lock outlives its holder, as in Octopus: who dies holding it must have the record deleted by somebody.
    """

    def __init__(self, records: Records, name: str) -> None:
        self._records, self._name = records, name
        self._mine: str | None = None

    def acquire(self, timeout_s: float | None = None) -> None:
        """Raises RecordError `timeout`; the place in the queue is given up then."""
        if self._mine is not None:
            raise RecordError(f"the lock {self._name} is held by this object already", "invalid_id")
        mine = self._records.set(f"{self._name}_ {{ lock: {self._name} }}", is_sequential=True).name
        try:
            self._records.wait_until(self._turn_of(mine), timeout_s, f"the lock {self._name}")
        except BaseException:
            self._records.delete(mine)
            raise
        self._mine = mine

    def release(self) -> None:
        """Raises RecordError `no_record` where it is not held."""
        mine, self._mine = self._mine, None
        if mine is None:
            raise RecordError(f"the lock {self._name} is not held", "no_record")
        self._records.delete(mine)

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.release()

    def _predecessor(self, mine: str) -> str | None:
        queue = [each.name for each in self._records.find(f"_ {{ lock: {self._name} }}")]
        before = [name for name in queue if natural_order(name) < natural_order(mine)]
        return before[-1] if before else None

    def _turn_of(self, mine: str) -> Callable[[], bool | None]:
        """True once nobody is before `mine`; asks only for its predecessor while that is there."""
        before = self._predecessor(mine)

        def is_turn() -> bool | None:
            nonlocal before
            if before is not None and not self._records.exists(before):
                before = self._predecessor(mine)
            return True if before is None else None

        return is_turn


class Barrier:
    """`members` processes wait for each other: each sets a sequential record, the last one sets the record NAME."""

    def __init__(self, records: Records, name: str, members: int) -> None:
        self._records, self._name, self._members = records, name, members
        self._mine: str | None = None

    def enter(self, timeout_s: float | None = None) -> None:
        """Returns when all members have entered. Raises RecordError `timeout`, being outside again then."""
        self._mine = self._records.set(f"{self._name}_ {{ barrier: {self._name} }}", is_sequential=True).name
        if len(self._inside()) >= self._members:
            self._records.set(self._name)
        try:
            self._records.wait_for(self._name, timeout_s)
        except BaseException:
            self._records.delete(self._mine)
            self._mine = None
            raise

    def leave(self, timeout_s: float | None = None) -> None:
        """Returns when all members have left; then the barrier may be entered again."""
        mine, self._mine = self._mine, None
        if mine is None:
            raise RecordError(f"the barrier {self._name} was not entered", "no_record")
        self._records.delete(mine)
        if not self._inside() and self._records.exists(self._name):
            self._open()
        self._records.wait_until(
            lambda: None if self._records.exists(self._name) else True, timeout_s, f"the barrier {self._name}"
        )

    def _inside(self) -> tuple[Record, ...]:
        return self._records.find(f"_ {{ barrier: {self._name} }}")

    def _open(self) -> None:
        try:
            self._records.delete(self._name)
        except RecordError as error:
            if error.code != "no_record":  # another member was faster
                raise


class Semaphore:
    """One record `sem.NAME.N { sem: NAME }` for each free permit; who deletes it has it."""

    def __init__(self, records: Records, name: str) -> None:
        self._records, self._name = records, name

    def post(self, permits: int = 1) -> None:
        """Adds permits; one who makes the semaphore gives it its first ones so."""
        for _ in range(permits):
            self._records.set(f"sem.{self._name}. {{ sem: {self._name} }}", is_sequential=True)

    def try_wait(self) -> bool:
        """Takes a permit if there is one."""
        try:
            self._records.delete(f"_ {{ sem: {self._name} }}")
        except RecordError as error:
            if error.code != "no_record":
                raise
            return False
        return True

    def wait(self, timeout_s: float | None = None) -> None:
        """Takes a permit, when there is one. Raises RecordError `timeout`."""
        self._records.wait_until(lambda: self.try_wait() or None, timeout_s, f"the semaphore {self._name}")
