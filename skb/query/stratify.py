"""Which relations depend on each other, and whether any depends on its own negation."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from skb.errors import NotStratified
from skb.query.rules import Aggregate, Atom, Literal, Negated, PredicateId, Rule, Top

Node = TypeVar("Node", bound=Hashable)


def dependencies(literal: Literal) -> tuple[PredicateId, bool] | None:
    """The relation that a literal reads, and whether it must be complete before (negation, aggregates)."""
    if isinstance(literal, Atom):
        return literal.predicate, False
    if isinstance(literal, (Negated, Aggregate, Top)):
        return literal.atom.predicate, True
    return None


def _graph(rules: Iterable[Rule]) -> dict[PredicateId, dict[PredicateId, bool]]:
    graph: dict[PredicateId, dict[PredicateId, bool]] = {}
    for rule in rules:
        edges = graph.setdefault(rule.head.predicate, {})
        for literal in rule.body:
            found = dependencies(literal)
            if found is not None:
                edges[found[0]] = edges.get(found[0], False) or found[1]
    return graph


def components(graph: Mapping[Node, Iterable[Node]]) -> list[list[Node]]:
    """Strongly connected components, those read by others first (Tarjan 1972, without recursion)."""
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    path: list[Node] = []
    waiting: set[Node] = set()
    found: list[list[Node]] = []
    for root in graph:
        if root in order:
            continue
        stack: list[tuple[Node, Iterator[Node]]] = []
        _enter(root, graph, order, low, path, waiting, stack)
        while stack:
            node, edges = stack[-1]
            following = next(edges, None)
            if following is None:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[node])
                if low[node] == order[node]:
                    found.append(_take(node, path, waiting))
            elif following not in order:
                _enter(following, graph, order, low, path, waiting, stack)
            elif following in waiting:
                low[node] = min(low[node], order[following])
    return found


def _enter(
    node: Node,
    graph: Mapping[Node, Iterable[Node]],
    order: dict[Node, int],
    low: dict[Node, int],
    path: list[Node],
    waiting: set[Node],
    stack: list[tuple[Node, Iterator[Node]]],
) -> None:
    order[node] = low[node] = len(order)
    path.append(node)
    waiting.add(node)
    stack.append((node, iter(graph.get(node, ()))))


def _take(node: Node, path: list[Node], waiting: set[Node]) -> list[Node]:
    component = []
    while True:
        top = path.pop()
        waiting.discard(top)
        component.append(top)
        if top == node:
            return component


def recursive_components(rules: Iterable[Rule]) -> dict[PredicateId, frozenset[PredicateId]]:
    """For each relation that depends on itself, the relations that it shares the recursion with.

    Raises NotStratified where such a cycle runs through a negation or an aggregate.
    """
    graph = _graph(rules)
    found: dict[PredicateId, frozenset[PredicateId]] = {}
    for component in components(graph):
        members = frozenset(component)
        inside = [(a, b, strict) for a in component for b, strict in graph.get(a, {}).items() if b in members]
        if any(strict for _, _, strict in inside):
            raise _not_stratified(component)
        if inside:
            found.update(dict.fromkeys(component, members))
    return found


def _not_stratified(component: list[PredicateId]) -> NotStratified:
    named = sorted(f"{name}/{arity}" for name, arity in component if not name.startswith("$"))
    shown = ", ".join(named)
    return NotStratified(
        f"{shown} would depend on its own negation or aggregate; only without such a cycle is it defined",
        details={"predicates": named},
    )
