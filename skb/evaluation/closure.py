"""Transitive closure of a binary relation, the commonest recursion: by search from a node, or whole by bitsets."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any

from skb.indexes import Columns, Index, build_index
from skb.query.rules import Atom, PredicateId, Rule
from skb.query.stratify import components
from skb.terms import Row, Term, Variable, sort_terms

if TYPE_CHECKING:
    from skb.evaluation.evaluate import Evaluator

MOST_NODES = 4096
_MANY_KEYS = 64


def edges_of_closure(predicate: PredicateId, rules: Sequence[Rule]) -> PredicateId | None:
    """The relation e of `p(X,Y) :- e(X,Y)` beside `p(X,Y) :- p(X,Z), e(Z,Y)` (or e, p; or p, p), else None."""
    if predicate[1] != 2 or len(rules) != 2:
        return None
    base, step = sorted(rules, key=lambda rule: len(rule.body))
    steps = _chain(step)
    if len(base.body) != 1 or steps is None or _chain(base) is None:
        return None
    edges = _predicates(base)[0]
    is_closure = edges != predicate and steps in ([predicate, edges], [edges, predicate], [predicate, predicate])
    return edges if is_closure else None


def _predicates(rule: Rule) -> list[PredicateId]:
    return [literal.predicate for literal in rule.body if isinstance(literal, Atom)]


def _chain(rule: Rule) -> list[PredicateId] | None:
    """The relations of `p(X0,Xn) :- r1(X0,X1), ..., rn(Xn-1,Xn)`, its variables all different."""
    atoms = [literal for literal in rule.body if isinstance(literal, Atom) and len(literal.args) == 2]
    if len(atoms) != len(rule.body) or not atoms:
        return None
    path = [atoms[0].args[0], *(atom.args[1] for atom in atoms)]
    links = all(atom.args[0] == before.args[1] for before, atom in pairwise(atoms))
    is_plain = all(isinstance(term, Variable) for term in path) and len(set(path)) == len(path)
    return _predicates(rule) if links and is_plain and rule.head.args == (path[0], path[-1]) else None


class Closed:
    """The rows of a closure in standard order, indexed as asked."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self._indexes: dict[Columns, Index] = {}

    def index_by(self, positions: Columns) -> Index:
        if positions not in self._indexes:
            self._indexes[positions] = build_index(self.rows, positions)
        return self._indexes[positions]

    def __len__(self) -> int:
        return len(self.rows)


def close(evaluator: "Evaluator", edges: PredicateId) -> Closed | None:
    """The whole closure; None beyond 4,096 nodes. Each node's reach is one integer used as a set of bits."""
    access = evaluator.access(edges, (), (0, 1))
    order = access.outputs or (0, 1)
    first, second = order.index(0), order.index(1)
    successors: dict[Term, list[Term]] = {}
    for row in access.index([()]).get((), ()):
        successors.setdefault(row[first], []).append(row[second])
    nodes = sort_terms({*successors, *(node for found in successors.values() for node in found)})
    if len(nodes) > MOST_NODES:
        return None
    reach = _reach(successors, {node: 1 << at for at, node in enumerate(nodes)})
    evaluator.budget.tick(sum(map(int.bit_count, reach.values())))
    return Closed(_rows(nodes, reach))


def _reach(successors: Mapping[Term, Sequence[Term]], bits: Mapping[Term, int]) -> dict[Term, int]:
    """Strongly connected components, those that others lead to first: all nodes of one reach the same."""
    reach: dict[Term, int] = {}
    for component in components(successors):
        reached = 0
        for node in component:
            for following in successors.get(node, ()):
                reached |= bits[following] | reach.get(following, 0)
        reach.update(dict.fromkeys(component, reached))
    return reach


def _rows(nodes: Sequence[Term], reach: Mapping[Term, int]) -> list[Row]:
    rows: list[Row] = []
    decoded: dict[int, list[Term]] = {}
    for node in nodes:
        mask = reach.get(node, 0)
        if mask not in decoded:
            decoded[mask] = [nodes[at] for at, bit in enumerate(bin(mask)[:1:-1]) if bit == "1"]
        rows += zip(repeat(node), decoded[mask])
    return rows


class ClosureTable:
    """A closure by one bound end or both, searched breadth first from the ends asked for."""

    outputs: Columns | None = None

    def __init__(self, evaluator: "Evaluator", predicate: PredicateId, edges: PredicateId, positions: Columns) -> None:
        self._evaluator = evaluator
        self._predicate = predicate
        self._positions = positions
        self._start = positions[0]
        self._edges = evaluator.access(edges, (self._start,), (1 - self._start,))
        self._far = 0 if self._edges.outputs is not None else 1 - self._start
        self._reached: dict[Any, set[Any]] = {}
        self._rows: dict[Any, list[Row]] = {}

    def index(self, keys: Iterable[Hashable]) -> Index:
        new = [key for key in dict.fromkeys(keys) if key not in self._rows]
        if len(self._reached) + len(new) > _MANY_KEYS:
            return self._evaluator.whole(self._predicate).index_by(self._positions)
        for key in new:
            self._rows[key] = self._search(key)
        return self._rows

    def widest(self) -> int:
        return 4 * max(map(len, self._rows.values()), default=1)

    def ordered(self, column: int) -> None:
        return None

    def _search(self, key: Any) -> list[Row]:
        is_pair = len(self._positions) == 2
        found = self._reachable(key[0] if is_pair else key)
        if is_pair:
            return [key] if key[1] in found else []
        if self._start == 0:
            return [*zip(repeat(key), found)]
        return [*zip(found, repeat(key))]

    def _reachable(self, start: Any) -> set[Any]:
        reached = self._reached.get(start)
        if reached is None:
            reached = self._reached[start] = set()
            frontier, far = {start}, self._far
            while frontier:
                rows_of = self._edges.index(frontier).get
                frontier = {row[far] for node in frontier for row in rows_of(node, ())} - reached
                reached |= frontier
                self._evaluator.budget.tick(len(frontier))
        return reached
