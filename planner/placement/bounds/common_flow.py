"""The flow that all pairs have in common, which costs the same wherever they are."""

from dataclasses import replace

import numpy as np

from planner.placement.problem import Problem


def without_common_flow(problem: Problem) -> tuple[Problem, float]:
    """The problem with that flow taken away, and its cost; only where every location is used is there any."""
    flow = problem.flow.copy()
    np.fill_diagonal(flow, 0.0)
    count = problem.size
    apart = ~np.eye(problem.location_count, dtype=bool)
    if count < 2 or count < problem.location_count:
        return replace(problem, flow=flow), 0.0
    common = float(flow[apart].min())
    return replace(problem, flow=np.where(apart, flow - common, 0.0)), common * float(problem.distance[apart].sum())
