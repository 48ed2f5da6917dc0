"""Caches: what was used lately is near, what somebody modified is with him alone."""

from hypothesis import given
from hypothesis import strategies as st

from kernelsim.machine.caches import Caches, Level
from kernelsim.microbenchmarks.pointer_chase import chase_ps, steal_ps

L1, L2, L3, SIBLING, FAR, MEMORY = 2, 15, 75, 130, 190, 400
CORES = (0, 1, 2, 3)
BETWEEN = [[SIBLING if a // 2 == b // 2 else FAR for b in CORES] for a in CORES]


def caches() -> Caches:
    """Two packages of two cores; 4 and 8 lines a core, 16 victims a package."""
    own = tuple((core,) for core in CORES)
    levels = (Level("l1", 4, L1, own), Level("l2", 8, L2, own), Level("l3", 16, L3, ((0, 1), (2, 3)), is_victim=True))
    return Caches(levels, BETWEEN, MEMORY)


def test_a_set_is_served_from_the_first_level_that_holds_all_of_it() -> None:
    assert [chase_ps(caches(), 0, range(lines), laps=3) for lines in (4, 8, 12)] == [L1, L2, L3]


def test_a_set_that_no_level_holds_comes_from_memory() -> None:
    assert chase_ps(caches(), 0, range(60), laps=3) == MEMORY


def test_modified_lines_come_from_who_modified_them() -> None:
    assert steal_ps(caches(), 1, 0, range(4)) == SIBLING
    assert steal_ps(caches(), 2, 0, range(4)) == FAR


def test_a_write_takes_the_line_out_of_the_shared_third_level_too() -> None:
    machine = caches()
    chase_ps(machine, 0, range(12))
    assert machine.read(0, 0) == L3
    machine.write(1, 0)
    assert machine.read(0, 0) == SIBLING


@given(st.lists(st.tuples(st.sampled_from(CORES), st.integers(0, 30), st.booleans()), max_size=80))
def test_after_a_write_only_the_writer_is_near_the_line(accesses: list[tuple[int, int, bool]]) -> None:
    machine = caches()
    for core, line, is_write in accesses:
        if is_write:
            machine.write(core, line)
            other = (core + 1) % len(CORES)
            assert machine.read(core, line) == L1
            assert machine.read(other, line) == BETWEEN[core][other]
        else:
            machine.read(core, line)
            assert machine.read(core, line) == L1


@given(st.lists(st.integers(0, 8), max_size=60))
def test_one_level_evicts_the_least_recently_used_line(lines: list[int]) -> None:
    machine = Caches((Level("l1", 4, L1, ((0,),)),), [[0]], MEMORY)
    recent: list[int] = []
    for line in lines:
        assert machine.read(0, line) == (L1 if line in recent else MEMORY)
        recent = [*(one for one in recent if one != line), line][-4:]
