"""REP-17, Tables 2.4 to 2.6: what messages cost within a core and between two, one by one and in a stream."""

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import X86, Platform, platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim.microbenchmarks.message_stream import MessageStream

LMP = {"intel-2x4": 845, "amd-2x2": 757, "amd-4x4": 1463, "amd-8x4": 1549}
WINDOWS = (1, 2, 3, 4, 8, 16)
PUBLISHED_WINDOW = 16
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Printed:
    """A row of Table 2.5: latency in cycles, throughput in messages per kcycle."""

    latency: int
    throughput: float


UMP: Mapping[str, Mapping[str, Printed]] = {
    "intel-2x4": {"shared": Printed(180, 11.97), "non-shared": Printed(570, 3.78)},
    "amd-2x2": {"same die": Printed(450, 3.42), "one-hop": Printed(532, 3.19)},
    "amd-4x4": {"shared": Printed(448, 3.57), "one-hop": Printed(545, 3.53), "two-hop": Printed(558, 3.51)},
    "amd-8x4": {"shared": Printed(538, 2.77), "one-hop": Printed(613, 2.79), "two-hop": Printed(618, 2.75)},
}


def rep17(seeds: int) -> Row:
    """Streams of 1,000 messages; nothing is random."""
    lmp = {name: _lmp_cycles(platform(name)) for name in X86}
    rates = {
        f"{name} {kind}": {window: _rate(name, kind, window) for window in WINDOWS} for name, kind, _ in _classes()
    }
    return Row(
        id="REP-17",
        source="Tables 2.4, 2.5, 2.6",
        claim="messages have the printed latencies; a window makes a stream of them about twice as fast as one by one",
        claims=(
            Claim("one-way LMP, cycles", _text(LMP), lmp, lmp == LMP, identity=True),
            _latency_claim(),
            *_throughput_claims(rates),
        ),
        tolerance="latencies exact, throughput within 5 %",
        parameters=_parameters(),
        ablations=(_one_by_one(rates),),
        series={
            "messages per kcycle by window": rates,
            "throughput off, % (occupancy of a machine's first class for all its classes)": _hold_out(),
        },
        notes=(
            "Latencies are inputs. The occupancy of a message is an input, too, the reciprocal of the printed "
            "throughput: that a stream reaches it is an identity. What follows from both is where the window stops to "
            "matter: at three messages, far below 16, so that occupancy limited the published streams.",
            "With one occupancy for each machine, its first class's, the others are predicted with the errors that the "
            "series shows: within 2 % on 4x4 and 8x4, 7 % on 2x2; on the Intel machine the shared cache is another "
            "mechanism, and the prediction fails.",
            "Of Table 2.6 the UMP latency and throughput are the 2x2 machine's above; instruction and data cache lines "
            "and L4's own figures are measurements of programs that are not modelled.",
        ),
        pictures={"rep-17": _picture(rates)},
    )


def _classes() -> list[tuple[str, str, Printed]]:
    return [(name, kind, printed) for name, kinds in UMP.items() for kind, printed in kinds.items()]


def _target(name: str, kind: str) -> int:
    """The first core that is in this class seen from core 0: the one to which the machine states that latency."""
    machine = platform(name)
    wanted = UMP[name][kind].latency
    cores = range(1, machine.deployment.machine.cores)
    return next(core for core in cores if round(_cycles(machine, 0, core)) == wanted)


def _cycles(machine: Platform, source: int, target: int) -> float:
    """One message over an idle channel."""
    return machine.cycles(MessageStream(machine.deployment.machine, source, target, 1).receipts_ps(1)[0])


def _lmp_cycles(machine: Platform) -> int:
    return round(machine.cycles(machine.deployment.machine.lmp_ps[0]))


def _rate(name: str, kind: str, window: int) -> float:
    """Messages per kcycle."""
    machine = platform(name)
    stream = MessageStream(machine.deployment.machine, 0, _target(name, kind), window)
    return round(1000 / machine.cycles(stream.interval_ps()), 3)


def _latency_claim() -> Claim:
    """Each class as the machine's own pairs have it: the nearest core, the next farther one, the farthest."""
    found = {}
    for name in X86:
        machine = platform(name)
        cores = range(1, machine.deployment.machine.cores)
        found[name] = sorted({round(_cycles(machine, 0, core)) for core in cores})
    printed = {name: sorted(one.latency for one in kinds.values()) for name, kinds in UMP.items()}
    text = "; ".join(f"{name} {', '.join(map(str, values))}" for name, values in printed.items())
    return Claim("UMP, one message, cycles, by class", text, found, found == printed, identity=True)


def _throughput_claims(rates: Mapping[str, Mapping[int, float]]) -> tuple[Claim, ...]:
    printed = {f"{name} {kind}": one for name, kind, one in _classes()}
    sustained = {name: rate[PUBLISHED_WINDOW] for name, rate in rates.items()}
    holds = all(abs(sustained[name] / one.throughput - 1) <= TOLERANCE for name, one in printed.items())
    gain = {name: round(rate[PUBLISHED_WINDOW] / rate[1], 2) for name, rate in rates.items()}
    knee = {name: min(w for w in WINDOWS if rate[w] >= 0.95 * rate[PUBLISHED_WINDOW]) for name, rate in rates.items()}
    return (
        Claim(
            "UMP messages per kcycle, window 16",
            _text({name: one.throughput for name, one in printed.items()}),
            sustained,
            holds,
            identity=True,
        ),
        Claim(
            "stream over one by one",
            "1.49-2.15 (throughput times latency)",
            gain,
            all(1.45 <= one <= 2.2 for one in gain.values()),
            identity=True,
        ),
        Claim("window from which more gains less than 5 %", "far below 16", knee, max(knee.values()) <= 4),
    )


def _hold_out() -> dict[str, float]:
    found = {}
    for name, kinds in UMP.items():
        first, *others = kinds.items()
        for kind, printed in others:
            found[f"{name} {kind}"] = round(100 * (first[1].throughput / printed.throughput - 1), 1)
    return found


def _one_by_one(rates: Mapping[str, Mapping[int, float]]) -> Ablation:
    """Stop and wait: nothing is left but the latency."""
    alone = {name: rate[1] for name, rate in rates.items()}
    printed = {f"{name} {kind}": one for name, kind, one in _classes()}
    is_latency = all(abs(alone[name] * one.latency / 1000 - 1) < 0.01 for name, one in printed.items())
    is_off = all(abs(alone[name] / one.throughput - 1) > TOLERANCE for name, one in printed.items())
    return Ablation("window 1: messages per kcycle are 1000 / latency", alone, is_latency and is_off)


def _parameters() -> tuple[Parameter, ...]:
    return (
        *(Parameter(f"lmp_one_way {name}", cycles, "cycles", "printed: Table 2.4") for name, cycles in LMP.items()),
        Parameter("message_latency", "by class", "cycles", "printed: Table 2.5"),
        Parameter("message_occupancy", "1000 / throughput, by class", "cycles", "derived: Table 2.5"),
        platform("amd-4x4").parameter("send_share_ppm"),
        Parameter("channel", "sending and receiving exclude each other", "", "free: both hold its lines"),
        Parameter("acknowledgement", "within the occupancy", "", "free: the table does not show it apart"),
    )


def _text(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _picture(rates: Mapping[str, Mapping[int, float]]) -> str:
    lines = {name: list(rate.items()) for name, rate in rates.items() if "4x4" in name or "intel" in name}
    return line_chart(
        "UMP throughput by window", Axis("window, messages", log=True), Axis("messages per kcycle"), lines
    )
