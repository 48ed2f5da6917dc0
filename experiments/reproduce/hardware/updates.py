"""Shared lines beside calls to a server, on any machine: the runs behind Figs 2.3 and 2.4."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean

from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import Platform
from kernelsim.machine.coherence import Coherence
from kernelsim.microbenchmarks.remote_update import RemoteUpdate
from kernelsim.microbenchmarks.shared_update import SharedUpdate
from planner.machine.latency import cycles_to_ps

WORK_CYCLES = 10
START_CYCLES = 2000
"""Cores begin at random within this many cycles: the queue's order is drawn, not chosen."""


@dataclass(frozen=True, slots=True)
class Contest:
    """One machine, and what a hand-off between its cores takes of the interconnect.

    `is_contended` off is unlimited coherence bandwidth; `server_misses` lets each line of an update miss the
    server's cache; with `skips_l1` a core of the same die has a line from its second level alone.
    """

    platform: Platform
    hand_off_ps: int
    is_contended: bool = True
    server_misses: bool = False
    skips_l1: bool = False

    def shared_cycles(self, cores: Sequence[int], lines: int, seeds: int) -> float:
        """Mean cycles of an update of `lines` shared lines by every one of `cores`."""
        update = SharedUpdate(self._coherence(), tuple(cores), lines, self._ps(WORK_CYCLES))
        return self._mean([update.latency_ps(self._starts(len(cores), seed)) for seed in range(seeds)])

    def called_cycles(self, cores: Sequence[int], lines: int, seeds: int) -> tuple[float, float]:
        """Mean cycles of a call to the first of `cores` by each of the others; cycles from update to update there."""
        program = RemoteUpdate(
            self.platform.deployment.machine, cores[0], tuple(cores[1:]), self._ps(self.update_cycles(lines))
        )
        runs = [program.measure(self._starts(len(cores) - 1, seed)) for seed in range(seeds)]
        return self._mean([run[0] for run in runs]), self._mean([run[1] for run in runs])

    def update_cycles(self, lines: int) -> int:
        """An update of lines in the own cache, or with `server_misses` in another package's."""
        cycles = self.platform.topology.cache_cycles
        return WORK_CYCLES + lines * (cycles["one_hop"] if self.server_misses else cycles["l1"])

    def _coherence(self) -> Coherence:
        machine = self.platform.deployment.machine
        cycles = self.platform.topology.cache_cycles
        hit = self._ps(cycles["l1"])
        groups = self._groups()
        inside = self._ps(cycles["l2"] + (0 if self.skips_l1 else cycles["l1"]))
        transfer = [
            [inside if groups[a] == groups[b] else machine.line_ps[a][b] for b in range(machine.cores)]
            for a in range(machine.cores)
        ]
        return Coherence(transfer, [hit] * machine.cores, groups, self.hand_off_ps, self.is_contended)

    def _groups(self) -> list[int]:
        """Cores that share a second-level cache hand lines over inside it: out of the one's first level, through it."""
        shared = {core: group[0] for group in self.platform.topology.sharing(2) for core in group}
        return [shared.get(core, core) for core in self.platform.topology.core_ids]

    def _starts(self, count: int, seed: int) -> list[int]:
        random = Random(f"{seed} starts")
        return [random.randrange(self._ps(START_CYCLES)) for _ in range(count)]

    def _mean(self, durations_ps: Sequence[float]) -> float:
        return self.platform.cycles(mean(durations_ps))

    def _ps(self, cycles: int) -> int:
        return cycles_to_ps(cycles, self.platform.deployment.machine.clock_hz[0])


def crossing(shared: Sequence[float], called: Sequence[float], lines: Sequence[int]) -> int | None:
    """The least number of lines from which on calls are faster; None if there is none."""
    later = [at for at in range(len(lines)) if all(c < s for s, c in zip(shared[at:], called[at:], strict=True))]
    return lines[min(later)] if later else None


def message_parameters(platform: Platform) -> tuple[Parameter, ...]:
    """Where the costs of calls come from."""
    return (
        Parameter("message_latency", "as Table 2.5, by class", "cycles", "printed: Table 2.5"),
        Parameter("message_occupancy", "1000 / throughput", "cycles", "derived: Table 2.5; both ends together"),
        platform.parameter("send_share_ppm"),
        Parameter("update_work", WORK_CYCLES, "cycles", "free: an update takes under 30 cycles, section 2.1.3"),
        Parameter("start", f"U[0, {START_CYCLES}) per core and seed", "cycles", "free"),
    )
