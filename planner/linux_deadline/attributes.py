"""SCHED_DEADLINE parameters of a dispatcher's phase, within the limits that sched_setattr(2) refuses beyond."""

from dataclasses import dataclass
from typing import Any

from planner.errors import PlanError

LEAST_RUNTIME_NS = 1024
"""The kernel cuts ten bits off (DL_SCALE)."""
LARGEST_NS = 2**63 - 1
"""The highest bit of deadline and period must be 0."""
SHORTEST_PERIOD_NS, LONGEST_PERIOD_NS = 100_000, (1 << 22) * 1_000
"""Defaults of the sysctls sched_deadline_period_min_us and sched_deadline_period_max_us, where a kernel has them."""


@dataclass(frozen=True, slots=True)
class DeadlineTask:
    """One dispatcher in one phase, ns; `cpu` is the OS index of its core."""

    application: str
    dispatcher: int
    phase: int
    core: int
    cpu: int
    runtime_ns: int
    deadline_ns: int
    period_ns: int
    is_gang: bool = False

    @property
    def name(self) -> str:
        return f"{self.application}.{self.dispatcher} phase {self.phase}"

    @property
    def command(self) -> str:
        """What starts it; COMMAND is the program."""
        return (
            f"chrt -d --sched-runtime {self.runtime_ns} --sched-deadline {self.deadline_ns} "
            f"--sched-period {self.period_ns} 0 COMMAND"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "application": self.application,
            "dispatcher": self.dispatcher,
            "phase": self.phase,
            "core": self.core,
            "cpu": self.cpu,
            "sched_policy": "SCHED_DEADLINE",
            "sched_runtime": self.runtime_ns,
            "sched_deadline": self.deadline_ns,
            "sched_period": self.period_ns,
            "command": self.command,
        }


def check_attributes(task: DeadlineTask) -> DeadlineTask:
    """Raises PlanError (code "not_expressible") naming the limit that sched_setattr would answer EINVAL for."""
    runtime, deadline, period = task.runtime_ns, task.deadline_ns, task.period_ns
    if runtime < LEAST_RUNTIME_NS:
        raise _refusal(task, f"its runtime is {runtime} ns", f"at least {LEAST_RUNTIME_NS} ns")
    if max(deadline, period) > LARGEST_NS:
        raise _refusal(task, f"its deadline is {deadline} ns, its period {period} ns", f"at most {LARGEST_NS} ns")
    if not runtime <= deadline <= period:
        found = f"runtime {runtime} ns, deadline {deadline} ns, period {period} ns"
        raise _refusal(task, found, "runtime <= deadline <= period")
    if not SHORTEST_PERIOD_NS <= period <= LONGEST_PERIOD_NS:
        accepted = (
            f"{SHORTEST_PERIOD_NS} to {LONGEST_PERIOD_NS} ns, unless sched_deadline_period_min_us and _max_us are set"
        )
        raise _refusal(task, f"its period is {period} ns", accepted)
    return task


def _refusal(task: DeadlineTask, found: str, accepted: str) -> PlanError:
    return PlanError(
        f"{task.name} cannot be a SCHED_DEADLINE task: {found}; the kernel accepts {accepted}",
        code="not_expressible",
        details={"application": task.application, "phase": task.phase, "found": found, "accepted": accepted},
    )
