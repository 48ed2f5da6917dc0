"""What waiting costs a core that spins for a while and then blocks."""

from collections.abc import Iterable

from kernelsim.messages.spinning import SpinRule


def waiting_cost(duration: float, spin: float, block: float) -> float:
    """Time lost to a wait of `duration`: all of it if the spin outlasts it, else the spin and one block."""
    return duration if duration <= spin else spin + block


def total_cost(durations: Iterable[int], rule: SpinRule, block: int) -> int:
    """Time lost to these waits, one after the other, by who spins as `rule` says."""
    lost = 0
    for duration in durations:
        window = rule.window_ps()
        lost += duration if duration <= window else window + block
        rule.waited(duration)
    return lost


def best_cost(duration: float, block: float) -> float:
    """What somebody who knows the duration loses."""
    return min(duration, block)


def worst_ratio(durations: Iterable[float], spin: float, block: float) -> float:
    """The greatest factor by which the rule loses more than who knows; a wait of 0 costs nothing either way."""
    return max(waiting_cost(one, spin, block) / best_cost(one, block) for one in durations if one > 0)
