"""What cannot be run is refused in one sentence; and the room costs little to import."""

import subprocess
import sys
from dataclasses import replace

import pytest
from kernelsim_machines import MS, S, barrier_beside_cpu_bound, machine, with_manifest

from kernelsim import Application, PhaseChange, Scenario, ScenarioError, run
from kernelsim.scenario import Barrier, CpuBound, Scripted, Traffic


def plain(**more: object) -> Scenario:
    scenario = Scenario(machine(4), (Application("a", CpuBound(), (0, 1)),), 1 * S)
    return replace(scenario, **more)  # type: ignore[arg-type]


def with_workload(workload: object, **more: object) -> Scenario:
    return plain(applications=(Application("a", workload, (0, 1), **more),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        pytest.param(plain(scheduler="cfs"), "accepted: rbed, linux-like", id="an unknown scheduler"),
        pytest.param(plain(rules="loose"), "accepted: protect_hard, exact", id="unknown rules"),
        pytest.param(plain(duration_ps=0), "a positive duration", id="no duration"),
        pytest.param(plain(applications=plain().applications * 2), "different names", id="one name twice"),
        pytest.param(with_workload(CpuBound(), starts_ps=(1,)), "one each, or none", id="too few start times"),
        pytest.param(with_workload(Barrier(wait="hope")), "accepted: yield, spin, block", id="an unknown wait"),
        pytest.param(with_workload(Barrier(barrier="wall")), "accepted: counter, tree", id="an unknown barrier"),
        pytest.param(with_workload(Barrier(spin_ps=39_999)), "at least 40 ns", id="a spin of less than a turn"),
        pytest.param(with_workload(Scripted(((),))), "one script each", id="a script too few"),
        pytest.param(with_workload(Scripted((((0, "rest"),), ()))), "run, yield, block", id="an unknown action"),
        pytest.param(with_workload(Traffic(((0, 0, 5),))), "two different threads of 0 to 1", id="a flow to itself"),
        pytest.param(with_workload(Traffic(((0, 2, 5),))), "two different threads of 0 to 1", id="a flow to nobody"),
        pytest.param(with_workload(Traffic(((0, 1, 0),))), "a positive interval", id="a flow without an interval"),
        pytest.param(plain(phase_changes=(PhaseChange("b", 1),)), "accepted: one of ['a']", id="an unknown name"),
        pytest.param(
            plain(applications=(Application("a", CpuBound(), (0, 4)),)), "has cores 0 to 3", id="an unknown core"
        ),
        pytest.param(plain(applications=(Application("a", CpuBound(), ()),)), "at least one core", id="no core"),
        pytest.param(plain(applications=(Application("a", CpuBound(), (1, 1)),)), "each only once", id="a core twice"),
    ],
)
def test_a_scenario_that_cannot_be_run_is_refused_with_what_would_be_accepted(scenario: Scenario, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run(scenario)
    assert says in str(caught.value)
    assert str(caught.value) == caught.value.message


def test_blocking_with_a_real_time_phase_is_refused_with_the_reason() -> None:
    scenario = with_manifest(barrier_beside_cpu_bound(4, barrier=Barrier(wait="block")))
    with pytest.raises(ScenarioError, match="released in the past") as caught:
        run(scenario)
    assert caught.value.code == "blocking_real_time"
    assert caught.value.details["application"] == "barrier"


def test_blocking_without_a_real_time_phase_is_fine() -> None:
    scenario = replace(barrier_beside_cpu_bound(10, barrier=Barrier(wait="block")), duration_ps=100 * MS)
    assert run(scenario).applications["barrier"].progress > 0


def test_importing_the_simulator_imports_nothing_heavy() -> None:
    code = "import sys, kernelsim; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(done.stdout.split())
    assert "kernelsim" in loaded
    heavy = {
        "numpy",
        "ortools",
        "sqlalchemy",
        "fastapi",
        "pydantic",
        "asyncio",
        "facts",
        "skb",
        "planner",
        "experiments",
    }
    assert loaded & heavy == set()
