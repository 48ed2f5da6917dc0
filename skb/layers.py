"""Which of contradicting facts wins: quirk over measured over discovered over static, then the newest."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter, lt
from typing import Any, NamedTuple

from skb.errors import TermError
from skb.matching import matches
from skb.rowtext import Rows, to_row
from skb.terms import Compound, Row

LAYERS = ("static", "discovered", "measured", "quirk")
QUIRK = LAYERS.index("quirk")
DENIED = "denied"


class Statement(NamedTuple):
    """Rows of one relation that a source states in a layer."""

    name: str
    arity: int
    layer: str
    source: str
    rows: Rows


class Stretch(NamedTuple):
    """Rows of one relation that were stated together: same layer, same source, same revision."""

    layer: int
    source: str
    revision: int
    rows: Rows


def gather(facts: Iterable[tuple[str, Iterable[object], str, str]]) -> list[Statement]:
    """Facts as (relation, args, layer, source), like neighbours of a relation as one statement.

    Raises TermError for arguments that are no terms.
    """
    found: dict[tuple[str, int], list[tuple[str, str, list[Row]]]] = {}
    for name, args, layer, source in facts:
        row = to_row(args)
        said = found.setdefault((name, len(row)), [])
        if not said or said[-1][0] != layer or said[-1][1] != source:
            said.append((layer, source, []))
        said[-1][2].append(row)
    return [
        Statement(name, arity, layer, source, Rows.of(rows))
        for (name, arity), said in found.items()
        for layer, source, rows in said
    ]


def layer_rank(layer: str) -> int:
    """The place of a layer, 0 (static) to 3 (quirk); TermError for another word."""
    if layer not in LAYERS:
        raise TermError(f"the layer {layer!r} is unknown; {', '.join(LAYERS)} are the layers")
    return LAYERS.index(layer)


def denials(stretches: Iterable[Stretch]) -> dict[tuple[str, int], list[Row]]:
    """What quirks deny: from facts `denied(Pattern)` to argument patterns by relation name and arity.

    A pattern may hold variables, as in `denied(cache(_, 4, _, _, _, _))`. It hides matching facts of the
    layers below quirk, so that the next best fact of the same key may win.
    """
    found: dict[tuple[str, int], list[Row]] = {}
    for stretch in stretches:
        if stretch.layer == QUIRK:
            for row in stretch.rows:
                name, args = _as_fact(row)
                found.setdefault((name, len(args)), []).append(args)
    return found


def _as_fact(row: Row) -> tuple[str, Row]:
    pattern = row[0]
    if isinstance(pattern, Compound):
        return pattern.functor, pattern.args
    return str(pattern), ()


def winners(stretches: Sequence[Stretch], key: tuple[int, ...] | None, denied: Sequence[Row] = ()) -> dict[Row, int]:
    """The facts that goals see, each with the index of the stretch that states it.

    `stretches` ascend by layer, then revision; `key` names the argument positions that identify it, None all.
    """
    if key is None and not denied:
        return {row: index for index, stretch in enumerate(stretches) for row in stretch.rows}
    best: dict[object, tuple[Row, int]] = {}
    identify = itemgetter(*key) if key else tuple
    for index, row in _undenied(stretches, denied):
        best[identify(row)] = (row, index)
    return dict(best.values())


def unrivalled(
    stretches: Sequence[Stretch], key: tuple[int, ...] | None, denied: Sequence[Row] = ()
) -> tuple[Row, ...] | None:
    """All rows as they were stated, where that is at once and no two of them contradict; None where not sure.

    It spares large relations the table of winners, which takes more memory than their rows.
    """
    if len(stretches) != 1 or denied:
        return None
    rows = stretches[0].rows.tuples
    return rows if _are_distinct(rows, key) else None


def _are_distinct(rows: Sequence[Row], key: tuple[int, ...] | None) -> bool:
    """Most lists ascend by their key: seeing that costs no memory."""
    identify = itemgetter(*key) if key else None

    def keys() -> Iterable[Any]:
        return rows if identify is None else map(identify, rows)

    try:
        if all(map(lt, keys(), islice(keys(), 1, None))):
            return True
    except TypeError:  # terms of different kinds have no order
        pass
    return len(set(keys())) == len(rows)


def by_key(stretches: Sequence[Stretch], key: tuple[int, ...] | None) -> dict[Row, list[tuple[int, Row]]]:
    """Every stated row under the values of its key, with the index of its stretch."""
    found: dict[Row, list[tuple[int, Row]]] = {}
    for index, stretch in enumerate(stretches):
        for row in stretch.rows:
            value = row if not key else tuple([row[at] for at in key])
            found.setdefault(value, []).append((index, row))
    return found


def _undenied(stretches: Sequence[Stretch], denied: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    for index, stretch in enumerate(stretches):
        for row in stretch.rows:
            if stretch.layer == QUIRK or not any(matches(pattern, row) for pattern in denied):
                yield index, row
