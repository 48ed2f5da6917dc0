"""REP-02, Table 2.2: a pointer chase on the 2x4-core Intel machine finds the printed latency of each place."""

from experiments.reproduce.hardware.hierarchy import latencies, working_sets
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.hardware.rep01 import NOTES, cache_parameters, chase_picture, latency_claim, ratio_claim
from experiments.reproduce.row import Claim, Row

PRINTED = {"l1": 3, "l2": 14, "other_l1_l2": 80, "one_hop": 128}


def rep02(seeds: int) -> Row:
    """As REP-01; the second level is shared by the two cores of a die, and there is no third."""
    machine = platform("intel-2x4")
    found = latencies(machine)
    sets = working_sets(machine)
    hop = found["one_hop"] - found["other_l1_l2"]
    return Row(
        id="REP-02",
        source="Table 2.2",
        claim="cache access costs what its place in the hierarchy costs",
        claims=(
            latency_claim(PRINTED, found),
            Claim("cycles a hop", "48", hop, round(hop) == 48, identity=True),
            ratio_claim(found, "one_hop", {"l1": 42.6, "l2": 9}),
        ),
        tolerance="exact; ratios as far as they are printed",
        parameters=tuple(one for one in cache_parameters(machine) if one.name != "third_level"),
        ablations=(),
        series={"latency, cycles": found, "working set in KiB, cycles": sets},
        notes=NOTES,
        pictures={"rep-02": chase_picture("Pointer chase by one core of the 2x4-core Intel machine", sets)},
    )
