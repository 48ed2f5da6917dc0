"""The mesh, its memory without coherence, and what an operation costs there."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scc_machine import CHIP, COSTS

from kernelsim.errors import ScenarioError
from kernelsim.scc.chip import Chip, apart, mesh
from kernelsim.scc.costs import BIT, READ_LINE, READ_WORD, WRITE_LINE
from kernelsim.scc.memory import ZEROS, blank

core = st.integers(0, 47)
WORDS = tuple(range(1, 9))


def test_24_tiles_of_two_cores_stand_in_a_mesh_of_6_by_4() -> None:
    assert CHIP.cores == 48
    assert len(set(CHIP.tiles)) == 24
    assert CHIP.hops(0, 1) == 0
    assert CHIP.hops(0, 47) == 5 + 3
    assert set(CHIP.memory) == {(0, 0), (5, 0), (0, 2), (5, 2)}


@given(core, core)
def test_packets_go_along_the_row_then_along_the_column(source: int, target: int) -> None:
    route = CHIP.route(source, target)
    assert route[0] == CHIP.tiles[source]
    assert route[-1] == CHIP.tiles[target]
    assert len(route) == 1 + CHIP.hops(source, target)
    assert all(apart(*link) == 1 for link in pairwise(route))
    turned = [one[0] == other[0] for one, other in pairwise(route)]
    assert turned == sorted(turned)


def test_a_core_that_does_not_exist_is_named() -> None:
    with pytest.raises(ScenarioError, match="core 48 does not exist; the chip has cores 0 to 47"):
        CHIP.hops(0, 48)
    with pytest.raises(ScenarioError, match="a mesh of 0 x 4 tiles"):
        mesh(0)
    with pytest.raises(ScenarioError, match="a chip with 0 cores"):
        Chip((), ())


# -- memory ----------------------------------------------------------------------------------------------------


def test_without_invalidation_a_core_reads_a_stale_copy_for_ever() -> None:
    memory, before = blank(2, 2).load(1, 0)
    assert before == ZEROS
    for word, value in enumerate(WORDS):
        memory = memory.store(0, 0, word, value)
    memory, stale = memory.load(1, 0)
    assert stale == ZEROS
    assert memory.fetched == 1
    memory, fresh = memory.invalidate(1).load(1, 0)
    assert fresh == WORDS
    assert memory.fetched == 2


def test_the_write_combining_buffer_holds_a_line_back_until_it_is_full_or_another_is_written() -> None:
    memory = blank(2, 2).store(0, 0, 0, 7)
    assert memory.load(1, 0)[1] == ZEROS
    assert memory.flushed == 0
    memory = memory.store(0, 1, 0, 8)
    assert memory.load(1, 0)[1] == (7, *ZEROS[1:])
    assert memory.flushed == 1
    for word in range(1, 8):
        memory = memory.store(0, 1, word, 9)
    assert memory.flushed == 2
    assert memory.cores[0].combining == -1


def test_a_store_does_not_bring_its_line_into_the_cache() -> None:
    memory = blank(1, 1).store(0, 0, 0, 7).flush(0)
    assert memory.cores[0].copies == ()
    assert memory.load(0, 0)[0].fetched == 1


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 7), st.integers(1, 9)), max_size=40))
def test_who_invalidates_sees_what_was_flushed_last(writes: list[tuple[int, int, int, int]]) -> None:
    memory = blank(2, 3)
    truth = [[0] * 8, [0] * 8]
    for writer, line, word, value in writes:
        memory = memory.store(writer, line, word, value).flush(writer)
        truth[line][word] = value
        memory = memory.load(2, line)[0]
    for line in (0, 1):
        assert memory.invalidate(2).load(2, line)[1] == tuple(truth[line])


def test_a_line_that_there_is_not_is_refused() -> None:
    with pytest.raises(ScenarioError, match="line 2; accepted: 0 to 1"):
        blank(2, 1).load(0, 2)


# -- costs -----------------------------------------------------------------------------------------------------


def test_an_access_costs_cycles_of_the_core_and_of_the_mesh_for_every_hop() -> None:
    assert COSTS.buffer_access(0) == 45
    assert COSTS.ps(COSTS.buffer_access(8)) == round((45 / 533e6 + 64 / 800e6) * 1e12)
    assert replace(COSTS, percent=10).buffer_access(0) * 10 == 45


@given(
    st.integers(1, 500),
    st.integers(0, 100),
    st.integers(0, 20),
    st.integers(1, 20),
    st.integers(0, 50),
    st.integers(0, 9),
)
def test_a_sender_by_tree_pays_more_than_one_by_ring_whatever_operations_cost(
    buffer: int, per_hop: int, load: int, store: int, bit: int, hops: int
) -> None:
    """Two line reads and two bit operations stand beside two reads of a word; all else is equal."""
    costs = replace(COSTS, buffer=buffer, mesh_per_hop=per_hop, load=load, store=store, bit=bit)
    ring = 2 * costs.operation(READ_WORD, hops) + 2 * costs.operation(WRITE_LINE, hops)
    tree = 2 * (costs.operation(READ_LINE, hops) + costs.operation(WRITE_LINE, hops) + costs.operation(BIT, hops))
    assert tree >= ring
