"""Scotch as a source of seeds and as a peer."""

import numpy as np
import pytest

from experiments.scotch import is_installed, scotch_map
from planner.placement import place_matrix
from planner.placement.matrix_problem import matrix_problem

PACKAGES = (10.0 - 9 * np.kron(np.eye(4), np.ones((4, 4)))).tolist()
PAIRS = np.kron(np.eye(8), np.ones((2, 2))).tolist()

needs_scotch = pytest.mark.skipif(not is_installed(), reason="needs Debian's scotch")


@needs_scotch
def test_scotch_maps_each_thread_to_a_core_of_its_own():
    found = scotch_map(matrix_problem(PACKAGES, PAIRS))
    assert sorted(found) == list(range(16))


def test_distances_without_equal_branches_have_no_map():
    uneven = np.full((5, 5), 9.0)
    uneven[:2, :2] = uneven[2:, 2:] = 1.0
    assert scotch_map(matrix_problem(uneven.tolist(), np.eye(5).tolist())) == ()


def test_a_map_of_another_tool_is_never_made_worse():
    best = tuple(range(16))
    found = place_matrix(PACKAGES, PAIRS, iterations=1, mappers=(lambda problem: best,))
    assert found.cost <= matrix_problem(PACKAGES, PAIRS).cost(best)


def test_a_map_that_is_none_is_not_taken():
    found = place_matrix(PACKAGES, PAIRS, iterations=1, mappers=(lambda problem: [0] * 16, lambda problem: ()))
    assert len(set(found.cores)) == 16
