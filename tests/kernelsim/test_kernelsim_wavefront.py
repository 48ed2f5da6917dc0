"""LU's pipelined sweeps over messages."""

from collections.abc import Callable

import pytest
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Programs, Scenario, run
from kernelsim.applications.wavefront import Cost, Solver, Wavefront

CORES = machine(16)
ITERATION_PS = 50 * MS


def free(source: int, target: int, size_bytes: int) -> Cost:
    return Cost(0, 0, 0)


def slow(source: int, target: int, size_bytes: int) -> Cost:
    return Cost(1 * US, 20 * US, 1 * US)


def iteration_ps(work: Wavefront, transport: Callable[[int, int, int], Cost] = free) -> int:
    solver = Solver(work, transport)
    lu = Application("lu", Programs(solver.make), tuple(range(work.ranks)))
    outcome = run(Scenario(CORES, (lu,), 4 * ITERATION_PS)).applications["lu"]
    assert (outcome.progress, outcome.failures) == (2 * work.ranks, ())
    return solver.iteration_ps()


@pytest.mark.parametrize(("ranks", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (4, 2, 2), (8, 4, 2), (16, 4, 4)])
def test_a_power_of_two_of_ranks_forms_a_grid_whose_inner_edges_are_shared(ranks: int, columns: int, rows: int) -> None:
    work = Wavefront(ranks, ITERATION_PS)
    assert (work.columns, work.rows) == (columns, rows)
    for rank in range(ranks):
        for across, along in ((1, 0), (0, 1)):
            other = work.neighbour(rank, across, along)
            assert other is None or work.neighbour(other, -across, -along) == rank


def test_one_rank_takes_all_the_work_and_no_message() -> None:
    assert iteration_ps(Wavefront(1, ITERATION_PS), slow) == pytest.approx(ITERATION_PS, rel=1e-6)


@pytest.mark.parametrize("ranks", [4, 16])
def test_with_free_messages_only_the_filling_of_the_pipeline_is_lost(ranks: int) -> None:
    """Each sweep lasts as many planes longer as the last rank is away from the first."""
    work = Wavefront(ranks, ITERATION_PS)
    plane_ps = ITERATION_PS * 0.65 / (2 * work.planes) / ranks
    steps = work.columns + work.rows - 2
    assert iteration_ps(work) == pytest.approx(ITERATION_PS / ranks + 2 * steps * plane_ps, rel=0.02)


def test_without_a_pipeline_the_sweeps_do_not_scale() -> None:
    together = iteration_ps(Wavefront(16, ITERATION_PS, at_once=62))
    assert together > 3 * iteration_ps(Wavefront(16, ITERATION_PS))


def test_what_a_message_keeps_its_ends_busy_is_lost_and_its_latency_once_a_sweep() -> None:
    work = Wavefront(4, ITERATION_PS)
    lost_ps = iteration_ps(work, slow) - iteration_ps(work)
    busy_ps, filling_ps = 2 * work.planes * 2 * US, 2 * 2 * 20 * US
    assert lost_ps == pytest.approx(busy_ps + filling_ps, rel=0.05)


def test_edges_shrink_with_the_grid() -> None:
    work = Wavefront(8, ITERATION_PS)
    assert (work.edge_bytes(1), work.edge_bytes(0)) == (64 // 2 * 40, 64 // 4 * 40)
