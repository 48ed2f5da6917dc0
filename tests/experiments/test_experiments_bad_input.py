"""`skb simulate` of what cannot be run, or stands still: a sentence and an exit code, or a failure in the answer."""

from pathlib import Path
from typing import Any

import pytest

from api.cli import main

HEAD = 'machine = "amd-2x2"\nseconds = 0.02\n'
APPLICATION = '[[application]]\nname = "b"\nworkload = "barrier"\nthreads = 4\n'
BROKEN = """
def make(team):
    raise KeyError("nothing here")

def stuck(team):
    def body(me):
        yield me.compute_ps(1_000_000)
        while True:
            yield me.give_way()
    return body
"""


def simulated(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    (folder / "broken.py").write_text(BROKEN)
    (folder / "scenario.toml").write_text(text)
    code = main(["--database", "sqlite://", "simulate", str(folder / "scenario.toml")])
    captured: Any = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + APPLICATION + 'cores = "0-9"\n', "core 4 does not exist on amd-2x2; accepted: 0-3"),
        (HEAD + "stops_ms = { 7 = 1 }\n" + APPLICATION, "core 7 does not exist on amd-2x2"),
        (HEAD + APPLICATION + 'cores = [0]\nmanifest = "H 0 10\\n"\n', "the WCET is 0 ms"),
        (HEAD + APPLICATION + 'cores = [0]\nmanifest = "H 1 0\\n"\n', "the period is 0 ms"),
        (HEAD + APPLICATION + 'cores = [0]\nmanifest = "B 0\\n"\n', "the weight is 0"),
        (HEAD + "slice_ms = 1e-7\n" + APPLICATION, "key slice_ms"),
        (HEAD + APPLICATION + "workload_options = { spin_us = 0 }\n", "at least 40 ns"),
        (HEAD + "clock_skew_us = [-5, 0]\n" + APPLICATION, "line 3, key clock_skew_us"),
        (HEAD + "timer_offset_ms = -5\n" + APPLICATION, "line 3, key timer_offset_ms"),
        (HEAD + "response_delay_us = nan\n" + APPLICATION, "line 3, key response_delay_us"),
        (
            HEAD + APPLICATION.replace("barrier", "program") + 'workload_options = { program = "broken:make" }\n',
            "making the program of 'b' raised KeyError",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    code, said = simulated(tmp_path, text, capsys)
    assert (code, says in said) == (2, True), said
    assert "Traceback" not in said


def test_a_program_that_gives_way_to_nobody_is_a_failure_with_its_time_and_core(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = 'cores = [2]\nworkload_options = { program = "broken:stuck" }\n'
    code, said = simulated(tmp_path, HEAD + APPLICATION.replace("barrier", "program").replace("4", "1") + own, capsys)
    assert code == 0
    assert "b: a program on core 2 failed at 5 us: gave way or waited 10,000 times" in said
