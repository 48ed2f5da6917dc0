"""Which of contradicting facts wins: quirk over measured over discovered over static, then the newest."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from skb.errors import TermError
from skb.matching import matches
from skb.terms import Compound, Row

LAYERS = ("static", "discovered", "measured", "quirk")
QUIRK = LAYERS.index("quirk")
DENIED = "denied"


class Stretch(NamedTuple):
    """Rows of one relation that were stated together: same layer, same source, same revision."""

    layer: int
    source: str
    revision: int
    rows: Sequence[Row]


def stretches(said: Iterable[tuple[int, str, int, Row]]) -> tuple[Stretch, ...]:
    """Runs of equal (layer, source, revision), ascending by layer, then revision, then as stated."""
    ordered = sorted(said, key=itemgetter(0, 2))
    return tuple(
        Stretch(layer, source, revision, tuple([row for *_, row in run]))
        for (layer, source, revision), run in groupby(ordered, key=itemgetter(0, 1, 2))
    )


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


def _undenied(stretches: Sequence[Stretch], denied: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    for index, stretch in enumerate(stretches):
        for row in stretch.rows:
            if stretch.layer == QUIRK or not any(matches(pattern, row) for pattern in denied):
                yield index, row
