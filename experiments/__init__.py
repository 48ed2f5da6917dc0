"""The bridge from plans to runs: deploy, simulate, measure, compare, sweep.

Names are imported on first use, so that `import experiments` pays for neither the simulator nor a solver.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from experiments.errors import ExperimentError, NotAdmitted

if TYPE_CHECKING:
    from experiments.batches.results_chart import plot_results
    from experiments.batches.sweep import run_spec, sweep_status
    from experiments.charts.schedule_chart import SchedulerPanicked, schedule_chart
    from experiments.measure import measure_latencies, measure_run
    from experiments.runs.simulation import SimulationResult, run_scenario, simulate

_HOME = {
    "SchedulerPanicked": "experiments.charts.schedule_chart",
    "SimulationResult": "experiments.runs.simulation",
    "measure_latencies": "experiments.measure",
    "measure_run": "experiments.measure",
    "plot_results": "experiments.batches.results_chart",
    "run_scenario": "experiments.runs.simulation",
    "run_spec": "experiments.batches.sweep",
    "schedule_chart": "experiments.charts.schedule_chart",
    "simulate": "experiments.runs.simulation",
    "sweep_status": "experiments.batches.sweep",
}

__all__ = [
    "ExperimentError",
    "NotAdmitted",
    "SchedulerPanicked",
    "SimulationResult",
    "measure_latencies",
    "measure_run",
    "plot_results",
    "run_scenario",
    "run_spec",
    "schedule_chart",
    "simulate",
    "sweep_status",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'experiments' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
