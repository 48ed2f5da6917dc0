"""How the demonstration tells what it does: numbered steps, plain tables, what came out as data."""

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

WIDTH = 100


class Narrator:
    """Writes steps to a stream and keeps what came out of each under a name."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._number = 0
        self._started = time.perf_counter()
        self.results: dict[str, Any] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A numbered step with the time it took."""
        self._number += 1
        began = time.perf_counter()
        self._write(f"\n{self._number:2}. {title}\n")
        yield
        self._write(f"    {time.perf_counter() - began:.2f} s\n")

    def say(self, text: str) -> None:
        """A paragraph, wrapped."""
        self._write(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ") + "\n")

    def show(self, text: str) -> None:
        """Lines as they are, indented."""
        self._write(textwrap.indent(text, "      ") + "\n")

    def end(self) -> None:
        self.results["seconds"] = round(time.perf_counter() - self._started, 2)
        self._write(f"\nDone in {self.results['seconds']:.1f} s.\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
