"""The rules of a placement as a linear model over kinds of facilities and kinds of locations."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from planner.linear_model import LinearModel, Term
from planner.placement.problem import Apart, Capacity, Inside, Rule, Separate, Together
from planner.placement.rules.alike import Kinds, Teams


class RuleModel:
    """`count[f][l]` facilities of kind f at locations of kind l, with the rules on them.

    Members of one kind must be alike to every rule. `teams` are rules of sharing whose members were counted together.
    """

    def __init__(
        self,
        facilities: Kinds,
        locations: Kinds,
        rules: Sequence[Rule],
        *,
        is_distinct: bool,
        teams: Sequence[Teams] = (),
    ) -> None:
        self.model = LinearModel()
        self._is_distinct = is_distinct
        self._facilities = facilities
        self._locations = locations
        self._kind_of = {one: kind for kind, own in enumerate(self._facilities) for one in own}
        self.count = [
            [self.model.integer(0, self._most(own, places)) for places in self._locations] for own in self._facilities
        ]
        for own, row in zip(self._facilities, self.count, strict=True):
            self.model.require([(1, name) for name in row], "==", len(own))
        if is_distinct:
            for index, places in enumerate(self._locations):
                self.model.require([(1, row[index]) for row in self.count], "<=", len(places))
        for rule in rules:
            self._add(rule)
        self._order: dict[int, list[int]] = {}
        for own_teams in teams:
            self._keep_teams(own_teams)

    def _most(self, own: tuple[int, ...], places: tuple[int, ...]) -> int:
        return min(len(own), len(places)) if self._is_distinct else len(own)

    def _add(self, rule: Rule) -> None:
        if isinstance(rule, Inside):
            self._keep_inside(rule)
        elif isinstance(rule, Together):
            self._keep_together(rule)
        elif isinstance(rule, Apart):
            for places in self._by_class(rule.classes).values():
                self.model.require(self._members_at(rule.members, places), "<=", 1)
        elif isinstance(rule, Separate):
            self._keep_separate(rule)
        else:
            self._limit(rule)

    def _keep_inside(self, rule: Inside) -> None:
        for kind in sorted({self._kind_of[member] for member in rule.members}):
            for index, places in enumerate(self._locations):
                if places[0] not in rule.permitted:
                    self.model.require([(1, self.count[kind][index])], "==", 0)

    def _keep_together(self, rule: Together) -> None:
        chosen = []
        for places in self._by_class(rule.classes).values():
            here = self.model.flag()
            chosen.append(here)
            self.model.require([*self._members_at(rule.members, places), (-len(rule.members), here)], "==", 0)
        self.model.require([(1, here) for here in chosen], "==", 1)

    def _keep_teams(self, teams: Teams) -> None:
        """So many whole teams in each class; which of them is settled when the solution is read."""
        first = teams[0]
        own = [self._kind_of[member] for member in first.members]
        classes = self._by_class(first.classes)
        counts = []
        for places in classes.values():
            room = sum(len(self._locations[index]) for index in places) // len(own)
            here = self.model.integer(0, min(len(teams), room) if self._is_distinct else len(teams))
            counts.append(here)
            for kind in sorted(set(own)):
                terms = [(1, self.count[kind][index]) for index in places]
                self.model.require([*terms, (-own.count(kind), here)], "==", 0)
        self.model.require([(1, here) for here in counts], "==", len(teams))
        self._order |= {kind: [index for places in classes.values() for index in places] for kind in own}

    def _keep_separate(self, rule: Separate) -> None:
        both = [member for member in rule.members if member in rule.others]
        mine = [member for member in rule.members if member not in both]
        theirs = [other for other in rule.others if other not in both]
        classes = list(self._by_class(rule.classes).values())
        self._exclude(mine, [*theirs, *both], classes)
        self._exclude(theirs, both, classes)
        for places in classes if both else ():
            self.model.require(self._members_at(both, places), "<=", 1)

    def _exclude(self, left: list[int], right: list[int], classes: Sequence[Sequence[int]]) -> None:
        """Either nobody of the left or nobody of the right is in a class; each side needs so many classes at least."""
        if not (left and right):
            return
        flags, rooms = [], []
        for places in classes:
            room = sum(len(self._locations[index]) for index in places) if self._is_distinct else len(self._kind_of)
            few, many, is_left = min(room, len(left)), min(room, len(right)), self.model.flag()
            self.model.require([*self._members_at(left, places), (-few, is_left)], "<=", 0)
            self.model.require([*self._members_at(right, places), (many, is_left)], "<=", many)
            flags.append(is_left)
            rooms.append(room)
        self.model.require([(1, flag) for flag in flags], ">=", _fewest(rooms, len(left)))
        self.model.require([(1, flag) for flag in flags], "<=", len(flags) - _fewest(rooms, len(right)))

    def _limit(self, rule: Capacity) -> None:
        for number, places in self._by_class(rule.classes).items():
            if number < 0:
                continue
            load = [
                (rule.demand[own[0]], self.count[kind][index])
                for kind, own in enumerate(self._facilities)
                for index in places
            ]
            self.model.require(load, "<=", rule.limits[number])

    def outside(self, rule: Inside) -> list[Term]:
        """How many members are where the rule does not permit them."""
        kinds = sorted({self._kind_of[member] for member in rule.members})
        places = [index for index, own in enumerate(self._locations) if own[0] not in rule.permitted]
        return [(1, self.count[kind][index]) for kind in kinds for index in places]

    def _members_at(self, members: Sequence[int], places: Sequence[int]) -> list[Term]:
        kinds = sorted({self._kind_of[member] for member in members})
        return [(1, self.count[kind][index]) for kind in kinds for index in places]

    def _by_class(self, classes: Sequence[int]) -> dict[int, list[int]]:
        """Kinds of location by class; one that is in no class makes a class of its own."""
        found: dict[int, list[int]] = defaultdict(list)
        for index, places in enumerate(self._locations):
            number = classes[places[0]]
            found[number if number >= 0 else -1 - index].append(index)
        return found

    def read(self, values: Mapping[str, int]) -> tuple[int, ...]:
        """The location of each facility in a solution; teams go whole into the classes in turn."""
        free = [list(places) for places in self._locations]
        assignment = [-1] * len(self._kind_of)
        for kind, (own, row) in enumerate(zip(self._facilities, self.count, strict=True)):
            waiting = iter(own)
            for index in self._order.get(kind, range(len(row))):
                for _ in range(values[row[index]]):
                    assignment[next(waiting)] = free[index].pop(0) if self._is_distinct else free[index][0]
        return tuple(assignment)


def _fewest(rooms: Sequence[int], count: int) -> int:
    """How many of the largest rooms hold so many."""
    held = 0
    for number, room in enumerate(sorted(rooms, reverse=True), start=1):
        held += room
        if held >= count:
            return number
    return len(rooms) + 1
