"""Facilities, locations and teams that the rules do not tell apart: a model counts them instead of naming each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from planner.placement.problem import Capacity, Inside, Rule, Separate, Together

Kinds = list[tuple[int, ...]]
"""Indices grouped by kind."""

Teams = tuple[Together, ...]
"""Rules of sharing whose members are alike one by one, over the same classes."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What a model counts. `rules` are those beside the teams'; a facility's kind lists its members team by team."""

    facilities: Kinds
    locations: Kinds
    rules: tuple[Rule, ...]
    teams: tuple[Teams, ...]


def alike(size: int, location_count: int, rules: Sequence[Rule], avoided: Inside | None = None) -> Alike:
    """Group what these rules, and the rule to be broken as little as possible, treat alike."""
    merged = _merged(size, location_count, rules)
    marking = [*merged, *([avoided] if avoided else [])]
    alone = _disjoint_teams(merged)
    others = [rule for rule in marking if rule not in alone]
    marks = list(zip(*(facility_marks(rule, size) for rule in others), strict=True)) if others else [()] * size
    by_profile: dict[object, list[Together]] = defaultdict(list)
    for rule in alone:
        profile = tuple(sorted(repr(marks[member]) for member in rule.members))
        by_profile[rule.classes, profile].append(rule)
    team_of = {
        member: (number, turn)
        for number, own in enumerate(by_profile.values())
        for turn, rule in enumerate(own)
        for member in rule.members
    }
    team_kind = [team_of.get(one, (-1, 0))[0] for one in range(size)]
    facilities = kinds(size, [*zip(*marks, strict=True), team_kind]) if others else kinds(size, [team_kind])
    return Alike(
        facilities=[tuple(sorted(own, key=lambda one: (team_of.get(one, (-1, 0))[1], one))) for own in facilities],
        locations=kinds(location_count, [location_marks(rule, location_count) for rule in marking]),
        rules=tuple(rule for rule in merged if rule not in alone),
        teams=tuple(tuple(own) for own in by_profile.values()),
    )


def _merged(size: int, location_count: int, rules: Sequence[Rule]) -> list[Rule]:
    """The rules on single facilities as one for each set of locations that they leave someone."""
    permitted = permitted_sets(size, location_count, rules)
    members: dict[frozenset[int], list[int]] = defaultdict(list)
    for member, own in enumerate(permitted):
        if len(own) < location_count:
            members[own].append(member)
    inside: list[Rule] = [Inside("", tuple(own), places) for places, own in members.items()]
    return [*inside, *(rule for rule in rules if not isinstance(rule, Inside))]


def permitted_sets(size: int, location_count: int, rules: Sequence[Rule]) -> list[frozenset[int]]:
    """For each facility the locations that all rules on single facilities leave it."""
    found = [frozenset(range(location_count))] * size
    known: dict[tuple[frozenset[int], frozenset[int]], frozenset[int]] = {}
    for rule in rules:
        if isinstance(rule, Inside):
            for member in rule.members:
                pair = (found[member], rule.permitted)
                if pair not in known:
                    known[pair] = pair[0] & pair[1]
                found[member] = known[pair]
    return found


def _disjoint_teams(rules: Sequence[Rule]) -> list[Together]:
    """Rules of sharing none of whose members is in another one."""
    teams = [rule for rule in rules if isinstance(rule, Together)]
    times: dict[int, int] = defaultdict(int)
    for rule in teams:
        for member in rule.members:
            times[member] += 1
    return [rule for rule in teams if all(times[member] == 1 for member in rule.members)]


def kinds(count: int, marks: Sequence[Sequence[object]]) -> Kinds:
    """Indices 0..count-1 grouped by equal marks under every rule."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index in range(count):
        groups[tuple(mark[index] for mark in marks)].append(index)
    return [tuple(own) for own in groups.values()]


def facility_marks(rule: Rule, size: int) -> list[object]:
    if isinstance(rule, Capacity):
        return list(rule.demand)
    others = set(rule.others) if isinstance(rule, Separate) else set()
    members = set(rule.members)
    return [(one in members, one in others) for one in range(size)]


def location_marks(rule: Rule, count: int) -> list[object]:
    if isinstance(rule, Inside):
        return [place in rule.permitted for place in range(count)]
    return [number if number >= 0 else -1 - place for place, number in enumerate(rule.classes)]
