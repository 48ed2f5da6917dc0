"""Which facts somebody wants to hear of: a fact with variables, and the keys of facts in text."""

from collections.abc import Callable, Collection, Iterable
from operator import itemgetter
from typing import TypeAlias

from skb.errors import TermError
from skb.layers import DENIED
from skb.matching import matches
from skb.notation.parser import read_term
from skb.rowtext import encode_row
from skb.schema import key_of, key_reader, key_values
from skb.terms import Compound, Row, Variable, is_ground

Relation: TypeAlias = tuple[str, int]


class Pattern:
    """A fact with variables, such as `message_rtt(0, _, _, _, _, _)`; `_` alone is any fact. Raises SkbError."""

    def __init__(self, text: str) -> None:
        self._term = read_term(text)
        self.relation: Relation | None = None
        self._args: Row = ()
        if isinstance(self._term, Compound):
            self._args = self._term.args
            self.relation = (self._term.functor, len(self._args))
        elif isinstance(self._term, str):
            self.relation = (self._term, 0)
        self._is_open = set(map(type, self._args)) <= {Variable} and len(set(self._args)) == len(self._args)
        if not isinstance(self._term, (Compound, str, Variable)):
            raise TermError(f"{text!r} is no pattern of facts; relation(Arguments) or _ is")

    def matches(self, relation: Relation, row: Row) -> bool:
        return self.relation is None or (self.relation == relation and (self._is_open or matches(self._args, row)))

    def concerns(self, relation: Relation) -> Callable[[Row], bool] | None:
        """Tells whether a fact of a relation can be, hide or deny one that matches, by its key; None where all can."""
        if self.relation is None or relation == (DENIED, 1):
            return None
        if relation != self.relation:
            return lambda row: False
        wanted = key_values(relation, self._args)
        free = [arg for arg in wanted if isinstance(arg, Variable)]
        fixed = [(at, arg) for at, arg in enumerate(wanted) if is_ground(arg)]
        if len(set(free)) + len(fixed) < len(wanted):
            return lambda row: matches(wanted, key_values(relation, row))
        if not fixed:
            return None
        positions = key_of(*relation) or range(len(wanted))
        read = itemgetter(*[positions[at] for at, _ in fixed])
        value = fixed[0][1] if len(fixed) == 1 else tuple([arg for _, arg in fixed])
        return lambda row: bool(read(row) == value)


def key_starts(relation: Relation, keys: Iterable[Row]) -> list[str]:
    """How the texts of rows with some keys begin; () where the key arguments do not come first."""
    positions = key_of(*relation)
    if positions is None or not positions:
        return [encode_row(key) for key in keys]
    return [f"{encode_row(key)}," for key in keys] if positions == tuple(range(len(positions))) else []


def key_among(relation: Relation, keys: Collection[Row]) -> Callable[[Row], bool]:
    """Tells whether a row has one of some keys."""
    read = key_reader(*relation)
    return lambda row: read(row) in keys
