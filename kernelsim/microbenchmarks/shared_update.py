"""Cores that modify the same cache lines without a lock, each as fast as it can."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernelsim.engine import Engine
from kernelsim.machine.coherence import Coherence, Lines


@dataclass(frozen=True, slots=True)
class SharedUpdate:
    """`lines` written one after the other by each of `cores`, with `work_ps` of instructions around each update."""

    coherence: Coherence
    cores: tuple[int, ...]
    lines: int
    work_ps: int

    def latency_ps(self, starts_ps: Sequence[int], *, updates: int = 40, warmup: int = 10) -> float:
        """Mean picoseconds of an update over all cores, the first `warmup` of each left out.

        Core i begins at `starts_ps[i]`; all go on until the last has done its updates, so that it is never alone.
        """
        engine = Engine()
        lines = Lines(engine, self.coherence, home=self.cores[0])
        workers = [_Worker(engine, lines, self, core) for core in self.cores]
        for worker, start_ps in zip(workers, starts_ps, strict=True):
            engine.at(start_ps, worker.begin)
        step_ps = (self.work_ps + 1) * updates
        until_ps = max(starts_ps) + step_ps
        while min(len(worker.ends_ps) for worker in workers) <= updates:
            engine.run(until_ps)
            until_ps += step_ps
        spans = [(worker.ends_ps[updates] - worker.ends_ps[warmup]) / (updates - warmup) for worker in workers]
        return sum(spans) / len(spans)


class _Worker:
    """One core's loop."""

    def __init__(self, engine: Engine, lines: Lines, update: SharedUpdate, core: int) -> None:
        self.ends_ps: list[int] = []
        self._engine = engine
        self._lines = lines
        self._update = update
        self._core = core
        self._line = 0

    def begin(self) -> None:
        self._line = 0
        self._engine.at(self._engine.now + self._update.work_ps, self._write)

    def _write(self) -> None:
        if self._line == self._update.lines:
            self.ends_ps.append(self._engine.now)
            self.begin()
            return
        self._line += 1
        self._lines.write(self._core, self._line, self._write)
