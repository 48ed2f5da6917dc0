"""A machine's caches with what they hold: how long a core waits for a line depends on where the line is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """Caches of one level: a capacity in lines, a latency, and the groups of cores that share one each.

    A `is_victim` cache is filled by what the level before it evicts, as AMD's shared third level is; another one by
    every line that one of its cores touches.
    """

    name: str
    lines: int
    latency_ps: int
    groups: tuple[tuple[int, ...], ...]
    is_victim: bool = False


MemoryPs = Callable[[int, int], int]


class _Cache:
    """One cache: its lines, least recently used first."""

    __slots__ = ("core", "level", "lines")

    def __init__(self, level: Level, core: int) -> None:
        self.level = level
        self.core = core
        self.lines: dict[int, None] = {}

    def touch(self, line: int) -> None:
        del self.lines[line]
        self.lines[line] = None


class Caches:
    """All caches of a machine, empty at first, least recently used lines evicted, lines modified in one place.

    `between_ps[a][b]` is what core b waits for a line in one of a's caches that b does not share; a line that no cache
    holds comes from memory in `memory_ps`, or on a machine with several memories in `memory_ps(core, line)`. Levels go
    from the nearest outwards; the first of them that is no victim cache holds what the core writes.
    """

    def __init__(self, levels: Sequence[Level], between_ps: Sequence[Sequence[int]], memory_ps: int | MemoryPs) -> None:
        self._between_ps = between_ps
        self._memory_ps = memory_ps
        self._path: dict[int, list[_Cache]] = {}
        self._holders: dict[int, list[_Cache]] = {}
        for level in levels:
            for group in level.groups:
                cache = _Cache(level, group[0])
                for core in group:
                    self._path.setdefault(core, []).append(cache)

    def read(self, core: int, line: int) -> int:
        """Picoseconds until the line is there; it then lies in the core's own caches, too."""
        for cache in self._path[core]:
            if line in cache.lines:
                latency_ps = cache.level.latency_ps
                cache.touch(line)
                break
        else:
            latency_ps = self._from_elsewhere(core, line)
        self._fill(core, line)
        return latency_ps

    def write(self, core: int, line: int) -> int:
        """As a read, and no other cache holds the line any longer."""
        latency_ps = self.read(core, line)
        own = [cache for cache in self._path[core] if not cache.level.is_victim]
        for cache in [holder for holder in self._holders[line] if holder not in own]:
            self._drop(cache, line)
        return latency_ps

    def _from_elsewhere(self, core: int, line: int) -> int:
        holders = self._holders.get(line, ())
        if holders:
            return min(self._between_ps[cache.core][core] for cache in holders)
        return self._memory_ps if isinstance(self._memory_ps, int) else self._memory_ps(core, line)

    def _fill(self, core: int, line: int) -> None:
        path = self._path[core]
        for depth, cache in enumerate(path):
            if not cache.level.is_victim and line not in cache.lines:
                self._put(cache, line, path[depth + 1 :])

    def _put(self, cache: _Cache, line: int, further: Sequence[_Cache]) -> None:
        cache.lines[line] = None
        self._holders.setdefault(line, []).append(cache)
        if len(cache.lines) <= cache.level.lines:
            return
        evicted = next(iter(cache.lines))
        self._drop(cache, evicted)
        if not further or not further[0].level.is_victim:
            return
        if evicted in further[0].lines:
            further[0].touch(evicted)
        else:
            self._put(further[0], evicted, further[1:])

    def _drop(self, cache: _Cache, line: int) -> None:
        del cache.lines[line]
        self._holders[line].remove(cache)
