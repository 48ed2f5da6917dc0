"""What a declaration says: ranges, lists, columns of goals, families over goals."""

from skb.errors import EvaluationError, SkbError
from skb.finite.relations import Relations
from skb.finite.values import check_integer
from skb.matching import substitute
from skb.notation.printing import write_term
from skb.query.arithmetic import compile_expression
from skb.query.rules import ordered_names
from skb.solving.constraints import Domain
from skb.terms import Compound, Term, Variable, is_ground

MOST_LISTED = 1_000_000


def declare(relations: Relations, declaration: Term, label: str | None) -> None:
    """Declares the variables of `Vars :: Domain` or `u(N) :: Domain for Goal`."""
    assert isinstance(declaration, Compound)
    if declaration.functor == "for":
        inner, goal = declaration.args
        free = ordered_names(goal)
        rows = relations.evaluate(goal, free)
        for row in rows:
            declare(relations, substitute(inner, dict(zip(free, row, strict=True))), label)
        return
    targets, domain_term = declaration.args
    domain = read_domain(relations, domain_term)
    for target in targets if isinstance(targets, tuple) else (targets,):
        if not isinstance(target, Variable) and not (isinstance(target, Compound) and is_ground(target)):
            raise SkbError(f"{write_term(target)} has open arguments; `for` a goal closes them")
        name = relations.name_of(target)
        relations.members[name] = target
        if label is not None and name in relations.model.domains:
            _check_listed(domain, target)
            relations.model.post_table([name], tuple([(value,) for value in domain]), label)
        else:
            relations.model.declare(name, domain, label)


def read_domain(relations: Relations, term: Term) -> Domain:
    """Low..High, a list of values and ranges, or Goal/Variable: the values that the goal gives the variable."""
    if isinstance(term, Compound) and term.functor == ".." and len(term.args) == 2:
        return Domain.of_range(*(_integer(arg) for arg in term.args))
    if isinstance(term, tuple):
        return Domain.of_intervals(each for item in term for each in _listed(relations, item).intervals)
    if (
        isinstance(term, Compound)
        and term.functor == "/"
        and len(term.args) == 2
        and isinstance(term.args[1], Variable)
    ):
        rows = relations.evaluate(term.args[0], [term.args[1].name])
        return Domain.of_values(relations.codes.code(row[0]) for row in rows)
    raise SkbError(f"{write_term(term)} is no domain; Low..High, a list, or Goal/Variable is")


def _check_listed(domain: Domain, target: Term) -> None:
    if domain.size > MOST_LISTED:
        raise SkbError(
            f"the second, labelled domain of {write_term(target)} has {domain.size} values; "
            f"up to {MOST_LISTED} are accepted, or a comparison"
        )


def _listed(relations: Relations, item: Term) -> Domain:
    if isinstance(item, Compound) and item.functor == "..":
        return read_domain(relations, item)
    return Domain.of_values([relations.codes.code(item)])


def _integer(term: Term) -> int:
    value = compile_expression(term, {})(()) if is_ground(term) else None
    if not isinstance(value, int):
        raise EvaluationError(f"{write_term(term)} is no integer; a range needs two")
    return check_integer(value)
