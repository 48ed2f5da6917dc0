"""The queue of a simulated server against queueing theory."""

from random import Random

import pytest
from kernelsim_machines import US
from kernelsim_programs import simulated

from kernelsim.programs.inbox import Inbox
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team

SERVICE_PS = 10 * US
REQUESTS = 6_000


def mean_wait_ps(load: float, seed: int) -> float:
    """What requests that come at random wait for a server that needs the same time for each."""
    random, waited_ps = Random(seed), [0]

    def make(team: Team) -> Body:
        inbox = Inbox[int](team, team.cores[0])
        at_ps = team.engine.now
        for _ in range(REQUESTS):
            at_ps += round(random.expovariate(load / SERVICE_PS))
            team.engine.at(at_ps, lambda came_ps=at_ps: inbox.put(came_ps))

        def serve(me: Member) -> Program:
            while True:
                came_ps = yield from inbox.receive(me)
                waited_ps[0] += me.now_ps - came_ps
                yield me.compute_ps(SERVICE_PS)
                me.count()

        return serve

    outcome = simulated(make, cores=(0,), duration_ps=round(1.2 * REQUESTS * SERVICE_PS / load))
    assert outcome.applications["program"].progress == REQUESTS
    return waited_ps[0] / REQUESTS


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_requests_wait_as_long_as_the_formula_for_m_d_1_says(load: float, full_scale: bool) -> None:
    waits = [mean_wait_ps(load, seed) for seed in range(1, 11 if full_scale else 2)]
    assert sum(waits) / len(waits) == pytest.approx(load / (2 * (1 - load)) * SERVICE_PS, rel=0.1)
