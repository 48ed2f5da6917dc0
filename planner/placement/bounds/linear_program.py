"""A linear program over bounded real variables that grows by constraints, solved by GLOP."""

from collections.abc import Sequence

import numpy as np
from ortools.linear_solver import pywraplp

from planner.placement.problem import Matrix


class LinearProgram:
    """Maximise factors x variables; its answers are approximate and to be checked by whoever claims something."""

    def __init__(self, low: Matrix, high: Matrix, factors: Matrix) -> None:
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._variables = [self._solver.NumVar(float(a), float(b), "") for a, b in zip(low, high, strict=True)]
        objective = self._solver.Objective()
        for variable, factor in zip(self._variables, factors, strict=True):
            objective.SetCoefficient(variable, float(factor))
        objective.SetMaximization()

    def at_most(self, columns: Sequence[int], factors: Sequence[float], limit: float) -> None:
        """The sum of factor x variable over these columns stays within the limit."""
        constraint = self._solver.Constraint(-self._solver.infinity(), limit)
        for column, factor in zip(columns, factors, strict=True):
            constraint.SetCoefficient(self._variables[column], float(factor))

    def solve(self) -> Matrix | None:
        """The variables' values; None where the solver gave up."""
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            return None
        return np.array([variable.solution_value() for variable in self._variables])
