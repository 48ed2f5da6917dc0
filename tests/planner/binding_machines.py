"""Machines for the tests of bindings, each also as the synthetic description that hwloc's tools take."""

import facts
import skb
from planner.binding import Numbering
from planner.machine.topology import Topology

TWO_BY_FOUR_SMT = "pack:2 [numa] core:4 pu:2(indexes=0,8,1,9,2,10,3,11,4,12,5,13,6,14,7,15)"
"""As Linux numbers it: OS indexes 0-7 are first siblings, 8-15 second ones."""

LARGE = "pack:2 [numa] l3:5 core:16 pu:1"
"""160 CPUs: a mask has more than 64 bits."""


def topology(description: str) -> Topology:
    return Topology.of(skb.load(facts.read(f"synthetic:{description}")))


def numbering(description: str) -> Numbering:
    return Numbering.of(topology(description))
