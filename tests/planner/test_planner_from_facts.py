"""The planner on the bundled machines, through the knowledge base."""

import doctest
import importlib
import subprocess
import sys

import pytest

import facts
import skb
from planner import Application, Manifest, Topology, admit, multicast, place


@pytest.mark.parametrize("name", facts.bundled())
def test_every_bundled_machine_can_be_planned_on(name: str) -> None:
    machine = Topology.of(skb.load(facts.read(name)))
    tree = multicast(machine, machine.core_ids[0])
    assert len(tree.ready_ps) == len(machine.core_ids)
    application = Application.from_mapping(
        {
            "group": [{"name": "w", "count": 2}],
            "traffic": [{"between": "w", "pattern": "ring", "bytes_per_second": 1e6}],
        }
    )
    plan = place(application, machine, iterations=100)
    assert plan.status in ("optimal", "feasible")
    assert plan.cost <= min(plan.baselines.values())


def test_the_4x4_has_the_dissertations_latencies_and_admits_its_manifest() -> None:
    machine = Topology.of(skb.load(facts.read("amd-4x4")))
    assert machine.latency_ps(0, 1) == 179_200
    assert machine.latency_source(0, 1) == "stated"
    barrier = Manifest.from_text("B 1\nH 80 160 80 480", name="barrier", dispatchers=16)
    background = Manifest.from_text("B 1", name="cpu", dispatchers=8)
    decision = admit([barrier, background], machine)
    assert decision.admitted
    assert decision.revision == machine.revision


def test_a_measured_latency_told_later_is_planned_with() -> None:
    knowledge = skb.load(facts.read("amd-2x2"))
    knowledge.tell([("message_latency_ps", (0, 1, 7, 0, 7, 7))], layer="measured", source="run 1")
    machine = Topology.of(knowledge)
    assert (machine.latency_ps(0, 1), machine.latency_source(0, 1)) == (7, "measured")


def test_the_planner_is_imported_without_solvers() -> None:
    code = "import sys, planner; print([m for m in ('ortools', 'numpy', 'sqlalchemy') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["cpu_list", "manifests.manifest", "admission.schedulability.windows"])
def test_examples_in_the_documentation_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"planner.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
