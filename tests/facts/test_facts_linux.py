"""A Linux root, live or as a snapshot, becomes facts, and what is missing or broken in it does no harm."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import random
import re
import shutil
import subprocess
import tarfile
from collections import Counter
from pathlib import Path

import pytest

import facts

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "hwloc-linux"
SNAPSHOTS = sorted(FOLDER.glob("*.tar.bz2"))
STATED_ALIKE = [
    *("core", "physical_core", "package", "die", "cache", "core_kind", "disallowed", "unavailable_pu"),
    *("numa_node", "core_node", "memory_cache", "disallowed_node", "memory_bandwidth", "memory_latency_ns"),
]
LARGE_BYTES = 10_000

needs_hwloc = pytest.mark.skipif(shutil.which("lstopo-no-graphics") is None, reason="hwloc is not installed")
needs_linux = pytest.mark.skipif(not Path("/sys/devices/system/cpu").is_dir(), reason="this host has no Linux /sys")


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def root(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def four_cpus() -> dict[str, str]:
    """Return the files of 2 packages with 2 cores each; CPU 3 is off, CPU 1 isolated, 1 L2 a package."""
    files = {
        "sys/devices/system/cpu/isolated": "1\n",
        "sys/devices/system/cpu/nohz_full": "\0",
        "proc/cpuinfo": "processor : 0\nmodel name : Made-up @ 2.66GHz\ncpu MHz : 1200.123\n",
        "sys/devices/system/node/node0/cpumap": "00000000,00000005\n",
        "sys/devices/system/node/node0/meminfo": "Node 0 MemTotal:     1024 kB\n",
        "sys/devices/system/node/node0/distance": "10 21\n",
        "sys/devices/system/node/node2/cpumap": "a\n",
        "sys/devices/system/node/node2/distance": "20 10\n",
    }
    for cpu in range(4):
        here = f"sys/devices/system/cpu/cpu{cpu}"
        mask = {0: "5", 1: "a"}[cpu % 2]
        files |= {
            f"{here}/online": "0\n" if cpu == 3 else "1\n",
            f"{here}/topology/core_siblings": f"{mask}\n",
            f"{here}/topology/physical_package_id": f"{cpu % 2}\n",
            f"{here}/topology/thread_siblings": f"{1 << cpu:x}\n",
            f"{here}/topology/core_id": "0\n",
            f"{here}/cache/index2/level": "2\n",
            f"{here}/cache/index2/type": "Unified\n",
            f"{here}/cache/index2/size": "4096K\n",
            f"{here}/cache/index2/shared_cpu_map": f"{mask}\n",
        }
    return files


def test_a_small_root_gives_cores_caches_and_nodes_in_tree_order(tmp_path: Path) -> None:
    reading = facts.read(root(tmp_path / "box", four_cpus()))
    assert reading.name == "box"
    assert rows(reading, "pu") == [(0, 0, "unknown"), (1, 2, "unknown"), (2, 1, "unknown")]
    assert rows(reading, "core") == [(0, 0), (1, 0), (2, 1)]
    assert rows(reading, "cache") == [
        (0, 0, 2, "unified", 4194304, "unknown"),
        (0, 1, 2, "unified", 4194304, "unknown"),
        (1, 2, 2, "unified", 4194304, "unknown"),
    ]
    assert rows(reading, "numa_node") == [(0, 0, 1048576), (1, 2, "unknown")]
    assert rows(reading, "numa_distance") == [(0, 0, 10), (0, 1, 21), (1, 0, 20), (1, 1, 10)]


def test_cpus_that_are_off_or_isolated_are_named(tmp_path: Path) -> None:
    reading = facts.read(root(tmp_path, four_cpus()))
    assert rows(reading, "unavailable_pu") == [(3,)]
    assert rows(reading, "isolated") == [(2,)]
    assert reading.warnings == ()


def test_features_are_those_of_each_processor_and_everybodys_where_they_stand_once(tmp_path: Path) -> None:
    files = four_cpus()
    files["proc/cpuinfo"] = "processor : 0\nflags\t\t: fpu AVX! sse2\n\nprocessor : 2\nFeatures : fp asimd\n"
    own = rows(facts.read(root(tmp_path / "a", files)), "cpu_feature")
    assert own == [(0, "fpu"), (0, "sse2"), (1, "fp"), (1, "asimd")]
    files["proc/cpuinfo"] = "processor : 0\nprocessor : 1\nprocessor : 2\nFeatures : fp\n"
    assert rows(facts.read(root(tmp_path / "b", files)), "cpu_feature") == [(0, "fp"), (1, "fp"), (2, "fp")]


def test_the_nominal_clock_is_that_of_the_model_name(tmp_path: Path) -> None:
    files = four_cpus()
    assert rows(facts.read(root(tmp_path / "a", files)), "clock_hz")[0] == (0, 2_660_000_000)
    files["sys/devices/system/cpu/cpu0/cpufreq/base_frequency"] = "2000000\n"
    assert rows(facts.read(root(tmp_path / "b", files)), "clock_hz")[:2] == [(0, 2_000_000_000), (1, 2_660_000_000)]


def test_a_broken_file_is_a_warning_and_the_rest_is_read(tmp_path: Path) -> None:
    files = four_cpus()
    files["sys/devices/system/cpu/cpu0/topology/core_siblings"] = "zz\n"
    files["sys/devices/system/node/node0/distance"] = "10\n"
    files["sys/devices/system/cpu/isolated"] = "1-\n"
    reading = facts.read(root(tmp_path, files))
    assert {warning.code for warning in reading.warnings} == {"bad_mask", "distances_unusable", "bad_list"}
    assert (reading.objects or {})["PU"] == 3


def test_contradicting_packages_are_left_out_with_a_warning(tmp_path: Path) -> None:
    files = four_cpus()
    files["sys/devices/system/cpu/cpu1/topology/core_siblings"] = "f\n"
    reading = facts.read(root(tmp_path, files))
    assert [warning.code for warning in reading.warnings] == ["overlap"]
    assert rows(reading, "core") == [(0, 0), (1, 0), (2, "none")]


def test_bare_cpus_without_any_description_are_still_cores(tmp_path: Path) -> None:
    reading = facts.read(root(tmp_path, {"sys/x": "", "proc/cpuinfo": "processor : 0\nprocessor : 1\n"}))
    assert rows(reading, "core") == [(0, "none"), (1, "none")]
    assert (reading.objects or {})["NUMANode"] == 1


def test_a_root_without_a_cpu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(facts.ReadError, match="no online CPU"):
        facts.read(root(tmp_path, {"sys/x": ""}))


def test_groups_of_cores_say_how_deep_they_nest(tmp_path: Path) -> None:
    files = {"sys/x": ""}
    for cpu in range(8):
        here = f"sys/devices/system/cpu/cpu{cpu}/topology"
        files[f"{here}/cluster_cpus"] = f"{3 << cpu // 2 * 2:x}\n"
        files[f"{here}/book_siblings"] = f"{15 << cpu // 4 * 4:x}\n"
        files[f"{here}/thread_siblings"] = f"{1 << cpu:x}\n"
    found = rows(facts.read(root(tmp_path, files)), "group")
    assert {(core, depth) for core, depth, _ in found} == {(core, depth) for core in range(8) for depth in range(2)}
    assert {number for core, depth, number in found if core == 5} == {3, 4}


def test_capacities_tell_the_kinds_of_a_hybrid_machine(tmp_path: Path) -> None:
    files = four_cpus()
    for cpu, capacity in enumerate((1024, 400, 400)):
        files[f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity"] = f"{capacity}\n"
    assert rows(facts.read(root(tmp_path, files)), "core_kind") == [(0, 1), (1, 0), (2, 0)]


@needs_linux
def test_this_host_is_named_and_has_the_cores_that_the_kernel_says() -> None:
    reading = facts.read("host")
    online = len(re.findall(r"(?m)^processor\s*:", Path("/proc/cpuinfo").read_text()))
    assert reading.name == os.uname().nodename.split(".")[0]
    assert (reading.objects or {})["PU"] == online
    assert {isa for _, isa in rows(reading, "isa")} == {os.uname().machine}


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("box/proc/meminfo")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return buffer.getvalue()


def test_an_archive_reads_as_the_folder_it_holds_and_its_links_are_not_followed(tmp_path: Path) -> None:
    folder = facts.read(root(tmp_path / "box", four_cpus()))
    packed = facts.read(archive({f"box/{name}": text for name, text in four_cpus().items()}))
    assert [fact[1:3] for fact in packed.facts[1:]] == [fact[1:3] for fact in folder.facts[1:]]


def test_a_truncated_archive_is_refused() -> None:
    whole = archive({f"box/{name}": text for name, text in four_cpus().items()})
    for end in range(3, len(whole) - 9):
        with pytest.raises(facts.ReadError):
            facts.read(whole[:end])


def test_a_damaged_archive_is_read_or_refused(full_scale: bool) -> None:
    whole, chance = archive({f"box/{name}": text for name, text in four_cpus().items()}), random.Random(1)
    for _ in range(5000 if full_scale else 100):
        damaged = bytearray(whole if chance.random() < 0.5 else gzip.decompress(whole))
        damaged[chance.randrange(2, min(3000, len(damaged)))] = chance.randrange(256)
        with contextlib.suppress(facts.ReadError):
            assert facts.read(bytes(damaged)).objects


def stated(reading: facts.Reading, relation: str) -> set[tuple[object, ...]]:
    """Return rows without what one side alone says: hwloc's means of read and write, and a size of 0 bytes."""
    return {
        tuple("unknown" if value == 0 and relation == "numa_node" and place == 2 else value for place, value in row)
        for row in (tuple(enumerate(row)) for row in rows(reading, relation))
        if (2, "any") not in row
    }


@pytest.mark.skipif(not SNAPSHOTS, reason=f"{FOLDER} is absent")
@needs_hwloc
@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.name.removesuffix(".tar.bz2"))
def test_hwloc_sees_the_same_machine_in_a_snapshot(path: Path, tmp_path: Path, full_scale: bool) -> None:
    if path.stat().st_size > LARGE_BYTES and not full_scale:
        pytest.skip("the larger snapshots are compared by `make test-all`")
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path, filter="data")
    (top,) = tmp_path.iterdir()
    environment = {**os.environ, "HWLOC_FSROOT": str(top), "HWLOC_THISSYSTEM": "0", "HWLOC_COMPONENTS": "linux,stop"}
    command = ["lstopo-no-graphics", "--of", "xml", "--disallowed", "--filter", "all:all"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
    reading = facts.read(path)
    theirs = Counter(re.findall(r'<object type="(\w+)"', done.stdout))
    mine = reading.objects or {}
    for kind in ("PU", "Core", "Package", "Die", "NUMANode", "L1Cache", "L1iCache", "L2Cache", "L3Cache", "MemCache"):
        assert mine.get(kind, 0) == theirs[kind], kind
    order = [int(number) for number in re.findall(r'type="PU" os_index="(\d+)"', done.stdout)]
    assert [os_index for _, os_index, _ in rows(reading, "pu")] == order
    of_hwloc = facts.read(done.stdout.encode())
    for relation in STATED_ALIKE:
        assert stated(reading, relation) == stated(of_hwloc, relation), relation
    assert [fact[:2] for fact in facts.read(top, name=reading.name).facts] == [fact[:2] for fact in reading.facts]


def test_memory_nodes_that_share_cpus_are_one_node_and_a_warning(tmp_path: Path) -> None:
    files = four_cpus() | {"sys/devices/system/node/node2/cpumap": "b\n"}
    reading = facts.read(root(tmp_path, files))
    assert [row[:2] for row in rows(reading, "numa_node")] == [(0, 0)]
    assert rows(reading, "numa_distance") == [(0, 0, 10)]
    assert [warning.code for warning in reading.warnings] == ["overlap"]


def test_the_memory_of_a_gpu_is_a_device_s_and_no_node(tmp_path: Path) -> None:
    status = "Node:      2\nStatus:    online\n"
    files = four_cpus() | {"proc/driver/nvidia/gpus/0004:05:00.0/numa_status": status}
    reading = facts.read(root(tmp_path, files))
    assert rows(reading, "device_memory") == [(facts.Compound("addr", (4, 5, 0, 0)), 2, "unknown")]
    assert rows(reading, "numa_distance") == [(0, 0, 10)]
    assert (reading.objects or {})["NUMANode"] == 1


def card(folder: Path) -> Path:
    """Write a bridge with a network card behind it near CPUs 1 and 3, as the kernel links them."""
    bridge, function = "sys/devices/pci0000:00/0000:00:02.0", "sys/devices/pci0000:00/0000:00:02.0/0000:01:00.1"
    config = "\x00" * 0x3D + "\x02\x00\x00"
    root(
        folder,
        four_cpus()
        | {
            f"{bridge}/class": "0x060400\n",
            f"{bridge}/vendor": "0x8086\n",
            f"{bridge}/device": "0x3408\n",
            f"{bridge}/secondary_bus_number": "1\n",
            f"{bridge}/max_link_speed": "8.0 GT/s\n",
            f"{function}/class": "0x020001\n",
            f"{function}/vendor": "0x8086\n",
            f"{function}/device": "0x10c9\n",
            f"{function}/local_cpus": "a\n",
            f"{function}/numa_node": "2\n",
            f"{function}/config": config,
            f"{function}/net/eth0/mtu": "1500\n",
            "sys/bus/pci/devices/odd/class": "x\n",
        },
    )
    for link, target in (
        ("sys/bus/pci/devices/0000:00:02.0", bridge),
        ("sys/bus/pci/devices/0000:01:00.1", function),
        ("sys/class/net/eth0", f"{function}/net/eth0"),
        ("sys/class/net/lo", "sys/devices/virtual/net/lo"),
    ):
        (folder / link).parent.mkdir(parents=True, exist_ok=True)
        (folder / link).symlink_to("../" * link.count("/") + target)
    return folder


def test_pci_functions_and_named_devices_are_facts_with_where_they_are(tmp_path: Path) -> None:
    reading = facts.read(card(tmp_path / "box"))
    here = facts.Compound("addr", (1, 0, 1))
    bridge = facts.Compound("addr", (0, 2, 0))
    secondary = facts.Compound("secondary", (1,))
    assert rows(reading, "bridge") == [("pcie", bridge, 0x8086, 0x3408, 6, 4, 0, secondary)]
    assert rows(reading, "device") == [("pci", here, 0x8086, 0x10C9, 2, 0, 1, 1)]
    assert rows(reading, "device_core") == [(here, 2)]
    assert rows(reading, "device_node") == [(here, 1)]
    assert rows(reading, "os_device") == [("eth0", "network", here)]
    assert [warning.code for warning in reading.warnings] == ["bad_device"]
    assert "PCIDev" not in (reading.objects or {})


def test_an_archive_with_links_gives_the_same_devices_as_its_folder(tmp_path: Path) -> None:
    folder = card(tmp_path / "box")
    with tarfile.open(tmp_path / "box.tar.gz", "w:gz") as tar:
        tar.add(folder, "box")
    packed = facts.read(tmp_path / "box.tar.gz")
    assert [fact[:2] for fact in packed.facts] == [fact[:2] for fact in facts.read(folder).facts]


def test_a_link_that_leaves_the_root_is_no_device(tmp_path: Path) -> None:
    folder = root(tmp_path / "box", four_cpus())
    (folder / "sys/class/net").mkdir(parents=True)
    (folder / "sys/class/net/eth0").symlink_to("../../../../sys/devices/pci0000:00/0000:00:02.0/net/eth0")
    assert rows(facts.read(folder), "os_device") == []
