"""The bridge from plans to runs: deploy, simulate, measure, compare, sweep.

Names are imported on first use, so that `import experiments` pays for neither the simulator nor a solver.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from experiments.errors import ExperimentError, NotAdmitted

if TYPE_CHECKING:
    from experiments.measure import measure_latencies, measure_run
    from experiments.results_chart import plot_results
    from experiments.schedule_chart import SchedulerPanicked, schedule_chart
    from experiments.simulation import SimulationResult, run_scenario, simulate
    from experiments.sweep import run_spec, sweep_status

_HOME = {
    "SchedulerPanicked": "experiments.schedule_chart",
    "SimulationResult": "experiments.simulation",
    "measure_latencies": "experiments.measure",
    "measure_run": "experiments.measure",
    "plot_results": "experiments.results_chart",
    "run_scenario": "experiments.simulation",
    "run_spec": "experiments.sweep",
    "schedule_chart": "experiments.schedule_chart",
    "simulate": "experiments.simulation",
    "sweep_status": "experiments.sweep",
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
