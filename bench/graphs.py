"""Communication graphs to be mapped: stencils, random ones, groups, and blocks whose best map is known."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def stencil(shape: Sequence[int]) -> Matrix:
    """A grid of these sides; each point talks with its neighbours on both sides of every axis."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    flow = np.zeros((numbers.size, numbers.size))
    for axis in range(len(shape)):
        ahead = np.moveaxis(numbers, axis, 0)
        flow[ahead[:-1].ravel(), ahead[1:].ravel()] = 1.0
    return flow + flow.T


def sides(count: int, axes: int) -> tuple[int, ...]:
    """`count` as a product of `axes` factors, as even as they get."""
    if axes == 1:
        return (count,)
    first = next(side for side in range(round(count ** (1 / axes)), 0, -1) if count % side == 0)
    return (first, *sides(count // first, axes - 1))


def random_graph(count: int, degree: int, seed: int) -> Matrix:
    """Each point talks with about `degree` others, drawn at random, at rates of 1 to 9."""
    random = np.random.default_rng(seed)
    flow = np.zeros((count, count))
    for point in range(count):
        flow[point, random.choice(count, degree // 2, replace=False)] += random.integers(1, 10, degree // 2)
    np.fill_diagonal(flow, 0.0)
    return flow + flow.T


def groups(count: int, size: int, seed: int) -> Matrix:
    """Groups of `size` that talk all to all, their members scattered, and as many thin edges as points."""
    random = np.random.default_rng(seed)
    flow = 10.0 * np.kron(np.eye(count // size), np.ones((size, size)))
    order = random.permutation(count)
    flow = flow[np.ix_(order, order)]
    for one, other in random.integers(0, count, (count, 2)):
        flow[one, other] += 1.0
        flow[other, one] += 1.0
    np.fill_diagonal(flow, 0.0)
    return flow


def nested(arities: Sequence[int], weights: Sequence[float]) -> Matrix:
    """Pairs weighted by the outermost level at which they differ; `arities` from the outside in."""
    square = np.zeros((1, 1))
    for arity, weight in zip(reversed(arities), reversed(weights), strict=True):
        size = len(square)
        inside = np.kron(np.eye(arity), square)
        across = np.kron(1.0 - np.eye(arity), np.full((size, size), weight))
        square = inside + across
    return square


def scattered(flow: Matrix, seed: int) -> Matrix:
    """The same graph with its points renamed at random."""
    order = np.random.default_rng(seed).permutation(len(flow))
    return flow[np.ix_(order, order)]
