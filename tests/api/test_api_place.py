"""What `skb place` tells people."""

from pathlib import Path

APPLICATION = """name = "pipeline"
objective = "communication"
[[group]]
name = "workers"
count = 8
cpu = 0.5
memory = "2 GiB"
isa = "x86_64"
[[traffic]]
between = "workers"
pattern = "ring"
bytes_per_second = 1e8
[[constraint]]
name = "close"
kind = "share"
level = "L3"
members = ["workers"]
"""


def test_what_could_not_be_checked_is_noted_and_what_cannot_hold_is_named(skb, tmp_path: Path):
    file = tmp_path / "pipeline.toml"
    file.write_text(APPLICATION)
    skb("load", "synthetic:pack:2 l3:1 core:4 pu:2", "--machine", "eight")
    skb("load", "amd-4x4")
    placed, refused = skb("place", "eight", file, "--iterations", 10), skb("place", "amd-4x4", file)
    assert placed.code == 0
    assert "note: the size of NUMA node 0 is not known" in placed.out
    assert "note: the instruction set of core 0-15 is not known" in placed.out
    assert refused.code == 1
    assert "no placement exists; in conflict: distinct, close (" in refused.out
