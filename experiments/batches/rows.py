"""The rows of a batch: which columns there are, and one run of the batch as its row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import kernelsim
import skb
from experiments.batches.results_file import Row
from experiments.files.scenario import ScenarioFile, read_scenario, with_context
from experiments.files.spec import Spec, Values
from experiments.machines import Knowledge
from experiments.runs.scenario import prepare
from experiments.runs.simulation import SimulationResult, run_prepared

TAIL = ("trace_sha256", "revision", "commit", "status", "note")
SWEEP_COLUMNS = (
    "misses",
    "predicted_cost",
    "mean_latency_ns",
    "messages",
    "events",
    "dispatches",
    "phase_locked",
    "cores",
    *TAIL,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a batch: the axes, which together are a row's key, then the results."""

    axes: tuple[str, ...]
    results: tuple[str, ...]

    @property
    def header(self) -> tuple[str, ...]:
        return (*self.axes, *self.results)

    def row(self, values: Values, results: Mapping[str, Any]) -> Row:
        """A row of text; what a run did not give is empty."""
        return (*self.key(values), *(cell(results.get(name)) for name in self.results))

    def key(self, values: Values) -> Row:
        return tuple(cell(values[name]) for name in self.axes)


def sweep_layout(spec: Spec) -> Layout:
    """Axes, progress of every application that occurs, then what all runs have."""
    names: dict[str, None] = {}
    for values in spec.runs():
        names.update(dict.fromkeys(one.name for one in read_scenario(spec.scenario(values)).applications))
    return Layout(tuple(spec.axes), (*(f"progress:{name}" for name in names), *SWEEP_COLUMNS))


def run_row(spec: Spec, values: Values, knowledge: Knowledge | None) -> dict[str, Any]:
    """One run's results by column; a refusal is a result, with its code as `status` and its sentence as `note`."""
    file = read_scenario(spec.scenario(values))
    try:
        return _results(file, simulate_file(file, knowledge))
    except skb.SkbError as error:
        return {"status": error.code, "note": error.message}


def simulate_file(file: ScenarioFile, knowledge: Knowledge | None) -> SimulationResult:
    """Prepare and run. Raises ExperimentError for whatever is wrong with it."""
    try:
        return run_prepared(prepare(file, knowledge))
    except (kernelsim.ScenarioError, kernelsim.SchedulerPanic) as error:
        raise with_context(error, file.source) from error


def cell(value: Any) -> str:
    """A value as one line of text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict):
        return json.dumps(value)
    return str(value).replace("\r", "\\r").replace("\n", "\\n")


def _results(file: ScenarioFile, run: SimulationResult) -> dict[str, Any]:
    outcome = run.outcome
    applications = outcome.applications
    subject = file.applications[0].name
    return {
        **{f"progress:{name}": own.progress for name, own in applications.items()},
        "misses": sum(len(own.misses) for own in applications.values()),
        "predicted_cost": run.predicted_cost.get(subject),
        "mean_latency_ns": nanoseconds(applications[subject].mean_latency_ps),
        "messages": len(outcome.trace.messages),
        "events": outcome.events,
        "dispatches": outcome.dispatches,
        "phase_locked": outcome.phase_locked,
        "cores": join(run.cores[subject]),
        "trace_sha256": outcome.trace.sha256(),
        "revision": run.revision,
        "status": "ok",
    }


def nanoseconds(value_ps: int | None) -> float | None:
    return None if value_ps is None else value_ps / 1000


def join(cores: Sequence[int]) -> str:
    """Cores in the order of the dispatchers."""
    return " ".join(str(core) for core in cores)
