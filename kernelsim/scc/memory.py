"""Memory without coherence: what a core reads may be a copy that has long been overwritten elsewhere."""

from dataclasses import dataclass, replace
from typing import TypeVar

from kernelsim.errors import ScenarioError
from kernelsim.scc.chip import WORDS_PER_LINE

Line = tuple[int, ...]
ZEROS: Line = (0,) * WORDS_PER_LINE
Word = TypeVar("Word")


@dataclass(frozen=True, slots=True)
class CoreView:
    """What one core holds of shared memory: copies in its cache, and the line in its write-combining buffer.

    `combining` is the line's number, -1 for none; words not written yet are None.
    """

    copies: tuple[tuple[int, Line], ...] = ()
    combining: int = -1
    words: tuple[int | None, ...] = (None,) * WORDS_PER_LINE


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """Lines of eight words, mapped with the message passing buffer type (dissertation, section 2.6.3): loads are
    cached until CL1INVMB, stores are combined to a line and do not allocate. A value: every access makes a new one.

    `fetched` and `flushed` count the transactions with memory.
    """

    lines: tuple[Line, ...]
    cores: tuple[CoreView, ...]
    fetched: int = 0
    flushed: int = 0

    def load(self, core: int, line: int) -> tuple["SharedMemory", Line]:
        """A line as this core sees it: the copy, if there is one, stale or not."""
        view = self.cores[core]
        copy = dict(view.copies).get(line)
        if copy is not None:
            return self, copy
        fresh = self.lines[self._check(line)]
        copies = tuple(sorted((*view.copies, (line, fresh))))
        return replace(self._with(core, replace(view, copies=copies)), fetched=self.fetched + 1), fresh

    def store(self, core: int, line: int, word: int, value: int) -> "SharedMemory":
        """A word into the write-combining buffer, and into the copy that the core may hold.

        The buffer goes to memory when its line is full, or when another line is written.
        """
        self._check(line)
        before = self if self.cores[core].combining in (-1, line) else self.flush(core)
        view = before.cores[core]
        words = _put(view.words, word, value)
        copies = tuple((at, _put(held, word, value) if at == line else held) for at, held in view.copies)
        after = before._with(core, CoreView(copies, line, words))
        return after if None in words else after.flush(core)

    def flush(self, core: int) -> "SharedMemory":
        """The words in the write-combining buffer reach memory, in one transaction."""
        view = self.cores[core]
        if view.combining < 0:
            return self
        merged = tuple(
            old if new is None else new for old, new in zip(self.lines[view.combining], view.words, strict=True)
        )
        lines = (*self.lines[: view.combining], merged, *self.lines[view.combining + 1 :])
        return replace(self._with(core, CoreView(view.copies)), lines=lines, flushed=self.flushed + 1)

    def invalidate(self, core: int) -> "SharedMemory":
        """CL1INVMB: this core's copies of such lines are gone."""
        return self._with(core, replace(self.cores[core], copies=()))

    def _with(self, core: int, view: CoreView) -> "SharedMemory":
        return replace(self, cores=(*self.cores[:core], view, *self.cores[core + 1 :]))

    def _check(self, line: int) -> int:
        if not 0 <= line < len(self.lines):
            raise ScenarioError("unknown_line", f"line {line}; accepted: 0 to {len(self.lines) - 1}", line=line)
        return line


def _put(words: tuple[Word, ...], word: int, value: Word) -> tuple[Word, ...]:
    return (*words[:word], value, *words[word + 1 :])


def blank(lines: int, cores: int) -> SharedMemory:
    """Zeros, and nothing cached."""
    return SharedMemory((ZEROS,) * lines, (CoreView(),) * cores)
