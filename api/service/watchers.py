"""Who is told when the store moves on: one thread looks at it for all who watch."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from api.service.work.failures import Busy
from skb.errors import StoreError
from skb.store.store import Store
from skb.watching.subscription import Subscription

MOST_WATCHERS = 100
POLL_S = 0.1


class Watcher:
    """One who waits; `wait` comes back when something may have changed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)

    async def wait(self, seconds: float) -> bool:
        """Whether it was woken in that time."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True


class Watchers:
    """Those who watch a store; writes of this process wake them at once, those of others within 0.1 s."""

    def __init__(self, store: Store, most: int = MOST_WATCHERS) -> None:
        self._store, self._most = store, most
        self._lock = Lock()
        self._watchers: set[Watcher] = set()
        self._subscription: Subscription[int] | None = None
        self._revision = -1
        self.is_closed = False

    def __len__(self) -> int:
        return len(self._watchers)

    @contextmanager
    def joined(self) -> Iterator[Watcher]:
        """A watcher for as long as the block lasts. Raises Busy where there are too many."""
        watcher = Watcher()
        with self._lock:
            self._check()
            self._watchers.add(watcher)
            if self._subscription is None or self._subscription.failure is not None:
                self._subscription = self._store.follow(self._look, self._wake_all, POLL_S)
        try:
            yield watcher
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def check(self) -> None:
        """Raises Busy where one more would be too many."""
        with self._lock:
            self._check()

    def close(self) -> None:
        """Wake all for the last time; nobody joins any more."""
        with self._lock:
            self.is_closed = True
            subscription, self._subscription = self._subscription, None
        self._wake_all(0)
        if subscription is not None:
            subscription.stop()

    def _check(self) -> None:
        if self.is_closed or len(self._watchers) >= self._most:
            raise Busy(
                f"{len(self._watchers)} are watching already, as many as may; ask later",
                code="too_many_watchers",
                details={"retry_after_s": 10},
            )

    def _look(self) -> tuple[int, ...]:
        try:
            revision = self._store.revision
        except StoreError:  # each watcher finds that out, and tells its client
            revision = -1
        if revision == self._revision:
            return ()
        self._revision = revision
        return (revision,)

    def _wake_all(self, _revision: int) -> None:
        with self._lock:
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher.wake()
