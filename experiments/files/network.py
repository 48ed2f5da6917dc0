"""The `[interconnect]` of a scenario file: a mesh whose links carry the messages of others, too."""

from dataclasses import dataclass

from experiments.errors import ExperimentError
from experiments.files.fields import Fields
from kernelsim.machine.interconnect import Interconnect

MOST_ROUTERS = 4096
MOST_PACKETS = 10_000_000
"""Of others, on all links of a run: each is carried out."""
SYNCHRONISING_S = 0.08
"""Before a run whose timers are synchronised at the first attempt."""
LINKS_OF_A_ROUTER = 4


@dataclass(frozen=True, slots=True)
class InterconnectFile:
    """A mesh as written. `routers[i]` is that of the machine's i-th core; None spreads the cores evenly."""

    columns: int
    rows: int
    routers: tuple[int, ...] | None
    hop_ns: float
    message_ns: float
    packet_ns: float
    load_percent: float
    carries_interrupts: bool

    def deploy(self, cores: int, seed: int) -> Interconnect:
        """For so many cores. The simulator checks that each has a router."""
        routers = self.columns * self.rows
        spread = tuple(core * routers // cores for core in range(cores))
        return Interconnect(
            columns=self.columns,
            rows=self.rows,
            router=spread if self.routers is None else self.routers,
            hop_ps=round(self.hop_ns * 1e3),
            message_ps=round(self.message_ns * 1e3),
            packet_ps=round(self.packet_ns * 1e3),
            load_percent=self.load_percent,
            seed=seed,
            carries_interrupts=self.carries_interrupts,
        )


def read_interconnect(fields: Fields, seconds: float) -> InterconnectFile:
    """Raises ExperimentError naming file, line and key; also for more packets than a run of `seconds` can carry out."""
    found = InterconnectFile(
        columns=fields.count("columns", least=1, most=MOST_ROUTERS),
        rows=fields.count("rows", least=1, most=MOST_ROUTERS),
        routers=_read_routers(fields),
        hop_ns=fields.number("hop_ns", most=1e6),
        message_ns=fields.number("message_ns", most=1e6),
        packet_ns=fields.number("packet_ns", most=1e6),
        load_percent=fields.number("load_percent", 0.0, most=99.9),
        carries_interrupts=fields.flag("carries_interrupts", True) is not False,
    )
    fields.close()
    if found.columns * found.rows > MOST_ROUTERS:
        raise fields.refuse("rows", f"found {found.columns} x {found.rows} routers", f"at most {MOST_ROUTERS}")
    if found.packet_ns < 0.001:
        raise fields.refuse("packet_ns", f"found {found.packet_ns}", "at least 0.001")
    _check_packets(fields, found, seconds)
    return found


def _read_routers(fields: Fields) -> tuple[int, ...] | None:
    value = fields.take("routers")
    if value is None:
        return None
    whole = isinstance(value, list) and all(isinstance(one, int) and not isinstance(one, bool) for one in value)
    if not whole or not value:
        raise fields.refuse("routers", f"found {value!r}", "a list with a router for each core, counted row by row")
    return tuple(value)


def _check_packets(fields: Fields, mesh: InterconnectFile, seconds: float) -> None:
    links = mesh.columns * mesh.rows * LINKS_OF_A_ROUTER
    expected = links * (seconds + SYNCHRONISING_S) * 1e9 / mesh.packet_ns * mesh.load_percent / 100
    if expected > MOST_PACKETS:
        found = fields.refuse(
            "load_percent",
            f"found {mesh.load_percent:g}, about {expected:.3g} packets on {links} links",
            f"at most {MOST_PACKETS}, by fewer seconds, a lower load or longer packets",
        )
        raise ExperimentError(found.message, code="too_many_packets", details=found.details)
