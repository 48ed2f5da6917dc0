"""The colours of applications, the same in every picture of a trace and distinct for colour-blind eyes."""

from collections.abc import Iterable

from kernelsim.trace import Slice

MONITOR = "#8a8f98"
PALETTE = ("#d55e00", "#0072b2", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#b8a800")
"""Okabe and Ito's, from vermilion on, its yellow darkened for white paper."""


def application_of(who: str) -> str:
    """The application that a dispatcher belongs to: `barrier` for `barrier.3`."""
    return who.rpartition(".")[0] or who


def colours(slices: Iterable[Slice]) -> dict[str, str]:
    """A colour for each application, in the order of names; monitors are grey. After seven, paler ones follow."""
    names = {application_of(slice_.who) for slice_ in slices}
    chosen = {name: _colour(number) for number, name in enumerate(sorted(names - {"monitor"}))}
    if "monitor" in names:
        chosen["monitor"] = MONITOR
    return chosen


def _colour(number: int) -> str:
    colour = PALETTE[number % len(PALETTE)]
    white = 1 - 0.6 ** (number // len(PALETTE))
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * white):02x}" for part in parts)
