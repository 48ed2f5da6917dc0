"""A root that somebody else has made may hold pipes, circles and links that lead out; it is read all the same."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

import facts
from facts.linux import reader

CPU = "sys/devices/system/cpu"


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def two_cpus(folder: Path) -> Path:
    for cpu in range(2):
        here = folder / CPU / f"cpu{cpu}" / "topology"
        here.mkdir(parents=True)
        (here / "thread_siblings").write_text(f"{1 << cpu:x}\n")
    return folder


def test_a_pipe_in_place_of_a_file_does_not_hold_up_the_reader(tmp_path: Path) -> None:
    root = two_cpus(tmp_path / "box")
    for name in ("core_siblings", "core_id"):
        os.mkfifo(root / CPU / "cpu0" / "topology" / name)
    os.mkfifo(root / CPU / "online")
    assert (facts.read(root).objects or {})["PU"] == 2


def test_links_in_a_circle_and_folders_in_place_of_files_are_taken_as_absent(tmp_path: Path) -> None:
    root = two_cpus(tmp_path / "box")
    (root / CPU / "online").symlink_to("online")
    (root / CPU / "cpu2").symlink_to("cpu3")
    (root / CPU / "cpu3").symlink_to("cpu2")
    (root / CPU / "isolated").mkdir()
    (root / "proc").symlink_to(root)
    assert [os_index for _, os_index, _ in rows(facts.read(root), "pu")] == [0, 1]


@pytest.mark.parametrize("target", ["/outside", "../outside"])
def test_links_that_lead_out_of_the_root_tell_nothing_of_this_host(tmp_path: Path, target: str) -> None:
    root, outside = two_cpus(tmp_path / "box"), tmp_path / "outside"
    outside.mkdir()
    (outside / "cpuinfo").write_text("processor : 0\napicid : 77\n")
    (root / "proc").symlink_to(outside if target.startswith("/") else target)
    (root / CPU / "isolated").symlink_to(outside / "cpuinfo")
    reading = facts.read(root)
    assert {hardware for _, _, hardware in rows(reading, "pu")} == {"unknown"}
    assert reading.warnings == ()


def test_links_within_the_root_are_followed(tmp_path: Path) -> None:
    root = two_cpus(tmp_path / "box")
    (root / "notes").write_text("1\n")
    (root / CPU / "isolated").symlink_to("../../../../notes")
    assert rows(facts.read(root), "isolated") == [(1,)]


def test_an_archive_with_paths_out_of_it_and_with_devices_writes_and_reads_nothing_else(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:bz2") as tar:
        for name, kind in (("box/proc/cpuinfo", tarfile.CHRTYPE), ("box/proc/meminfo", tarfile.FIFOTYPE)):
            odd = tarfile.TarInfo(name)
            odd.type = kind
            tar.addfile(odd)
        for name in ("../../evil/proc/cmdline", "/etc/proc/mounts", f"box/{CPU}/cpu0/topology/thread_siblings"):
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"1\n"))
    (tmp_path / "box.tar.bz2").write_bytes(buffer.getvalue())
    assert (facts.read(tmp_path / "box.tar.bz2").objects or {})["PU"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box.tar.bz2"]


def test_more_cpus_than_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_CPUS", 1)
    with pytest.raises(facts.ReadError, match="holds 2 CPUs; at most 1"):
        facts.read(two_cpus(tmp_path / "box"))
