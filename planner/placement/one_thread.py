"""Products of small matrices in the caller's thread: handing them to others takes longer than they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np  # noqa: F401  the library whose threads are limited must be there first
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Until it is left, numpy's linear algebra uses one thread of this process, then as many as before."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
