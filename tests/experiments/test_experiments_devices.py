"""Where the planner puts a device's driver, its interrupts are answered soonest in a run."""

from pathlib import Path

import facts
import skb
from experiments.deploy import deploy
from kernelsim import Application, Programs, Scenario, run
from kernelsim.applications.device_driver import DeviceDriver
from kernelsim.machine.devices import Device
from planner import Topology
from planner.services import place_driver

HYBRID = Path(__file__).resolve().parents[2] / "docs" / "examples" / "hybrid.facts"
MS = 10**9


def test_the_core_that_is_chosen_for_a_driver_has_the_least_latency() -> None:
    machine = Topology.of(skb.load(facts.read(str(HYBRID))))
    deployment = deploy(machine)
    found = place_driver(machine, "eth0")
    (near,) = deployment.indices(machine.device("eth0").cores[:1], "eth0")
    card = Device(near, tuple(number * MS for number in range(1, 6)), trap_ps=1_000_000)

    def latency_ps(core: int) -> int:
        driver = DeviceDriver(card)
        own = Application("driver", Programs(driver.make), deployment.indices([core], "driver"))
        run(Scenario(deployment.machine, (own,), 10 * MS))
        assert len(driver.latencies_ps) == 5
        return max(driver.latencies_ps)

    by_core = {core: latency_ps(core) for core in machine.allowed_ids}
    assert by_core[found.core] == min(by_core.values())
    assert by_core[found.core] < max(by_core.values())
    clock = machine.core(found.core).clock_hz
    alike = [core for core in found.equals if machine.core(core).clock_hz == clock]
    assert alike
    assert all(by_core[core] == by_core[found.core] for core in alike)
