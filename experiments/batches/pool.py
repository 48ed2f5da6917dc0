"""Work spread over processes of this machine, results in the order in which the work was given."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from experiments.errors import ExperimentError

Work = TypeVar("Work")
Result = TypeVar("Result")


def in_order(work: Callable[[Work], Result], given: Iterable[Work], workers: int) -> Iterator[Result]:
    """Results one by one; with one worker, or one thing to do, in this process.

    The processes are spawned, so that nothing of this one is inherited. Raises ExperimentError where one dies.
    """
    items = list(given)
    if workers <= 1 or len(items) <= 1:
        yield from map(work, items)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(items)), mp_context=multiprocessing.get_context("spawn"), initializer=_leave_with_parent
    )
    try:
        yield from pool.map(work, items)
    except BrokenProcessPool as error:
        raise ExperimentError(
            "a worker process died; what is done is kept; accepted: --resume, perhaps with fewer workers",
            code="worker_died",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever: the queue's other end is its own, too."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
