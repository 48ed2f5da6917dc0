"""REP-23, SOSP 2009: a capability retype by two-phase commit is cheaper than an unmap by interrupts, and pipelines."""

from random import Random

from experiments.charts.line_chart import Axis, line_chart
from experiments.reproduce.agreement.rep22 import LINUX_AT_2, TRAP_CYCLES, WORK_CYCLES, unmap_cycles, unmap_parameters
from experiments.reproduce.agreement.runs import cycles_ps, operations
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim import Application, Operation, Scenario, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Scripted
from kernelsim.system.agreement.routes import by_package
from kernelsim.system.agreement.shootdown import ipi_ps

MACHINE = "amd-8x4"
CORES = (2, 4, 8, 16, 24, 32)
PIPELINED = 32
WINDOWS_AT_32 = 46_000


def rep23(seeds: int) -> Row:
    """`seeds` is how many pairs of conflicting retypes are tried."""
    single = {n: operations(platform(MACHINE).deployment.machine, n, [_retype(n)])[0] for n in CORES}
    unmap = {n: unmap_cycles(n) for n in CORES}
    interrupts = {n: ipi_ps(LINUX_AT_2, TRAP_CYCLES, n) for n in CORES}
    pipelined = {n: _pipelined(n) for n in CORES}
    return Row(
        id="REP-23",
        source="SOSP 2009, section 5.1 and its reviews",
        claim="two-phase commit scales with the same multicast and needs fewer cycles than shootdown by interrupts",
        claims=_claims(single, unmap, interrupts, pipelined, seeds),
        tolerance="orderings only: no value is published",
        parameters=unmap_parameters(),
        ablations=(_one_after_the_other(interrupts), _all_on_one_region(pipelined)),
        series={
            "retype": [[n, cycles] for n, cycles in single.items()],
            "retype, pipelined": [[n, cycles] for n, cycles in pipelined.items()],
            "unmap": [[n, cycles] for n, cycles in unmap.items()],
            "Linux unmap": [[n, cycles] for n, cycles in interrupts.items()],
        },
        notes=(
            "Nothing is fitted here; the monitor's constant is the unmap's, fitted at 2 cores in REP-22.",
            "A commit needs no acknowledgement: channels lose nothing and keep their order (section 2.7). All orders "
            "of messages of small cases are walked in the tests of the state machine.",
        ),
        pictures={
            "rep-23": line_chart(
                "Capability retype on 8x4 cores",
                Axis("cores"),
                Axis("cycles"),
                {
                    "retype": list(single.items()),
                    "retype, each of 32": list(pipelined.items()),
                    "unmap by messages": list(unmap.items()),
                    "Linux unmap, modelled": list(interrupts.items()),
                },
            )
        },
    )


def _retype(cores: int, region: int = 0, *, chain: bool = False) -> Operation:
    on = platform(MACHINE)
    members = range(cores)
    sends = {core: (core + 1,) for core in members[:-1]} if chain else by_package(on.deployment.machine, 0, members)
    work_ps = cycles_ps(on, WORK_CYCLES)
    return Operation("retype", "probe", region, at_ps=MILLISECOND_PS, sends=sends, work_ps=work_ps)


def _pipelined(cores: int, *, regions: int = PIPELINED) -> int:
    """Cycles each when `PIPELINED` are asked for at once, of which those that are done count."""
    asked = [_retype(cores, number % regions) for number in range(PIPELINED)]
    return round(max(operations(platform(MACHINE).deployment.machine, cores, asked)) / regions)


def _claims(
    single: dict[int, int], unmap: dict[int, int], interrupts: dict[int, int], pipelined: dict[int, int], seeds: int
) -> tuple[Claim, ...]:
    outcomes = [_conflict(seed) for seed in range(seeds)]
    return (
        Claim(
            "32 cores, cycles: cheaper than an unmap by interrupts",
            f"< Linux {interrupts[32]:,} and Windows {WINDOWS_AT_32:,}",
            single[32],
            single[32] < min(interrupts[32], WINDOWS_AT_32),
        ),
        Claim(
            "dearer than the one phase of an unmap, at every n",
            "strictly",
            {n: round(single[n] / unmap[n], 2) for n in CORES},
            all(single[n] > unmap[n] for n in CORES),
        ),
        Claim(
            "it scales: 32 cores over 2, beside interrupts",
            "retype < interrupts",
            [round(single[32] / single[2], 2), round(interrupts[32] / interrupts[2], 2)],
            single[32] / single[2] < interrupts[32] / interrupts[2],
        ),
        Claim(
            f"pipelined, each of {PIPELINED} costs less than one alone, at every n",
            "< 1",
            {n: round(pipelined[n] / single[n], 2) for n in CORES},
            all(pipelined[n] < single[n] for n in CORES),
        ),
        Claim(
            f"of two conflicting retypes at about the same time one is done, one refused; {seeds} pairs",
            "one each",
            {"done and refused": outcomes.count([False, True]), "others": seeds - outcomes.count([False, True])},
            all(each == [False, True] for each in outcomes),
        ),
    )


def _conflict(seed: int) -> list[bool]:
    """Two domains on all cores, asking from different cores within 20 us, for different types of one region."""
    machine = platform(MACHINE).deployment.machine
    random = Random(f"{seed} conflict")
    applications, asked = [], []
    for name, type_ in (("one", "frame"), ("other", "page table")):
        cores = tuple(random.sample(range(machine.cores), machine.cores))
        at_ps = MILLISECOND_PS + random.randrange(20 * MICROSECOND_PS)
        script = ((at_ps - 1, "run"), (at_ps + MICROSECOND_PS // 10, "block"))
        applications.append(Application(name, Scripted((script, *((),) * (machine.cores - 1))), cores))
        sends = by_package(machine, cores[0], cores)
        asked.append(
            Operation("retype", name, 0, type_, at_ps, sends, work_ps=cycles_ps(platform(MACHINE), WORK_CYCLES))
        )
    scenario = Scenario(machine, tuple(applications), 20 * MILLISECOND_PS, operations=tuple(asked))
    return sorted(one.done for one in run(scenario).operations if one.answered_ps is not None)


def _one_after_the_other(interrupts: dict[int, int]) -> Ablation:
    """Votes gathered along a chain: the cores' parts no longer overlap."""
    cycles = operations(platform(MACHINE).deployment.machine, 32, [_retype(32, chain=True)])[0]
    return Ablation(
        "cores prepared one after the other, along a chain: cycles on 32 cores, no longer below interrupts",
        cycles,
        cycles > interrupts[32],
    )


def _all_on_one_region(pipelined: dict[int, int]) -> Ablation:
    """Every retype after the first conflicts with it."""
    cycles = _pipelined(32, regions=1)
    return Ablation(
        "all of one region, so that they conflict: cycles on 32 cores for each that is done",
        cycles,
        cycles > 2 * pipelined[32],
    )
