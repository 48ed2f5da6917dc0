"""The independent check of an answer: every goal as it was written, by its meaning for the values found.

It shares neither the lowering nor the constraints of the model: goals are read anew, relations looked up.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from skb.errors import SkbError
from skb.finite.relations import Evaluate
from skb.matching import substitute
from skb.notation.printing import write_term
from skb.query.normalise import as_aggregate, goal_list
from skb.query.rules import PredicateId, names, ordered_names
from skb.terms import Compound, Row, Term, Variable

Values: TypeAlias = Mapping[str, Term]
_ORDER: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt, "#<": operator.lt, ">": operator.gt, "#>": operator.gt,
    "=<": operator.le, "#=<": operator.le, ">=": operator.ge, "#>=": operator.ge,
}  # fmt: skip
_SAME = ("=", "#=", "==", "=:=", "is")
_OTHER = ("\\=", "#\\=", "\\==", "=\\=")
_NOT = ("\\+", "not", "~", "#\\")
_MARK = "$listed"


class BrokenAnswer(Exception):  # noqa: N818
    """An answer that does not hold: a fault of ours, never handed on."""


class Recheck:
    """Evaluates goals under the values of finite-domain variables; a family's member goes by its written name."""

    def __init__(self, families: set[PredicateId], evaluate: Evaluate) -> None:
        self._families = families
        self._evaluate = evaluate
        self._rows: dict[tuple[Term, tuple[str, ...]], frozenset[Row]] = {}

    def check(self, goals: Sequence[Term], values: Values) -> None:
        """Raises BrokenAnswer for the first goal that does not hold."""
        for goal in goals:
            if not self.holds(goal, values):
                shown = ", ".join(f"{name} = {write_term(value)}" for name, value in values.items())
                raise BrokenAnswer(f"{write_term(goal)} does not hold for {shown}")

    def holds(self, goal: Term, values: Values) -> bool:
        """Whether a goal is true."""
        if self._is_variable(goal) or isinstance(goal, int):
            return self.value(goal, values) == 1
        if not isinstance(goal, Compound):
            return goal == "true" if goal in ("true", "fail", "false") else self._is_related(goal, values)
        name, args = goal.functor, goal.args
        if name in (",", "#/\\"):
            return self._all_hold(goal, values)
        if name in (";", "#\\/"):
            return self._one_holds(args, values)
        if name in _NOT and len(args) == 1:
            return not self.holds(args[0], values)
        if name in ("->", "#=>", "#==>", "#<=>", "#<==>"):
            left, right = self.holds(args[0], values), self.holds(args[1], values)
            return (
                (left and right) if name == "->" else (not left or right) if name in ("#=>", "#==>") else left == right
            )
        if name == "for":
            return all(self.holds(each, values) for each in self._instances(args[0], args[1], values))
        if name in ("::", "#::", "in"):
            listed = args[0] if isinstance(args[0], tuple) else (args[0],)
            return all(self._is_inside(self.value(each, values), args[1]) for each in listed)
        if len(args) == 2 and (name in _ORDER or name in _SAME or name in _OTHER):
            return self._compares(name, args, values)
        counted = _GLOBALS.get((name, len(args)))
        return self._is_related(goal, values) if counted is None else counted(self, args, values)

    def _is_variable(self, term: Term) -> bool:
        return isinstance(term, Variable) or (
            isinstance(term, Compound) and (term.functor, len(term.args)) in self._families
        )

    def _all_hold(self, goal: Compound, values: Values) -> bool:
        """Parts with variables of their own hold together, for one value of these."""
        own: list[Term] = []
        for part in goal_list(goal) if goal.functor == "," else goal.args:
            if names(part) - values.keys() and not self._binds_its_own(part):
                own.append(part)
            elif not self.holds(part, values):
                return False
        return not own or self._is_related(Compound(",", tuple(own)), values)

    def _binds_its_own(self, part: Term) -> bool:
        """Whether the variables without value are those of aggregates, families or inner alternatives."""
        if not isinstance(part, Compound):
            return False
        if part.functor in ("for", ",", ";", "->", "::", "#::", "in", *_NOT) or part.functor.startswith("#"):
            return True
        return any(as_aggregate(each) is not None for each in part.args)

    def _one_holds(self, args: Sequence[Term], values: Values) -> bool:
        first = args[0]
        if isinstance(first, Compound) and first.functor == "->":
            return self.holds(first.args[1] if self.holds(first.args[0], values) else args[1], values)
        return any(self.holds(each, values) for each in args)

    def _compares(self, name: str, args: Sequence[Term], values: Values) -> bool:
        left, right = (self.value(each, values) for each in args)
        if name in _ORDER:
            return _ORDER[name](_number(left), _number(right))
        return (left == right) is (name in _SAME)

    def _is_inside(self, value: Term, domain: Term) -> bool:
        if isinstance(domain, tuple):
            return any(self._is_inside(value, each) for each in domain)
        if isinstance(domain, Compound) and domain.functor == "..":
            low, high = (self.value(each, {}) for each in domain.args)
            return isinstance(value, int) and _number(low) <= value <= _number(high)
        if isinstance(domain, Compound) and domain.functor == "/" and isinstance(domain.args[1], Variable):
            return (value,) in self._found(domain.args[0], (domain.args[1].name,))
        return value == domain

    def _is_related(self, goal: Term, values: Values) -> bool:
        """Whether a relation has a row for the values; other variables may be anything."""
        members: dict[str, str] = {}
        plain = self._without_members(goal, members)
        columns = tuple(name for name in ordered_names(plain) if name in members or name in values)
        try:
            rows = self._found(plain, columns)
        except SkbError:
            known = {name: values[members.get(name, name)] for name in columns}
            return bool(self._found(substitute(plain, known), ()))
        return tuple([values[members.get(name, name)] for name in columns]) in rows

    def _without_members(self, term: Term, members: dict[str, str]) -> Term:
        if isinstance(term, Compound):
            if self._is_variable(term):
                members[f"M${len(members)}"] = write_term(term)
                return Variable(f"M${len(members) - 1}")
            return Compound(term.functor, tuple([self._without_members(arg, members) for arg in term.args]))
        return term

    def _found(self, goal: Term, columns: tuple[str, ...]) -> frozenset[Row]:
        known = self._rows.get((goal, columns))
        if known is None:
            known = self._rows[goal, columns] = frozenset(self._evaluate(goal, columns))
        return known

    def value(self, term: Term, values: Values) -> Term:
        """The value of an expression, or a term as it stands."""
        if self._is_variable(term):
            return values[term.name if isinstance(term, Variable) else write_term(term)]
        if not isinstance(term, Compound):
            return term
        aggregate = as_aggregate(term)
        if aggregate is not None:
            return self._aggregate(*aggregate, values)
        name, args = term.functor, term.args
        if name == "count" and len(args) == 2:
            return sum(each == self.value(args[0], values) for each in self._list(args[1], values))
        if name == "count" and len(args) == 1:
            return sum(self.holds(each, values) for each in self._items(args[0], values))
        if name in _REDUCE and len(args) == 1:
            return _REDUCE[name](list(map(_number, self._list(args[0], values))))
        if (name, len(args)) in _COMPUTE:
            return _COMPUTE[name, len(args)](*[_number(self.value(each, values)) for each in args])
        if name in _NOT or name.startswith("#"):
            return int(self.holds(term, values))
        return term

    def _aggregate(self, kind: str, template: Term, goal: Term, values: Values) -> int:
        found = self._instances(template, goal, values)
        if kind != "count":
            return _REDUCE[kind]([_number(self.value(each, values)) for each in found])
        if any(self._is_condition(each) for each in found):
            return sum(self.holds(each, values) for each in found)
        return len(set(found)) if names(template) else len(found)

    def _is_condition(self, term: Term) -> bool:
        if self._is_variable(term):
            return True
        return isinstance(term, Compound) and (
            term.functor.startswith("#")
            or term.functor in ("::", "all_different", "alldifferent")
            or any(self._is_condition(each) for each in term.args)
        )

    def _instances(self, template: Term, goal: Term, values: Values) -> list[Term]:
        """The template for every solution of a goal; variables in lists of the goal stay apart by name."""
        plain = self._filled(goal, values, False)
        free = tuple(name for name in ordered_names(goal) if name not in values)
        return [
            substitute(template, dict(zip(free, map(_as_written, row), strict=True)))
            for row in self._found(plain, free)
        ]

    def _filled(self, term: Term, values: Values, is_listed: bool) -> Term:
        if self._is_variable(term):
            name = term.name if isinstance(term, Variable) else write_term(term)
            if name not in values:
                return term
            return Compound(_MARK, (_hidden(term),)) if is_listed else values[name]
        if isinstance(term, Compound):
            return Compound(term.functor, tuple([self._filled(arg, values, is_listed) for arg in term.args]))
        if isinstance(term, tuple):
            return tuple([self._filled(item, values, True) for item in term])
        return term

    def _items(self, listed: Term, values: Values) -> list[Term]:
        """The members of a list, families spelt out."""
        found: list[Term] = []
        for each in listed if isinstance(listed, tuple) else (listed,):
            if isinstance(each, Compound) and each.functor == ":" and len(each.args) == 2:
                found += self._instances(each.args[0], each.args[1], values)
            elif isinstance(each, str) and any(each == name for name, _ in self._families):
                found += [Variable(name) for name in values if name.startswith(f"{each}(")]
            elif isinstance(each, Compound) and self._is_variable(each) and names(each):
                found += [Variable(name) for name in values if name.startswith(f"{each.functor}(")]
            else:
                found.append(each)
        return found

    def _list(self, listed: Term, values: Values) -> list[Term]:
        return [self.value(each, values) for each in self._items(listed, values)]

    def all_differ(self, args: Sequence[Term], values: Values) -> bool:
        found = self._list(args[0], values)
        return len(set(found)) == len(found)

    def is_element(self, args: Sequence[Term], values: Values) -> bool:
        listed, at = self._list(args[1], values), _number(self.value(args[0], values))
        return 1 <= at <= len(listed) and listed[at - 1] == self.value(args[2], values)

    def counts(
        self, compare: Callable[[int, int], bool], number: Term, listed: Term, wanted: Row, values: Values
    ) -> bool:
        accepted = [self.value(each, values) for each in wanted]
        found = sum(each in accepted for each in self._list(listed, values))
        return compare(found, _number(self.value(number, values)))

    def reduces(self, kind: str, args: Sequence[Term], values: Values) -> bool:
        return self.value(Compound(kind, (args[0],)), values) == self.value(args[1], values)

    def fits(self, args: Sequence[Term], values: Values) -> bool:
        starts, durations, demands = ([_number(each) for each in self._list(listed, values)] for listed in args[:3])
        tasks = list(zip(starts, durations, demands, strict=True))
        loads = [sum(need for begin, length, need in tasks if begin <= at < begin + length) for at in starts]
        return max(loads, default=0) <= _number(self.value(args[3], values))

    def are_apart(self, args: Sequence[Term], values: Values) -> bool:
        count = len(self._items(args[0], values))
        return self.fits((*args, (1,) * count, 1), values)


def _number(term: Term) -> int:
    if not isinstance(term, int):
        raise BrokenAnswer(f"{write_term(term)} is no integer where one is needed")
    return term


def _hidden(term: Term) -> Term:
    """A variable or a member as a ground term."""
    return term.name if isinstance(term, Variable) else Compound(_MARK, (term,))


def _as_written(term: Term) -> Term:
    if isinstance(term, Compound) and term.functor == _MARK:
        inner = term.args[0]
        return Variable(inner) if isinstance(inner, str) else inner.args[0] if isinstance(inner, Compound) else inner
    return term


def _quotient(left: int, right: int) -> int:
    size = abs(left) // abs(right)
    return size if (left >= 0) == (right > 0) else -size


_COMPUTE: Mapping[tuple[str, int], Callable[..., int]] = {
    ("+", 2): operator.add, ("-", 2): operator.sub, ("*", 2): operator.mul, ("-", 1): operator.neg, ("+", 1): int,
    ("abs", 1): abs, ("min", 2): min, ("max", 2): max, ("//", 2): _quotient, ("div", 2): operator.floordiv,
    ("mod", 2): operator.mod, ("rem", 2): lambda left, right: left - right * _quotient(left, right),
    ("**", 2): operator.pow, ("^", 2): operator.pow,
}  # fmt: skip
_REDUCE: Mapping[str, Callable[[list[int]], int]] = {"sum": sum, "min": min, "max": max}
_GLOBALS: Mapping[tuple[str, int], Callable[[Recheck, Sequence[Term], Values], bool]] = {
    **dict.fromkeys(
        [(name, 1) for name in ("all_different", "alldifferent", "all_distinct", "alldistinct")], Recheck.all_differ
    ),
    ("element", 3): Recheck.is_element,
    ("occurrences", 3): lambda check, args, values: check.counts(operator.eq, args[2], args[1], (args[0],), values),
    ("atmost", 3): lambda check, args, values: check.counts(operator.le, args[0], args[1], (args[2],), values),
    ("atleast", 3): lambda check, args, values: check.counts(operator.ge, args[0], args[1], (args[2],), values),
    ("among", 3): lambda check, args, values: check.counts(
        operator.eq, args[0], args[1], args[2] if isinstance(args[2], tuple) else (args[2],), values
    ),
    ("cumulative", 4): Recheck.fits,
    ("disjunctive", 2): Recheck.are_apart,
    ("sum", 3): lambda check, args, values: check.holds(
        Compound(str(args[1]), (Compound("sum", (args[0],)), args[2])), values
    ),
    ("sumlist", 2): lambda check, args, values: check.reduces("sum", args, values),
    ("minlist", 2): lambda check, args, values: check.reduces("min", args, values),
    ("maxlist", 2): lambda check, args, values: check.reduces("max", args, values),
}  # fmt: skip
