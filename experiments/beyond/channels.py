"""A channel for every pair of monitors, or routes over one core of each package."""

from functools import cache
from random import Random
from statistics import mean

from experiments.beyond.finding import Finding
from experiments.beyond.machines import SIZES, large, parameters
from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from kernelsim.messages.routing import Routing, mesh_channels
from kernelsim.microbenchmarks.crossing_messages import delivered_ps

RING_BYTES = 64 * 64
MESSAGES_A_CORE = 4
SAMPLES = 40


def channels() -> Finding:
    """How many channels there have to be, what one message takes, and what takes everybody's messages."""
    rows = tuple(channel_costs(cores) for cores in SIZES)
    second, last = rows[1], rows[-1]
    return Finding(
        id="BEY-02",
        title="Channels between monitors",
        question="n monitors have n(n-1) channels; what do routes over one core of each package save, and what do "
        "they cost?",
        columns=(
            "cores",
            "channels, full mesh",
            "channels, routed",
            "rings of the full mesh, MiB",
            "lines that a monitor polls, full mesh",
            "one message, direct, ns",
            "one message, routed, ns",
            f"all cores send {MESSAGES_A_CORE} each, last received, direct, ns",
            "the same, routed, ns",
        ),
        rows=rows,
        breaks_first=f"With the full mesh memory: {last[1]:,} channels take {last[3]:,.0f} MiB on {last[0]:,} cores, "
        f"and every monitor polls {last[4]:,} lines. With routes the routers: one message takes "
        f"{last[6] / last[5]:.1f} times as long as a direct one on {last[0]:,} cores, but when everybody sends at "
        f"once, the last is there after {second[8] / second[7]:.1f} times as long on {second[0]} cores already, and "
        f"{last[8] / last[7]:.1f} times on {last[0]:,}: each router passes on what its 16 cores send and get, and that "
        "does not grow with the machine.",
        parameters=(
            *parameters("message_latency", "send_share_ppm"),
            Parameter("receipt", 0, "ns", "free: nobody states a throughput, so a message occupies its sender alone"),
            Parameter("ring", "64 lines of 64 bytes a channel", "", "free"),
            Parameter("targets", "drawn for each message", "", "free"),
        ),
        notes=(
            "Cores poll and do nothing else; a hop costs its receipt and the next send. A monitor that has to wait for "
            "its turn would make every hop wait as BEY-03 shows.",
        ),
        pictures={
            "bey-02": line_chart(
                "Channels between monitors",
                Axis("cores", log=True),
                Axis("channels", log=True),
                {
                    "full mesh": [(row[0], row[1]) for row in rows],
                    "routed": [(row[0], row[2]) for row in rows],
                },
            )
        },
    )


def channel_costs(cores: int) -> tuple[int, int, int, float, int, float, float, float, float]:
    """One row of the table."""
    machine = large(cores).deployment.machine
    routing = Routing(machine)
    pairs = _pairs(cores, SAMPLES)
    direct = [delivered_ps(machine, [pair], _straight)[0] for pair in pairs]
    routed = [delivered_ps(machine, [pair], routing.path)[0] for pair in pairs]
    return (
        cores,
        mesh_channels(cores),
        routing.channels(),
        round(mesh_channels(cores) * RING_BYTES / 2**20, 1),
        cores - 1,
        round(mean(direct) / 1000, 1),
        round(mean(routed) / 1000, 1),
        round(all_send_ps(cores, routed=False) / 1000, 1),
        round(all_send_ps(cores, routed=True) / 1000, 1),
    )


@cache
def all_send_ps(cores: int, *, routed: bool) -> int:
    """When the last of everybody's messages is received."""
    machine = large(cores).deployment.machine
    path = Routing(machine).path if routed else _straight
    return max(delivered_ps(machine, _everybody(cores), path))


def _straight(source: int, target: int) -> tuple[int, int]:
    return source, target


def _everybody(cores: int) -> list[tuple[int, int]]:
    random = Random(f"{cores} everybody")
    return [(core, _other(core, cores, random)) for _ in range(MESSAGES_A_CORE) for core in range(cores)]


def _pairs(cores: int, count: int) -> list[tuple[int, int]]:
    random = Random(f"{cores} pairs")
    sources = [random.randrange(cores) for _ in range(count)]
    return [(source, _other(source, cores, random)) for source in sources]


def _other(core: int, cores: int, random: Random) -> int:
    return (core + 1 + random.randrange(cores - 1)) % cores
