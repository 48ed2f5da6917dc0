"""Predictions of placements and trees beside simulated runs on three machines."""

import facts
import skb
from experiments.comparing.predicted import Comparison, compare_placements, compare_trees
from planner import Topology

MACHINES = ("amd-4x4", "amd-8x4", "intel-2x4")


def predictions() -> str:
    """Mean error and rank correlation of each kind; planner and simulator share no cost model."""
    lines = []
    for name in MACHINES:
        machine = Topology.of(skb.load(facts.read(name)))
        lines += [_line(compare_placements(machine)), _line(compare_trees(machine, cores=len(machine.allowed_ids)))]
    return "\n".join(lines)


def _line(found: Comparison) -> str:
    rank = "none (all equal)" if found.rank_correlation is None else f"{found.rank_correlation:.3f}"
    head = f"predicted against simulated, {found.machine}, {len(found.pairs)} {found.kind}"
    return f"{head:<62} mean error {found.mean_error:.1%}, rank correlation {rank}"
