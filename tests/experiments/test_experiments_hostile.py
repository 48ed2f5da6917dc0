"""Whatever keys a scenario holds, it is run or refused with an error of ours."""

import copy
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import experiments
import skb

SOUND: dict[str, Any] = {
    "machine": "amd-2x2",
    "seconds": 0.01,
    "scheduler": "rbed",
    "seed": 1,
    "synchronise": True,
    "timer_offset_ms": [0, 80],
    "clock_skew_us": 3,
    "warmup_ms": 0,
    "phase_changes": [{"application": "b", "phase": 1, "at_ms": 0, "tree": {"0": [1]}}],
    "application": [
        {
            "name": "b",
            "workload": "barrier",
            "threads": 2,
            "cores": "0-1",
            "manifest": "B 1\nG 2 4\n",
            "weight": 2,
            "workload_options": {"wait": "yield", "spin_us": 50, "barrier": "tree", "work_cycles": 30},
        },
        {
            "name": "t",
            "group": [{"name": "w", "count": 2}],
            "traffic": [{"between": "w", "pattern": "ring", "bytes_per_second": 64e3}],
            "placement": "scatter",
            "workload_options": {"interval_us": 1000},
        },
        {"name": "r", "workload": "scripted-random", "threads": 1, "workload_options": {"gap_ms": [1, 2]}},
    ],
}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "b", "0-3", "spin", "synthetic:", "host", "../x", "B 1\nH", "\n", "é\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["0", "name", "b"]), inner, max_size=2),
    max_leaves=4,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in items for found in paths(inner, (*path, key)))]


PLACES = paths(SOUND)[1:]


def test_the_sound_scenario_runs() -> None:
    assert experiments.run_scenario(SOUND).to_json()["applications"]["b"]["progress"] > 0


@settings(derandomize=True, max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=3))
def test_any_change_to_it_is_run_or_refused(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    scenario = copy.deepcopy(SOUND)
    for path, value in changes:
        spot: Any = scenario
        for key in path[:-1]:
            spot = spot[key] if isinstance(spot, dict | list) and _has(spot, key) else None
        if isinstance(spot, dict) or (isinstance(spot, list) and _has(spot, path[-1])):
            spot[path[-1]] = value
    seconds = scenario.get("seconds")
    if isinstance(seconds, int | float) and seconds > 1:
        scenario["seconds"] = 0.01
    with suppress(skb.SkbError):
        experiments.run_scenario(scenario).to_json()


def _has(spot: Any, key: Any) -> bool:
    return key in spot if isinstance(spot, dict) else isinstance(key, int) and key < len(spot)
