"""The caches of a machine as the simulator has them, and what a pointer chase finds in each class of place."""

from collections.abc import Sequence
from random import Random

from experiments.reproduce.hardware.platform import Platform
from kernelsim.machine.caches import Caches, Level
from kernelsim.microbenchmarks.pointer_chase import chase_ps, steal_ps
from planner.machine.latency import cycles_to_ps

REMOTE = ("other_l1_l2", "one_hop", "two_hop")
LINES = 64
"""Lines stolen from another core's cache; they fit into every first level."""
LAPS = 2
VICTIM_LEVEL = 3


def build_caches(platform: Platform) -> Caches:
    """Empty caches with the stated sizes and latencies; memory, which no table prints, costs as the farthest cache."""
    topology = platform.topology
    cores = topology.core_ids
    between = [[_ps(platform, remote_class(platform, a, b)) if a != b else 0 for b in cores] for a in cores]
    return Caches(_levels(platform), between, max(map(max, between)))


def remote_class(platform: Platform, a: int, b: int) -> str:
    """Which row of Tables 2.1 and 2.2 a line in a's cache is in for b."""
    hops = platform.topology.package_hops(a, b) or 0
    return REMOTE[min(hops, 2)]


def latencies(platform: Platform, seed: int = 0) -> dict[str, float]:
    """Mean cycles of a chase by core 0, by place: sets that fit a level but not the one before, stolen lines."""
    found = {}
    before = 0
    for level in _levels(platform):
        lines = _fitting(before, level.lines)
        found[level.name] = platform.cycles(chase_ps(build_caches(platform), 0, _shuffled(lines, seed), laps=LAPS))
        before = level.lines
    for name, owner in owners(platform).items():
        found[name] = platform.cycles(steal_ps(build_caches(platform), owner, 0, _shuffled(LINES, seed)))
    return found


def owners(platform: Platform) -> dict[str, int]:
    """The first core of each remote class that shares no cache with core 0."""
    found: dict[str, int] = {}
    sharing = {core for level in (1, 2) for group in platform.topology.sharing(level) if 0 in group for core in group}
    for core in platform.topology.core_ids:
        if core not in sharing | {0} and remote_class(platform, core, 0) in platform.topology.cache_cycles:
            found.setdefault(remote_class(platform, core, 0), core)
    return found


def working_sets(platform: Platform, seed: int = 0) -> list[tuple[float, float]]:
    """KiB and cycles of a chase over sets from 16 KiB to 1 MiB."""
    sizes = [256 << power for power in range(7)]
    return [
        (lines / 16, platform.cycles(chase_ps(build_caches(platform), 0, _shuffled(lines, seed), laps=LAPS)))
        for lines in sizes
    ]


def _fitting(before: int, lines: int) -> int:
    """A set that the level before cannot hold at all, and this one can: a quarter more, or half of this one."""
    return min(lines, before * 5 // 4) if before else lines // 2


def _levels(platform: Platform) -> Sequence[Level]:
    named: dict[int, tuple[int, list[tuple[int, ...]]]] = {}
    for one in platform.topology.caches:
        if one.type != "instruction" and one.size_bytes and one.line_bytes:
            named.setdefault(one.level, (one.size_bytes // one.line_bytes, []))[1].append(one.cores)
    return [
        Level(f"l{level}", lines, _ps(platform, f"l{level}"), tuple(groups), is_victim=level == VICTIM_LEVEL)
        for level, (lines, groups) in sorted(named.items())
    ]


def _ps(platform: Platform, name: str) -> int:
    return cycles_to_ps(platform.topology.cache_cycles[name], platform.deployment.machine.clock_hz[0])


def _shuffled(lines: int, seed: int) -> list[int]:
    order = list(range(lines))
    Random(f"{seed} chase").shuffle(order)
    return order
