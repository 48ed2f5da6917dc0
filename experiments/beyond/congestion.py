"""A phase change while the mesh between the cores carries other traffic, by unicast and by the planner's tree."""

from math import isqrt

from experiments.beyond.finding import Finding
from experiments.beyond.gang_starts import FLIT_PS, HOP_PS, PACKET_FLITS
from experiments.beyond.machines import parameters
from experiments.beyond.phase_changes import cycles
from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from kernelsim.machine.interconnect import Interconnect

SIZES = (16, 64, 256, 1024)
LOADS_PERCENT = (0, 50, 90)
WAYS = ("unicast", "planner's tree")


def congestion() -> Finding:
    """Cycles from the request to the reply on square meshes whose links others use, too."""
    found = {(size, way, load): loaded(size, way, load) for size in SIZES for way in WAYS for load in LOADS_PERCENT}
    rows = tuple((size, *(found[size, way, load] for way in WAYS for load in LOADS_PERCENT)) for size in SIZES)
    last, most = SIZES[-1], LOADS_PERCENT[-1]
    added = {way: found[last, way, most] - found[last, way, 0] for way in WAYS}
    share = {way: added[way] / found[last, way, 0] for way in WAYS}
    return Finding(
        id="BEY-05",
        title="Phase change on a congested mesh",
        question="Phase-locked gangs need no messages for their slices, but a change of phase does; what does "
        "congestion do to it?",
        columns=("cores", *(f"{way}, {load} % load, cycles" for way in WAYS for load in LOADS_PERCENT)),
        rows=rows,
        breaks_first=f"The waits on the way: at {most} % load and {last:,} cores the change costs {added[WAYS[0]]:,} "
        f"cycles ({share[WAYS[0]]:.0%}) more by unicast, where messages wait side by side, and {added[WAYS[1]]:,} "
        f"({share[WAYS[1]]:.0%}) more by the tree, where they wait at one level after the other. There the tree "
        f"{'still costs' if found[last, WAYS[1], most] < found[last, WAYS[0], most] else 'no longer costs'} less: "
        f"{found[last, WAYS[1], most]:,} against {found[last, WAYS[0], most]:,} cycles.",
        parameters=(
            *parameters("monitor_work", "lmp_one_way", "message_latency", "send_share_ppm"),
            Parameter("mesh", "a core a router, square, x before y", "", "free"),
            Parameter("hop", 5, "ns", "external: four cycles of 800 MHz, Intel SCC Architecture Spec."),
            Parameter("packets of others", PACKET_FLITS, "flits of 1.25 ns", "free"),
        ),
        notes=(
            "The tree is planned for the machine when it is idle; nobody tells the planner of the traffic.",
            "The way over an idle mesh is part of a message's latency; what is added is the wait for links.",
        ),
        pictures={
            "bey-05": line_chart(
                f"Phase change on a mesh, {most} % load",
                Axis("cores", log=True),
                Axis("cycles", log=True),
                {way: [(size, found[size, way, most]) for size in SIZES] for way in WAYS},
            )
        },
    )


def loaded(cores: int, way: str, load_percent: int) -> int:
    """Cycles of one change."""
    side = isqrt(cores)
    mesh = Interconnect(
        side,
        side,
        tuple(range(cores)),
        hop_ps=HOP_PS,
        message_ps=2 * FLIT_PS,
        packet_ps=PACKET_FLITS * FLIT_PS,
        load_percent=load_percent,
    )
    return cycles(cores, way, mesh)
