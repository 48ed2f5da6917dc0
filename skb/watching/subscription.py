"""A thread that calls a function with each event of a cursor, once and in order, until it is closed."""

from collections.abc import Callable, Sequence
from threading import Condition, Thread, current_thread
from threading import Event as Flag
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Subscription(Generic[Event]):
    """Wakes when `changed` is notified and every `poll_s` seconds, for other processes notify nobody here.

    What `tell` or the cursor raises ends it: `failure` holds it, and `close` raises it.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[Event]],
        tell: Callable[[Event], object],
        changed: Condition,
        poll_s: float,
    ) -> None:
        self._read, self._tell = read, tell
        self._changed, self._poll_s = changed, poll_s
        self._ended = Flag()
        self.failure: Exception | None = None
        self._thread = Thread(target=self._run, name="skb subscription", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Subscription[Event]":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is told after this returns, unless it is called by `tell` itself. Raises the failure, if any."""
        self.stop()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """As `close`, but silent."""
        self._ended.set()
        with self._changed:
            self._changed.notify_all()
        if current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                if not self._deliver():
                    with self._changed:
                        self._changed.wait(self._poll_s)
        except Exception as error:  # whatever it is, the one who closes the subscription is told
            self.failure = error

    def _deliver(self) -> bool:
        events = self._read()
        for event in events:
            if self._ended.is_set():
                break
            self._tell(event)
        return bool(events)
