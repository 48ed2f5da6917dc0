"""Coherent cache lines: a line moves to who writes it, and cores that want the same one queue for it."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kernelsim.engine import Engine

Done = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Coherence:
    """What moving lines costs on a machine.

    `transfer_ps[a][b]` is the wait of b for a line in a's cache, `hit_ps` that for one in the own cache. Whatever
    moves between cores of different `group` is put in order by the interconnect, one hand-off at a time, each taking
    `service_ps` of it; within a group (cores that share a cache which filters for them) by that cache, for as long as
    the transfer takes. Without `is_contended` nobody queues: unlimited coherence bandwidth.
    """

    transfer_ps: Sequence[Sequence[int]]
    hit_ps: Sequence[int]
    group: Sequence[int]
    service_ps: int
    is_contended: bool = True


@dataclass(slots=True)
class _Line:
    holders: tuple[int, ...]
    """Who has a copy; the last of them had it last."""
    is_moving: bool = False
    waiting: deque[tuple[int, bool, Done]] = field(default_factory=deque)


class Lines:
    """Lines by number, each first in the cache of core `home`. Every access ends by a call of `done`.

    Requests for one line are served in the order in which they were made, hand-offs of all lines in the order in
    which they became possible.
    """

    def __init__(self, engine: Engine, coherence: Coherence, home: int = 0) -> None:
        self.moved = 0
        """Transfers and invalidations so far."""
        self.carried: Counter[tuple[int, int]] = Counter()
        """Of these, lines with their contents, by (from, to)."""
        self.given_up: Counter[tuple[int, int]] = Counter()
        """Copies that (holder, writer) gave up, the writer having the contents already."""
        self._engine = engine
        self._coherence = coherence
        self._home = home
        self._lines: dict[int, _Line] = {}
        self._free_ps: dict[int, int] = {}

    def read(self, core: int, line: int, done: Done) -> None:
        """Get a copy."""
        self._access(core, line, False, done)

    def write(self, core: int, line: int, done: Done) -> None:
        """Get the only copy."""
        self._access(core, line, True, done)

    def _access(self, core: int, line: int, is_write: bool, done: Done) -> None:
        state = self._lines.setdefault(line, _Line((self._home,)))
        if state.is_moving and self._coherence.is_contended:
            state.waiting.append((core, is_write, done))
        else:
            self._serve(state, core, is_write, done)

    def _serve(self, state: _Line, core: int, is_write: bool, done: Done) -> None:
        others = [holder for holder in state.holders if holder != core]
        if not others or (not is_write and core in state.holders):
            self._engine.at(self._engine.now + self._coherence.hit_ps[core], done)
            self._next(state)
            return
        state.is_moving = True
        has_copy = core in state.holders
        arrival_ps = self._move(others, core, is_write, has_copy=has_copy)

        def arrive() -> None:
            state.holders = (core,) if is_write else (*others, core)
            state.is_moving = False
            done()
            self._next(state)

        self._engine.at(arrival_ps, arrive)

    def _next(self, state: _Line) -> None:
        if state.waiting and not state.is_moving:
            self._serve(state, *state.waiting.popleft())

    def _move(self, others: Sequence[int], core: int, is_write: bool, *, has_copy: bool) -> int:
        """When it is there: a read comes from the nearest copy, a write waits for the farthest to be given up."""
        self.moved += 1
        choose = max if is_write else min
        source = choose(others, key=lambda other: self._coherence.transfer_ps[other][core])
        (self.given_up if has_copy else self.carried)[source, core] += 1
        transfer_ps = self._coherence.transfer_ps[source][core]
        now = self._engine.now
        if not self._coherence.is_contended:
            return now + transfer_ps
        point, service_ps = self._ordering(source, core, transfer_ps)
        begin_ps = max(now, self._free_ps.get(point, 0))
        self._free_ps[point] = begin_ps + service_ps
        return begin_ps + transfer_ps

    def _ordering(self, source: int, core: int, transfer_ps: int) -> tuple[int, int]:
        """Which point puts this hand-off in order (-1 for the interconnect), and how long it is busy with it."""
        group = self._coherence.group
        if group[source] == group[core]:
            return group[core], transfer_ps
        return -1, self._coherence.service_ps
