"""A device's driver in user space: woken by its interrupts, it works on each event."""

from dataclasses import dataclass, field

from kernelsim.machine.devices import Device
from kernelsim.programs.interrupts import Interrupts
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team


@dataclass(slots=True)
class DeviceDriver:
    """One thread; each event takes `work_cycles`. Interrupts are routed to its core. After a run `latencies_ps` are the
    times from each event until it was worked on, `interrupts` what raised them. Progress counts events.
    """

    device: Device
    work_cycles: int = 0
    spin_ps: int = 0
    latencies_ps: list[int] = field(default_factory=list)
    _source: Interrupts | None = None

    @property
    def interrupts(self) -> int:
        """How many were raised."""
        return 0 if self._source is None else self._source.raised

    def make(self, team: Team) -> Body:
        """Its program."""
        self.latencies_ps.clear()
        source = self._source = Interrupts(team, self.device, self.spin_ps)

        def drive(me: Member) -> Program:
            while True:
                happened_ps = yield from source.take(me)
                yield me.compute(self.work_cycles)
                self.latencies_ps.append(me.now_ps - happened_ps)
                me.count()

        return drive
