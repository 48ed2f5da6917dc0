"""Every file under docs/examples does what its first line says."""

from pathlib import Path

import pytest

import experiments
import facts
import planner
import skb
from experiments.files.application import read_application_file

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def test_barrier_keeps_its_progress_with_the_manifest_and_collapses_without() -> None:
    gang = experiments.run_scenario(EXAMPLES / "gang.toml", overrides={"seconds": 3}).to_json()
    collapse = experiments.run_scenario(EXAMPLES / "collapse.toml", overrides={"seconds": 3}).to_json()
    assert gang["phase_locked"]
    assert gang["applications"]["barrier"]["misses"] == 0
    assert gang["applications"]["barrier"]["progress"] > 1000 * collapse["applications"]["barrier"]["progress"]


def test_two_gangs_take_turns_at_the_interrupts_of_one_core() -> None:
    run = experiments.run_scenario(EXAMPLES / "central-ipi.toml", overrides={"seconds": 0.5}).to_json()
    used = [share for one in run["applications"].values() for share in one["utilisation"]]
    assert all(0.4 < share < 0.5 for share in used)
    assert {key: run["parameters"][-1][key] for key in ("name", "value")} == {"name": "ipi_send", "value": 3.5}


def test_the_dissertations_manifest_is_admitted_for_sixteen_dispatchers() -> None:
    machine = planner.Topology.of(skb.load(facts.read("amd-4x4")))
    text = (EXAMPLES / "barrier.manifest").read_text()
    manifest = planner.Manifest.from_text(text, name="barrier", dispatchers=16)
    decision = planner.admit([manifest], machine)
    assert decision.admitted
    run = experiments.simulate(decision, machine, seconds=1, phase_changes=[("barrier", 1, 0)])
    assert run.to_json()["applications"]["barrier"]["misses"] == 0


def test_the_groups_of_a_manifest_in_toml_are_admitted_together_and_miss_nothing() -> None:
    machine = planner.Topology.of(skb.load(facts.read("amd-4x4")))
    manifest = planner.Manifest.parse((EXAMPLES / "groups.manifest").read_text(), name="groups")
    decision = planner.admit([manifest], machine)
    kinds = [[each.kind for each in schedule.reservations] for schedule in decision.schedules]
    assert kinds == [["B", "B", "B", "B"], ["G", "G", "G", "S"]]
    run = experiments.simulate(decision, machine, seconds=1, phase_changes=[("groups", 1, 0)])
    assert run.to_json()["applications"]["groups"]["misses"] == 0


def test_the_pipeline_is_placed_on_one_l3_cache_and_runs() -> None:
    pipeline = read_application_file(EXAMPLES / "pipeline.toml")
    scenario = 'machine = "amd-4x4"\nseconds = 0.1\n[[application]]\napp = "pipeline.toml"\nplacement = "solved"\n'
    run = experiments.run_scenario(scenario, folder=EXAMPLES).to_json()
    own = run["applications"][pipeline.name]
    assert len({core // 4 for core in own["cores"]}) == 1
    assert own["received"] > 0


def test_the_sweep_gives_a_row_for_every_combination(tmp_path: Path) -> None:
    report = experiments.run_spec(EXAMPLES / "sweep.toml", output=tmp_path / "rows.csv", workers=2)
    assert (report.ran, report.total, report.failed) == (32, 32, 0)
    assert experiments.sweep_status(EXAMPLES / "sweep.toml", output=tmp_path / "rows.csv")["done"] == 32


def test_a_measured_run_corrects_a_wrong_belief_by_at_least_a_tenth(tmp_path: Path) -> None:
    report = experiments.run_spec(EXAMPLES / "wrong-belief.toml", output=tmp_path / "rows.csv")
    for a, b in zip(report.records()[::2], report.records()[1::2], strict=True):
        assert (a["plan"], b["plan"], a["status"], b["status"]) == ("A", "B", "ok", "ok")
        assert float(a["predicted_cost"]) < float(a["true_cost"])
        assert b["predicted_cost"] == b["true_cost"]
        assert (b["latency"], b["same_cores"]) == ("measured", "false")
        assert float(b["mean_latency_ns"]) <= 0.9 * float(a["mean_latency_ns"])
        assert float(b["saving_percent"]) >= 10


@pytest.mark.parametrize("name", ["barrier.toml", "cpu.toml", "pipeline.toml", "rpc.toml"])
def test_every_application_file_is_read(name: str) -> None:
    assert read_application_file(EXAMPLES / name).threads > 0
