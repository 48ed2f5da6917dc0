"""A line on a terminal that says how far a batch is."""

import time
from typing import TextIO

WIDTH = 30


class ProgressBar:
    """Redrawn in place; silent where the stream is no terminal."""

    def __init__(self, stream: TextIO | None, *, total: int, done: int = 0) -> None:
        self._stream = stream if stream is not None and stream.isatty() else None
        self._total = total
        self._done = done
        self._began = time.monotonic()
        self._draw()

    def advance(self) -> None:
        self._done += 1
        self._draw()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.write("\n")

    def _draw(self) -> None:
        if self._stream is None:
            return
        filled = WIDTH * self._done // self._total if self._total else WIDTH
        elapsed = time.monotonic() - self._began
        self._stream.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {self._done}/{self._total} {elapsed:.0f} s")
        self._stream.flush()
