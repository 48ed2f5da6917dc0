"""How straight a curve is."""

from collections.abc import Sequence
from statistics import mean


def r_squared(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The share of the variance of `ys` that the best straight line over `xs` explains; 0 for a constant."""
    x_mean, y_mean = mean(xs), mean(ys)
    spread = sum((y - y_mean) ** 2 for y in ys)
    if not spread:
        return 0.0
    covariance = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return covariance**2 / (sum((x - x_mean) ** 2 for x in xs) * spread)
