"""The same registry under four schemes of replication: what each costs, and what each promises."""

import random

import pytest
from kernelsim_machines import US, machine

from kernelsim.programs.sharing.registry import (
    RegistryRun,
    broken_promises,
    is_converged,
    is_one_copy,
    is_one_order,
    is_same_in_each_view,
    run_registry,
)
from kernelsim.programs.sharing.replication import SCHEMES, Synchronous

MACHINE = machine(16)
CORES = (0, 1, 4, 8, 12)
PROMISES = {
    "transactional": is_one_copy,
    "state machine": is_one_order,
    "virtual synchrony": is_same_in_each_view,
    "eventual": is_converged,
}


def contested(seed: int, writes: int = 30, names: int = 6) -> list[tuple[int, int, int | None]]:
    """Writes within 20 us, several for most names."""
    draw = random.Random(seed)
    return [(draw.randrange(20 * US), draw.choice(CORES), draw.randrange(names)) for _ in range(writes)]


def spaced(writes: int = 10) -> list[tuple[int, int, int | None]]:
    """One at a time, each of a name of its own."""
    return [(number * 100 * US, CORES[number % len(CORES)], number) for number in range(writes)]


def ran(scheme: str, writes: list[tuple[int, int, int | None]]) -> RegistryRun:
    return run_registry(MACHINE, SCHEMES[scheme], CORES, writes)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("seed", range(10))
def test_every_scheme_keeps_its_promise_while_cores_contend_for_names(scheme: str, seed: int) -> None:
    run = ran(scheme, contested(seed))
    assert len(run.answers) == 30
    assert PROMISES[scheme](run)


def test_the_stronger_promises_are_broken_by_eventual_consistency() -> None:
    runs = [ran("eventual", contested(seed)) for seed in range(10)]
    assert not any(is_one_order(run) for run in runs)
    assert not all(is_one_copy(run) for run in runs)
    assert sum(broken_promises(run) for run in runs) > 0
    others = [ran(scheme, contested(seed)) for scheme in list(SCHEMES)[:3] for seed in range(3)]
    assert not any(broken_promises(run) for run in others)


@pytest.mark.parametrize("seed", range(10))
def test_those_who_stay_in_a_view_have_applied_the_same_before_another_leaves(seed: int) -> None:
    writes = [*contested(seed), (random.Random(seed).randrange(20 * US), 8, None)]
    kept = [(time_ps, core, name) for time_ps, core, name in writes if core != 8 or time_ps <= writes[-1][0]]
    run = ran("virtual synchrony", kept)
    assert len(run.answers) == len(kept)
    assert is_same_in_each_view(run)
    assert len(run.logs[0]) == len(kept)


def test_without_waiting_until_a_write_is_stable_orders_differ() -> None:
    class Hasty(Synchronous):
        waits = False

    assert not all(is_one_order(run_registry(MACHINE, Hasty, CORES, contested(seed))) for seed in range(5))


def test_latency_falls_and_staleness_rises_from_transactions_to_eventual_consistency() -> None:
    """The table of the four: nanoseconds until a write is answered, and until the last replica shows it."""
    runs = {scheme: ran(scheme, spaced()) for scheme in SCHEMES}
    latency = {scheme: run.latency_ps() for scheme, run in runs.items()}
    stale = {scheme: run.stale_ps() for scheme, run in runs.items()}
    assert latency["transactional"] > latency["eventual"]
    assert latency["virtual synchrony"] > latency["eventual"]
    assert latency["eventual"] < 1 * US
    assert stale["transactional"] == 0 < stale["state machine"]
    assert stale["eventual"] > MACHINE.latency_ps[0][4]


def test_messages_are_those_of_the_protocols() -> None:
    """Of one write by core 1 in a group of n: prepare, vote and commit; a request and an order; a cast and an
    acknowledgement by each of the others to all; one to each of the others.
    """
    others = len(CORES) - 1
    sent = {scheme: ran(scheme, [(0, 1, 0)]).messages for scheme in SCHEMES}
    assert sent == {
        "transactional": 3 * others,
        "state machine": 1 + others,
        "virtual synchrony": others + others * others,
        "eventual": others,
    }
