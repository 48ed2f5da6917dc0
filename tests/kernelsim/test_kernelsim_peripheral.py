"""A host and a peripheral in one system: calls that cross a link by way of proxies, and a domain on both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Operation, Scenario, run
from kernelsim.errors import ScenarioError
from kernelsim.messages.peripheral import Call, Image, Link, call
from kernelsim.scenario import Traffic

MACHINE = machine(8)
LINK = Link(5 * US, 200_000_000)
IMAGE = Image(MACHINE, (0, 0, 0, 0, 1, 1, 1, 1), LINK)
"""Cores 0 to 3 are the host, 4 to 7 the peripheral; 0 and 4 are the proxies."""

core = st.integers(0, 7)


def test_a_call_to_a_core_of_the_peripheral_goes_by_way_of_both_proxies() -> None:
    assert IMAGE.path(2, 7) == (2, 0, 4, 7)
    assert IMAGE.path(0, 4) == (0, 4)
    assert IMAGE.path(2, 3) == (2, 3)
    near, far = call(IMAGE, [Call(2, 3)]), call(IMAGE, [Call(2, 7)])
    assert far.duration_ps[0] > near.duration_ps[0] + 2 * LINK.latency_ps
    assert [(one.source, one.target) for one in far.messages] == [(2, 0), (0, 4), (4, 7), (7, 4), (4, 0), (0, 2)]


@given(st.lists(st.tuples(core, core, st.integers(0, 20 * US)).filter(lambda one: one[0] != one[1]), min_size=1))
def test_no_two_cores_but_the_proxies_ever_speak_over_the_link(calls: list[tuple[int, int, int]]) -> None:
    answered = call(IMAGE, [Call(client, server, at_ps) for client, server, at_ps in calls])
    crossing = {
        (one.source, one.target) for one in answered.messages if not IMAGE.shares_memory(one.source, one.target)
    }
    assert crossing <= {(0, 4), (4, 0)}
    for duration_ps, (client, server, _) in zip(answered.duration_ps, calls, strict=True):
        assert duration_ps >= IMAGE.latency_ps(client, server) + IMAGE.latency_ps(server, client)


def test_a_call_alone_takes_both_ways_their_receipts_and_the_work() -> None:
    one = Call(2, 7, work_ps=3 * US)
    ends = MACHINE.receive_ps(4, 7) + MACHINE.receive_ps(0, 2)
    alone = IMAGE.latency_ps(2, 7) + IMAGE.latency_ps(7, 2) + ends + one.work_ps
    assert call(IMAGE, [one]).duration_ps == (alone,)


def test_calls_that_meet_wait_for_the_proxies_and_large_ones_for_the_link() -> None:
    alone = call(IMAGE, [Call(1, 5)]).duration_ps[0]
    both = call(IMAGE, [Call(1, 5), Call(2, 6)]).duration_ps
    assert max(both) > alone
    assert call(IMAGE, [Call(1, 5, size_bytes=20_000)]).duration_ps[0] >= alone + 2 * 99 * US


def test_without_a_link_between_them_islands_would_be_as_near_as_packages() -> None:
    together = Image(MACHINE, (0,) * 8, LINK)
    assert call(together, [Call(2, 7)]).duration_ps[0] < LINK.latency_ps
    assert together.as_machine().latency_ps[2][7] == MACHINE.latency_ps[2][7]


def test_one_domain_spans_both_and_only_latencies_differ() -> None:
    flows = ((0, 1, 5 * MS), (0, 2, 5 * MS), (2, 1, 5 * MS))
    domain = Application("domain", Traffic(flows), (1, 2, 6))

    def outcome(on: Image) -> tuple[int, int, set[tuple[int, int]]]:
        scenario = Scenario(
            on.as_machine(), (domain,), 400 * MS, operations=(Operation("unmap", "domain", at_ps=100 * MS),)
        )
        result = run(scenario)
        one = result.applications["domain"]
        assert one.mean_latency_ps is not None
        assert result.operations[0].done
        pairs = {(each.source, each.target) for each in result.trace.messages}
        return one.received, one.mean_latency_ps, pairs

    near, far = outcome(Image(MACHINE, (0,) * 8, LINK)), outcome(IMAGE)
    assert 0 <= near[0] - far[0] <= len(flows)
    assert near[2] == far[2]
    assert far[1] > near[1] + LINK.latency_ps // 2


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ScenarioError, match="3 islands named for 8 cores"):
        Image(MACHINE, (0, 1, 2), LINK)
    with pytest.raises(ScenarioError, match="a positive bandwidth"):
        Link(0, 0)
    with pytest.raises(ScenarioError, match="names core 9"):
        call(IMAGE, [Call(0, 9)])
    with pytest.raises(ScenarioError, match="accepted: two cores"):
        call(IMAGE, [Call(1, 1)])
