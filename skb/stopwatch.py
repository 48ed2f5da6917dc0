"""How long work took: without the libraries that are imported when first needed, which a warm process has behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from time import perf_counter


class _Account:
    """What the imports of a thread took so far; those within another one count once."""

    seconds = 0.0
    depth = 0


class _Accounts(local):
    def __init__(self) -> None:
        self.own = _Account()


_accounts = _Accounts()


@contextmanager
def importing() -> Iterator[None]:
    """Around the import of a library that only some questions need: every stopwatch stands still meanwhile."""
    account, started = _accounts.own, perf_counter()
    account.depth += 1
    try:
        yield
    finally:
        account.depth -= 1
        if not account.depth:
            account.seconds += perf_counter() - started


class Stopwatch:
    """Runs from when it is made; what the thread that made it imports does not count."""

    def __init__(self) -> None:
        self._account = _accounts.own
        self._started = perf_counter() - self._account.seconds

    @property
    def seconds(self) -> float:
        """The time of the work so far."""
        return perf_counter() - self._account.seconds - self._started
