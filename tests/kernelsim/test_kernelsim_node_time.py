"""Timers that drift, and the node time protocol that puts them right from the round trips of messages."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernelsim_machines import MS, US, S, machine

from kernelsim import ScenarioError
from kernelsim.machine.timer import LocalTimer
from kernelsim.system.node_time import best, exchange, interval_ps, largest_skew_ps

NS = 1_000
DAY = 86_400 * S


def test_a_timer_without_drift_keeps_its_offset_for_a_day() -> None:
    timers = [LocalTimer(shown_ps=7 * MS), LocalTimer()]
    assert largest_skew_ps(timers, 0) == largest_skew_ps(timers, DAY) == 7 * MS


def test_one_ppm_is_86_ms_a_day() -> None:
    assert largest_skew_ps([LocalTimer(drift_ppb=1000), LocalTimer()], DAY) == 86_400 * US


ways = st.integers(100 * NS, 2 * US)


@given(st.integers(-S, S), ways, ways, st.integers(0, 10 * US))
def test_an_estimate_errs_by_half_of_what_one_way_takes_longer(behind: int, there: int, back: int, work: int) -> None:
    found = exchange(LocalTimer(), LocalTimer(shown_ps=behind), 5 * S, there, work, back)
    assert found.round_trip_ps == there + back
    assert abs(found.behind_ps - behind) <= abs(there - back) // 2 + 1
    assert abs(found.behind_ps - behind) <= found.round_trip_ps // 2 + 1


def put_right(client: LocalTimer, now: int, latency_ps: int, draw: random.Random, exchanges: int) -> LocalTimer:
    """After exchanges whose messages are late by chance, by up to 50 us: somebody else had the core."""
    tried = [
        exchange(client, LocalTimer(), now + number * MS, latency_ps + _late(draw), US, latency_ps + _late(draw))
        for number in range(exchanges)
    ]
    return client.put_right(now + exchanges * MS, best(tried).behind_ps)


def _late(draw: random.Random) -> int:
    return draw.choice((0, 0, draw.randrange(50 * US)))


def test_the_skew_converges_below_one_message_latency() -> None:
    latency_ps = machine().latency_ps[0][15]
    for seed in range(20):
        draw = random.Random(seed)
        client = LocalTimer(shown_ps=draw.randrange(S), drift_ppb=draw.randrange(-200, 200))
        client = put_right(client, 0, latency_ps, draw, 16)
        assert largest_skew_ps([client, LocalTimer()], 16 * MS) < latency_ps


def test_resynchronising_in_time_keeps_a_gang_within_its_bound_and_not_doing_so_does_not() -> None:
    bound, drift = 46 * US, 2_000
    every = interval_ps(bound, 1 * US, drift)
    assert every == 22_500 * MS
    drifting = LocalTimer(drift_ppb=drift)
    kept, left = drifting, drifting
    worst = 0
    for step in range(1, 20):
        now = step * every
        worst = max(worst, largest_skew_ps([kept, LocalTimer()], now))
        kept = kept.put_right(now, exchange(kept, LocalTimer(), now, 300 * NS, 0, 200 * NS).behind_ps)
    assert worst <= bound
    assert largest_skew_ps([left, LocalTimer()], 19 * every) > 15 * bound


def test_timers_that_do_not_drift_need_no_second_synchronisation() -> None:
    assert interval_ps(46 * US, 1 * US, 0) is None


def test_a_bound_below_what_a_synchronisation_leaves_is_refused() -> None:
    with pytest.raises(ScenarioError, match="accepted: a bound above"):
        interval_ps(1 * US, 2 * US, 10)
