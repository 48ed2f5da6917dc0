"""REP-06, section 3.2.5: what blocking costs beside spinning, and the spin window that follows from it."""

from random import Random

from experiments.charts.line_chart import Axis, line_chart
from experiments.reproduce.hardware.platform import Platform, platform
from experiments.reproduce.row import Claim, Row
from kernelsim.microbenchmarks.waiting import waiting_cost, worst_ratio

REPETITIONS = 10_000
WINDOWS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
"""Spin windows in units of the cost of a block."""


def rep06(seeds: int) -> Row:
    """10,000 repetitions, as published; waits are drawn once from some ns to 100 blocks, evenly in their logarithm."""
    machine = platform("amd-4x4")
    block_ns = _ns(machine, "block_and_wake")
    spin_ns = _ns(machine, "spin_iteration")
    blocked = sum(waiting_cost(2 * block_ns, 0, block_ns) for _ in range(REPETITIONS)) / REPETITIONS
    spun = sum(waiting_cost(spin_ns, spin_ns, block_ns) for _ in range(REPETITIONS)) / REPETITIONS
    worst = _worst(block_ns)
    best = min(worst, key=lambda share: worst[share])
    return Row(
        id="REP-06",
        source="section 3.2.5",
        claim="blocking costs as much as 184 iterations of spinning",
        claims=(
            Claim("block and wake, us", "7.37", blocked / 1000, round(blocked / 1000, 2) == 7.37, identity=True),
            Claim("one spin, ns", "40", spun, spun == 40, identity=True),
            Claim("block / spin", "184", round(blocked / spun, 1), round(blocked / spun) == 184, identity=True),
            Claim(
                "who spins for the cost of a block loses at most twice what he must, at any other window more",
                "<= 2, at 1 x the block",
                {"window, blocks": best, "worst factor": round(worst[best], 3)},
                best == 1 and worst[best] <= 2,
                identity=True,
            ),
        ),
        tolerance="exact",
        parameters=(machine.parameter("block_and_wake"), machine.parameter("spin_iteration")),
        ablations=(),
        series={"worst factor by spin window in blocks": {share: round(factor, 3) for share, factor in worst.items()}},
        notes=("An identity: both costs are inputs. The window follows from them: spin for as long as a block costs.",),
        pictures={
            "rep-06": line_chart(
                "Spin, then block: loss in the worst case beside who knows the wait",
                Axis("spin window, in blocks of 7.37 us"),
                Axis("factor"),
                {"worst of 10,000 waits": [(share, factor) for share, factor in worst.items() if share]},
            )
        },
    )


def _ns(machine: Platform, name: str) -> float:
    return machine.topology.cost_ps(name, 0) / 1000


def _worst(block_ns: float) -> dict[float, float]:
    random = Random("waits")
    waits = [block_ns * 10 ** random.uniform(-3.5, 2) for _ in range(REPETITIONS)]
    edges = [share * block_ns + 0.001 for share in WINDOWS]
    return {share: worst_ratio([*waits, *edges], share * block_ns, block_ns) for share in WINDOWS}
