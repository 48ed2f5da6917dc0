"""CPU-Bound: a thread that computes and never waits."""

from kernelsim.core.threads import UserThread


class CpuBoundThread(UserThread):
    """Iterations of `work_ps` each; its progress is the time it computed, divided by that."""

    __slots__ = ("_computed_ps", "_runs_from", "work_ps")

    def __init__(self, work_ps: int) -> None:
        super().__init__()
        self.work_ps = work_ps
        self._computed_ps = 0
        self._runs_from: int | None = None

    def start(self, now: int, runs_from: int) -> None:
        """Compute from `runs_from` on."""
        self._runs_from = runs_from

    def stop(self, now: int) -> None:
        """Keep what has been computed."""
        self._computed_ps = self._computed_by(now)
        self._runs_from = None

    def progress(self, now: int) -> int:
        """Whole iterations done by `now`."""
        return self._computed_by(now) // self.work_ps

    def _computed_by(self, now: int) -> int:
        if self._runs_from is None:
            return self._computed_ps
        return self._computed_ps + max(0, now - self._runs_from)
