"""Bindings of threads to hardware threads and memory: each notation read, written, and turned into another."""

from planner.binding.binding import Binding, Bound, Memory, Written
from planner.binding.emit import emit
from planner.binding.notations import NOTATIONS, notation_named, read_binding, recognise, translate, write_binding
from planner.binding.numbering import Numbering

__all__ = [
    "NOTATIONS",
    "Binding",
    "Bound",
    "Memory",
    "Numbering",
    "Written",
    "emit",
    "notation_named",
    "read_binding",
    "recognise",
    "translate",
    "write_binding",
]
