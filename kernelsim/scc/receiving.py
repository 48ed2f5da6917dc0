"""What it costs a core of the chip to receive: polling all its channels, or being notified."""

from dataclasses import dataclass
from fractions import Fraction

from kernelsim.errors import ScenarioError
from kernelsim.scc.chip import Chip
from kernelsim.scc.costs import Costs
from kernelsim.scc.port import FOUND, RAISE, Design
from kernelsim.scc.ring import READ_ENTRIES


@dataclass(frozen=True, slots=True)
class Reception:
    """What one message costs. `sender_ps` on top of writing it, `receiver_ps` of the receiving core,
    `latency_ps` from the moment at which it is in memory to the end of its reading, by a core that does nothing else.
    """

    sender_ps: int
    receiver_ps: int
    latency_ps: int


def poll_ps(chip: Chip, costs: Costs, receiver: int, initiator: int) -> int:
    """One look at a channel without coherence: an invalidation, and a line from the initiator's memory."""
    return costs.ps(costs.shared_read(chip.memory_hops(receiver, initiator)))


def by_polling(chip: Chip, costs: Costs, receiver: int, initiators: tuple[int, ...]) -> Reception:
    """The receiver looks at one channel after the other, and a message is as likely on each: half a round until the
    look that finds it, on average. All looks of that time are the receiver's cost.
    """
    if not initiators:
        raise ScenarioError("bad_scenario", "polling without a channel; accepted: the initiators of one or more")
    round_ps = sum(poll_ps(chip, costs, receiver, initiator) for initiator in initiators)
    found_ps = round_ps // (2 * len(initiators)) + round_ps // 2
    return Reception(0, found_ps, found_ps)


def polling_load_ppm(chip: Chip, costs: Costs, receiver: int, initiators: tuple[int, ...], latency_ps: int) -> int:
    """What part of a core that has other work goes to looking, if messages are to wait `latency_ps` on average, in
    parts per million: a round every two latencies, whether anything comes or not. From 1,000,000 on it cannot be.
    """
    if latency_ps <= 0:
        raise ScenarioError("bad_scenario", f"a latency of {latency_ps} ps; accepted: more than 0")
    round_ps = sum(poll_ps(chip, costs, receiver, initiator) for initiator in initiators)
    return round_ps * 1_000_000 // (2 * latency_ps)


def by_notification(
    chip: Chip, costs: Costs, design: Design, receiver: int, sender: int, initiator: int, together: int = 1
) -> Reception:
    """`together` messages that one interrupt announces share its entry and its fixed steps. The number of other
    channels does not matter.
    """
    if together < 1:
        raise ScenarioError("bad_scenario", f"{together} messages an interrupt; accepted: 1 or more")
    hops = chip.hops(sender, receiver)
    sending = [_cycles(costs, design, step, hops) for step in design.send_steps if together == 1 or step != RAISE]
    each = _cycles(costs, design, FOUND, 0) + costs.local_message
    fixed = Fraction(costs.kernel_entry)
    for step in design.take_steps:
        if step == READ_ENTRIES:
            each += _cycles(costs, design, step, 0)
        else:
            fixed += _cycles(costs, design, step, 0)
    read = costs.shared_read(chip.memory_hops(receiver, initiator))
    before = sum(sending, Fraction(costs.kernel_entry))
    after = fixed / together + each + read
    return Reception(costs.ps(before), costs.ps(after), costs.ps(before + fixed + each + read))


def break_even_channels(chip: Chip, costs: Costs, design: Design, receiver: int, sender: int) -> int:
    """From how many channels on, all from `sender`'s region, a notified message costs less than a polled one."""
    notified = by_notification(chip, costs, design, receiver, sender, sender)
    total_ps = notified.sender_ps + notified.receiver_ps
    each_ps = poll_ps(chip, costs, receiver, sender)
    return max(1, 2 * total_ps // each_ps)


def _cycles(costs: Costs, design: Design, step: str, hops: int) -> Fraction:
    return sum((count * costs.operation(kind, hops) for kind, count in design.operations(step)), Fraction(0))
