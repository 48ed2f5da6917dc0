"""How a channel is set up: transport, polling, notification; chosen by the service that offers it."""

from dataclasses import dataclass, field

from kernelsim.errors import ScenarioError
from kernelsim.messages.spinning import AdaptiveSpin, FixedSpin, SpinRule
from kernelsim.messages.ump_format import UmpFormat

NOTIFICATIONS = ("monitor", "interrupt")


@dataclass(frozen=True, slots=True)
class ChannelSetup:
    """Between cores a channel is UMP in `format`, within a core LMP with `lmp_slots` messages of buffer on each side.

    Between cores a receiver polls for `spin_ps`, by default what a block costs, or as its last waits suggest if
    `is_adaptive`; then it blocks and is told by its monitor, or by the sender's interrupt, which takes `interrupt_ps`.
    Within a core it does not poll: its peer needs the core.
    """

    format: UmpFormat = field(default_factory=UmpFormat)
    lmp_slots: int = 8
    spin_ps: int | None = None
    is_adaptive: bool = False
    notification: str = "monitor"
    interrupt_ps: int = 0

    def __post_init__(self) -> None:
        if self.notification not in NOTIFICATIONS:
            raise _refused(f"notification {self.notification!r}", " or ".join(NOTIFICATIONS))
        if self.lmp_slots < 1 or self.interrupt_ps < 0:
            raise _refused(
                f"an LMP buffer of {self.lmp_slots} messages and interrupts of {self.interrupt_ps} ps",
                "1 message or more, and 0 ps or more",
            )
        if self.is_adaptive and self.spin_ps is not None:
            raise _refused(f"adaptive polling for {self.spin_ps} ps", "one of both")

    def rule(self, block_ps: int) -> SpinRule:
        """How one side polls on a machine where a block costs so much."""
        if self.is_adaptive:
            return AdaptiveSpin(max(1, block_ps))
        return FixedSpin(block_ps if self.spin_ps is None else self.spin_ps)


def _refused(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_channel", f"a channel cannot have {found}; accepted: {accepted}")
