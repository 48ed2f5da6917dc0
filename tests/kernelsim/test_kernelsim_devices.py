"""Devices: interrupts reach the core that they are routed to, cost it a trap, and wake the driver."""

from typing import Any

import pytest
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Outcome, Programs, Scenario, ScenarioError, run
from kernelsim.applications.device_driver import DeviceDriver
from kernelsim.machine.devices import Device

TRAP = 2 * US
M = machine(8)


def driven(device: Device, core: int = 0, *others: Application, **more: Any) -> tuple[DeviceDriver, Outcome]:
    driver = DeviceDriver(device, work_cycles=1000)
    own = Application("driver", Programs(driver.make), (core,))
    return driver, run(Scenario(M, (own, *others), 20 * MS, **more))


def test_an_interrupt_on_an_idle_core_takes_trap_notification_wake_up_and_work() -> None:
    driver, outcome = driven(Device(0, arrives_ps=(MS, 2 * MS), trap_ps=TRAP))
    expected = TRAP + M.lmp_ps[0] + M.block_ps + 1000 * 400
    assert driver.latencies_ps == [expected, expected]
    assert (driver.interrupts, outcome.applications["driver"].progress) == (2, 2)


def test_routed_to_another_package_it_crosses_and_so_does_what_is_read() -> None:
    near, far = (driven(Device(0, arrives_ps=(MS,), trap_ps=TRAP), core)[0].latencies_ps[0] for core in (1, 5))
    assert far - near == 2 * M.line_ps[0][5] > 0


@pytest.mark.parametrize(("coalesce_us", "interrupts"), [(0, 10), (35, 3), (1000, 1)])
def test_coalesced_events_share_an_interrupt_and_wait_for_it(coalesce_us: int, interrupts: int) -> None:
    arrives = tuple(MS + number * 10 * US for number in range(10))
    driver, outcome = driven(Device(0, arrives, coalesce_ps=coalesce_us * US, trap_ps=TRAP))
    assert (driver.interrupts, outcome.applications["driver"].progress) == (interrupts, 10)
    assert driver.latencies_ps[0] >= coalesce_us * US


def test_a_timer_ticks_in_its_period() -> None:
    driver, _ = driven(Device(0, period_ps=MS, trap_ps=TRAP))
    assert driver.interrupts == 19
    assert len(set(driver.latencies_ps)) == 1


def test_who_computes_on_that_core_loses_the_traps_and_elsewhere_nothing() -> None:
    def ended_ps(core: int, trap_ps: int) -> int:
        ends: list[int] = []

        def body(me: Any) -> Any:
            yield me.compute_ps(5 * MS)
            ends.append(me.now_ps)

        def make(team: Any) -> Any:
            deaf = Device(0, tuple(MS + number * 100 * US for number in range(10)), trap_ps=trap_ps)
            DeviceDriver(deaf).make(team)
            return body if core == 0 else lambda me: iter(())

        computing = Application("computing", Programs(make), (0,))
        other = Application("other", Programs(lambda team: body), (core,)) if core else None
        run(Scenario(M, (computing, *([other] if other else [])), 20 * MS))
        return ends[0]

    assert ended_ps(0, TRAP) - ended_ps(0, 0) == 10 * TRAP
    assert ended_ps(3, TRAP) == ended_ps(3, 0)


def test_on_a_core_that_has_stopped_nobody_is_woken() -> None:
    driver, _ = driven(Device(0, arrives_ps=(MS, 3 * MS), trap_ps=TRAP), stops_ps={0: 2 * MS})
    assert len(driver.latencies_ps) == 1


@pytest.mark.parametrize("wrong", [{"arrives_ps": (2, 1)}, {"arrives_ps": (-1,)}, {"period_ps": -1}, {"trap_ps": -1}])
def test_a_device_whose_time_goes_back_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match="times from 0 on, in their order"):
        Device(0, **wrong)


def test_a_device_of_a_core_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ScenarioError, match="a device names core 99"):
        driven(Device(99, arrives_ps=(MS,)))
