"""REP-30, section 3.3.3: three numbers of streamcluster that cannot belong to one run; two are used, one predicted."""

from collections.abc import Sequence
from random import Random
from statistics import mean

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim import Application, Scenario, run
from kernelsim.scenario import SECOND_PS, Barrier

THREADS = 16
RUN_S, BARRIERS, PROCESSING_US, WAIT_US = 3, 16_200, 403, 88
SPREAD_US = 50
"""Standard deviation of the threads' processing: the mean of 16 such is 1.77 of them below the largest."""
INTERVALS = 400
SPREADS_US = (0, 10, 20, 30, 40, 50, 60)


def rep30(seeds: int) -> Row:
    """Processing is an input, the spread between threads fitted to the wait, the number of barriers predicted."""
    barrier_us = _barrier_us()
    waits = {spread: round(_wait_us(spread, barrier_us, seeds), 1) for spread in SPREADS_US}
    wait = waits[SPREAD_US]
    predicted = round(RUN_S * 1e6 / (PROCESSING_US + wait))
    return Row(
        id="REP-30",
        source="section 3.3.3",
        claim="streamcluster's threads process 403 us between two barriers and wait 88 us, 16,200 times in 3 s",
        claims=(
            Claim("wait at a barrier, us, given the processing", "88", wait, abs(wait - WAIT_US) < 5, fitted=True),
            Claim("barriers in 3 s, given both", "16,200", predicted, abs(predicted / BARRIERS - 1) < 0.1),
        ),
        tolerance="10 %",
        parameters=(
            Parameter("processing", PROCESSING_US, "us", "printed: section 3.3.3"),
            Parameter("threads", THREADS, "", "printed: section 3.3.3"),
            Parameter("spread", SPREAD_US, "us", "free: fitted to the wait; normal, per thread and interval"),
            Parameter("barrier", round(barrier_us, 3), "us", "derived: BARRIER with 403 us of work on idle 4x4 cores"),
        ),
        ablations=(
            Ablation("equal work for all threads: wait, us (the barrier itself)", waits[0], waits[0] < WAIT_US / 10),
        ),
        series={"wait by spread, us": waits, "the third number from the other two": _thirds()},
        notes=(
            "Not reproduced, since it cannot be: 16,200 times 403 + 88 us are 7.95 s, not 3 s. From barriers and wait "
            "the processing would be 97 us; from barriers and processing the wait would be negative. Which of the "
            "three is of another run the text does not say. The barrier costs little, the wait is spread.",
        ),
        pictures={
            "rep-30": line_chart(
                "Wait of 16 threads at a barrier, 403 us of processing",
                Axis("spread of the processing, us"),
                Axis("wait, us"),
                {"mean": list(waits.items())},
            )
        },
    )


def _barrier_us() -> float:
    """What an iteration of equal threads takes beyond the processing, in the booted simulator."""
    machine = platform("amd-4x4").deployment.machine
    work = round(PROCESSING_US * machine.clock_hz[0] / 1e6)
    team = Application("streamcluster", Barrier(work_cycles=work), tuple(range(THREADS)))
    progress = run(Scenario(machine, (team,), RUN_S * SECOND_PS)).applications["streamcluster"].progress
    return RUN_S * 1e6 / progress - PROCESSING_US


def _wait_us(spread_us: float, barrier_us: float, seeds: int) -> float:
    return mean(_run_us(Random(f"{seed} streamcluster"), spread_us, barrier_us) for seed in range(seeds))


def _run_us(random: Random, spread_us: float, barrier_us: float) -> float:
    return mean(_mean_wait_us(_works_us(random, spread_us), barrier_us) for _ in range(INTERVALS))


def _works_us(random: Random, spread_us: float) -> Sequence[float]:
    return [max(0.0, random.gauss(PROCESSING_US, spread_us)) for _ in range(THREADS)]


def _mean_wait_us(works_us: Sequence[float], barrier_us: float) -> float:
    return max(works_us) + barrier_us - mean(works_us)


def _thirds() -> dict[str, float]:
    interval_us = RUN_S * 1e6 / BARRIERS
    return {
        "run, s, from processing and wait": round(BARRIERS * (PROCESSING_US + WAIT_US) / 1e6, 2),
        "processing, us, from barriers and wait": round(interval_us - WAIT_US, 1),
        "wait, us, from barriers and processing": round(interval_us - PROCESSING_US, 1),
    }
