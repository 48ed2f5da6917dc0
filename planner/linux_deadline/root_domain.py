"""The kernel's own admission test: a bound on the bandwidth of each root domain, in its fixed-point arithmetic."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planner.linux_deadline.attributes import DeadlineTask

BANDWIDTH_SHIFT = 20
RT_RUNTIME_US, RT_PERIOD_US = 950_000, 1_000_000
"""Defaults of sched_rt_runtime_us and sched_rt_period_us."""
SERVER_RUNTIME_US = 50_000
"""What the fair server of newer kernels (6.12 on) reserves for other tasks on each CPU in every second."""


def bandwidth(period: int, runtime: int) -> int:
    """The kernel's to_ratio: runtime over period in units of 2^-20, cut."""
    return (runtime << BANDWIDTH_SHIFT) // period


@dataclass(frozen=True, slots=True)
class RootDomain:
    """CPUs that share one bound, and the tasks that may run on any of them."""

    cpus: tuple[int, ...]
    tasks: tuple[DeadlineTask, ...]

    @property
    def limit(self) -> int:
        return len(self.cpus) * bandwidth(RT_PERIOD_US, RT_RUNTIME_US)

    @property
    def total(self) -> int:
        """Each application in its heaviest phase; phases of one exclude each other."""
        by_phase: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for task in self.tasks:
            by_phase[task.application][task.phase] += bandwidth(task.period_ns, task.runtime_ns)
        return sum(max(own.values()) for own in by_phase.values())

    @property
    def is_admitted(self) -> bool:
        """Whether sched_setattr takes all of them; else the last is answered EBUSY."""
        return self.total <= self.limit

    @property
    def leaves_the_fair_server(self) -> bool:
        return self.total + len(self.cpus) * bandwidth(RT_PERIOD_US, SERVER_RUNTIME_US) <= self.limit

    def to_json(self) -> dict[str, Any]:
        return {
            "cpus": list(self.cpus),
            "total_bw": self.total,
            "limit_bw": self.limit,
            "unit": "2^-20 of a CPU",
            "admitted": self.is_admitted,
            "admitted_beside_the_fair_server": self.leaves_the_fair_server,
            "tasks": [task.to_json() for task in self.tasks],
        }


def one_cpu_each(tasks: Sequence[DeadlineTask]) -> tuple[RootDomain, ...]:
    """A root domain for each CPU in use, by exclusive cpusets: the affinity of a task must span its domain (EPERM)."""
    by_cpu: dict[int, list[DeadlineTask]] = defaultdict(list)
    for task in tasks:
        by_cpu[task.cpu].append(task)
    return tuple(RootDomain((cpu,), tuple(by_cpu[cpu])) for cpu in sorted(by_cpu))
