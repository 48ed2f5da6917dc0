"""REP-09, Fig 3.3: after a phase change nobody sends a message, and a gang's slices line up across cores."""

from collections import defaultdict
from random import Random

from experiments.deploy import deploy_schedules
from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim import Application, Outcome, PhaseChange, Scenario, run
from kernelsim.pictures.aquarium import svg
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Barrier, CpuBound
from planner import Manifest, admit

MACHINE = "amd-2x2"
CHANGE_MS, END_MS = 500, 6_000
SETTLED_MS = 2_000
SKEW_US = 40
MANIFEST = "B 1\nH 80 160 80 480\n"
SLICE_PS = 80 * MILLISECOND_PS


def rep09(seeds: int) -> Row:
    """BARRIER and CPU-Bound on all four cores; a phase change to best effort in one trace, to the gang in the other."""
    best_effort = [_run(seed, phase=0, synchronise=False) for seed in range(seeds)]
    gangs = [_run(seed) for seed in range(seeds)]
    apart_us = [round(_largest_difference(one) / MICROSECOND_PS, 1) for one in gangs]
    before_us = [round(_largest_difference(one) / MICROSECOND_PS) for one in best_effort]
    return Row(
        id="REP-09",
        source="Fig 3.3",
        claim="after the phase change no inter-core message is sent; slice ends line up only in the gang",
        claims=(
            _silence([*best_effort, *gangs]),
            Claim(
                f"gang: starts of slices on 4 cores, largest difference, us ({seeds} runs)",
                f"within the clock error, {SKEW_US} us",
                [min(apart_us), max(apart_us)],
                max(apart_us) <= SKEW_US,
            ),
            Claim(
                "best effort: the same, us; they do not line up",
                "beyond the clock error",
                [min(before_us), max(before_us)],
                min(before_us) > SKEW_US,
            ),
        ),
        tolerance="no message at all; slices within the clock error",
        parameters=(
            *platform(MACHINE).deployment.parameters,
            Parameter("manifest", "B 1 / H 80 160 80 480", "ms", "printed: Fig 3.4"),
            Parameter("clock_skew", f"U[0, {SKEW_US} us)", "", "free"),
            Parameter("timer_start", "U[0, 80 ms) per core and seed without synchronisation", "", "free"),
        ),
        ablations=(_interrupts(), _unsynchronised(seeds)),
        series={"gang, us apart": apart_us, "best effort, us apart": before_us},
        notes=(
            "A conventional gang scheduler sends to every core at the end of each slice, as the first ablation counts; "
            "what that costs is REP-16's.",
        ),
        pictures={"rep-09-best-effort": _picture(best_effort[0]), "rep-09-gang": _picture(gangs[0])},
    )


def _run(seed: int, *, phase: int = 1, synchronise: bool = True) -> Outcome:
    on = platform(MACHINE)
    cores = tuple(range(on.deployment.machine.cores))
    random = Random(f"{seed} trace")
    manifest = Manifest.from_text(MANIFEST, name="barrier", dispatchers=len(cores))
    decision = admit([manifest], on.topology, cores={"barrier": cores})
    return run(
        Scenario(
            on.deployment.machine,
            (Application("barrier", Barrier(), cores), Application("cpu", CpuBound(), cores)),
            END_MS * MILLISECOND_PS,
            schedules=deploy_schedules(decision.schedules),
            synchronise=synchronise,
            timer_offset_ps=tuple(random.randrange(SLICE_PS) for _ in cores),
            clock_skew_ps=tuple(random.randrange(SKEW_US * MICROSECOND_PS) for _ in cores),
            phase_changes=(PhaseChange("barrier", phase, CHANGE_MS * MILLISECOND_PS),),
        )
    )


def _silence(runs: list[Outcome]) -> Claim:
    """Messages after the answer to the last phase change, and slices in that time."""
    stray, slices = 0, 0
    for outcome in runs:
        answered = outcome.phase_changes[-1].answered_ps or outcome.start_ps
        stray += sum(message.sent_ps > answered for message in outcome.trace.messages)
        slices += sum(each.start_ps > answered for each in outcome.trace.slices)
    done = all(one.answered_ps is not None for outcome in runs for one in outcome.phase_changes)
    return Claim(
        f"messages after the phase change, while {slices:,} slices began",
        "0",
        stray,
        stray == 0 and slices > 0 and done,
    )


def _largest_difference(outcome: Outcome) -> int:
    """From the start of a slice of CPU-Bound on core 0 to the nearest on another core, once settled, at most."""
    low, high = (outcome.start_ps + each * MILLISECOND_PS for each in (SETTLED_MS, END_MS - 200))
    starts: dict[int, list[int]] = defaultdict(list)
    for each in outcome.trace.slices:
        if each.who.startswith("cpu.") and each.end_ps - each.start_ps > SLICE_PS // 2:
            starts[each.core].append(each.start_ps)
    first = [start for start in starts.pop(0) if low <= start < high]
    return max(min(abs(start - other) for other in others) for start in first for others in starts.values())


def _interrupts() -> Ablation:
    """A central gang scheduler tells every core, once a slice."""
    machine = platform(MACHINE).deployment.machine
    cores = tuple(range(machine.cores))
    applications = (Application("barrier", Barrier(), cores), Application("cpu", CpuBound(), cores))
    trace = run(Scenario(machine, applications, END_MS * MILLISECOND_PS, scheduler="central-ipi")).trace
    broadcasts = sum(mark.kind == "ipi" for mark in trace.marks)
    slices = END_MS * MILLISECOND_PS // machine.timeslice_ps
    change = f"gangs in turn by interrupts: broadcasts in {slices} slices, at least one each"
    return Ablation(change, broadcasts, broadcasts >= slices > 0)


def _unsynchronised(seeds: int) -> Ablation:
    apart = [_largest_difference(_run(seed, synchronise=False)) for seed in range(seeds)]
    return Ablation(
        "timers not synchronised, so that there is no gang: largest difference of starts, us",
        round(min(apart) / MICROSECOND_PS),
        min(apart) > SKEW_US * MICROSECOND_PS,
    )


def _picture(outcome: Outcome) -> str:
    begin = outcome.start_ps + (CHANGE_MS - 300) * MILLISECOND_PS
    end = begin + 2_000 * MILLISECOND_PS
    return svg(outcome.trace, platform(MACHINE).deployment.machine, start_ps=begin, end_ps=end)
