"""Cores exchange cache lines, and their timings become facts that can be true."""

import ctypes
import hashlib
import os
import shutil
import sys
import threading
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files as resources
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import facts
from facts.anomalies import AnomalyLog
from facts.measure import loops
from facts.measure.ends import Plan, two_ends
from facts.measure.findings import rows_of
from facts.measure.host import Measurement, measure_host
from facts.measure.loops import PING, PONG, SINK, STREAM, Burst, Loops
from facts.measure.machine_code import MADE_FROM
from facts.measure.spread import DISTURBED_FACTOR, spread_of
from facts.measure.sweeps import Effort, Timings, pairs_by_distance

SHORT = Effort(sweeps=2, batches=8)
WORDS = loops.LINE_BYTES // ctypes.sizeof(ctypes.c_ulong)

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux pins threads")
on_two_cpus = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="a message needs two CPUs"
)
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")


@pytest.fixture(scope="module")
def measurement() -> Measurement:
    return measure_host(facts.read("host"), effort=SHORT)


def rows(measurement: Measurement, relation: str) -> list[tuple[facts.Fact, ...]]:
    return [fact.args for fact in measurement.facts if fact.relation == relation]


@on_two_cpus
def test_every_ordered_pair_of_usable_cores_has_a_latency_an_interval_and_their_samples(measurement: Measurement):
    usable = len(os.sched_getaffinity(0))
    for relation, each in (("message_latency_ps", 1), ("message_interval_ps", 1), ("message_samples", 2)):
        found = rows(measurement, relation)
        assert len({row[:2] for row in found}) == usable * (usable - 1)
        assert len(found) == each * usable * (usable - 1)
    assert measurement.pairs == usable * (usable - 1) // 2
    assert {fact.layer for fact in measurement.facts} == {"measured"}


@on_two_cpus
def test_measured_times_are_of_cache_lines(measurement: Measurement):
    for relation in ("message_latency_ps", "message_interval_ps"):
        for *_, mean, deviation, least, greatest in rows(measurement, relation):
            assert 0 < least <= mean <= greatest
            assert 0 <= deviation <= greatest - least
    for *_, mean, _, _, _ in rows(measurement, "message_latency_ps"):
        assert 1_000 <= mean <= 100_000_000


@on_two_cpus
def test_the_answer_says_how_it_was_measured(measurement: Measurement):
    assert measurement.method in {"machine_code", "compiled"}
    assert measurement.samples == sum(row[3] for row in rows(measurement, "message_samples"))
    assert measurement.clock_resolution_ns >= 1
    assert all(measurement.method in fact.source for fact in measurement.facts)


@on_two_cpus
def test_measured_facts_stand_beside_those_of_the_reading(measurement: Measurement):
    reading = facts.read("host")
    together = measurement.beside(reading)
    assert together.facts == reading.facts + measurement.facts
    assert together.objects == reading.objects


@on_two_cpus
def test_an_interrupted_measurement_leaves_no_thread_and_this_one_where_it_was():
    before, cpus = threading.active_count(), os.sched_getaffinity(0)

    def interrupt(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_host(facts.read("host"), effort=SHORT, told=interrupt)
    assert threading.active_count() == before
    assert os.sched_getaffinity(0) == cpus


@on_two_cpus
def test_a_share_of_the_work_is_told_up_to_the_whole():
    told: list[float] = []
    measure_host(facts.read("host"), effort=Effort(sweeps=1, batches=8), told=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


@on_linux
def test_a_process_with_one_cpu_is_told_so():
    def on_one_cpu() -> Measurement:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        return measure_host(facts.read("host"), effort=SHORT)

    with ThreadPoolExecutor(1) as pinned, pytest.raises(facts.ReadError, match="may use 1 of") as refused:
        pinned.submit(on_one_cpu).result()
    assert refused.value.code == "one_cpu"


@on_two_cpus
def test_without_time_nothing_is_measured_and_the_refusal_says_why():
    with pytest.raises(facts.ReadError, match="were not reached within the time limit") as refused:
        measure_host(facts.read("host"), time_limit_s=0)
    assert refused.value.code == "unmeasurable"


@on_linux
def test_a_cpu_that_is_not_there_is_refused():
    absent = max(os.sched_getaffinity(0)) + 4096
    with two_ends(loops.find_loops()) as ends, pytest.raises(facts.ReadError) as refused:
        ends.visit((min(os.sched_getaffinity(0)), absent), [Plan(PING, by=0, batches=1, rounds=1)])
    assert refused.value.code == "cannot_pin"


@on_linux
def test_a_host_without_executable_memory_and_compiler_is_refused_with_both_reasons(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "memfd_create", refuse)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(facts.ReadError, match="C compiler called cc is accepted") as refused:
        loops.find_loops()
    assert refused.value.code == "no_loops"
    assert len(refused.value.details["reasons"]) == 2


def refuse(*_: object) -> int:
    raise PermissionError(1, "Operation not permitted")


def test_the_machine_code_was_made_from_the_source_beside_it():
    source = resources("facts.measure").joinpath("loops.c").read_bytes()
    assert hashlib.sha256(source).hexdigest() == MADE_FROM


Load = Callable[[], Loops]
each_way = pytest.mark.parametrize(
    "load",
    [pytest.param(loops.bundled, marks=on_linux), pytest.param(loops.compiled, marks=[on_linux, needs_compiler])],
)


class Channel:
    """Lines in memory, for one end alone; word `at` of line `n` is `lines[n * WORDS + at]`."""

    def __init__(self) -> None:
        self.lines = (ctypes.c_ulong * (loops.RING_LINES * WORDS))()
        self.back = (ctypes.c_ulong * WORDS)()
        self.stamps = (ctypes.c_ulonglong * 32)()

    def fill(self, line: int, number: int) -> None:
        self.lines[line * WORDS : (line + 1) * WORDS] = [number] * WORDS

    def run(self, made: Loops, role: int, *, batches: int, rounds: int) -> int:
        part = Burst(
            role=role,
            there=ctypes.addressof(self.lines),
            back=ctypes.addressof(self.back),
            first=1,
            batches=batches,
            rounds=rounds,
            patience=1_000,
            read_clock=made.read_clock,
            stamps=ctypes.addressof(self.stamps),
        )
        return made.run(ctypes.byref(part))


@each_way
def test_an_end_that_hears_nothing_gives_up(load: Load):
    made = load()
    for role in (PING, PONG, SINK):
        assert Channel().run(made, role, batches=3, rounds=5) == 0


@each_way
def test_ping_writes_whole_lines_and_pong_answers_them(load: Load):
    made, channel = load(), Channel()
    channel.run(made, PING, batches=1, rounds=1)
    assert channel.lines[:WORDS] == [1] * WORDS
    assert channel.run(made, PONG, batches=1, rounds=1) == 1
    assert channel.back[:] == [1] * WORDS


@each_way
def test_a_line_that_came_in_pieces_is_no_message(load: Load):
    made = load()
    for torn in range(WORDS - 1):
        channel = Channel()
        channel.fill(0, 1)
        channel.lines[torn] = 0
        assert channel.run(made, PONG, batches=1, rounds=1) == 0
        assert channel.back[:] == [0] * WORDS


@each_way
def test_a_stream_waits_when_its_ring_is_full(load: Load):
    made, channel = load(), Channel()
    assert channel.run(made, STREAM, batches=3, rounds=8) == loops.RING_LINES // 8
    sent = [channel.lines[line * WORDS] for line in range(loops.RING_LINES)]
    assert sent == [16, *range(1, 16)]


@each_way
def test_a_sink_takes_the_ring_in_order_and_acknowledges_it(load: Load):
    made, channel = load(), Channel()
    for number in range(1, loops.RING_LINES + 1):
        channel.fill(number % loops.RING_LINES, number)
    assert channel.run(made, SINK, batches=2, rounds=8) == 2
    assert channel.back[WORDS - 1] == loops.RING_LINES


@each_way
@on_two_cpus
def test_all_batches_of_a_burst_arrive_on_two_cpus(load: Load):
    one, other = sorted(os.sched_getaffinity(0))[:2]
    with two_ends(load()) as ends:
        found = ends.visit((one, other), [Plan(PING, 0, 10, 20), Plan(STREAM, 1, 5, 100), Plan(STREAM, 0, 7, 1)])
    assert [len(durations) for durations in found] == [10, 5, 7]


timings_ps = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=60)


@given(timings_ps)
def test_a_mean_lies_between_the_least_and_the_greatest(timings: list[int]):
    spread = spread_of(timings)
    assert spread is not None
    assert min(timings) == spread.least_ps <= spread.mean_ps <= spread.greatest_ps <= max(timings)
    assert spread.deviation_ps <= spread.greatest_ps - spread.least_ps
    assert spread.count + spread.disturbed == len(timings)
    assert 2 * spread.count > len(timings) or spread.count == spread.disturbed


@given(st.lists(st.integers(1_000, 3_000), min_size=3, max_size=40), st.integers(0, 10**9))
def test_one_interrupted_timing_changes_nothing(timings: list[int], late: int):
    assert spread_of([*timings, 3_000 * DISTURBED_FACTOR + 1 + late]) == spread_of_with_one_disturbed(timings)


def spread_of_with_one_disturbed(timings: list[int]) -> object:
    calm = spread_of(timings)
    assert calm is not None
    return type(calm)(calm.mean_ps, calm.deviation_ps, calm.least_ps, calm.greatest_ps, calm.count, 1)


def test_no_timings_have_no_spread():
    assert spread_of([]) is None


@given(st.lists(st.integers(0, 300), unique=True, max_size=12))
def test_a_sweep_visits_every_pair_once(cpus: list[int]):
    visited = list(pairs_by_distance(cpus))
    assert len(visited) == len(set(visited))
    assert {frozenset(pair) for pair in visited} == {frozenset(pair) for pair in combinations(cpus, 2)}


def timings_of(one_way: list[int], interval: list[int]) -> Timings:
    return Timings(array("I", one_way), array("I", interval))


def found(timings: Timings, clock_hz: dict[int, int]) -> tuple[dict[str, tuple[object, ...]], list[str]]:
    log = AnomalyLog()
    stated = list(rows_of({(7, 9): timings}, {7: 0, 9: 1}, clock_hz, "machine_code", log))
    return {name: args for name, args in stated if name != "message_samples"}, [each.code for each in log.all()]


@given(st.integers(1_000, 100_000_000), st.integers(100, 10**6), st.integers(10**8, 10**10))
def test_throughput_is_the_inverse_of_the_interval(one_way: int, interval: int, clock_hz: int):
    stated, warnings = found(timings_of([one_way] * 8, [interval] * 8), {0: clock_hz})
    assert stated["message_latency_ps"] == (0, 1, one_way, 0, one_way, one_way)
    assert stated["message_interval_ps"] == (0, 1, interval, 0, interval, interval)
    rate = stated["message_throughput"][2]
    assert abs(rate - 10**18 / (interval * clock_hz)) <= 0.5 + 1e-6 * rate
    assert warnings == []


def test_without_a_clock_rate_there_are_no_messages_per_megacycle():
    stated, _ = found(timings_of([50_000] * 8, [9_000] * 8), {})
    assert set(stated) == {"message_latency_ps", "message_interval_ps"}


@pytest.mark.parametrize("one_way", [0, 999, 100_000_001])
def test_what_no_cache_line_takes_is_no_fact(one_way: int):
    assert found(timings_of([one_way] * 8, [9_000] * 8), {}) == ({}, ["implausible_latency"])


def test_a_pair_with_too_few_samples_is_no_fact():
    assert found(timings_of([50_000] * 7, [9_000] * 8), {}) == ({}, ["too_few_samples"])


def test_a_restless_machine_is_told_of():
    _, interrupted = found(timings_of([50_000] * 8 + [900_000] * 2, [9_000] * 10), {})
    _, unsteady = found(timings_of([50_000] * 5 + [300_000] * 5, [9_000] * 10), {})
    assert (interrupted, unsteady) == (["interrupted"], ["unsteady"])
