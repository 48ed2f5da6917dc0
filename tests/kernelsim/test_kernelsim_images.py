"""Where CPU drivers lie: next to each core, or somewhere."""

import pytest

from kernelsim.core.images import CODE_BYTES, DATA_BYTES, LINES, DriverImages
from kernelsim.machine.caches import Caches, Level

NODE = (0, 0, 1, 1, 2, 2, 3, 3)
LATENCY_PS = [[100 + 30 * min(abs(a - b), 4 - abs(a - b)) for b in range(4)] for a in range(4)]
"""Four nodes in a ring."""
CALL = range(20)
OWN_WORK = range(10**7, 10**7 + 64)


def caches(images: DriverImages) -> Caches:
    private = Level("L2", 32, 2, tuple((core,) for core in range(8)))
    return Caches([private], [[60] * 8 for _ in range(8)], images.memory_ps)


def waits(images: DriverImages) -> list[int]:
    """What each core's call waits for a line on average, once the work of all has pushed the drivers out."""
    cached = caches(images)
    waited = []
    for core in range(8):
        waited.append(images.call_ps(cached, core, CALL) // len(CALL))
        for line in OWN_WORK:
            cached.read(core, line + 1000 * core)
    return waited


@pytest.fixture
def own() -> DriverImages:
    return DriverImages(NODE, LATENCY_PS)


def test_every_core_finds_its_driver_in_its_own_memory(own: DriverImages) -> None:
    assert [own.memory_ps(core, own.line(core, place)) for core in range(8) for place in (0, LINES - 1)] == [100] * 16
    assert waits(own) == [100] * 8


def test_one_driver_for_all_is_slower_for_every_core_that_is_far_from_it(own: DriverImages) -> None:
    shared = DriverImages(NODE, LATENCY_PS, only_at=0)
    assert waits(shared) == [100, 100, 130, 130, 160, 160, 130, 130]
    assert sum(waits(shared)) > sum(waits(own))


def test_no_line_belongs_to_two_copies(own: DriverImages) -> None:
    edges = [own.line(core, place) for core in range(8) for place in (0, LINES - 1)]
    assert sorted(set(edges)) == edges
    assert {own.home(line) for line in edges} == {0, 1, 2, 3}


def test_a_copy_for_each_core_is_paid_for_in_memory(own: DriverImages) -> None:
    assert own.size_bytes == 8 * (CODE_BYTES + DATA_BYTES) == 39_080_000
    assert DriverImages(NODE, LATENCY_PS, only_at=3).size_bytes == CODE_BYTES + DATA_BYTES


def test_a_second_call_finds_its_lines_in_the_cache(own: DriverImages) -> None:
    cached = caches(own)
    assert own.call_ps(cached, 5, CALL) == 100 * len(CALL)
    assert own.call_ps(cached, 5, CALL) == 2 * len(CALL)
