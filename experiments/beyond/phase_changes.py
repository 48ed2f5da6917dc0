"""A phase change by unicast, by packages and by the planner's tree, on 16 to 1,024 cores."""

from functools import cache

from experiments.beyond.finding import Finding
from experiments.beyond.machines import CORES_A_PACKAGE, SIZES, growth, large, parameters
from experiments.charts.line_chart import Axis, line_chart
from kernelsim import Application, PhaseChange, Reservation, Scenario, Schedule, run
from kernelsim.machine.interconnect import Interconnect
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Scripted
from kernelsim.system.agreement.routes import by_package
from planner import multicast

NAME = "probe"
SEARCHES = 2
WAYS = ("unicast", "by packages", "planner's tree")
Sends = dict[int, tuple[int, ...]]


def phase_changes() -> Finding:
    """Cycles from the request to the one aggregated reply, on machines that are idle otherwise."""
    rows = tuple((cores, *(cycles(cores, way) for way in WAYS)) for cores in SIZES)
    curves = {way: [(row[0], row[1 + index]) for row in rows] for index, way in enumerate(WAYS)}
    alone = cycles(1, WAYS[0])
    beyond = {way: [(cores, cost - alone) for cores, cost in curve] for way, curve in curves.items()}
    power = {way: growth(curve[SIZES.index(256)], curve[-1]) for way, curve in beyond.items()}
    last = rows[-1]
    return Finding(
        id="BEY-01",
        title="Phase change",
        question="What does it cost to tell every planner, by unicast as in the dissertation, and by the planner's "
        "tree, which it left as future work?",
        columns=("cores", *(f"{way}, cycles" for way in WAYS)),
        rows=rows,
        breaks_first="The sender: by unicast every core adds one message's occupancy to the initiator, and from "
        f"{_crossing(rows, alone):,} cores on its messages cost more than a change on one core alone ({alone:,} "
        f"cycles). What is beyond that grows from 256 to 1,024 cores as n^{power[WAYS[0]]} by unicast, "
        f"n^{power[WAYS[1]]} by packages and n^{power[WAYS[2]]} by the tree: {last[1]:,}, {last[2]:,} and {last[3]:,} "
        "cycles on 1,024.",
        parameters=parameters("monitor_work", "lmp_one_way", "message_latency", "send_share_ppm"),
        notes=(
            "The tree is the planner's for the last reply (objective with_ack), found by a short search; it is planned "
            "on the knowledge base's latencies and run on the simulator's.",
            "Of the cost by tree most is monitors' work, the same on every core and done in parallel: 10,000 cycles.",
        ),
        pictures={
            "bey-01": line_chart("Phase change", Axis("cores", log=True), Axis("cycles", log=True), curves),
        },
    )


@cache
def cycles(cores: int, way: str, mesh: Interconnect | None = None) -> int:
    """One change over cores 0 to n-1, all of a machine from 16 on, that core 0 asks for."""
    own = (MILLISECOND_PS, "run"), (MILLISECOND_PS + MICROSECOND_PS // 10, "block")
    members = tuple(range(cores))
    schedules = tuple(
        Schedule({NAME: phase}, {NAME: tuple(Reservation(core, "B", weight=1 + phase) for core in members)})
        for phase in (0, 1)
    )
    outcome = run(
        Scenario(
            large(max(cores, CORES_A_PACKAGE)).deployment.machine,
            (Application(NAME, Scripted((own, *((),) * (cores - 1))), members),),
            4 * MILLISECOND_PS,
            schedules=schedules,
            synchronise=mesh is None,
            phase_changes=(PhaseChange(NAME, 1, MILLISECOND_PS, sends(cores, way)),),
            interconnect=mesh,
        )
    )
    found = outcome.phase_changes[0].cycles
    assert found is not None
    return found


@cache
def sends(cores: int, way: str) -> Sends:
    """Each core's children."""
    if way == "unicast":
        return {0: tuple(range(1, cores))}
    machine = large(cores)
    if way == "by packages":
        return by_package(machine.deployment.machine, 0, range(cores))
    planned = multicast(machine.topology, 0, objective="with_ack", iterations=SEARCHES).sends
    return {core: tuple(children) for core, children in planned.items()}


def _crossing(rows: tuple[tuple[int, ...], ...], alone: int) -> int:
    """The first size at which unicast costs more than twice what one core costs."""
    return next((cores for cores, unicast, *_ in rows if unicast > 2 * alone), rows[-1][0])
