"""An unmap on busy cores: how long its monitors wait for their turn, with guaranteed time and without."""

from random import Random
from statistics import median

from experiments.beyond.finding import Finding
from experiments.beyond.machines import CORES_A_PACKAGE, large, parameters
from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from kernelsim import Application, Operation, Reservation, Scenario, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, CpuBound

SIZES = (2, 4, 16, 64, 256, 1024)
UNMAPS = 5
SLICE_MS = 80
APART_MS = {False: 397, True: 19}
"""Between two unmaps: longer than any of them takes."""
PERIOD_MS, WCET_US = 1, 50


def monitor_turns() -> Finding:
    """Every core has two CPU-bound programs beside its monitor, and timers that started at different times."""
    waits = {(cores, reserved): unmaps_us(cores, reserved=reserved) for cores in SIZES for reserved in (False, True)}
    rows = tuple(
        (cores, *(value for reserved in (False, True) for value in _median_and_worst(waits[cores, reserved])))
        for cores in SIZES
    )
    last = rows[-1]
    return Finding(
        id="BEY-03",
        title="A monitor's turn",
        question="An unmap needs every monitor of its cores; what if programs have the cores when it is asked for?",
        columns=(
            "cores",
            "best effort, median, us",
            "best effort, worst, us",
            f"guaranteed {WCET_US} us each ms, median, us",
            f"guaranteed {WCET_US} us each ms, worst, us",
        ),
        rows=rows,
        breaks_first="The wait of best-effort monitors, before any message counts. The slowest of n decides, and the "
        f"replies wait for the asking core's own: {rows[0][1]:,} us in the median on {rows[0][0]} cores and "
        f"{last[1]:,} us on {last[0]:,}, about three of the {SLICE_MS} ms slices at every size. With guaranteed time "
        f"{last[3]:,} us on {last[0]:,} cores: {last[1] / last[3]:.0f} times less, for at most "
        f"{WCET_US / 10 / PERIOD_MS:.0f} % of every core.",
        parameters=(
            *parameters("monitor_work", "timeslice", "context_switch", "message_latency"),
            Parameter("load", "two CPU-bound programs a core", "", "free"),
            Parameter("timers", "start within the first time slice, drawn by core", "", "free"),
            Parameter("guaranteed time", f"{WCET_US} us of {PERIOD_MS} ms", "", "free"),
        ),
        pictures={
            "bey-03": line_chart(
                "Unmap on busy cores",
                Axis("cores", log=True),
                Axis("us, median", log=True),
                {
                    "best-effort monitors": [(row[0], row[1]) for row in rows],
                    "monitors with guaranteed time": [(row[0], row[3]) for row in rows],
                },
            )
        },
    )


def unmaps_us(cores: int, *, reserved: bool) -> list[int]:
    """What each of some unmaps over all cores takes, in order of length."""
    random = Random(f"{cores} timers")
    offsets = tuple(random.randrange(SLICE_MS * MILLISECOND_PS) for _ in range(max(cores, CORES_A_PACKAGE)))
    apart_ms = APART_MS[reserved]
    asks = tuple(
        Operation("unmap", "first", page, at_ps=(apart_ms * page + 200) * MILLISECOND_PS) for page in range(UNMAPS)
    )
    members, machine = tuple(range(cores)), large(max(cores, CORES_A_PACKAGE)).deployment.machine
    period_ps = PERIOD_MS * MILLISECOND_PS
    own = Reservation(0, "H", wcet_ps=WCET_US * MICROSECOND_PS, period_ps=period_ps, deadline_ps=period_ps)
    scenario = Scenario(
        machine,
        tuple(Application(name, CpuBound(), members) for name in ("first", "second")),
        (apart_ms * UNMAPS + 400) * MILLISECOND_PS,
        operations=asks,
        timer_offset_ps=offsets,
        monitors=dict.fromkeys(members, own) if reserved else {},
    )
    done = [one for one in run(scenario).operations if one.answered_ps is not None]
    return sorted(((one.answered_ps or 0) - one.requested_ps) // MICROSECOND_PS for one in done)


def _median_and_worst(waits: list[int]) -> tuple[int, int]:
    assert len(waits) == UNMAPS
    return round(median(waits)), waits[-1]
