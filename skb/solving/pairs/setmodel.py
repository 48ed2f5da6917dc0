"""The set model of a pair sum in CP-SAT: which values each class of exchangeable variables takes, rows summed."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from skb.solving.constraints import AllDifferent, Posted, Problem, Table, variables_of
from skb.solving.pairs.pairsums import PairSum


class SetModel:
    """`problem` is what is left for the ordinary lowering; `post` adds the sets to its model.

    Where the members only meet relations to other variables, one by one, they are left out of the model
    altogether: a class takes values, and which member takes which of them makes no difference.
    """

    def __init__(self, pair_sum: PairSum) -> None:
        self.pair_sum = pair_sum
        members = set(pair_sum.members)
        touching = [each for each in pair_sum.rest.constraints if members & set(variables_of(each.constraint))]
        self._relations = [each for each in touching if _is_relation_of_one(each, members)]
        self._is_pure = all(each in self._relations or _is_all_different(each, members) for each in touching)
        self.problem = self._without_members(touching) if self._is_pure else pair_sum.rest
        self._taken: list[dict[int, Any]] = []

    def _without_members(self, touching: list[Posted]) -> Problem:
        rest, members = self.pair_sum.rest, set(self.pair_sum.members)
        gone = {id(each) for each in touching}
        return Problem(
            {name: domain for name, domain in rest.variables.items() if name not in members},
            tuple(each for each in rest.constraints if id(each) not in gone),
        )

    def post(self, model: Any, variables: Mapping[str, Any], weighted_sum: Any) -> None:
        """Adds the sets, their rows and the objective to a model with the variables of `problem`."""
        for class_ in self.pair_sum.classes:
            domain = self.pair_sum.rest.variables[class_[0]]
            taken = {value: model.new_bool_var("") for value in domain}
            model.add(sum(taken.values()) == len(class_))
            self._taken.append(taken)
            if self._is_pure:
                self._post_relations(model, variables, class_, taken)
            else:
                _post_members(model, [variables[name] for name in class_], taken)
        self._post_rows(model, weighted_sum)

    def _post_relations(
        self, model: Any, variables: Mapping[str, Any], class_: tuple[str, ...], taken: Mapping[int, Any]
    ) -> None:
        """What a value asks of other variables; the members of a class ask the same."""
        for posted in self._relations:
            table = posted.constraint
            assert isinstance(table, Table)
            if class_[0] not in table.variables:
                continue
            at = table.variables.index(class_[0])
            others = [variables[name] for name in table.variables if name != class_[0]]
            wanted: dict[int, list[tuple[int, ...]]] = {}
            for row in table.rows:
                wanted.setdefault(row[at], []).append(row[:at] + row[at + 1 :])
            for value, literal in taken.items():
                model.add_allowed_assignments(others, wanted.get(value, [])).only_enforce_if(literal)
            if len(others) == 1 and all(len(rows) == 1 for rows in wanted.values()):
                _post_shared_value(
                    model, others[0], {value: rows[0][0] for value, rows in wanted.items()}, taken, len(class_)
                )

    def _post_rows(self, model: Any, weighted_sum: Any) -> None:
        pair_sum = self.pair_sum
        values = sorted({value for taken in self._taken for value in taken})
        is_taken = {value: model.new_bool_var("") for value in values}
        for value in values:
            model.add(sum(taken[value] for taken in self._taken if value in taken) == is_taken[value])
        weights = {(a, b): weight for (a, b), weight in pair_sum.weights.items() if a < b}
        both = {pair: model.new_bool_var("") for pair in weights}
        rows: dict[int, list[Any]] = {value: [] for value in values}
        for (a, b), literal in both.items():
            rows[a].append(literal)
            rows[b].append(literal)
        for value in values:
            model.add(sum(rows[value]) == (len(pair_sum.members) - 1) * is_taken[value])
        total = weighted_sum(list(both.values()), list(weights.values())) + pair_sum.constant
        if pair_sum.is_maximised:
            model.maximize(total)
        else:
            model.minimize(total)

    def completed(self, values: dict[str, int], value_of: Any) -> dict[str, int]:
        """The values of all variables of the problem, members in ascending order within their class."""
        for class_, taken in zip(self.pair_sum.classes, self._taken, strict=True):
            chosen = sorted(value for value, literal in taken.items() if value_of(literal))
            values.update(zip(class_, chosen, strict=True))
        return self.pair_sum.completed(values)


def _is_all_different(posted: Posted, members: set[str]) -> bool:
    return isinstance(posted.constraint, AllDifferent) and set(posted.constraint.variables) <= members


def _is_relation_of_one(posted: Posted, members: set[str]) -> bool:
    """A relation between one member and other variables."""
    table = posted.constraint
    if not isinstance(table, Table) or table.is_forbidden:
        return False
    return len(table.variables) > 1 and len([name for name in table.variables if name in members]) == 1


def _post_members(model: Any, members: list[Any], taken: Mapping[int, Any]) -> None:
    """Members as variables of the model, in ascending order, each value taken by one of them."""
    for first, second in pairwise(members):
        model.add(first < second)
    for value, literal in taken.items():
        holders = []
        for member in members:
            holder = model.new_bool_var("")
            model.add(member == value).only_enforce_if(holder)
            model.add(member != value).only_enforce_if(~holder)
            holders.append(holder)
        model.add(sum(holders) == literal)


def _post_shared_value(model: Any, shared: Any, image: Mapping[int, int], taken: Mapping[int, Any], size: int) -> None:
    """All values of a class agree on `shared`: the sum over each image is all of the class or nothing."""
    groups: dict[int, list[Any]] = {}
    for value, literal in taken.items():
        if value in image:
            groups.setdefault(image[value], []).append(literal)
    for wanted, literals in groups.items():
        is_wanted = model.new_bool_var("")
        model.add(shared == wanted).only_enforce_if(is_wanted)
        model.add(shared != wanted).only_enforce_if(~is_wanted)
        model.add(sum(literals) == size * is_wanted)
