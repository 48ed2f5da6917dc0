"""`skb load host --measure`: messages between this machine's cores, timed and used."""

import os
from pathlib import Path

import pytest

from tests.api.conftest import Skb

on_two_cpus = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="a message needs two CPUs"
)

PAIR = """
name = "pair"
objective = "communication"
[[group]]
name = "ends"
count = 2
[[traffic]]
between = "ends"
pattern = "ring"
bytes_per_second = 1e6
"""


@on_two_cpus
def test_a_placement_on_this_host_rests_on_what_was_measured(skb: Skb, tmp_path: Path):
    loaded = skb("load", "host", "--machine", "here", "--measure", "--time-limit", 20, "--json").document
    app = tmp_path / "pair.toml"
    app.write_text(PAIR)
    placed = skb("place", "here", app, "--time-limit", 0.5, "--json").document
    assert placed["latency"] == "measured"
    usable = len(os.sched_getaffinity(0))
    assert loaded["facts"]["message_latency_ps"] == 2 * loaded["measurement"]["pairs"] <= usable * (usable - 1)
    assert loaded["revision"] == 1


@on_two_cpus
def test_a_second_measurement_takes_the_place_of_the_first(skb: Skb):
    for _ in range(2):
        loaded = skb("load", "host", "--machine", "here", "--measure", "--time-limit", 20, "--json").document
    answer = skb("query", "here", "message_latency_ps(A, B, Mean, _, _, _)", "--json").document
    assert len(answer["rows"]) == loaded["facts"]["message_latency_ps"]
    assert loaded["revision"] == 2
    [machine] = skb("machines", "--json").document["machines"]
    assert machine["facts"] == loaded["facts"]


def test_only_this_host_can_be_measured(skb: Skb):
    said = skb("load", "amd-4x4", "--measure", "--json")
    assert said.code == 2
    assert "host --measure" in said.document["error"]["message"]
    assert skb("machines", "--json").document["revision"] == 0


def test_a_time_limit_without_measuring_is_refused(skb: Skb):
    assert skb("load", "host", "--time-limit", 3).code == 2
