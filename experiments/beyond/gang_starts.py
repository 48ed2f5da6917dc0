"""Gangs that are announced by interrupts over a mesh: how unevenly they start on 16 to 1,024 cores."""

from dataclasses import replace
from functools import cache
from math import isqrt

from experiments.beyond.finding import Finding
from experiments.beyond.machines import growth, large, parameters
from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from kernelsim import Application, Scenario, run
from kernelsim.machine.interconnect import Interconnect
from kernelsim.scenario import MICROSECOND_PS, CpuBound

SIZES = (16, 64, 256, 1024)
LOADS_PERCENT = (0, 50, 80)
HOP_PS, FLIT_PS, PACKET_FLITS = 5_000, 1_250, 256
SLICE_US, SLICES = 200, 8
LOST = 0.02


def gang_starts() -> Finding:
    """The time between a gang's first and last core, the mean over slices; one gang on every core."""
    rows = tuple((cores, *(skew_us(cores, load) for load in LOADS_PERCENT)) for cores in SIZES)
    largest, middle = SIZES[-1], skew_us(SIZES[-1], 50)
    power = growth((SIZES[0], skew_us(SIZES[0], 50)), (largest, middle))
    return Finding(
        id="BEY-04",
        title="Gangs by interrupts over a mesh",
        question="A coordinator in a corner of a square mesh tells every core at each end of a slice; how far apart do "
        "they start?",
        columns=("cores", *(f"apart at {load} % load, us" for load in LOADS_PERCENT)),
        rows=rows,
        breaks_first=f"The way from the coordinator: interrupts queue at its links, and each of up to "
        f"{2 * (isqrt(largest) - 1)} links adds a wait. At 50 % load the gang of {largest:,} cores starts within "
        f"{middle:,} us (n^{power} from {rows[0][0]} cores on), {LOST:.0%} of a slice of "
        f"{middle / LOST / 1000:.2g} ms; shorter slices lose more. Phase-locked gangs send nothing and start within "
        "their clocks' error at every size.",
        parameters=(
            *parameters("context_switch"),
            Parameter("mesh", "a core a router, square, x before y", "", "free"),
            Parameter("hop", 5, "ns", "external: four cycles of 800 MHz, Intel SCC Architecture Spec."),
            Parameter("interrupt", 2, "flits of 1.25 ns", "free"),
            Parameter("packets of others", PACKET_FLITS, "flits of 1.25 ns", "free"),
            Parameter("slice", SLICE_US, "us", "free"),
        ),
        notes=(
            "Sending itself is free here; on a core that takes 3.5 us for each of its interrupts the coordinator "
            "alone would need 3.6 ms for 1,023 of them.",
        ),
        pictures={
            "bey-04": line_chart(
                "First to last core of a gang, by interrupts over a mesh",
                Axis("cores", log=True),
                Axis("us", log=True),
                {
                    f"{load} % load": [(row[0], float(row[1 + index])) for row in rows]
                    for index, load in enumerate(LOADS_PERCENT)
                },
            )
        },
    )


@cache
def skew_us(cores: int, load_percent: int) -> float:
    """How far apart the cores of a gang start, the mean over some slices."""
    side, slice_ps = isqrt(cores), SLICE_US * MICROSECOND_PS
    members = tuple(range(cores))
    machine = large(cores).deployment.machine
    scenario = Scenario(
        replace(machine, timeslice_ps=slice_ps),
        tuple(Application(name, CpuBound(), members) for name in ("a", "b")),
        slice_ps * (SLICES + 1),
        scheduler="central-ipi",
        interconnect=Interconnect(
            side,
            side,
            members,
            hop_ps=HOP_PS,
            message_ps=2 * FLIT_PS,
            packet_ps=PACKET_FLITS * FLIT_PS,
            load_percent=load_percent,
        ),
    )
    starts: dict[int, list[int]] = {}
    for each in run(scenario).trace.slices:
        starts.setdefault(each.start_ps // slice_ps, []).append(each.start_ps)
    whole = [own for turn, own in starts.items() if 0 < turn <= SLICES - 1]
    return round(sum(max(own) - min(own) for own in whole) / len(whole) / MICROSECOND_PS, 3)
