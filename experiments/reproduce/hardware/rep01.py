"""REP-01, Table 2.1: a pointer chase on the 8x4-core AMD machine finds the printed latency of each place."""

from collections.abc import Mapping

from experiments.charts.line_chart import Axis, Points, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.hardware.hierarchy import latencies, working_sets
from experiments.reproduce.hardware.platform import Platform, platform
from experiments.reproduce.row import Claim, Row

PRINTED = {"l1": 2, "l2": 15, "l3": 75, "other_l1_l2": 130, "one_hop": 190, "two_hop": 260}


def rep01(seeds: int) -> Row:
    """One chase a place: the caches are deterministic, and `seeds` changes only the order of the lines."""
    machine = platform("amd-8x4")
    found = latencies(machine)
    sets = working_sets(machine)
    hops = {"first": found["one_hop"] - found["other_l1_l2"], "second": found["two_hop"] - found["one_hop"]}
    return Row(
        id="REP-01",
        source="Table 2.1",
        claim="cache access costs what its place in the hierarchy costs",
        claims=(
            latency_claim(PRINTED, found),
            Claim("cycles a hop", "60, 70", hops, hops == {"first": 60, "second": 70}, identity=True),
            ratio_claim(found, "two_hop", {"l1": 130, "l2": 17}),
        ),
        tolerance="exact; the ratio to the second level is printed without decimals",
        parameters=cache_parameters(machine),
        ablations=(),
        series={"latency, cycles": found, "working set in KiB, cycles": sets},
        notes=NOTES,
        pictures={"rep-01": chase_picture("Pointer chase by one core of the 8x4-core AMD machine", sets)},
    )


NOTES = (
    "An identity: the latencies are inputs. What the run adds is that a chase over a set that fits, or over lines "
    "another core has modified, is served from the place that the row names.",
)


def latency_claim(printed: Mapping[str, int], found: Mapping[str, float]) -> Claim:
    """Every printed latency, to the cycle."""
    text = ", ".join(f"{name} {cycles}" for name, cycles in printed.items())
    holds = all(round(found[name]) == cycles for name, cycles in printed.items())
    return Claim("cycles of an access, by place", text, dict(found), holds, identity=True)


def ratio_claim(found: Mapping[str, float], far: str, printed: Mapping[str, float]) -> Claim:
    """How much slower the farthest cache is, cut as the text cuts it: to as many decimals as it prints."""
    ratios = {name: round(found[far] / found[name], 2) for name in printed}
    text = ", ".join(f"{ratio} times {name}" for name, ratio in printed.items())
    holds = all(0 <= ratios[name] - ratio < (1 if isinstance(ratio, int) else 0.1) for name, ratio in printed.items())
    return Claim("the farthest cache beside the own ones", text, ratios, holds, identity=True)


def cache_parameters(machine: Platform) -> tuple[Parameter, ...]:
    """The latencies as stated, and what is modelled around them."""
    return (
        *machine.cache_parameters(),
        Parameter("eviction", "least recently used, fully associative", "", "free"),
        Parameter("third_level", "filled by what the second evicts", "", "external: AMD family 10h"),
        Parameter("memory", "as the farthest cache", "", "free: no table prints it, no chase reaches it"),
    )


def chase_picture(title: str, sets: Points) -> str:
    """Latency over the size of the set."""
    return line_chart(title, Axis("working set, KiB", log=True), Axis("cycles an access"), {"own caches": sets})
