"""Scenario files: what they mean, and what is answered where they are wrong."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import experiments
import facts
import skb
from planner.key_lines import key_lines

SMALL = """machine = "amd-4x4"
seconds = 0.2
seed = 3

[[application]]
name = "b"
workload = "barrier"
threads = 4
"""


def error_of(text: str, **options: object) -> experiments.ExperimentError:
    with pytest.raises(experiments.ExperimentError) as caught:
        experiments.run_scenario(text, **options)  # type: ignore[arg-type]
    return caught.value


def test_equal_scenarios_give_equal_traces_and_another_seed_another() -> None:
    def hash_of(seed: int) -> object:
        keys = {"seed": seed, "timer_offset_ms": [0, 80]}
        return experiments.run_scenario(SMALL, overrides=keys).to_json()["trace_sha256"]

    assert hash_of(1) == hash_of(1)
    assert hash_of(1) != hash_of(2)


def test_the_answer_has_the_documented_keys() -> None:
    answer = experiments.run_scenario(SMALL).to_json()
    assert answer["virtual_seconds"] == 0.2
    assert {"events", "dispatches", "wall_seconds", "messages", "events_represented", "trace_sha256"} <= set(answer)
    assert answer["applications"]["b"]["progress"] > 0
    assert answer["applications"]["b"]["misses"] == 0
    assert {"name", "value", "unit", "provenance"} == set(answer["parameters"][0])


def test_compact_fills_a_package_and_scatter_takes_them_in_turn() -> None:
    def cores(placement: str) -> object:
        return experiments.run_scenario(f'{SMALL}placement = "{placement}"').cores["b"]

    assert cores("compact") == (0, 1, 2, 3)
    assert cores("scatter") == (0, 4, 8, 12)
    assert len(set(cores("random"))) == 4  # type: ignore[call-overload]
    assert cores("solved") in {tuple(range(first, first + 4)) for first in range(0, 16, 4)} | {cores("solved")}


def test_an_application_without_cores_takes_free_ones_first() -> None:
    text = SMALL + '[[application]]\nname = "c"\nworkload = "cpu-bound"\nthreads = 12\n'
    assert experiments.run_scenario(text).cores["c"] == tuple(range(4, 16))


@pytest.mark.parametrize(
    ("wrong", "line", "key", "accepted"),
    [
        ('workload = "barier"', 7, "application[0].workload", "barrier"),
        ("threads = 0", 8, "application[0].threads", "1 to"),
        ("threads = 4\nspin = 3", 9, "application[0].spin", "workload_options"),
        ('threads = 4\ncores = "0-"', 9, "application[0].cores", "CPU list"),
        (
            'threads = 4\n[application.workload_options]\nwait = "doze"',
            10,
            "application[0].workload_options.wait",
            "yield",
        ),
        ('threads = 4\n[[phase_changes]]\napplication = "x"\nphase = 1', 10, "phase_changes[0].application", "b"),
    ],
)
def test_a_mistake_is_answered_with_line_key_and_what_is_accepted(
    wrong: str, line: int, key: str, accepted: str
) -> None:
    text = (
        SMALL.replace('workload = "barrier"', wrong)
        if "workload =" in wrong[:10]
        else SMALL.replace("threads = 4", wrong)
    )
    error = error_of(text)
    assert (error.details["line"], error.details["key"]) == (line, key)
    assert accepted in str(error.details["accepted"])
    assert f"line {line}, key {key}" in error.message


def test_a_syntax_error_has_its_line() -> None:
    assert error_of("machine = \nseconds = 1").details["line"] == 1


def test_an_unknown_scheduler_is_refused_with_those_that_there_are() -> None:
    error = error_of(f'scheduler = "fair"\n{SMALL}')
    assert "rbed or linux-like or central-ipi or slurm-like" in error.message


def test_a_core_that_does_not_exist_is_refused() -> None:
    error = error_of(SMALL + 'cores = "14-17"')
    assert error.code == "unknown_core"
    assert "core 16 does not exist on amd-4x4; accepted: 0-15" in error.message


def test_an_unknown_machine_is_refused_with_the_bundled_ones() -> None:
    error = error_of(SMALL.replace("amd-4x4", "vax"))
    assert error.code == "unknown_machine"
    assert "amd-8x4" in error.message


def test_manifests_that_do_not_fit_are_refused_with_their_causes() -> None:
    other = SMALL.split("\n\n")[1].replace('"b"', '"c"')
    text = SMALL + 'cores = "0-3"\nmanifest = "G 60 100\\n"\n' + other + 'cores = "0-3"\nmanifest = "G 60 100\\n"\n'
    with pytest.raises(experiments.NotAdmitted) as caught:
        experiments.run_scenario(text)
    refusal = caught.value.details["refusal"]
    assert {cause["application"] for cause in refusal["causes"]} == {"b", "c"}  # type: ignore[index]


def test_a_wrong_line_in_a_manifest_is_named() -> None:
    with pytest.raises(skb.SkbError, match=r"line 2"):
        experiments.run_scenario(SMALL + 'manifest = "B 1\\nH 200 160\\n"')


def test_blocking_in_a_gang_is_refused_with_the_simulators_reason() -> None:
    text = SMALL + 'manifest = "B 1\\nG 8 16\\n"\n[application.workload_options]\nwait = "block"\n'
    assert error_of(text).code == "blocking_real_time"


def test_a_text_from_elsewhere_may_not_name_files() -> None:
    assert "no folder is known" in error_of(SMALL + 'manifest = "/etc/passwd"').message
    assert "no folder is known" in error_of('machine = "amd-4x4"\n[[application]]\napp = "/etc/passwd"\n').message


def test_the_stores_machine_is_planned_with_and_the_described_one_simulated() -> None:
    with skb.Store("sqlite://") as store:
        store.load(facts.read("amd-4x4"))
        store.load("machine(tiny). core(0, 0). core(1, 0).")
        store.knowledge("amd-4x4").tell([("message_latency_ps", (0, 1, 7, 0, 7, 7))])
        run = experiments.run_scenario(SMALL, knowledge=store)
        assert run.machine.latency_ps[0][1] == 448 * 400
        assert run.revision == store.revision
        tiny = SMALL.replace("amd-4x4", "tiny").replace("threads = 4", "threads = 2")
        assert experiments.run_scenario(tiny, knowledge=store).core_ids == (0, 1)


def test_the_planners_tree_and_unicast_reach_the_same_cores() -> None:
    def messages(tree: str) -> object:
        change = {"application": "b", "phase": 1, "at_ms": 10, "tree": tree}
        text = SMALL + 'manifest = "B 1\\nG 8 16\\n"\n'
        return experiments.run_scenario(text, overrides={"phase_changes": [change]}).to_json()["phase_changes"]

    (tree,), (unicast,) = messages("multicast"), messages("unicast")  # type: ignore[misc, attr-defined]
    assert tree["messages"] == unicast["messages"] == 6
    assert tree["cycles"] > 0


def test_too_much_traffic_is_refused_before_it_runs(tmp_path: Path) -> None:
    text = """machine = "amd-4x4"
seconds = 15
[[application]]
name = "p"
group = [{ name = "w", count = 4 }]
traffic = [{ between = "w", pattern = "ring", bytes_per_second = 1e8 }]
"""
    assert error_of(text).code == "too_many_messages"


def test_a_random_load_beside_a_gang_causes_no_miss() -> None:
    text = (
        SMALL
        + 'manifest = "G 8 16\\n"\n'
        + '[[application]]\nname = "r"\nworkload = "scripted-random"\nthreads = 4\ncores = "0-3"\n'
    )
    applications = experiments.run_scenario(text, overrides={"seconds": 1}).to_json()["applications"]
    assert applications["b"]["misses"] == 0
    assert applications["r"]["utilisation"][0] > 0


BARRIER = SMALL + 'manifest = "B 1\\nH 80 160 80\\n"\n'


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (SMALL + 'cores = "0-99"\n', 5, "core 16 does not exist on amd-4x4; accepted: 0-15"),
        (
            'phase_changes = [{ application = "b", phase = 2, at_ms = 0 }]\n' + BARRIER,
            1,
            "line 1, key phase_changes[0].phase: found 2; accepted: 0 to 1, the phases of b's manifest",
        ),
        (
            'phase_changes = [{ application = "c", phase = 1, at_ms = 0 }]\n' + BARRIER,
            1,
            "line 1, key phase_changes[0].application: found 'c'; accepted: b",
        ),
    ],
)
def test_a_core_or_phase_that_does_not_exist_is_answered_with_its_line(text: str, line: int, message: str) -> None:
    error = error_of(text)
    assert message in error.message
    assert f"line {line}, " in error.message


@pytest.mark.parametrize(("key", "line"), [("manifest", 9), ("app", 9)])
def test_a_file_that_is_not_there_is_answered_with_the_line_that_names_it(tmp_path: Path, key: str, line: int) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(f'{SMALL}{key} = "nowhere"\n')
    error = error_of(path)  # type: ignore[arg-type]
    assert error.code == "no_such_file"
    assert error.message.startswith(f"{path}, line {line}, key application[0].{key}: ")


def test_one_number_as_a_clock_skew_is_the_most_that_a_core_may_be_off() -> None:
    def trace_with(skew_us: object) -> object:
        keys = {"clock_skew_us": skew_us, "phase_changes": [{"application": "b", "phase": 1, "at_ms": 0}]}
        return experiments.run_scenario(BARRIER, overrides=keys).to_json()["trace_sha256"]

    assert trace_with(1000) == trace_with([0, 1000])
    assert trace_with(1000) != trace_with(0)


keys = st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=6)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(keys, st.sampled_from(["1", '"a # b"', "[1,\n 2]", '"""x\ny = 1\n"""'])), unique_by=lambda it: it[0]
    )
)
def test_every_keys_line_is_found_whatever_its_value(pairs: list[tuple[str, str]]) -> None:
    text, expected, line = "", {}, 1
    for key, value in pairs:
        text += f"{key} = {value}\n"
        expected[key] = line
        line += 1 + value.count("\n")
    assert key_lines(text) == expected
