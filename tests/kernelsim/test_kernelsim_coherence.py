"""Coherent lines: they move to who writes them, and who wants the same one queues."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kernelsim.engine import Engine
from kernelsim.machine.coherence import Coherence, Lines
from kernelsim.microbenchmarks.shared_update import SharedUpdate

HIT, NEAR, FAR, SERVICE = 2, 75, 160, 100
CORES = 6
FOREVER = 10**9


def coherence(*, service: int = SERVICE, is_contended: bool = True, pairs: bool = False) -> Coherence:
    """Cores 0 to 2 and 3 to 5 in a package each; with `pairs` two neighbours share a cache."""
    transfer = [[NEAR if a // 3 == b // 3 else FAR for b in range(CORES)] for a in range(CORES)]
    group = [core // 2 if pairs else core for core in range(CORES)]
    return Coherence(transfer, [HIT] * CORES, group, service, is_contended)


def test_a_line_in_the_own_cache_is_a_hit_and_moves_nothing() -> None:
    engine, ends = Engine(), list[int]()
    lines = Lines(engine, coherence())
    lines.write(0, 7, lambda: ends.append(engine.now))
    engine.run(FOREVER)
    assert (ends, lines.moved) == ([HIT], 0)


def test_a_message_of_one_line_takes_two_transactions() -> None:
    engine, ends = Engine(), list[int]()
    lines = Lines(engine, coherence(), home=3)

    def send() -> None:
        lines.write(0, 7, receive)

    def receive() -> None:
        lines.read(3, 7, lambda: ends.append(engine.now))

    send()
    engine.run(FOREVER)
    assert (ends, lines.moved) == ([2 * FAR], 2)


def test_a_write_waits_until_the_farthest_copy_is_given_up_and_a_read_comes_from_the_nearest() -> None:
    engine, ends = Engine(), list[int]()
    lines = Lines(engine, coherence(service=10))
    steps = [(3, False), (4, False), (1, True)]

    def step() -> None:
        ends.append(engine.now)
        if steps:
            core, is_write = steps.pop(0)
            (lines.write if is_write else lines.read)(core, 7, step)

    step()
    engine.run(FOREVER)
    assert [after - before for before, after in pairwise(ends)] == [FAR, NEAR, FAR]


@given(st.integers(2, CORES), st.integers(2, 8))
def test_busy_cores_wait_for_cores_times_lines_hand_offs(cores: int, lines: int) -> None:
    update = SharedUpdate(coherence(service=FAR), tuple(range(cores)), lines, work_ps=10)
    expected = cores * lines * FAR
    assert abs(update.latency_ps([17 * core for core in range(cores)]) - expected) <= 0.25 * expected / cores


def test_without_contention_the_number_of_cores_does_not_matter() -> None:
    update = [SharedUpdate(coherence(is_contended=False), tuple(range(n)), 8, 10).latency_ps([0] * n) for n in (4, 6)]
    assert max(update) <= 8 * FAR + 10


def test_cores_that_share_a_cache_leave_the_interconnect_alone() -> None:
    alone = SharedUpdate(coherence(service=5000, pairs=True), (0, 1), 8, 10).latency_ps([0, 30])
    assert alone < 5000


@given(
    st.lists(st.tuples(st.integers(0, CORES - 1), st.integers(0, 3), st.booleans(), st.integers(0, 400)), max_size=60)
)
def test_every_access_ends_and_those_of_a_line_end_in_the_order_of_request(
    accesses: list[tuple[int, int, bool, int]],
) -> None:
    engine = Engine()
    lines = Lines(engine, coherence())
    asked: list[tuple[int, int]] = []
    ended: list[tuple[int, int]] = []

    def begin(index: int, core: int, line: int, is_write: bool) -> None:
        asked.append((line, index))
        (lines.write if is_write else lines.read)(core, line, lambda: ended.append((line, index)))

    for index, (core, line, is_write, start) in enumerate(accesses):
        engine.at(start, lambda index=index, core=core, line=line, w=is_write: begin(index, core, line, w))  # type: ignore[misc]
    engine.run(FOREVER)
    assert sorted(ended) == sorted(asked)
    for line in range(4):
        queued = [index for one, index in asked if one == line]
        done = [index for one, index in ended if one == line]
        assert [i for i in done if accesses[i][2]] == [i for i in queued if accesses[i][2]]
