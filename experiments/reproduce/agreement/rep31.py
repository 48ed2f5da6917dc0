"""REP-31, section 4.1.1: a phase change takes as long as Tessellation's activation and suspension of a cell."""

from experiments.reproduce.agreement.rep10 import cost
from experiments.reproduce.agreement.runs import phase_changes, schedules
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row

MACHINE, CORES = "amd-4x4", 15
ACTIVATE_US, SUSPEND_US = 8.26, 17.59
ORDER = 10**0.5
"""Half an order of magnitude either way."""


def rep31(seeds: int) -> Row:
    """Another system on another machine: only the order of magnitude means something."""
    machine = platform(MACHINE).deployment.machine
    ours = _us(cost(MACHINE, CORES))
    serial = _us(phase_changes(machine, schedules(MACHINE, CORES), CORES, order="serial")[0])
    return Row(
        id="REP-31",
        source="Section 4.1.1",
        claim="the overhead agrees with that of similar mechanisms in another multicore operating system",
        claims=(
            Claim(
                "15 cores, us: the same order of magnitude as activating and suspending a cell on 15 Intel cores",
                f"{ACTIVATE_US} and {SUSPEND_US}, within a factor of {ORDER:.1f}",
                ours,
                all(theirs / ORDER <= ours <= theirs * ORDER for theirs in (ACTIVATE_US, SUSPEND_US)),
            ),
        ),
        tolerance="half an order of magnitude",
        parameters=platform(MACHINE).deployment.parameters,
        ablations=(
            Ablation(
                "planners one after the other, us", serial, not SUSPEND_US / ORDER <= serial <= SUSPEND_US * ORDER
            ),
        ),
        series={"us": [[n, _us(cost(MACHINE, n))] for n in (1, 4, 8, 12, 15, 16)]},
        notes=(
            "A cross-check: neither Tessellation nor its machine is modelled. Most of the time is the monitors' "
            f"constant, {_us(machine.cycles(machine.work_ps[0], 0))} us, chosen in REP-10 on another machine.",
        ),
    )


def _us(cycles: float) -> float:
    return round(cycles * 10**6 / platform(MACHINE).deployment.machine.clock_hz[0], 2)
