"""What processors say of themselves decides how their CPUs count, and gives each its hardware's number."""

from __future__ import annotations

from pathlib import Path

import pytest

import facts

CPU = "sys/devices/system/cpu"
KNIGHTS_LANDING = "processor : 0\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 87\nmodel name : Xeon Phi\n"


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def read(folder: Path, files: dict[str, str]) -> facts.Reading:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return facts.read(folder)


def pairs() -> dict[str, str]:
    """Return the files of four CPUs, two and two threads of a core, each with a core number of its own."""
    files = {}
    for cpu in range(4):
        files[f"{CPU}/cpu{cpu}/topology/thread_siblings"] = f"{3 << cpu // 2 * 2:x}\n"
        files[f"{CPU}/cpu{cpu}/topology/core_id"] = f"{cpu}\n"
    return files


@pytest.mark.parametrize(("family", "cores"), [("21", 4), ("23", 2)])
def test_the_two_cores_of_an_amd_compute_unit_are_two_cores(tmp_path: Path, family: str, cores: int) -> None:
    files = pairs() | {
        "proc/cpuinfo": f"processor : 0\nvendor_id : AuthenticAMD\ncpu family : {family}\nmodel : 1\n",
        "proc/hwloc-nofile-info": "OSName: Linux\nArchitecture: x86_64\n",
    }
    assert (read(tmp_path, files).objects or {})["Core"] == cores


def test_threads_of_a_compute_unit_with_one_core_number_are_one_core(tmp_path: Path) -> None:
    files = pairs() | {
        "proc/cpuinfo": "processor : 0\nvendor_id : AuthenticAMD\ncpu family : 21\n",
        "proc/hwloc-nofile-info": "Architecture: x86_64\n",
    }
    files |= {f"{CPU}/cpu{cpu}/topology/core_id": "0\n" for cpu in range(4)}
    assert (read(tmp_path, files).objects or {})["Core"] == 2


def test_hardware_ids_stand_beside_core_id_and_os_index(tmp_path: Path) -> None:
    text = "processor : 0\napicid : 16\ninitial apicid : 99\n\nprocessor : 2\napicid\t\t: 18\n"
    reading = read(tmp_path, pairs() | {"proc/cpuinfo": text, f"{CPU}/cpu3/address": "7\n"})
    assert rows(reading, "pu") == [(0, 0, 16), (1, 1, "unknown"), (2, 2, 18), (3, 3, 7)]


def test_the_kernel_s_list_of_cpus_that_are_on_counts(tmp_path: Path) -> None:
    reading = read(tmp_path, pairs() | {f"{CPU}/online": "1,3\n"})
    assert [os_index for _, os_index, _ in rows(reading, "pu")] == [1, 3]
    assert rows(reading, "unavailable_pu") == [(0,), (2,)]


def two_memories(second: str) -> dict[str, str]:
    node = "sys/devices/system/node/node"
    return pairs() | {
        "proc/cpuinfo": KNIGHTS_LANDING,
        "proc/hwloc-nofile-info": "Architecture: x86_64\n",
        f"{node}0/cpumap": "f\n" if second == "0" else "3\n",
        f"{node}1/cpumap": f"{second}\n",
        f"{CPU}/cpu0/cache/index3/level": "3\n",
        f"{CPU}/cpu0/cache/index3/type": "Unified\n",
        f"{CPU}/cpu0/cache/index3/size": "0K\n",
        f"{CPU}/cpu0/cache/index3/shared_cpu_map": "f\n",
    }


@pytest.mark.parametrize(
    ("second", "dumped", "sizes"),
    [
        ("0", "", []),
        ("c", "", [8 << 30, 8 << 30]),
        ("0", "version: 2\ncache_size: 4294967296\nmemory_mode: Hybrid25\n", [4 << 30]),
        ("0", "version: 2\ncluster_mode: Quadrant\nmemory_mode: Hybrid50\n", [8 << 30]),
        ("0", "version: 2\ncache_size: 5\nmemory_mode: Flat\n", []),
    ],
)
def test_near_memory_of_a_xeon_phi_is_a_cache_unless_it_is_addressed(
    tmp_path: Path, second: str, dumped: str, sizes: list[int]
) -> None:
    files = two_memories(second) | ({"var/run/hwloc/knl_memoryside_cache": dumped} if dumped else {})
    found = {args[0]: args[4] for args in rows(read(tmp_path, files), "cache")}
    assert list(found.values()) == sizes


def test_base_frequencies_tell_kinds_where_capacities_do_not(tmp_path: Path) -> None:
    files = pairs() | {f"{CPU}/cpu{cpu}/cpufreq/base_frequency": f"{3000 - cpu // 2 * 1000}000\n" for cpu in range(4)}
    assert rows(read(tmp_path, files), "core_kind") == [(0, 1), (1, 1), (2, 0), (3, 0)]
