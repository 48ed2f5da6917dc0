"""Machines larger than any that was measured: packages of 16 cores with estimated latencies."""

from dataclasses import dataclass
from functools import cache
from math import log

import facts
import skb
from experiments.deploy import Deployment, deploy
from experiments.parameters import Parameter
from planner import Topology

CORES_A_PACKAGE = 16
SIZES = (16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True)
class Large:
    """One machine as the planner sees it and as the simulator does; core ids are the same in both."""

    topology: Topology
    deployment: Deployment


@cache
def large(cores: int) -> Large:
    """A machine of `cores` cores, a multiple of 16."""
    described = facts.read(f"synthetic:pack:{cores // CORES_A_PACKAGE} core:{CORES_A_PACKAGE} pu:1")
    topology = Topology.of(skb.load(described))
    return Large(topology, deploy(topology))


def growth(first: tuple[float, float], last: tuple[float, float]) -> float:
    """The exponent k of value ~ cores ** k between two points: 1 is linear, 0 constant."""
    return round(log(last[1] / first[1]) / log(last[0] / first[0]), 2)


def parameters(*names: str) -> tuple[Parameter, ...]:
    """Those of the machine's parameters with where they come from."""
    used = large(SIZES[-1]).deployment.parameters
    shape = Parameter("machine", "packages of 16 cores at 2 GHz", "", "free: no such machine was measured")
    return (shape, *(one for one in used if one.name in names))
