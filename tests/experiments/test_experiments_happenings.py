"""Scenario files: cores that stop, groups, cores taken back, busy links, services, programs, and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest

import experiments
from experiments.files import application, happenings, scenario, workloads
from experiments.files.fields import Fields, Source

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = DOCS / "examples"

SMALL = """machine = "amd-2x2"
seconds = 0.05
seed = 3

[[application]]
name = "b"
workload = "cpu-bound"
cores = "0-3"
"""


def example(name: str, **overrides: Any) -> dict[str, Any]:
    return experiments.run_scenario(EXAMPLES / f"{name}.toml", overrides=overrides).to_json()


def error_of(text: str, **overrides: Any) -> experiments.ExperimentError:
    with pytest.raises(experiments.ExperimentError) as caught:
        experiments.run_scenario(text, overrides=overrides)
    return caught.value


def test_a_core_that_stops_keeps_its_share_until_then_and_answers_no_agreement_afterwards() -> None:
    found = example("stops", seconds=1.2)
    assert found["stopped"] == [{"core": 5, "time_us": 600_000.0}]
    assert found["applications"]["barrier"]["utilisation"][5] == pytest.approx(0.5, abs=0.01)
    assert [one["done"] for one in found["operations"]] == [True, False]


def test_who_joins_a_group_enters_its_phase_once_the_schedules_are_there() -> None:
    found = experiments.run_scenario(EXAMPLES / "groups.toml", overrides={"seconds": 0.8})
    document = found.to_json()
    assert document["phase_changes"][0]["together"]
    shipped = [each for each in found.trace.messages if each.kind == "schedule"]
    assert shipped
    assert all(each.sent_ps >= found.outcome.start_ps + 10 * 10**9 for each in shipped)
    never = experiments.run_scenario(EXAMPLES / "groups.toml", overrides={"seconds": 0.8, "joins": []})
    gang, crowd = (one.to_json()["applications"]["watch"]["progress"] for one in (found, never))
    assert gang != crowd


def test_a_core_that_is_taken_back_is_another_ones() -> None:
    found = example("taking-back")["applications"]["sum"]["utilisation"]
    assert found[0] < 1
    assert found[1] == pytest.approx(1, abs=0.01)
    assert found[3] < 0.8
    assert example("taking-back", deallocations=[])["applications"]["sum"]["utilisation"] == [1, 1, 1, 1]


def test_a_phase_change_takes_longer_on_busy_links() -> None:
    def cycles(load_percent: int) -> Any:
        mesh = {"columns": 4, "rows": 4, "hop_ns": 100, "message_ns": 200, "packet_ns": 2000}
        mesh |= {"load_percent": load_percent}
        changes = [{"application": "barrier", "phase": 1, "at_ms": 10}]
        return example("congested", seconds=0.02, interconnect=mesh, phase_changes=changes)["phase_changes"][0][
            "cycles"
        ]

    assert cycles(60) > cycles(0)


def test_the_congested_example_is_answered_both_times() -> None:
    assert all(change["cycles"] for change in example("congested")["phase_changes"])


def test_streams_are_clustered_as_their_batches_come() -> None:
    found = example("streams", seconds=2.5)["applications"]
    assert found["north"]["updates"] >= 3
    assert found["north"]["mean_update_ms"] <= found["north"]["longest_update_ms"]
    alone = experiments.run_scenario(
        {
            "machine": "amd-4x4",
            "seconds": 2,
            "application": [
                {
                    "name": "s",
                    "workload": "stream-clustering",
                    "cores": "0-7",
                    "workload_options": {"interval_ms": 500, "collect_ms": 10, "barriers": 20},
                }
            ],
        }
    ).to_json()["applications"]["s"]
    assert alone["updates"] == 4
    assert alone["mean_update_ms"] == pytest.approx(20 * 0.4, rel=0.1)


def test_a_web_services_domains_share_the_work_and_a_near_placement_serves_more() -> None:
    found = example("web", seconds=0.05)["applications"]["web"]
    assert found["progress"] > 0
    assert found["utilisation"][3] > found["utilisation"][2]


def test_the_desktop_keeps_its_promises_with_manifests_and_not_without() -> None:
    text = (EXAMPLES / "desktop.toml").read_text()
    bare = re.sub("manifest = .*\n", "", text).replace('"yield"', '"block"')

    def late(scenario: str) -> tuple[int, int]:
        found = experiments.run_scenario(scenario).to_json()["applications"]
        return found["player"]["late_frames"], found["search"]["late_answers"]

    assert late(text) == (0, 0)
    assert min(late(bare)) > 0


def test_a_program_is_found_beside_its_file_and_counts() -> None:
    assert example("program")["applications"]["team"]["progress"] == pytest.approx(4 * 200, abs=8)


def test_a_text_from_elsewhere_may_name_no_program() -> None:
    text = SMALL.replace('"cpu-bound"', '"program"') + 'workload_options = { program = "meetings:meet" }\n'
    error = error_of(text)
    assert (error.details["key"], error.details["line"]) == ("application[0].workload_options.program", 9)
    assert "files of this machine alone" in error.message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("meetings", "module:function"),
        ("meetings:meat", "has no function meat"),
        ("nowhere_at_all:meet", "ModuleNotFoundError"),
        ("../meetings:meet", "module:function"),
        ("broken:meet", "ZeroDivisionError"),
        ("leaving:meet", "SystemExit: 9"),
    ],
)
def test_a_program_that_is_not_there_is_refused_with_its_line(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "meetings.py").write_text((EXAMPLES / "meetings.py").read_text())
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "leaving.py").write_text("raise SystemExit(9)\n")
    text = SMALL.replace('"cpu-bound"', '"program"') + f'workload_options = {{ program = "{name}" }}\n'
    with pytest.raises(experiments.ExperimentError, match=message) as caught:
        experiments.run_scenario(text, folder=tmp_path)
    assert caught.value.details["line"] == 9


STREAM = 'workload = "stream-clustering"\nworkload_options = '


@pytest.mark.parametrize(
    ("wrong", "line", "key", "accepted"),
    [
        ("stops_ms = { x = 1 }", 4, "stops_ms.x", "the number of a core"),
        ("stops_ms = { 1 = -1 }", 4, "stops_ms.1", "a number from 0"),
        ("stops_ms = 3", 4, "stops_ms", "a table"),
        ('joins = [{ application = "b", dispatcher = 0, group = "g" }]', 4, "joins[0].application", "there is none"),
        ('deallocations = [{ application = "b", dispatcher = 4 }]', 4, "deallocations[0].dispatcher", "from 0 to 3"),
        ('operations = [{ kind = "steal", application = "b" }]', 4, "operations[0].kind", "map or unmap"),
        ('operations = [{ kind = "retype", application = "b", to = "x" }]', 4, "operations[0].to", "frame"),
        ('operations = [{ kind = "unmap", application = "b", tree = 3 }]', 4, "operations[0].tree", "multicast"),
        ('phase_changes = [{ application = "b", phase = 0, order = "x" }]', 4, "phase_changes[0].order", "serial"),
        ("donate_slack = 1", 4, "donate_slack", "true or false"),
        ("schedules_ship_ms = -1", 4, "schedules_ship_ms", "a number from 0"),
        (
            "interconnect = { columns = 2, rows = 2, hop_ns = 1, message_ns = 1, packet_ns = 0 }",
            4,
            "interconnect.packet_ns",
            "at least",
        ),
        ("interconnect = { columns = 2 }", 4, "interconnect.rows", "a whole number"),
    ],
)
def test_a_mistake_is_answered_with_line_key_and_what_is_accepted(
    wrong: str, line: int, key: str, accepted: str
) -> None:
    error = error_of(SMALL.replace("\n\n", f"\n{wrong}\n", 1))
    assert (error.details["line"], error.details["key"]) == (line, key)
    assert accepted in str(error.details["accepted"])


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ('groups = { "a/b" = "B 1\\n" }', "groups.a/b"),
        ("groups = { a = 3 }", "groups.a"),
        ("starts_ms = [-1]", "starts_ms"),
        ('workload = "frames"\nworkload_options = { period_ms = 0 }', "workload_options.period_ms"),
        ('workload = "answers"', "workload_options.inputs_ms"),
        ('workload = "answers"\nworkload_options = { inputs_ms = [2, 1] }', "workload_options.inputs_ms"),
        (f"{STREAM}{{ interval_ms = 0 }}", "workload_options.interval_ms"),
        (f"{STREAM}{{ team = -1 }}", "workload_options.team"),
        ('workload = "web-service"\nworkload_options = { connections = 0 }', "workload_options.connections"),
    ],
)
def test_a_mistake_in_an_application_is_answered_with_its_key(wrong: str, key: str) -> None:
    text = SMALL.replace('workload = "cpu-bound"\n', "") if "workload =" in wrong else SMALL
    assert error_of(text + wrong + "\n").details["key"] == f"application[0].{key}"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("stops_ms = { 9 = 1 }", "unknown_core"),
        ('operations = [{ kind = "leave", application = "b", subject = 77 }]', "unknown_core"),
        ('phase_changes = [{ application = "b", phase = 0, tree = { 0 = [9] } }]', "unknown_core"),
        (
            "interconnect = { columns = 64, rows = 64, hop_ns = 1, message_ns = 1, packet_ns = 1, load_percent = 90 }",
            "too_many_packets",
        ),
    ],
)
def test_what_the_machine_does_not_have_or_would_take_too_long_is_refused(wrong: str, code: str) -> None:
    assert error_of(SMALL.replace("\n\n", f"\n{wrong}\n", 1)).code == code


@pytest.mark.parametrize(
    "wrong",
    [
        f"{STREAM}{{ team = 5 }}",
        f"{STREAM}{{ interval_ms = 0.001, spread_percent = 10 }}",
        'workload = "web-service"\nthreads = 5',
        'workload = "web-service"\nworkload_options = { query_cycles = 1 }\nthreads = 3',
        "starts_ms = [1, 2]",
    ],
)
def test_threads_without_a_task_and_more_than_can_be_run_are_refused(wrong: str) -> None:
    text = SMALL.replace('workload = "cpu-bound"\n', "") if "workload =" in wrong else SMALL
    assert error_of(text + wrong + "\n", seconds=5.0).code in ("bad_experiment", "too_many_events", "bad_scenario")


def words_of(page: str) -> set[str]:
    return set(re.findall(r"[a-z_0-9-]+", " ".join(re.findall(r"`([^`]*)`", page))))


def test_every_key_and_every_option_is_documented() -> None:
    words = words_of((DOCS / "simulation.md").read_text())
    options: set[str] = set()
    for kind in workloads.WORKLOADS:
        given = {"inputs_ms": [1.0]} if kind == "answers" else {"program": "meetings:meet"}
        given = {"work_cycles": 10**6} if kind == "kernel" else given  # type: ignore[dict-item]
        asked = Fields(given, Source("options", {}, EXAMPLES), "")
        asked.close = lambda allowed=(): None  # type: ignore[method-assign]
        options |= set(workloads.read_workload(kind, asked).options)
    keys = {*scenario.KEYS, *application.KEYS, *workloads.WORKLOADS, *options} - {"folder"}
    fields = {"dispatcher", "grace_ms", "subject", "to", "tree", "order", "work_us", "at_ms", "phase", "kind"}
    planned = {"objective", "weights", "current", "smt", "distinct", "isolated"}
    assert (keys | fields) - planned <= words
    assert set(happenings.OPERATIONS) <= words


def test_programs_of_equal_name_in_two_folders_are_two_programs(tmp_path: Path) -> None:
    text = SMALL.replace('"cpu-bound"', '"program"') + 'workload_options = { program = "steps:run" }\n'
    counted = []
    for steps in (1, 3):
        folder = tmp_path / str(steps)
        folder.mkdir()
        (folder / "steps.py").write_text(
            "def run(team):\n"
            "    def body(me):\n"
            f"        me.count({steps})\n"
            "        yield me.compute_ps(1)\n"
            "    return body\n"
        )
        outcome = experiments.run_scenario(text, folder=folder).to_json()["applications"]
        counted.append(next(iter(outcome.values()))["progress"])
    assert counted[1] == 3 * counted[0] > 0
