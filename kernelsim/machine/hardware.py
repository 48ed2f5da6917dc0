"""The machine as it is: clocks, packages, and what a message, a switch and a shared cache line cost on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernelsim.errors import ScenarioError

FASTEST_HZ = 10**12
"""A cycle of a picosecond, the unit of time."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Cores are numbered from 0; every duration is an integer of picoseconds.

    `latency_ps[a][b]` is the one-way UMP latency from a to b (dissertation, Table 2.5), `occupancy_ps[a][b]`
    what one message costs sender and receiver together (the reciprocal of Table 2.5's throughput),
    `send_ps[a][b]` the sender's part of it, `lmp_ps[a]` the one-way LMP latency (Table 2.4), `work_ps[a]`
    what a monitor and its CPU driver need for one operation, `line_ps[a][b]` the transfer of a cache line
    from a's cache to b's. `isa[a]` is a's instruction set, empty where it is not known, as all are without it.
    """

    name: str
    clock_hz: tuple[int, ...]
    package: tuple[object, ...]
    latency_ps: Sequence[Sequence[int]]
    occupancy_ps: Sequence[Sequence[int]]
    send_ps: Sequence[Sequence[int]]
    line_ps: Sequence[Sequence[int]]
    lmp_ps: tuple[int, ...]
    work_ps: tuple[int, ...]
    context_switch_ps: int
    timeslice_ps: int
    block_ps: int
    isa: tuple[str, ...] = ()

    @property
    def cores(self) -> int:
        """How many cores there are."""
        return len(self.clock_hz)

    def receive_ps(self, source: int, target: int) -> int:
        """The receiver's part of a message's occupancy."""
        return self.occupancy_ps[source][target] - self.send_ps[source][target]

    def cycles(self, duration_ps: int, core: int) -> int:
        """A duration in cycles of one core, rounded half up."""
        return (2 * duration_ps * self.clock_hz[core] + 10**12) // (2 * 10**12)

    def can_run(self, isa: str, core: int) -> bool:
        """Whether a core carries out what was compiled for an instruction set; where its own is unknown, it may."""
        return not self.isa or self.isa[core] in ("", isa)

    def check(self) -> None:
        """Raise ScenarioError for durations in which a run would stand still, or go back."""
        durations = (self.context_switch_ps, self.block_ps, *self.lmp_ps, *self.work_ps)
        clocks = self.clock_hz
        if not clocks or min(clocks) < 1 or max(clocks) > FASTEST_HZ or self.timeslice_ps < 1 or min(durations) < 0:
            raise ScenarioError(
                "bad_machine",
                f"{self.name} has clocks of {sorted(set(clocks))} Hz, slices of {self.timeslice_ps} ps and costs from "
                f"{min(durations, default=0)} ps on; accepted: cores with 1 to {FASTEST_HZ} Hz, slices of 1 ps or "
                "more, costs from 0 on",
            )

    def check_core(self, core: int, asked_by: str) -> None:
        """Raise ScenarioError unless `core` exists."""
        if not 0 <= core < self.cores:
            raise ScenarioError(
                "unknown_core",
                f"{asked_by} names core {core}; {self.name} has cores 0 to {self.cores - 1}",
                core=core,
            )
