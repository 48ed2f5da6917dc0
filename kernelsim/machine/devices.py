"""Devices that raise interrupts: a card to which packets come, a timer that ticks."""

from dataclasses import dataclass, replace

from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine


@dataclass(frozen=True, slots=True)
class Device:
    """A device at the package of core `near`. Something happens at each of `arrives_ps`, counted from the start of its
    driver, and every `period_ps`, where that is not 0.

    An interrupt is raised `coalesce_ps` after the first event that none has told of, and tells of all until then; the
    core that it is routed to spends `trap_ps` on it. Raises ScenarioError for times that go back or never pass.
    """

    near: int
    arrives_ps: tuple[int, ...] = ()
    period_ps: int = 0
    coalesce_ps: int = 0
    trap_ps: int = 0

    def __post_init__(self) -> None:
        in_order = list(self.arrives_ps) == sorted(self.arrives_ps)
        if not in_order or min((self.period_ps, self.coalesce_ps, self.trap_ps, *self.arrives_ps[:1])) < 0:
            raise ScenarioError(
                "bad_device",
                f"a device with events at {list(self.arrives_ps[:5])}, every {self.period_ps} ps, "
                f"{self.coalesce_ps} ps together, {self.trap_ps} ps a trap; accepted: times from 0 on, in their order",
            )

    def crossing_ps(self, machine: Machine, core: int) -> int:
        """What an interrupt, or a line that the device has written, takes to a core of another package than its own."""
        machine.check_core(self.near, "a device")
        return 0 if machine.package[self.near] == machine.package[core] else machine.line_ps[self.near][core]


@dataclass(frozen=True, slots=True)
class InterruptLine:
    """Events that no interrupt has told of, by their times; `fires_ps` is when one will be raised, None where none is
    due.
    """

    coalesce_ps: int
    pending_ps: tuple[int, ...] = ()
    fires_ps: int | None = None

    def happened(self, now: int) -> "InterruptLine":
        """One more event."""
        fires = now + self.coalesce_ps if self.fires_ps is None else self.fires_ps
        return replace(self, pending_ps=(*self.pending_ps, now), fires_ps=fires)

    def fired(self) -> tuple["InterruptLine", tuple[int, ...]]:
        """The interrupt is raised: the line afterwards, and the events that it tells of."""
        return InterruptLine(self.coalesce_ps), self.pending_ps
