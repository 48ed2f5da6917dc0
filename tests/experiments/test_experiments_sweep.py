"""Batches: a row a run, the same bytes every time, nothing lost or doubled by an interruption."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import experiments
from experiments.batches.results_file import ResultsFile
from experiments.comparing.belief import PLANS

SPEC = """machines = ["amd-2x2", "amd-4x4"]
placements = ["compact", "scatter"]
schedulers = "rbed"
seeds = [1, 2]
seconds = 0.1
timer_offset_ms = [0, 80]
applications = ["a.toml"]
"""
RPC = """name = "rpc"
workload = "traffic"
group = [{ name = "c", count = 2 }, { name = "s", count = 2 }]
traffic = [{ between = ["c", "s"], pattern = "pairs", bytes_per_second = 64e3 }]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.toml").write_text('name = "a"\nworkload = "barrier"\nthreads = 4\n')
    (tmp_path / "rpc.toml").write_text(RPC)
    return tmp_path


def test_equal_batches_give_equal_bytes_on_one_process_and_on_two(folder: Path) -> None:
    for workers in (1, 2):
        experiments.run_spec(SPEC, output=folder / f"{workers}.csv", workers=workers, folder=folder)
    assert (folder / "1.csv").read_bytes() == (folder / "2.csv").read_bytes()
    assert (folder / "1.csv").read_text().count("\n") == 1 + 8


@pytest.mark.parametrize("cut", [0, 1, 40, 300, 700, 1500])
def test_an_interrupted_batch_resumes_without_loss_or_double(folder: Path, cut: int) -> None:
    output = folder / "rows.csv"
    experiments.run_spec(SPEC, output=output, folder=folder)
    whole = output.read_bytes()
    output.write_bytes(whole[: len(whole) - cut])
    report = experiments.run_spec(SPEC, output=output, folder=folder, resume=True)
    assert output.read_bytes() == whole
    assert len({row[:8] for row in report.rows}) == len(report.rows) == 8
    assert (report.ran > 0) is (cut > 0)


def test_results_are_not_overwritten_unasked(folder: Path) -> None:
    output = folder / "rows.csv"
    experiments.run_spec(SPEC, output=output, folder=folder)
    with pytest.raises(experiments.ExperimentError, match="--resume"):
        experiments.run_spec(SPEC, output=output, folder=folder)
    other = SPEC + "warmup_ms = [0, 1]\n"
    with pytest.raises(experiments.ExperimentError, match="another batch"):
        experiments.run_spec(other, output=output, folder=folder, resume=True)


def test_every_list_is_an_axis_and_a_span_of_two_numbers_is_not(folder: Path) -> None:
    spec = SPEC.replace("timer_offset_ms = [0, 80]", "timer_offset_ms = [[0, 80], [0, 0]]\nthreads = [2, 4]")
    report = experiments.run_spec(spec, output=folder / "rows.csv", folder=folder)
    assert report.total == 32
    assert {row["threads"] for row in report.records()} == {"2", "4"}


def test_repetitions_draw_seeds_of_their_own(folder: Path) -> None:
    spec = SPEC.replace('["amd-2x2", "amd-4x4"]', '"amd-2x2"') + "repeat = 2\n"
    rows = experiments.run_spec(spec, output=folder / "rows.csv", folder=folder).records()
    first, second = (next(row for row in rows if row["repeat"] == which) for which in "01")
    assert first["trace_sha256"] != second["trace_sha256"]


def test_a_mistake_in_a_batch_has_the_line_of_the_batch(folder: Path) -> None:
    with pytest.raises(experiments.ExperimentError, match=r"line 3, key scheduler: found 'fair'") as caught:
        experiments.run_spec(SPEC.replace("rbed", "fair"), output=folder / "rows.csv", folder=folder)
    assert caught.value.details["line"] == 3
    assert not (folder / "rows.csv").exists()


def test_a_run_that_cannot_be_is_a_row_that_says_why(folder: Path) -> None:
    spec = SPEC.replace('"amd-4x4"', '"vax"')
    report = experiments.run_spec(spec, output=folder / "rows.csv", folder=folder)
    assert report.failed == 4
    refused = next(row for row in report.records() if row["machine"] == "vax")
    assert refused["status"] == "unknown_machine"
    assert "vax" in refused["note"]


@pytest.mark.parametrize("machine", ["amd-2x2", "intel-2x4"])
def test_a_belief_that_does_not_matter_leaves_the_plan_as_good(folder: Path, machine: str) -> None:
    spec = f'machines = "{machine}"\napplications = "rpc.toml"\nseconds = 0.1\n[belief]\npackage = 1\nfactor = 1.0\n'
    rows = experiments.run_spec(spec, output=folder / "rows.csv", folder=folder).records()
    assert [row["plan"] for row in rows] == list(PLANS)
    assert rows[1]["same_cores"] == "true"
    assert "equal" in rows[1]["note"]
    assert float(rows[1]["saving_percent"]) == 0


@pytest.mark.parametrize("package", [0, 1, 3])
def test_the_loop_closes_for_other_packages_of_another_machine(folder: Path, package: int) -> None:
    spec = (
        f'machines = "amd-4x4"\napplications = "rpc.toml"\nseconds = 0.1\n[belief]\npackage = {package}\nfactor = 0.2\n'
    )
    rows = experiments.run_spec(spec, output=folder / "rows.csv", folder=folder).records()
    assert float(rows[1]["mean_latency_ns"]) <= float(rows[0]["mean_latency_ns"])
    assert float(rows[1]["saving_percent"]) >= 0


def test_a_wrong_belief_about_no_package_is_refused(folder: Path) -> None:
    spec = 'machines = "amd-4x4"\napplications = "rpc.toml"\nseconds = 0.1\n[belief]\npackage = 9\nfactor = 0.2\n'
    rows = experiments.run_spec(spec, output=folder / "rows.csv", folder=folder).records()
    assert {row["status"] for row in rows} == {"unknown_package"}


def test_results_are_drawn_as_one_bar_a_row(folder: Path) -> None:
    output = folder / "rows.csv"
    experiments.run_spec(SPEC, output=output, folder=folder)
    picture = experiments.plot_results(output)
    assert picture.count("<rect") == 8
    assert "progress:a" in picture
    with pytest.raises(experiments.ExperimentError, match="accepted: seed"):
        experiments.plot_results(output, column="speed")


def test_two_runs_do_not_write_one_file_at_a_time(folder: Path) -> None:
    with (
        ResultsFile(folder / "rows.csv", ["a", "b"], 1),
        pytest.raises(experiments.ExperimentError, match="another run"),
    ):
        ResultsFile(folder / "rows.csv", ["a", "b"], 1, resume=True)


KILLED = """
import sys
from pathlib import Path

import experiments

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    experiments.run_spec((folder / "spec.toml"), output=folder / "rows.csv", workers=2)
"""


def test_a_killed_batch_leaves_no_process_and_resumes_to_the_same_bytes(folder: Path) -> None:
    (folder / "spec.toml").write_text(SPEC.replace("seeds = [1, 2]", "seeds = [1, 2, 3, 4, 5]"))
    (folder / "killed.py").write_text(KILLED)
    output = folder / "rows.csv"
    batch = subprocess.Popen([sys.executable, folder / "killed.py", folder], start_new_session=True)
    wait_until(lambda: output.exists() and output.read_bytes().count(b"\n") >= 3)
    batch.kill()
    batch.wait()
    wait_until(lambda: not is_running(batch.pid))
    experiments.run_spec(folder / "spec.toml", output=output, resume=True)
    experiments.run_spec(folder / "spec.toml", output=folder / "whole.csv")
    assert output.read_bytes() == (folder / "whole.csv").read_bytes()


def is_running(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(is_true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.02)


def test_a_batch_that_is_not_there_is_answered_as_one(tmp_path: Path) -> None:
    with pytest.raises(experiments.ExperimentError, match=r"none.toml: No such file .* \(while looking for a batch\)"):
        experiments.run_spec(tmp_path / "none.toml")


def test_a_batch_draws_on_no_stream_that_it_was_not_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    unasked, asked = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stderr", unasked)
    experiments.run_spec(SPEC, output=folder / "silent.csv", folder=folder)
    experiments.run_spec(SPEC, output=folder / "drawn.csv", folder=folder, progress=asked)
    assert unasked.getvalue() == ""
    assert "8/8" in asked.getvalue()
