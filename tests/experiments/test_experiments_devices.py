"""Where the planner puts a device's driver, its interrupts are answered soonest in a run."""

from pathlib import Path

import pytest

import experiments
import facts
import skb
from experiments.deploy import deploy
from kernelsim import Application, Programs, Scenario, run
from kernelsim.applications.device_driver import DeviceDriver
from kernelsim.machine.devices import Device
from planner import Topology
from planner.services import place_driver

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
HYBRID = EXAMPLES / "hybrid.facts"
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


def test_in_a_file_the_driver_at_its_cards_package_answers_sooner() -> None:
    found = experiments.run_scenario(EXAMPLES / "card.toml").to_json()["applications"]
    assert found["near"]["interrupts"] == found["far"]["interrupts"] == found["near"]["progress"] > 400
    assert found["near"]["mean_latency_us"] < found["far"]["mean_latency_us"]
    keys = {"name": "d", "workload": "device-driver", "threads": 1, "cores": [0], "workload_options": {}}
    together = {**keys, "workload_options": {"interval_us": 200, "coalesce_us": 1000}}
    run = experiments.run_scenario({"machine": "amd-2x2", "seconds": 0.1, "application": [together]}).to_json()
    assert run["applications"]["d"]["interrupts"] < found["near"]["interrupts"] / 4


@pytest.mark.parametrize(
    ("options", "more", "says"),
    [
        ({"near": 9}, {}, "core 9 does not exist on amd-2x2"),
        ({"interval_us": 0}, {}, "key application[0].workload_options.interval_us"),
        ({}, {"threads": 2}, "with 2 threads; accepted: 1"),
    ],
)
def test_a_device_that_cannot_be_is_refused(options: dict[str, int], more: dict[str, int], says: str) -> None:
    keys = {"name": "d", "workload": "device-driver", "threads": 1, "cores": [0], "workload_options": options, **more}
    with pytest.raises(experiments.ExperimentError) as caught:
        experiments.run_scenario({"machine": "amd-2x2", "seconds": 0.01, "application": [keys]})
    assert says in caught.value.message
