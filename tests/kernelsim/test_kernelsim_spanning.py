"""A domain on several cores has one address space."""

import pytest
from kernelsim_machines import MS, US
from kernelsim_programs import CORES, simulated

from kernelsim import Application
from kernelsim.programs.requests import Program
from kernelsim.programs.sharing.span import Span
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import CpuBound

SPAN = (0, 1, 4, 5)


def mapping(spans: list[Span], ends: list[int], *, unmaps: bool = False) -> Make:
    """Thread 0 maps page 7 after a millisecond; every thread looks at it whenever it can."""

    def make(team: Team) -> Body:
        span = Span(team)
        spans.append(span)

        def body(me: Member) -> Program:
            if me.index:
                return
            yield me.compute_ps(1 * MS)
            yield from span.map(me, 7, 42)
            ends.append(me.now_ps)
            assert {span.tables[core].get(7) for core in SPAN} == {42}
            if unmaps:
                yield from span.unmap(me, 7)
                ends.append(me.now_ps)
                assert all(7 not in span.tables[core] for core in SPAN)

        return body

    return make


@pytest.mark.parametrize("rival", [False, True])
def test_a_map_on_one_core_is_visible_on_all_dispatchers_after_one_round(rival: bool) -> None:
    ends: list[int] = []
    others = [Application("rival", CpuBound(), (1, 4))] if rival else []
    outcome = simulated(mapping([], ends), *others, cores=SPAN, duration_ps=900 * MS)
    assert (outcome.applications["program"].failures, len(ends)) == ((), 1)
    kinds = [message.kind for message in outcome.trace.messages]
    assert (kinds.count("map"), kinds.count("map done"), len(kinds)) == (3, 3, 6)
    assert max(message.arrived_ps for message in outcome.trace.messages) < ends[0]


def test_before_the_round_is_over_other_cores_do_not_see_it() -> None:
    spans: list[Span] = []
    simulated(mapping(spans, []), cores=SPAN, duration_ps=CORES.context_switch_ps + 1 * MS + 4 * US)
    assert 7 not in spans[0].tables[5]
    simulated(mapping(spans, []), cores=SPAN, duration_ps=10 * MS)
    assert spans[1].tables[5] == {7: 42}


def test_after_an_unmap_nobody_can_use_the_page_and_who_tries_faults_with_time_and_core() -> None:
    ends: list[int] = []
    assert simulated(mapping([], ends, unmaps=True), cores=SPAN).applications["program"].failures == ()
    assert len(ends) == 2

    def make(team: Team) -> Body:
        span = Span(team)

        def body(me: Member) -> Program:
            yield me.compute_ps(1 * MS)
            span.frame(me, 7)

        return body

    (failure,) = simulated(make, cores=(4,)).applications["program"].failures
    assert (failure.core, failure.time_ps) == (4, CORES.context_switch_ps + 1 * MS)
    assert "PageFaultError: page 7 on core 4" in failure.what


def test_a_thread_that_migrates_within_its_domain_finds_its_pages() -> None:
    found: list[tuple[int, int]] = []

    def make(team: Team) -> Body:
        span = Span(team)

        def body(me: Member) -> Program:
            if me.index == 0:
                yield from span.map(me, 7, 42)
                for core in SPAN[1:]:
                    yield from me.migrate(core)
                    found.append((me.core, span.frame(me, 7)))

        return body

    simulated(make, cores=SPAN)
    assert found == [(1, 42), (4, 42), (5, 42)]
