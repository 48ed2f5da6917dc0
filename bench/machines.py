"""The synthetic machines on which queries are measured: sockets, nodes, shared L3s, devices, a mesh."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from typing import TypeAlias

Fact: TypeAlias = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How many cores there are, and how many share an L3 and a node."""

    cores: int
    per_l3: int
    per_node: int


SMALL = Shape(48, 6, 6)
LARGE = Shape(1024, 8, 16)


def machine_facts(shape: Shape, seed: int) -> list[Fact]:
    """Every fact of a machine as (relation, integers); equal seeds give equal machines."""
    return [*_cores(shape), *latencies(shape, random.Random(seed)), *_devices(shape), *_mesh(shape.cores)]


def _cores(shape: Shape) -> Iterator[Fact]:
    for core in range(shape.cores):
        yield "core", (core, core // shape.per_node)
        yield "cache", (core, core, 1, 32 << 10)
        yield "cache", (shape.cores + core, core, 2, 512 << 10)
        yield "cache", (2 * shape.cores + core // shape.per_l3, core, 3, 16 << 20)


def latencies(shape: Shape, rng: random.Random) -> Iterator[Fact]:
    """`message_rtt` of every ordered pair of cores, one after another."""
    for a in range(shape.cores):
        for b in range(shape.cores):
            if a != b:
                average = _distance(shape, a, b) + rng.randint(0, 59)
                variance = rng.randint(1, 39)
                yield "message_rtt", (a, b, average, variance, average - variance, average + 2 * variance)


def _distance(shape: Shape, a: int, b: int) -> int:
    if a // shape.per_l3 == b // shape.per_l3:
        return 420
    hops = (a // shape.per_node ^ b // shape.per_node).bit_count()
    return 900 + 180 * hops if hops else 700


def _devices(shape: Shape) -> Iterator[Fact]:
    """One root complex for four nodes, with eight buses of four devices."""
    for complex_ in range(shape.cores // shape.per_node // 4):
        first = 8 * complex_
        yield "childbus", (complex_, first, first + 7)
        yield "rootcomplex_node", (complex_, 4 * complex_)
        for bus in range(first, first + 8):
            for device in range(4):
                yield "device", (bus, device, 0, 0x8086, 0x1500 + device, 2)


def _mesh(cores: int) -> Iterator[Fact]:
    """Neighbours in the grid nearest to a square, both directions."""
    width = next(size for size in range(isqrt(cores), 0, -1) if cores % size == 0)
    for core in range(cores):
        if (core + 1) % width:
            yield "mesh", (core, core + 1)
            yield "mesh", (core + 1, core)
        if core + width < cores:
            yield "mesh", (core, core + width)
            yield "mesh", (core + width, core)
