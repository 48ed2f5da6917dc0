"""Relations over finite-domain variables: goals as tables of codes, instances of templates, members of families."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from skb.errors import SkbError, UnsafeVariable
from skb.finite.model import Model
from skb.finite.statement import Statement
from skb.finite.values import Codes
from skb.matching import substitute
from skb.notation.printing import write_term
from skb.query.rules import ordered_names
from skb.terms import Compound, Row, Term, Variable, is_ground

Evaluate: TypeAlias = Callable[[Term, Sequence[str]], list[Row]]
Rows: TypeAlias = tuple[tuple[int, ...], ...]
_MARK = "$finite"
_MOST_LISTED = 10_000


class Relations:
    """What plain goals say of finite-domain variables; `evaluate` answers a goal, as rows over given variables."""

    def __init__(
        self, model: Model, codes: Codes, statement: Statement, variables: set[str], evaluate: Evaluate
    ) -> None:
        self.model = model
        self.codes = codes
        self.families = statement.families
        self.globals = statement.globals
        self._shared = statement.shared
        self.variables = variables
        self.evaluate = evaluate
        self.members: dict[str, Term] = {}
        self._known_rows: dict[tuple[Term, tuple[str, ...]], Rows] = {}

    def is_member(self, term: Term) -> bool:
        return isinstance(term, Compound) and (term.functor, len(term.args)) in self.families

    def is_variable(self, term: Term) -> bool:
        return isinstance(term, Variable) or self.is_member(term)

    def name_of(self, term: Term) -> str:
        return term.name if isinstance(term, Variable) else write_term(term)

    def require_domain(self, name: str) -> None:
        if name not in self.model.domains:
            raise UnsafeVariable(
                f"the variable {name} has no domain; X :: Low..High, X :: Goal/V or a relation gives one",
                details={"variables": [name], "rule": ""},
            )

    def mentioned(self, term: Term) -> list[str]:
        """The finite-domain variables and members in a term, by name, in order of first occurrence."""
        found: dict[str, None] = {}
        waiting = [term]
        while waiting:
            each = waiting.pop()
            if self.is_member(each) or (isinstance(each, Variable) and each.name in self.variables):
                found[self.name_of(each)] = None
            elif isinstance(each, Compound):
                waiting.extend(reversed(each.args))
            elif isinstance(each, tuple):
                waiting.extend(reversed(each))
        return list(found)

    def items(self, listed: Term) -> list[Term]:
        """The members of a list; `u(N)` with a free variable or the family's name stands for all members."""
        found: list[Term] = []
        for each in listed if isinstance(listed, tuple) else (listed,):
            members = self._family_members(each)
            found += [each] if members is None else members
        return found

    def _family_members(self, term: Term) -> list[Term] | None:
        if isinstance(term, Compound) and term.functor == ":" and len(term.args) == 2:
            return [instance for instance, _, _ in self.instances(term.args[0], term.args[1])]
        if isinstance(term, str):
            arity = next((number for name, number in self.families if name == term), None)
        elif self.is_member(term) and not is_ground(term):
            assert isinstance(term, Compound)
            arity, term = len(term.args), term.functor
        else:
            return None
        if arity is None:
            return None
        start = f"{term}("
        return [self.members[name] for name in self.model.declared if name.startswith(start)]

    def instances(self, template: Term, goal: Term) -> list[tuple[Term, list[str], Rows]]:
        """The template once for each solution of a goal, with the rows that allow it.

        Finite-domain variables in lists are values like others, so that `member(V, [X, Y])` gives both. Those in
        relations stay variables: the instance counts where they take one of the rows (none needed: no variables).
        """
        marked = self._marked(goal, is_listed=False)
        inside = [name for name in ordered_names(marked) if name in self.variables]
        free = [name for name in ordered_names(marked) if name not in self.variables]
        members: dict[str, str] = {}
        marked = self._with_members_as_variables(marked, members)
        placeholders = [*inside, *members]
        allowed: dict[Row, list[tuple[int, ...]]] = {}
        for row in self.evaluate(marked, [*free, *placeholders]):
            coded = tuple([self.codes.code(each) for each in row[len(free) :]]) if placeholders else ()
            allowed.setdefault(row[: len(free)], []).append(coded)
        shown = [members.get(name, name) for name in placeholders]
        return [
            (substitute(template, dict(zip(free, map(_unmarked, row), strict=True))), shown, tuple(rows))
            for row, rows in allowed.items()
        ]

    def plain_instances(self, template: Term, goal: Term, what: str) -> Iterator[Term]:
        """The instances of a goal that does not depend on the search. Raises SkbError for another."""
        marked = self._marked(goal, is_listed=False)
        inside = self.mentioned(marked)
        if inside:
            raise SkbError(
                f"{what} over {write_term(goal)} depends on the finite-domain variables {', '.join(inside)};"
                " sum and count may, others range over what is known before the search"
            )
        free = ordered_names(marked)
        for row in self.evaluate(marked, free):
            yield substitute(template, dict(zip(free, map(_unmarked, row), strict=True)))

    def _marked(self, term: Term, is_listed: bool) -> Term:
        if is_listed and isinstance(term, Variable) and term.name in self.variables:
            return Compound(_MARK, (term.name,))
        if is_listed and self.is_member(term):
            return Compound(_MARK, (term,))
        if isinstance(term, Compound):
            return Compound(term.functor, tuple([self._marked(arg, is_listed) for arg in term.args]))
        if isinstance(term, tuple):
            return tuple([self._marked(item, True) for item in term])
        return term

    def table(self, goal: Term) -> tuple[list[str], Rows]:
        """A plain goal over finite-domain variables: the variables and the coded rows that it allows."""
        members: dict[str, str] = {}
        plain = self._with_members_as_variables(goal, members)
        columns = [name for name in ordered_names(plain) if name in self.variables or name in members]
        return [members.get(name, name) for name in columns], self._coded_rows(plain, columns)

    def known_table(self, goal: Term) -> tuple[list[str], Rows]:
        """The same over the variables that have a domain; others may take any value."""
        members: dict[str, str] = {}
        plain = self._with_members_as_variables(goal, members)
        columns = [name for name in ordered_names(plain) if name in members or name in self.model.domains]
        shown = [members.get(name, name) for name in columns]
        for name in (*shown, *(name for name in ordered_names(plain) if name in self._shared)):
            self.require_domain(name)
        try:
            return shown, self._coded_rows(plain, columns)
        except UnsafeVariable as error:
            return shown, self._coded_rows(self._with_values(plain, columns, shown, error), columns)

    def _with_values(self, goal: Term, columns: list[str], shown: list[str], error: UnsafeVariable) -> Term:
        """The goal with the values of finite-domain variables that it compares but does not bind."""
        bound: list[Term] = []
        for name, variable in zip(columns, shown, strict=True):
            domain = self.model.domains[variable]
            if domain.size > _MOST_LISTED:
                raise error
            values = tuple([self.codes.term(value) for value in domain])
            bound.append(Compound("member", (Variable(name), values)))
        return Compound(",", (*bound, goal))

    def _coded_rows(self, goal: Term, columns: list[str]) -> Rows:
        """The rows of a goal; goals that differ in the names of their variables alone are evaluated once."""
        renamed = {name: f"V{at}" for at, name in enumerate(ordered_names(goal))}
        shape = substitute(goal, {name: Variable(new) for name, new in renamed.items()})
        wanted = tuple(renamed[name] for name in columns)
        found = self._known_rows.get((shape, wanted))
        if found is None:
            code = self.codes.code
            rows = self.evaluate(shape, wanted)
            found = tuple(dict.fromkeys([tuple([code(each) for each in row]) for row in rows]))
            self._known_rows[shape, wanted] = found
        return found

    def _with_members_as_variables(self, term: Term, members: dict[str, str]) -> Term:
        if self.is_member(term):
            name = f"Member{len(members) + 1}$"
            members[name] = self.name_of(term)
            return Variable(name)
        if isinstance(term, Compound):
            return Compound(term.functor, tuple(self._with_members_as_variables(arg, members) for arg in term.args))
        return term


def _unmarked(term: Term) -> Term:
    """Markers back as the variables or members that they stand for."""
    if isinstance(term, Compound):
        if term.functor == _MARK and len(term.args) == 1:
            return Variable(term.args[0]) if isinstance(term.args[0], str) else term.args[0]
        return Compound(term.functor, tuple([_unmarked(arg) for arg in term.args]))
    if isinstance(term, tuple):
        return tuple([_unmarked(item) for item in term])
    return term
