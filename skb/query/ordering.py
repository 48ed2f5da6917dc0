"""The order in which a rule's literals are taken: tests as soon as possible, then the narrowest relation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from skb.errors import UnsafeVariable
from skb.query.rules import (
    Aggregate,
    Assign,
    Atom,
    Equal,
    Generator,
    Literal,
    Negated,
    PredicateId,
    Rule,
    Test,
    Top,
    literal_names,
    names,
)

MOST_FREE = 100
FanOut: TypeAlias = Callable[[Atom, set[str]], float]


def constant_fan_out(atom: Atom, bound: set[str]) -> float:
    """Without statistics: an argument that is bound narrows a relation, in the order written."""
    free = sum(1 for arg in atom.args if not names(arg) <= bound)
    return narrowed(free)


def narrowed(free: int) -> float:
    """The guess for a relation with so many free arguments: ten values each."""
    return float(10 ** min(free, MOST_FREE))


def order_body(rule: Rule, bound: Iterable[str], fan_out: FanOut = constant_fan_out) -> list[Literal]:
    """The body in an order in which every literal finds its inputs bound.

    Tests that may fail on a value stay behind the tests written before them. Raises UnsafeVariable.
    """
    known = set(bound)
    waiting = list(rule.body)
    ordered: list[Literal] = []
    while waiting:
        chosen = _choose(waiting, known, fan_out)
        if chosen is None:
            raise unsafe(rule, waiting, known)
        waiting.remove(chosen)
        ordered.append(chosen)
        known |= literal_names(chosen)
    missing = names(*rule.head.args) - known
    if missing:
        raise unsafe(rule, [rule.head], known)
    return ordered


def _choose(waiting: Sequence[Literal], known: set[str], fan_out: FanOut) -> Literal | None:
    for kinds in ((Test, Assign, Equal), (Negated,), (Generator,)):
        for literal in waiting:
            if isinstance(literal, kinds) and _is_ready(literal, known):
                return literal
    single = next((each for each in waiting if isinstance(each, Aggregate) and not each.groups), None)
    if single is not None:
        return single
    relations = [each for each in waiting if isinstance(each, (Atom, Top))]
    if relations:
        return min(relations, key=lambda each: fan_out(each.atom if isinstance(each, Top) else each, known))
    aggregates = [each for each in waiting if isinstance(each, Aggregate)]
    ready = [each for each in aggregates if each.needed <= known]
    return next(iter(ready or aggregates), None)


def _is_ready(literal: Literal, known: set[str]) -> bool:
    match literal:
        case Test() | Negated():
            return literal_names(literal) <= known
        case Assign(expression=expression):
            return names(expression) <= known
        case Equal(left=left, right=right):
            return names(left) <= known or names(right) <= known
        case Generator(name="=..", inputs=inputs, output=output):
            return names(*inputs) <= known or names(output) <= known
        case Generator(inputs=inputs):
            return names(*inputs) <= known
    return False


def unsafe(rule: Rule, waiting: Sequence[Literal], known: set[str]) -> UnsafeVariable:
    """The refusal that names the variables nothing binds, and the rule as written."""
    wanted = [name for literal in waiting for name in sorted(literal_names(literal)) if name not in known]
    shown = list(dict.fromkeys("_" if name.startswith("_") and name[1:].isdigit() else name for name in wanted))
    return UnsafeVariable(
        f"no positive goal binds {', '.join(shown)} in: {rule.text}",
        details={"variables": shown, "rule": rule.text},
    )


def check_safety(rules: Mapping[PredicateId, Sequence[Rule]], *, is_called_with_values: bool = False) -> None:
    """Plans every rule that users can call with nothing bound (or with all arguments). Raises UnsafeVariable."""
    for found in rules.values():
        for rule in found:
            if not rule.head.name.startswith("$") or rule.head.name == "$goal":
                _check(rule, names(*rule.head.args) if is_called_with_values else set(), rules)


def _check(rule: Rule, bound: set[str], rules: Mapping[PredicateId, Sequence[Rule]]) -> None:
    known = set(bound)
    for literal in order_body(rule, bound):
        if isinstance(literal, (Negated, Aggregate, Top)) and literal.atom.name.startswith("$"):
            for inner in rules.get(literal.atom.predicate, ()):
                _check(inner, set() if isinstance(literal, Top) else known & inner.bound, rules)
        known |= literal_names(literal)


def bound_positions(atom: Atom, known: Iterable[str]) -> tuple[int, ...]:
    """Argument positions whose value is known before the atom is looked up."""
    bound = set(known)
    return tuple(at for at, arg in enumerate(atom.args) if names(arg) <= bound)
