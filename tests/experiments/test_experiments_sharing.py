"""A counter service from shared memory to replicas: the same answers, other latencies."""

from functools import cache

import pytest

from experiments.deploy import deploy
from experiments.machines import find_machine
from experiments.sharing import SPECTRUM, ServiceCost, service_cost, spectrum_table

MACHINE = deploy(find_machine("amd-4x4").true).machine
WITHIN, ACROSS = (0, 1, 2), (0, 4, 8)


@cache
def costs(lines: int = 1, additions_percent: int = 50) -> dict[str, ServiceCost]:
    return {
        one: service_cost(MACHINE, one, range(12), 8, calls=20, lines=lines, additions_percent=additions_percent)
        for one in SPECTRUM
    }


@pytest.mark.parametrize("discipline", [*SPECTRUM, "chosen"])
def test_under_every_discipline_each_addition_counts_once_and_no_client_sees_a_counter_go_back(discipline: str) -> None:
    calls = service_cost(MACHINE, discipline, range(12), 8, lines=2, calls=25).calls
    for key in range(4):
        added = sorted(call.value for call in calls if call.key == key and call.is_addition)
        assert added == list(range(1, len(added) + 1))
        for client in range(8):
            seen = [call.value for call in calls if (call.key, call.client) == (key, client)]
            assert seen == sorted(seen)


def test_finer_locks_beat_one_lock_and_replicas_answer_reads_at_once_and_additions_last() -> None:
    found = costs()
    assert found["shared"].mean_ps > 3 * found["fine-grained"].mean_ps
    reads = {name: cost.read_ps or 0 for name, cost in found.items()}
    additions = {name: cost.addition_ps or 0 for name, cost in found.items()}
    assert min(reads, key=lambda name: reads[name]) == "replicated"
    assert additions["replicated"] > additions["partitioned"]


def test_the_more_is_read_the_better_replicas_get_and_the_larger_the_state_the_better_partitions() -> None:
    few, many = costs(additions_percent=10), costs(additions_percent=90)
    assert few["replicated"].mean_ps < min(few[name].mean_ps for name in SPECTRUM[:3])
    assert many["replicated"].mean_ps > many["partitioned"].mean_ps
    large = costs(lines=8)
    assert large["partitioned"].mean_ps < min(large["shared"].mean_ps, large["fine-grained"].mean_ps)
    assert costs()["partitioned"].mean_ps > costs()["fine-grained"].mean_ps


def test_the_four_latencies_are_printed() -> None:
    lines = spectrum_table(list(costs().values())).splitlines()
    assert [line.split()[0] for line in lines] == ["discipline", *SPECTRUM]
    assert all(len(line.split()) == 4 for line in lines[1:])


@pytest.mark.parametrize(("cores", "way"), [(WITHIN, "shared"), (ACROSS, "messages")])
def test_who_chooses_shares_within_a_package_and_sends_messages_across_and_does_not_lose_by_it(
    cores: tuple[int, ...], way: str
) -> None:
    """State of four lines; both clients try both ways first."""
    found = {
        one: service_cost(MACHINE, one, cores, 2, keys=1, calls=100, lines=4, additions_percent=100)
        for one in ("shared", "partitioned", "chosen")
    }
    assert {call.way for call in found["chosen"].calls[-60:]} == {way}
    fixed = sorted((found["shared"].mean_ps, found["partitioned"].mean_ps))
    assert found["chosen"].mean_ps <= fixed[1]
    assert found["chosen"].mean_ps < 1.1 * fixed[0]


def test_a_service_without_servers_is_refused() -> None:
    with pytest.raises(ValueError, match="3 clients among 3 threads"):
        service_cost(MACHINE, "shared", (0, 1, 2), 3)
