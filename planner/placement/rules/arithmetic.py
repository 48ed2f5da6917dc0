"""Counts that rule placements out before any solver is asked."""

from collections.abc import Sequence

from planner.placement.problem import Capacity, Rule, Together
from planner.placement.rules.alike import permitted_sets


def is_overfull(size: int, location_count: int, rules: Sequence[Rule]) -> bool:
    """Whether some members alone are too many, or too large, for where they may be; each location takes one.

    Looks at sums of demand over all classes, at members against the locations that all rules on single facilities leave
    them, and at members who share against the largest class. False says nothing.
    """
    permitted = permitted_sets(size, location_count, rules)
    if any(not own for own in permitted):
        return True
    if any(_demands_too_much(rule, permitted) for rule in rules if isinstance(rule, Capacity)):
        return True
    if any(_is_too_large(rule, permitted) for rule in rules if isinstance(rule, Together)):
        return True
    return any(
        sum(own <= room for own in permitted) > len(room)
        for room in sorted(set(permitted), key=lambda own: sorted(own))
    )


def _demands_too_much(rule: Capacity, permitted: Sequence[frozenset[int]]) -> bool:
    """Whether those who can only be where capacity is limited need more than all of it, or one more than any class."""
    sized = {place for place, number in enumerate(rule.classes) if number >= 0}
    bound = [demand for demand, own in zip(rule.demand, permitted, strict=True) if own <= sized]
    return sum(bound) > sum(rule.limits) or max(bound, default=0) > max(rule.limits, default=0)


def _is_too_large(rule: Together, permitted: Sequence[frozenset[int]]) -> bool:
    """Whether no class holds as many locations as there are members."""
    common = frozenset.intersection(*(permitted[member] for member in rule.members))
    sizes: dict[int, int] = {}
    for place in common:
        number = rule.classes[place] if rule.classes[place] >= 0 else -1 - place
        sizes[number] = sizes.get(number, 0) + 1
    return max(sizes.values(), default=0) < len(rule.members)
