"""The command line: answers, exit codes, one sentence for every mistake."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.catalogue import COMMANDS
from api.cli.entry import main

SHARED = Path(__file__).resolve().parents[3] / "shared"
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
PROGRAM = [sys.executable, "-c", "import sys; from api.cli import main; sys.exit(main())"]


def run_program(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


def test_help_lists_every_command_and_imports_none_of_them():
    code = "import sys; from api.cli import main; main(['--help']); print([m for m in sys.modules if '_command' in m])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert shown.rstrip().endswith("[]")


def test_help_does_not_load_the_solver_or_the_service():
    slow = "{'ortools', 'fastapi', 'sqlalchemy', 'numpy'}"
    code = f"import sys; from api.cli import main; main(['--help']); print({slow} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.rstrip().endswith("set()")


def test_the_program_answers_in_json_on_a_store_of_its_own(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'deep' / 'store.sqlite'}"
    loaded = run_program("load", "amd-2x2", "--json", "--database", url)
    listed = run_program("--json", "--database", url, "machines")
    assert loaded.returncode == 0
    assert json.loads(loaded.stdout)["objects"]["PU"] == 4
    assert [one["machine"] for one in json.loads(listed.stdout)["machines"]] == ["amd-2x2"]


def test_the_store_lies_in_the_users_data_folder_by_default(tmp_path: Path):
    run_program("load", "amd-2x2", SKB_DATABASE_URL="", XDG_DATA_HOME=str(tmp_path))
    assert (tmp_path / "skb" / "skb.sqlite").exists()


def test_a_loaded_machine_is_listed_shown_and_asked(skb):
    assert skb("load", "amd-4x4").code == 0
    assert "amd-4x4" in skb("machines").out
    assert "16 hardware threads" in skb("show", "amd-4x4").out
    answer = skb("query", "amd-4x4", "cache(Id, 5, 3, _, Size, _)", "--json").document
    assert answer["status"] == "complete"
    assert answer["columns"] == ["Id", "Size"]
    assert answer["rows"] == [[answer["rows"][0][0], 6291456]]


def test_exported_facts_load_again_as_the_same_facts(skb, tmp_path: Path):
    skb("load", "amd-2x2")
    exported = tmp_path / "again.facts"
    exported.write_text(skb("export", "amd-2x2", "--format", "facts").out)
    again = skb("load", exported, "--json").document
    first = skb("show", "amd-2x2", "--json").document
    assert again["facts"] == first["facts"]


def test_layers_and_sources_survive_the_export_and_a_load_of_another_description(skb, tmp_path: Path):
    given, again = tmp_path / "m.facts", tmp_path / "again.facts"
    given.write_text(
        "core(0,0).\ncore(1,7).  % discovered; hwloc XML v2: m.xml\nlink(a,b).  % measured; ping\n"
        "core(1,0).  % quirk; errata 3\ndenied(core(5,_)).  % quirk; errata 4\n"
    )
    skb("load", given)
    again.write_text(skb("export", "m").out)
    skb("load", again, "--machine", "copy")
    assert skb("export", "copy").out.splitlines()[1:] == skb("export", "m").out.splitlines()[1:]
    given.write_text("core(0,0). core(1,7). core(5,0).\n")
    skb("load", given, "--machine", "copy")
    assert skb("query", "copy", "core(C, P)", "--json").document["rows"] == [[0, 0], [1, 0]]
    assert skb("query", "copy", "link(A, B)", "--json").document["rows"] == [["a", "b"]]


def test_an_export_format_that_is_not_written_is_refused_with_those_that_are(skb):
    skb("load", "amd-2x2")
    refused = skb("export", "amd-2x2", "--format", "dot")
    assert refused.code == 2
    assert "facts and hwloc-xml are accepted" in refused.err


def test_exported_hwloc_xml_loads_again_as_the_same_machine(skb, tmp_path: Path):
    first = skb("load", "amd-4x4", "--json").document
    exported = tmp_path / "again.xml"
    exported.write_text(skb("export", "amd-4x4", "--format", "hwloc-xml").out)
    objects = skb("load", exported, "--json").document["objects"]
    assert {kind: objects[kind] for kind in first["objects"]} == first["objects"]


def test_files_of_facts_are_asked_without_a_machine(skb, tmp_path: Path):
    (tmp_path / "a.pl").write_text("likes(ann, bob).\n")
    (tmp_path / "b.pl").write_text("likes(bob, cat).\n")
    words = ("query", "-", "--facts", tmp_path / "a.pl", tmp_path / "b.pl", "likes(ann, X), likes(X, Y)", "--json")
    assert skb(*words).document["rows"] == [["bob", "cat"]]


def test_a_program_file_is_asked(skb, tmp_path: Path):
    program = tmp_path / "neighbours.skb"
    program.write_text("same(A, B) :- core(A, P), core(B, P), A < B.\n?- same(0, X).\n")
    skb("load", "amd-4x4")
    assert skb("query", "amd-4x4", "-f", program, "--json").document["rows"] == [[1], [2], [3]]


def test_a_limit_before_the_first_row_leaves_the_question_open(skb, tmp_path: Path):
    endless = tmp_path / "endless.skb"
    endless.write_text("p(0). p(f(X)) :- p(X).\n?- p(X).\n")
    skb("load", "amd-2x2")
    answer = skb("query", "amd-2x2", "-f", str(endless), "--json")
    assert (answer.code, answer.document["status"], answer.document["stopped_by"]) == (4, "truncated", "max_depth")
    assert "no answer" not in skb("query", "amd-2x2", "-f", str(endless)).out


def test_an_application_is_placed_and_bound_by_os_index(skb):
    skb("load", "amd-4x4")
    placed = skb("place", "amd-4x4", EXAMPLES / "pipeline.toml", "--json").document
    assert placed["status"] == "optimal"
    assert {seat["numa_node"] for seat in placed["map"].values()} == {0}
    bound = skb("place", "amd-4x4", EXAMPLES / "pipeline.toml", "--emit", "taskset")
    assert bound.out.splitlines()[0] == "taskset -c 0  # workers.0: core 0 (logical PU 0, OS index 0)"
    refused = skb("place", "amd-4x4", EXAMPLES / "pipeline.toml", "--emit", "abacus")
    assert refused.code == 2
    assert "taskset, numactl, hwloc-bind, omp-places" in refused.err


def test_matrices_are_placed_without_a_machine(skb, tmp_path: Path):
    (tmp_path / "latency.csv").write_text(",,\n10,,\n90,90,\n")
    (tmp_path / "traffic.csv").write_text("0,5\n5,0\n")
    placed = skb(
        "place", "--latency", tmp_path / "latency.csv", "--traffic", tmp_path / "traffic.csv", "--json"
    ).document
    assert sorted(placed["cores"]) == [0, 1]
    assert placed["cost"] == 100


def test_a_pair_missing_from_a_matrix_is_an_error_and_never_zero(skb, tmp_path: Path):
    (tmp_path / "latency.csv").write_text(",,\n10,,\n,90,\n")
    refused = skb("multicast", "--root", 0, "--latency", tmp_path / "latency.csv")
    assert refused.code == 2
    assert "missing" in refused.err


def test_a_tree_reaches_the_members_that_are_named(skb):
    skb("load", "amd-4x4")
    tree = skb("multicast", "amd-4x4", "--root", 3, "--members", "0-7", "--json").document
    reached = sorted(child for children in tree["sends"].values() for child in children)
    assert reached == [0, 1, 2, 4, 5, 6, 7]
    assert tree["lower_bound"] <= tree["makespan"]


def test_a_tree_is_repaired_when_a_member_leaves(skb, tmp_path: Path):
    skb("load", "amd-4x4")
    before = skb("multicast", "amd-4x4", "--root", 3, "--members", "0-7", "--json")
    (tmp_path / "tree.json").write_text(before.out)
    after = skb("multicast", "amd-4x4", "--root", "choose", "--members", "0-6", "--previous", tmp_path / "tree.json")
    assert "0 joined, 1 left" in after.out
    (tmp_path / "tree.json").write_text("7")
    assert skb("multicast", "amd-4x4", "--root", 3, "--previous", tmp_path / "tree.json").code == 2


def test_a_tree_is_built_from_send_and_receive_times(skb, tmp_path: Path):
    (tmp_path / "send.csv").write_text("0,5,5\n5,0,5\n5,5,0\n")
    (tmp_path / "receive.csv").write_text("0,20,20\n20,0,20\n20,20,0\n")
    times = ("--send", tmp_path / "send.csv", "--receive", tmp_path / "receive.csv")
    tree = skb("multicast", "--root", 0, *times, "--json").document
    assert (tree["makespan"], tree["proven"], tree["critical_path"]) == (30.0, True, [0, 2])
    assert skb("multicast", "--root", 0, *times, "--objective", "with_ack", "--json").document["makespan"] == 55.0
    refused = skb("multicast", "--root", 0, "--send", tmp_path / "send.csv")
    assert refused.code == 2
    assert "the cost is given by send" in refused.err


def test_manifests_are_admitted_kept_and_withdrawn(skb, barrier: Path):
    skb("load", "amd-4x4")
    number = skb("submit", "amd-4x4", f"{barrier}:16", "--json").document["id"]
    assert 0 < number < 2**32
    assert skb("manifests", "amd-4x4", "--json").document["manifests"][0]["cores"] == list(range(16))
    changed = skb("phase", "amd-4x4", number, 1, "--json").document
    assert changed["schedule"]["phases"] == {"barrier": 1}
    assert skb("withdraw", "amd-4x4", number).code == 0
    assert skb("manifests", "amd-4x4", "--json").document["manifests"] == []


def test_a_second_gang_beside_a_submitted_one_is_refused_with_exit_code_1(skb, barrier: Path):
    skb("load", "amd-4x4")
    skb("submit", "amd-4x4", f"{barrier}:16")
    refused = skb("admit", "amd-4x4", f"other={barrier}:16", "--json")
    assert refused.code == 1
    assert refused.document["admitted"] is False
    assert {cause["application"] for cause in refused.document["refusal"]["causes"]} == {"barrier", "other"}


def test_admission_gives_a_schedule_for_each_combination_of_phases(skb, barrier: Path, tmp_path: Path):
    (tmp_path / "cpu.manifest").write_text("B 1\n")
    skb("load", "amd-4x4")
    decision = skb("admit", "amd-4x4", f"{barrier}:16", f"{tmp_path / 'cpu.manifest'}:8", "--json").document
    assert [one["phases"] for one in decision["schedules"]] == [{"barrier": 0, "cpu": 0}, {"barrier": 1, "cpu": 0}]


def test_schedsim_prints_barrelfishs_chart_byte_for_byte(skb):
    folder = SHARED / "data" / "schedsim"
    if not folder.is_dir():
        pytest.skip(f"real inputs are not here: {folder}")
    for name in ("be0", "hrtbe3", "gang2"):
        assert skb("schedsim", folder / f"{name}.cfg", 1000).out == (folder / f"{name}.txt").read_text()


def test_a_scheduler_panic_is_its_message_and_exit_code_1(skb, tmp_path: Path):
    (tmp_path / "bad.cfg").write_text("0 H 0 90 100 100 0\n1 H 0 90 100 100 0\n")
    panicked = skb("schedsim", tmp_path / "bad.cfg", 300)
    assert panicked.code in (1, 2)
    assert panicked.out == ""
    assert panicked.err.count("\n") == 1


def test_services_are_told_where_drivers_memory_and_state_go(skb):
    skb("load", EXAMPLES / "hybrid.facts")
    assert skb("driver", "hybrid", "eth0", "--clients", "4", "--json").document["core"] == 5
    assert "driver and interrupts on core 4 (OS index 4)" in skb("driver", "hybrid", "eth0").out
    assert skb("memory", "hybrid", "--cores", "0-1", "--size", "1 GiB").out.endswith("bind, mean access 10 SLIT\n")
    assert skb("scheme", "hybrid", "--cores", "0-1").out.startswith("shared (")
    assert skb("memory", "hybrid", "--cores", "0-1", "--size", "a lot").code == 2
    assert skb("driver", "hybrid", "sda").code == 2


def test_a_small_placement_is_tried_in_every_way(skb):
    skb("load", "amd-2x2")
    tried = skb("place", "amd-2x2", EXAMPLES / "webserver.toml", "--exhaustive", "--json").document
    assert tried["exhaustive"]["cost"] == tried["cost"]
    assert "tried 24 maps" in skb("place", "amd-2x2", EXAMPLES / "webserver.toml", "--exhaustive").out


def test_a_scenario_is_simulated_with_its_trace(skb, tmp_path: Path):
    trace = tmp_path / "run.json"
    run = skb("simulate", EXAMPLES / "gang.toml", "--trace", trace, "--json").document
    assert run["applications"]["barrier"]["misses"] == 0
    assert len(run["trace_sha256"]) == 64
    assert json.loads(trace.read_text())["traceEvents"]


def test_a_trace_of_an_unknown_kind_is_refused_before_the_run(skb, tmp_path: Path):
    refused = skb("simulate", EXAMPLES / "gang.toml", "--trace", tmp_path / "run.png")
    assert refused.code == 2
    assert ".json, .csv, .svg" in refused.err


@pytest.mark.parametrize(
    ("machine", "remedy"), [("amd-2x2", "skb load amd-2x2"), ("mine", "skb load SOURCE --machine mine")]
)
def test_a_machine_that_is_not_in_the_store_is_answered_with_the_command_that_loads_it(skb, machine: str, remedy: str):
    refused = skb("query", machine, "core(C, P)")
    assert refused.code == 2
    assert f"`{remedy}` loads it" in refused.err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.org"])
def test_serving_other_machines_is_refused_with_the_reason(skb, host: str):
    refused = skb("serve", "--host", host)
    assert refused.code == 2
    assert "no access control" in refused.err


@pytest.mark.parametrize(
    "words",
    [
        ("query", "amd-2x2", "core(X"),
        ("query", "amd-2x2", "nonsense(X)"),
        ("query", "amd-2x2", "core(X, Y), \\+ core(Z, Y), Q > 1"),
        ("query", "nowhere", "core(X, Y)"),
        ("query", "amd-2x2", "-f", "/nonexistent"),
        ("query", "-", "--facts", "/nonexistent", "core(X, Y)"),
        ("show", "nowhere"),
        ("load", "/nonexistent.xml"),
        ("load", "synthetic:pack:0"),
        ("multicast", "amd-2x2", "--root", "99"),
        ("multicast", "amd-2x2", "--root", "0", "--members", "0-"),
        ("multicast", "amd-2x2", "--root", "0", "--max-fanout", "1", "--max-depth", "2"),
        ("multicast", "amd-2x2", "--root", "0", "--previous", "/nonexistent.json"),
        ("multicast", "amd-2x2", "--root", "-1"),
        ("place", "amd-2x2", "/nonexistent.toml"),
        ("admit", "amd-2x2", "/nonexistent.manifest"),
        ("withdraw", "amd-2x2", "7"),
        ("schedsim", "/nonexistent.cfg", "10"),
        ("simulate", "/nonexistent.toml"),
        ("reproduce", "REP-99"),
        ("experiment", "run", "/nonexistent.toml"),
        ("experiment", "status", "/nonexistent.toml"),
        ("machines", "--database", "mysql://nowhere"),
        ("nonsense",),
        ("multicast", "amd-2x2"),
        ("place",),
        ("query", "amd-2x2", "core(X, Y)", "--seed", "-1"),
    ],
)
def test_a_mistake_is_one_sentence_in_text_and_one_document_in_json(skb, words: tuple[str, ...]):
    skb("load", "amd-2x2")
    revision = skb("machines", "--json").document["revision"]
    told = skb(*words)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("skb: ")
    assert told.err.count("\n") == 1
    in_json = skb(*words, "--json")
    assert in_json.code == 2
    assert set(in_json.document["error"]) == {"code", "message", "details"}
    assert "Traceback" not in told.err + in_json.err
    assert skb("machines", "--json").document["revision"] == revision


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.xml", b"<topology version='3.0'><object type='Machine'"),
        ("words.csv", b"1,2\n3,four\n"),
        ("empty.xml", b""),
        ("bytes.pl", b"\xff\xfe\x00core"),
        ("rule.pl", b"core(0, 1"),
    ],
)
def test_a_broken_source_is_refused_whole(skb, tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    refused = skb("load", tmp_path / name, "--json")
    assert refused.code == 2
    assert refused.document["error"]["message"]
    assert skb("machines", "--json").document == {"revision": 0, "machines": []}


def test_a_manifest_whose_wcet_is_over_its_deadline_is_refused_with_its_line(skb, tmp_path: Path):
    (tmp_path / "bad.manifest").write_text("B 1\nH 80 160 40\n")
    skb("load", "amd-2x2")
    refused = skb("admit", "amd-2x2", tmp_path / "bad.manifest")
    assert refused.code == 2
    assert re.search(r"line 2", refused.err)


def test_an_unexpected_exception_is_a_fault_of_ours_with_an_id_and_no_traceback(skb, monkeypatch):
    def fail(_store: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr("api.machine_report.list_machines", fail)
    told = skb("machines")
    assert told.code == 3
    assert re.search(r"id [0-9a-f]{8}", told.err)
    assert "Traceback" not in told.err
    assert "secret" not in told.err
    assert skb("machines", "--json").document["error"]["code"] == "internal"


def test_with_debugging_the_traceback_of_a_fault_is_shown(skb, monkeypatch):
    def fail(_store: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.machine_report.list_machines", fail)
    monkeypatch.setenv("SKB_DEBUG", "1")
    assert "Traceback" in skb("machines").err


def test_the_shared_options_stand_before_or_after_the_command(skb, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    skb("--database", url, "load", "amd-2x2")
    assert len(skb("machines", "--database", url, "--json").document["machines"]) == 1
    assert skb("--json", "machines").document["machines"] == []


def test_a_command_without_words_shows_the_help_and_exits_with_2(capsys):
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err
