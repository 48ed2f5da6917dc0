"""Bindings: every notation says what it was told, and refuses what it has no words for."""

import contextlib
from dataclasses import replace

import pytest
from binding_machines import LARGE, TWO_BY_FOUR_SMT, numbering
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.binding import (
    NOTATIONS,
    Binding,
    Bound,
    Memory,
    Numbering,
    notation_named,
    read_binding,
    recognise,
    translate,
    write_binding,
)
from planner.errors import PlanError

SMT = numbering(TWO_BY_FOUR_SMT)
BIG = numbering(LARGE)
READABLE = [name for name, notation in NOTATIONS.items() if notation.read]
ONE_CPU_EACH = ("gomp", "likwid-pin")


def read(name: str, text: str, machine: Numbering = SMT) -> list[tuple[int, ...]]:
    """The OS indexes of each member."""
    binding = read_binding(text, notation_named(name), machine)
    return [tuple(sorted(machine.os_indices(bound.cores))) for bound in binding.members]


def refusal(name: str, text: str, machine: Numbering = SMT) -> PlanError:
    with pytest.raises(PlanError) as caught:
        read_binding(text, notation_named(name), machine)
    return caught.value


def bindings(machine: Numbering, *, singles: bool = False, memory: bool = False) -> st.SearchStrategy[Binding]:
    core = st.sampled_from(machine.cores)
    cores = st.sets(core, min_size=1, max_size=1 if singles else 6).map(lambda found: tuple(sorted(found)))
    bound = st.sampled_from([Memory("bind", (node,)) for node in machine.node_ids]) if memory else st.none()
    members = st.lists(st.tuples(cores, bound), min_size=1, max_size=5)
    return members.map(
        lambda found: Binding(tuple(Bound(f"w.{at}", *one) for at, one in enumerate(found))),
    )


@pytest.mark.parametrize("machine", [SMT, BIG], ids=["2x4x2", "160 CPUs"])
@pytest.mark.parametrize("name", READABLE)
def test_what_is_written_is_read_again_and_written_the_same(name: str, machine: Numbering):
    @settings(max_examples=12)
    @given(bindings(machine, singles=name in ONE_CPU_EACH, memory="bind" in NOTATIONS[name].memory))
    def check(binding: Binding) -> None:
        written = write_binding(binding, NOTATIONS[name], machine)
        assert read_binding(written.text, NOTATIONS[name], machine) == binding
        assert read_binding(written.with_notes, NOTATIONS[name], machine) == binding

    check()


@pytest.mark.parametrize("source", READABLE)
def test_a_translation_there_and_back_says_the_same_in_every_pair(source: str):
    @settings(max_examples=4)
    @given(bindings(SMT, singles=True))
    def check(binding: Binding) -> None:
        text = write_binding(binding, NOTATIONS[source], SMT).text
        for target in READABLE:
            there, written = translate(text, NOTATIONS[source], NOTATIONS[target], SMT)
            back, again = translate(written.text, NOTATIONS[target], NOTATIONS[source], SMT)
            assert there == back == binding
            assert again.text == text

    check()


@settings(max_examples=25)
@given(bindings(SMT, memory=True))
def test_memory_is_kept_by_every_notation_that_has_words_for_it_and_refused_by_the_others(binding: Binding):
    text = write_binding(binding, NOTATIONS["numactl"], SMT).text
    for name in READABLE:
        if "bind" in NOTATIONS[name].memory:
            _, written = translate(text, NOTATIONS["numactl"], NOTATIONS[name], SMT)
            assert read_binding(written.text, NOTATIONS[name], SMT) == binding
        else:
            with pytest.raises(PlanError, match="memory"):
                translate(text, NOTATIONS["numactl"], NOTATIONS[name], SMT)


@pytest.mark.parametrize(
    ("name", "text", "os_indices"),
    [
        ("taskset", "taskset -c 0-3,8 ./a\n/usr/bin/taskset 0xf0 ./b", [(0, 1, 2, 3, 8), (4, 5, 6, 7)]),
        ("taskset", "taskset -acp 1-7:3 4711", [(1, 4, 7)]),
        ("taskset", "taskset -p 1,1 4711".replace("1,1", "101"), [(0, 8)]),
        ("numactl", "numactl -N 1 -m 0 ./a", [(4, 5, 6, 7, 12, 13, 14, 15)]),
        ("numactl", "numactl -C !0-7 ./a", [tuple(range(8, 16))]),
        ("numactl", "numactl -C3 --localalloc -- ./a --physcpubind=9", [(3,)]),
        ("hwloc-bind", "hwloc-bind pu:3 -- ./a", [(9,)]),
        ("hwloc-bind", "hwloc-bind -p pu:3 -- ./a", [(3,)]),
        ("hwloc-bind", "hwloc-bind pack:1.core:2-3.pu:0 ./a", [(6, 7)]),
        ("hwloc-bind", "hwloc-bind package:1 ~core:5 ./a", [(4, 6, 7, 12, 14, 15)]),
        ("hwloc-bind", "hwloc-bind numa:0 xcore:odd -- ./a", [(1, 3, 9, 11)]),
        ("hwloc-bind", "hwloc-bind 0x00000002,,0x0 --", None),
        ("omp-places", "OMP_PLACES={0:2}:2:4", [(0, 1), (4, 5)]),
        ("omp-places", "export OMP_PLACES='{0,1,2,!1},{3}' OMP_PROC_BIND=spread", [(0, 2), (3,)]),
        ("omp-places", "{0}:4,!{2}", [(0,), (1,), (3,)]),
        ("omp-places", "cores", [(core, core + 8) for core in range(8)]),
        ("omp-places", "OMP_PLACES=sockets OMP_NUM_THREADS=1", [(0, 1, 2, 3, 8, 9, 10, 11)]),
        ("gomp", 'GOMP_CPU_AFFINITY="0 3 1-2 4-7:2"', [(0,), (3,), (1,), (2,), (4,), (6,)]),
        ("likwid-pin", "likwid-pin -c 3,0-1 ./a", [(3,), (0,), (1,)]),
        ("likwid-pin", "likwid-pin -q -c S1:0-1,4@S0:0 ./a", [(4,), (5,), (12,), (0,)]),
        ("likwid-pin", "likwid-pin -c E:S0:4 ./a", [(0,), (8,), (1,), (9,)]),
        ("likwid-pin", "likwid-pin -c E:N:3:1:2 ./a", [(0,), (1,), (2,)]),
        ("rankfile", "rank 0=a slot=1:0-1\nrank 1=a slot=0:1;1:3", [(4, 5, 12, 13), (1, 7, 9, 15)]),
        ("rankfile", "rank 1=a slot=5\nrank 0=a slot=0:2,3", [(2, 3, 10, 11), (5, 13)]),
        ("rankfile", "# mpirun --use-hwthread-cpus -rf F\nrank 0=a slot=5", [(10,)]),
        ("rankfile-v5", "# mpirun --map-by rankfile:file=F:HWTCPUS\nrank 0=a slot=0-1", [(0, 8)]),
        ("rankfile", "# --mca rmaps_rank_file_physical 1\nrank 0=a slot=13", [(5, 13)]),
        ("slurm", "srun -n 4 --cpu-bind=v,map_cpu:0,0x8*2 ./a", [(0,), (8,), (8,), (0,)]),
        ("slurm", "srun --cpu_bind mask_cpu:3,0xc -- ./a", [(0, 1), (2, 3)]),
        ("systemd", "[Service]\nCPUAffinity=0-1 8\nCPUAffinity=9\n[Slice]\nAllowedCPUs=3,4", [(0, 1, 8, 9), (3, 4)]),
        ("cpuset", "cpuset.cpus = 0-2\ncpuset.mems = 1", [(0, 1, 2)]),
        ("cpuset", "Cpus_allowed:\t0000,00000101", [(0, 8)]),
        ("cpuset", "docker run --cpuset-cpus=0-3 --cpuset-mems=0 image\n8,9", [(0, 1, 2, 3), (8, 9)]),
        ("kernel-mask", "ff00\n3", [tuple(range(8, 16)), (0, 1)]),
    ],
)
def test_texts_in_the_wild_are_understood(name: str, text: str, os_indices: list[tuple[int, ...]] | None):
    if os_indices is None:
        assert refusal(name, text).code == "unknown_cpu"
    else:
        assert read(name, text) == os_indices


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("taskset", "taskset ./a"),
        ("taskset", "taskset -p 4711"),
        ("taskset", "taskset 0x0 ./a"),
        ("taskset", "taskset -c 0-3 'a"),
        ("taskset", ""),
        ("numactl", "numactl --membind=0 ./a"),
        ("numactl", "numactl -C +0-3 ./a"),
        ("numactl", "numactl -C 0 -N 1 ./a"),
        ("numactl", "numactl --cpubind=0 ./a"),
        ("numactl", "numactl -C 0 -m 5 ./a"),
        ("hwloc-bind", "hwloc-bind -p core:0 -- ./a"),
        ("hwloc-bind", "hwloc-bind L2:0 -- ./a"),
        ("hwloc-bind", "hwloc-bind core:7-9 -- ./a"),
        ("hwloc-bind", "hwloc-bind 0xf...f -- ./a"),
        ("omp-places", "OMP_PLACES={0},{1} OMP_NUM_THREADS=3"),
        ("omp-places", "OMP_PLACES={0},{1} OMP_PROC_BIND=false"),
        ("omp-places", "OMP_PLACES={0:999999999}"),
        ("omp-places", "OMP_PLACES={0}:6000:70000"),
        ("omp-places", "OMP_PLACES={0},"),
        ("omp-places", "OMP_PLACES=cores(2)"),
        ("omp-places", "OMP_PLACES={0} rm=1"),
        ("gomp", "GOMP_CPU_AFFINITY=x"),
        ("gomp", "OMP_NUM_THREADS=1"),
        ("likwid-pin", "likwid-pin -c S:scatter ./a"),
        ("likwid-pin", "likwid-pin -c S7:0 ./a"),
        ("likwid-pin", "likwid-pin -c E:N:400 ./a"),
        ("likwid-pin", "likwid-pin -m -c 0 ./a"),
        ("rankfile", "rank 0=a slot=p5"),
        ("rankfile", "rank 0=a slot=0:9"),
        ("rankfile", "rank 0=a slot=7:0"),
        ("rankfile", "rank 0=a slot=0\nrank 2=a slot=1"),
        ("rankfile", "rank 0=a slot=0\nrank 1=b slot=1"),
        ("rankfile", "rank 0=a slot=0\nrank 0=a slot=1"),
        ("slurm", "srun --cpu-bind=cores ./a"),
        ("slurm", "srun ./a"),
        ("slurm", "srun --cpu-bind=mask_cpu:0x0 ./a"),
        ("slurm", "srun --cpu-bind=map_cpu:0*999999 ./a"),
        ("systemd", "[Service]\nCPUAffinity=0\nAllowedCPUs=1"),
        ("systemd", "[Service]\nCPUAffinity=numa"),
        ("systemd", "[Service]\nCPUAffinity=0\nNUMAPolicy=bind"),
        ("systemd", "[Service]\nExecStart=/bin/true"),
        ("cpuset", "cpuset.mems = 0"),
        ("cpuset", "echo 0 > a/cpuset.cpus\necho 1 > a/cpuset.cpus"),
        ("cpuset", "hello"),
        ("kernel-mask", "0"),
        ("kubernetes", "kind: Pod"),
        *[(name, "\u0663 {{{ ;;; \x00 \ud800") for name in READABLE],
    ],
)
def test_what_is_no_binding_is_refused_in_one_sentence(name: str, text: str):
    error = refusal(name, text)
    assert error.code in ("bad_binding", "bad_cpu_list", "unknown_cpu", "not_expressible")
    assert name.split("-")[0] in error.message or error.code != "bad_binding"


@pytest.mark.parametrize("name", READABLE)
def test_endless_lists_and_masks_are_refused_at_once(name: str):
    command = {"slurm": "srun --cpu-bind", "taskset-mask": "taskset", "likwid-pin": "likwid-pin -c"}.get(name, name)
    for text in (
        f"{command} 0x" + "f" * 300_000,
        f"{command} " + "0-999999," * 10_000 + "1",
        f"{command} " + "{0:60000,0:60000}:60000," * 1000,
        "9" * 2_000_000,
    ):
        assert refusal(name, text).code


@settings(max_examples=150)
@given(st.sampled_from(READABLE), st.text(alphabet="{}:,!-0123456789xfSNE=@;*.\n #abrankslot", max_size=40), st.data())
def test_no_text_does_worse_than_to_be_refused(name: str, tail: str, data: st.DataObject):
    start = data.draw(st.sampled_from(["", *NOTATIONS[name].begins]))
    with contextlib.suppress(PlanError):
        assert read_binding(f"{start} {tail}", NOTATIONS[name], SMT).members


def test_a_part_of_a_core_is_never_widened_to_the_core_in_a_rankfile():
    part = Binding((Bound("a", SMT.at_os([5], "")), Bound("b", SMT.at_os([2, 10], ""))))
    for name in ("rankfile", "rankfile-v5"):
        text = write_binding(part, NOTATIONS[name], SMT).text
        assert "slot=10" in text, "logical PU 10 is OS index 5"
        assert read(name, text) == [(5,), (2, 10)]
        option = {"rankfile": "--use-hwthread-cpus", "rankfile-v5": ":HWTCPUS"}[name]
        assert option in text.splitlines()[0]
        assert refusal(name, text.replace(option, "")).message, "without the option the numbers are cores, and few"


def test_whole_cores_are_package_and_core_except_where_version_5_would_count_wrongly():
    last = Binding((Bound("a", SMT.packages[1][-2:]),))
    assert "slot=1:3" in write_binding(last, NOTATIONS["rankfile"], SMT).text
    assert "slot=1:3" in write_binding(last, NOTATIONS["rankfile-v5"], SMT).text
    threads = tuple(replace(one, package=0 if one.physical < 3 else 1) for one in SMT.threads)
    uneven = replace(SMT, threads=threads)
    assert "slot=1:4" in write_binding(last, NOTATIONS["rankfile"], uneven).text
    assert "slot=7" in write_binding(last, NOTATIONS["rankfile-v5"], uneven).text


def test_masks_beyond_64_cpus_are_long_hex_here_and_words_of_32_bits_there():
    binding = Binding((Bound("a", BIG.at_os([0, 70, 159], "")),))
    names = ("taskset", "taskset-mask", "kernel-mask", "hwloc-bind")
    words = {name: write_binding(binding, NOTATIONS[name], BIG).text.split("  #")[0] for name in names}
    assert words["taskset-mask"] == f"taskset {hex(1 | 1 << 70 | 1 << 159)}"
    assert words["kernel-mask"] == "80000000,00000000,00000040,00000000,00000001"
    assert "0x80000000,0x00000000,0x00000040,0x00000000,0x00000001" in words["hwloc-bind"]
    assert words["taskset"] == "taskset -c 0,70,159"


def test_one_cpu_each_is_all_that_gomp_and_likwid_can_say():
    binding = Binding((Bound("a", SMT.cores[:2]),))
    for name in ONE_CPU_EACH:
        with pytest.raises(PlanError) as caught:
            write_binding(binding, NOTATIONS[name], SMT)
        assert caught.value.code == "not_expressible"
        assert caught.value.details["dispatcher"] == "a"


def test_a_pod_is_no_translation_of_a_binding():
    with pytest.raises(PlanError, match="the kubelet chooses which"):
        translate("taskset -c 0", NOTATIONS["taskset"], NOTATIONS["kubernetes"], SMT)


def test_without_os_indexes_logical_notations_still_speak_and_the_others_refuse():
    threads = tuple(replace(one, os_index=None) for one in SMT.threads)
    bare = replace(SMT, threads=threads)
    binding = Binding((Bound("a", (bare.cores[3],)),))
    expected = {"hwloc-bind": "pu:3", "likwid-pin": "-c N:9", "rankfile": "slot=3", "rankfile-v5": "slot=3"}
    for name in READABLE:
        if name in expected:
            written = write_binding(binding, NOTATIONS[name], bare)
            assert expected[name] in written.text
            assert written.index == "logical"
            assert read_binding(written.text, NOTATIONS[name], bare) == binding
        else:
            with pytest.raises(PlanError, match="no OS index"):
                write_binding(binding, NOTATIONS[name], bare)


def test_logical_numbers_are_noted_where_a_machine_has_disallowed_cpus():
    binding = Binding((Bound("a", SMT.cores[:2]),))
    held_back = replace(SMT, has_disallowed=True)
    assert "disallowed" in write_binding(binding, NOTATIONS["rankfile"], held_back).with_notes
    assert "disallowed" not in write_binding(binding, NOTATIONS["taskset"], held_back).with_notes
    assert "disallowed" not in write_binding(binding, NOTATIONS["rankfile"], SMT).with_notes


def test_names_of_all_sorts_stay_inside_their_comments():
    binding = Binding((Bound("a\nrm -rf ~", (0,)), Bound("b: core 7 (logical PU 9", (1,)), Bound("", (2,))))
    for name, notation in NOTATIONS.items():
        text = write_binding(binding, notation, SMT).text
        assert not any(line.startswith("rm ") for line in text.splitlines())
        if notation.read:
            assert [one.cores for one in read_binding(text, notation, SMT).members] == [(0,), (1,), (2,)], name


@pytest.mark.parametrize("name", [name for name in READABLE if NOTATIONS[name].begins])
def test_a_text_is_recognised_by_how_it_begins(name: str):
    text = write_binding(Binding((Bound("a", SMT.physical_cores[1][:1]),)), NOTATIONS[name], SMT).text
    assert recognise(text).name == name


def test_an_unknown_notation_is_told_those_that_are_known():
    with pytest.raises(PlanError) as caught:
        notation_named("abacus")
    assert caught.value.details["accepted"] == list(NOTATIONS)
    with pytest.raises(PlanError, match="--from"):
        recognise("hello")
