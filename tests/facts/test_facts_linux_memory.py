"""What the kernel says of memory nodes, beside their CPUs: what is near, in front, how fast, and not allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

import facts

NODE = "sys/devices/system/node"
CPU = "sys/devices/system/cpu"


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def read(folder: Path, files: dict[str, str]) -> facts.Reading:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return facts.read(folder)


def three_nodes() -> dict[str, str]:
    """Return the files of four CPUs in two nodes and a third node without CPUs, nearer to the second one."""
    files = {f"{CPU}/cpu{cpu}/topology/thread_siblings": f"{1 << cpu:x}\n" for cpu in range(4)}
    maps, rows_ = ("3", "c", "0"), ("10 20 40", "20 10 30", "40 30 10")
    for node in range(3):
        files[f"{NODE}/node{node}/cpumap"] = f"{maps[node]}\n"
        files[f"{NODE}/node{node}/distance"] = f"{rows_[node]}\n"
    return files


def test_a_node_without_cpus_is_near_those_of_the_nearest_node(tmp_path: Path) -> None:
    reading = read(tmp_path, three_nodes())
    assert {core for core, node in rows(reading, "core_node") if node == 2} == {2, 3}


def test_a_node_without_cpus_is_nowhere_where_all_others_are_as_far(tmp_path: Path) -> None:
    files = three_nodes()
    files[f"{NODE}/node2/distance"] = "30 30 10\n"
    assert len(rows(read(tmp_path, files), "core_node")) == 4


def test_initiators_beat_distances_and_tell_bandwidth_and_latency(tmp_path: Path) -> None:
    files = three_nodes()
    for file, value in (("read_bandwidth", "131072"), ("write_bandwidth", "0"), ("read_latency", "26"), ("node0", "")):
        files[f"{NODE}/node2/access1/initiators/{file}"] = f"{value}\n"
    files[f"{NODE}/node2/access0/initiators/node1"] = ""
    reading = read(tmp_path, files)
    node = next(node for node, os_index, _ in rows(reading, "numa_node") if os_index == 2)
    assert [core for core, near in rows(reading, "core_node") if near == node] == [0, 1]
    assert rows(reading, "memory_bandwidth") == [(core, node, "read", 131072) for core in (0, 1)]
    assert rows(reading, "memory_latency_ns") == [(core, node, "read", 26) for core in (0, 1)]


def test_nodes_that_the_kernel_makes_up_have_no_initiators_and_no_caches(tmp_path: Path) -> None:
    files = three_nodes() | {
        "proc/cmdline": "ro numa=fake=2 quiet\n",
        f"{NODE}/node0/memory_side_cache/index1/size": "9\n",
    }
    files |= {f"{NODE}/node0/memory_side_cache/index1/line_size": "64\n", f"{NODE}/node2/access0/initiators/node0": ""}
    reading = read(tmp_path, files)
    assert (len(rows(reading, "core_node")), rows(reading, "memory_cache")) == (4, [])


def test_a_cache_in_front_of_a_node_is_a_fact_however_large(tmp_path: Path) -> None:
    folder = f"{NODE}/node1/memory_side_cache/index1"
    reading = read(tmp_path, three_nodes() | {f"{folder}/size": "103079215104\n", f"{folder}/line_size": "64\n"})
    assert rows(reading, "memory_cache") == [(0, 1, 103079215104, 64)]
    assert (reading.objects or {})["MemCache"] == 1


def test_nodes_that_are_off_are_left_out_of_distances_too(tmp_path: Path) -> None:
    files = three_nodes() | {f"{NODE}/online": "1-2\n"}
    files |= {f"{NODE}/node1/distance": "10 30\n", f"{NODE}/node2/distance": "30 10\n"}
    reading = read(tmp_path, files)
    assert [os_index for _, os_index, _ in rows(reading, "numa_node")] == [2, 1]
    assert rows(reading, "numa_distance") == [(1, 1, 10), (1, 0, 30), (0, 1, 30), (0, 0, 10)]


@pytest.mark.parametrize(
    ("mount", "group", "names"),
    [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0", "0::/job\n", ("cpuset.cpus.effective", "cpuset.mems.effective")),
        ("cgroup /sys/fs/cgroup cgroup rw,cpuset 0 0", "5:cpuset:/job\n0::/x\n", ("cpuset.cpus", "cpuset.mems")),
        ("cpuset /sys/fs/cgroup cgroup rw,cpuset,noprefix 0 0", "0::/job\n", ("cpus", "mems")),
        ("none /sys/fs/cgroup cpuset rw 0 0", "1:cpuset:/job\n", ("cpus", "mems")),
    ],
)
def test_what_the_control_group_does_not_allow_is_disallowed(
    tmp_path: Path, mount: str, group: str, names: tuple[str, str]
) -> None:
    files = three_nodes() | {
        "proc/mounts": f"none /proc proc rw 0 0\nnone /other cgroup2 rw 0 0\n{mount}\n",
        "proc/self/cgroup": group,
        "sys/fs/cgroup/cgroup.controllers": "cpu cpuset io\n",
        f"sys/fs/cgroup/job/{names[0]}": "0,3\n",
        f"sys/fs/cgroup/job/{names[1]}": "1\n",
    }
    reading = read(tmp_path, files)
    assert rows(reading, "disallowed") == [(1,), (2,)]
    allowed = {
        os_index for node, os_index, _ in rows(reading, "numa_node") if (node,) not in rows(reading, "disallowed_node")
    }
    assert allowed == {1}
    assert (reading.objects or {})["PU"] == 4


def test_a_control_group_that_cannot_be_found_restricts_nothing(tmp_path: Path) -> None:
    files = three_nodes() | {"proc/mounts": "a b\ncgroup /c cgroup rw,cpuset 0 0\n", "proc/self/cpuset": "/../../job\n"}
    reading = read(tmp_path, files)
    assert (rows(reading, "disallowed"), rows(reading, "disallowed_node")) == ([], [])
