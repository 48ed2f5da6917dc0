"""The operator table of the notation: ECLiPSe's, with the label `@` and the family `for`."""

from typing import NamedTuple


class Operator(NamedTuple):
    """Priority of the operator itself and the greatest priorities that its operands may have."""

    priority: int
    left: int
    right: int


def _infix(priority: int, kind: str) -> Operator:
    return Operator(
        priority, priority if kind[0] == "y" else priority - 1, priority if kind[2] == "y" else priority - 1
    )


def _prefix(priority: int, kind: str) -> Operator:
    return Operator(priority, 0, priority if kind[1] == "y" else priority - 1)


_INFIX = {
    (1200, "xfx"): ":- -->",
    (1100, "xfy"): "; | do",
    (1050, "xfy"): "-> *->",
    (1000, "xfy"): ",",
    (790, "xfx"): "@",
    (780, "xfx"): "for",
    (760, "yfx"): "#<=> #<==>",
    (750, "xfy"): "#=> #==>",
    (740, "yfx"): "#\\/",
    (720, "yfx"): "#/\\",
    (700, "xfx"): (
        "= \\= == \\== @< @> @=< @>= =.. is =:= =\\= < > =< >= :: #:: "
        "#= #\\= #< #=< #> #>= $= $< $> $=< $>= $:: from with in ~="
    ),
    (600, "xfx"): "..",
    (600, "xfy"): ":",
    (500, "yfx"): "+ - /\\ \\/ xor",
    (400, "yfx"): "* / // mod rem div << >>",
    (200, "xfx"): "**",
    (200, "xfy"): "^",
}
_PREFIX = {
    (1200, "fx"): ":- ?-",
    (1150, "fx"): "why dynamic discontiguous table local export reexport import mode initialization",
    (900, "fy"): "\\+ not ~",
    (710, "fy"): "#\\",
    (200, "fy"): "- + \\",
}

INFIX = {name: _infix(*key) for key, names in _INFIX.items() for name in names.split()}
PREFIX = {name: _prefix(*key) for key, names in _PREFIX.items() for name in names.split()}
