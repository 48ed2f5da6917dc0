"""A web server as separate domains."""

from dataclasses import replace

from kernelsim_machines import HZ, MS, machine

from kernelsim import Scenario, run
from kernelsim.applications.web_service import WebLoad, WebService
from kernelsim.outcome import ApplicationOutcome

CORES = machine(4, per_package=2)
LOAD = WebLoad(server_cycles=150_000, driver_cycles=3000, connections=20)
APART = {"driver": 2, "server": 3, "timer": 0}


def outcomes(load: WebLoad, placement: dict[str, int], crossing_cycles: int = 0) -> dict[str, ApplicationOutcome]:
    service = WebService(load, placement, crossing_cycles)
    return run(Scenario(CORES, service.applications(), 40 * MS, warmup_ps=10 * MS)).applications


def pages(load: WebLoad, placement: dict[str, int], crossing_cycles: int = 0) -> float:
    return outcomes(load, placement, crossing_cycles)["server"].progress / load.packets / 0.04


def test_with_a_slow_query_the_database_limits_and_its_core_is_never_idle() -> None:
    found = outcomes(replace(LOAD, query_cycles=500_000), {**APART, "database": 1})
    assert abs(found["database"].progress / 0.04 / (HZ / 500_000) - 1) < 0.02
    assert found["database"].cpu_ps[0] > 0.98 * 40 * MS


def test_with_a_quick_query_it_does_not() -> None:
    found = outcomes(replace(LOAD, query_cycles=50_000), {**APART, "database": 1})
    assert found["database"].cpu_ps[0] < 0.98 * 40 * MS < found["server"].cpu_ps[0]


def test_driver_and_server_are_faster_on_two_cores_than_on_one_and_in_one_package_than_in_two() -> None:
    apart, far, together = pages(LOAD, APART), pages(LOAD, {**APART, "driver": 1}), pages(LOAD, {**APART, "driver": 3})
    assert together < 0.9 * apart
    assert 0.9 * apart < far < apart


def test_kernel_crossings_cost_a_monolithic_server_what_they_take() -> None:
    alone = [HZ / pages(LOAD, {"server": 0}, crossing) for crossing in (0, 100_000)]
    assert abs(alone[1] - alone[0] - 100_000) < 5_000


def test_a_service_can_be_run_again_and_comes_to_the_same() -> None:
    scenario = Scenario(CORES, WebService(LOAD, APART).applications(), 5 * MS)
    assert run(scenario).trace.sha256() == run(scenario).trace.sha256()
