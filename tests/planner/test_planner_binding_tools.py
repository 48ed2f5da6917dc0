"""Bindings against the tools themselves, as far as they are installed and this machine lets them bind."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from binding_machines import LARGE, TWO_BY_FOUR_SMT, numbering

import facts
import skb
from planner.binding import NOTATIONS, Binding, Bound, Numbering, read_binding, write_binding
from planner.binding.masks import hwloc_mask, read_mask
from planner.machine.topology import Topology

SMT = numbering(TWO_BY_FOUR_SMT)


def run(*words: str, **environment: str) -> str:
    """What the tool prints; the test is skipped where it is not installed."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment}, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def here() -> Numbering:
    """This machine, as `skb load host` sees it."""
    found = Numbering.of(Topology.of(skb.load(facts.read("host"))))
    if not found.has_os_indices:
        pytest.skip("this machine does not tell its CPUs")
    return found


def last_cpu(machine: Numbering) -> tuple[int, ...]:
    usable = os.sched_getaffinity(0)
    return tuple(core for core in machine.cores if set(machine.os_indices([core])) <= usable)[-1:]


@pytest.mark.parametrize("name", ["taskset", "taskset-mask", "numactl", "hwloc-bind"])
def test_a_command_binds_where_it_says(name: str, here: Numbering):
    cores = last_cpu(here)
    line = write_binding(Binding((Bound("a", cores),)), NOTATIONS[name], here).text
    words = line.split("  #")[0].split()
    allowed = [row for row in run(*words, "cat", "/proc/self/status").splitlines() if row.startswith("Cpus_allowed")]
    for row in allowed:
        assert read_binding(row, NOTATIONS["cpuset"], here).members[0].cores == cores


def test_gcc_understands_the_places(here: Numbering):
    cores = last_cpu(here)
    library = next((path for path in Path("/usr/lib").glob("*/libgomp.so.1")), None)
    if library is None:
        pytest.skip("libgomp is not installed")
    text = write_binding(Binding((Bound("a", cores),)), NOTATIONS["omp-places"], here).text
    settings = dict(line.removeprefix("export ").split("=", 1) for line in text.splitlines() if line[0] != "#")
    shown = subprocess.run(
        ["true"],
        capture_output=True,
        text=True,
        env={"LD_PRELOAD": str(library), "OMP_DISPLAY_ENV": "true", **settings},
    )
    assert f"OMP_PLACES = '{{{here.os_indices(cores)[0]}}}'" in shown.stderr


def test_likwid_takes_the_list(here: Numbering):
    cores = last_cpu(here)
    text = write_binding(Binding((Bound("a", cores),)), NOTATIONS["likwid-pin"], here).text
    if len(here.threads) != len(os.sched_getaffinity(0)):
        pytest.skip("this process may not use all CPUs, where likwid counts otherwise")
    shown = run("likwid-pin", "-p", "-c", text.splitlines()[-1].split()[-1])
    assert shown.split() == [str(here.os_indices(cores)[0])]


def test_hwloc_reads_locations_as_we_do():
    locations = (
        "pu:3",
        "pack:1.core:2-3.pu:0",
        "pack:1 ~core:5",
        "core:all.pu:0",
        "all",
        "core:odd",
        "core:7:3",
        "core:1-",
        "numa:1",
        "pack:1 xcore:odd",
        "core:0 ^pu:1-2",
        "0x00000f0f,0x3",
    )
    for location in locations[:-1]:
        mask = run("hwloc-calc", "-i", TWO_BY_FOUR_SMT, *location.split()).strip()
        binding = read_binding(f"hwloc-bind {location} --", NOTATIONS["hwloc-bind"], SMT)
        assert set(SMT.os_indices(binding.members[0].cores)) == set(read_mask(mask, "hwloc-bind")), location


def test_hwloc_writes_large_masks_as_we_do():
    mask = run("hwloc-calc", "-i", LARGE, "core:0", "core:70", "core:159").strip()
    assert read_mask(mask, "hwloc-bind") == (0, 70, 159)
    ours = run("hwloc-calc", "-i", LARGE, hwloc_mask([0, 70, 159])).strip()
    assert ours == mask
    assert run("hwloc-calc", "-i", LARGE, "--taskset", mask).strip() == hex(1 | 1 << 70 | 1 << 159)


@pytest.mark.parametrize("whole", [True, False], ids=["whole cores", "hardware threads"])
def test_open_mpi_4_maps_a_rankfile_as_we_wrote_it(whole: bool, tmp_path: Path):
    if shutil.which("mpirun") is None or "(Open MPI) 4" not in run("mpirun", "--version"):
        pytest.skip("Open MPI 4 is not installed")
    cores = SMT.physical_cores
    sets = [cores[1] + cores[3], cores[5], cores[0] + cores[7]] if whole else [(3,), (10, 11), (0, 15)]
    members = tuple(Bound(f"w.{at}", tuple(sorted(one))) for at, one in enumerate(sets))
    file = tmp_path / "ranks"
    text = write_binding(Binding(members), NOTATIONS["rankfile"], SMT).text
    file.write_text(text)
    words = ["mpirun", *(() if whole else ("--use-hwthread-cpus",)), "-rf", str(file), "-np", str(len(sets))]
    shown = run(
        *words,
        "--display-devel-map",
        "true",
        HWLOC_SYNTHETIC=TWO_BY_FOUR_SMT,
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    )
    maps = [line.split("Binding:")[1] for line in shown.splitlines() if "Binding:" in line]
    letters = [[letter for letter in one if letter in "B."] for one in maps]
    assert [tuple(at for at, letter in enumerate(row) if letter == "B") for row in letters] == [
        tuple(SMT.thread(core).logical for core in bound.cores) for bound in members
    ]


def test_hwloc_counts_hardware_threads_in_our_order(shared_data: Path):
    files = [shared_data / "hwloc-xml" / "v1" / name for name in ("16amd64-8n2c-cpusets.xml", "16em64t-4s2c2t.xml")]
    if not all(file.is_file() for file in files):
        pytest.skip(f"the files are not here: {files[0].parent}")
    for file in files:
        ours = Numbering.of(Topology.of(skb.load(facts.read(str(file)))))
        theirs = run("hwloc-calc", "-i", str(file), "-I", "pu", "--po", "all").strip()
        assert theirs == ",".join(str(thread.os_index) for thread in ours.threads)
