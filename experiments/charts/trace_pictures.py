"""A run's trace in the forms that other programs and people read: Chrome trace JSON, CSV, SVG."""

import kernelsim.pictures
from experiments.errors import ExperimentError
from experiments.runs.simulation import SimulationResult

FORMS = ("json", "csv", "svg")


def draw_trace(
    result: SimulationResult, form: str, *, start_seconds: float = 0.0, end_seconds: float | None = None
) -> str:
    """The trace as text; the SVG shows `start_seconds` to `end_seconds` of the measured time (all by default).

    Raises ExperimentError for another form.
    """
    if form not in FORMS:
        raise ExperimentError(
            f"a trace cannot be written as {form!r}; accepted: {', '.join(FORMS)}",
            code="unsupported_format",
            details={"found": form, "accepted": list(FORMS)},
        )
    if form == "json":
        return kernelsim.pictures.chrome_trace(result.trace, result.machine)
    if form == "csv":
        return kernelsim.pictures.csv(result.trace)
    begin_ps = result.outcome.start_ps
    end = result.virtual_seconds if end_seconds is None else end_seconds
    return kernelsim.pictures.svg(
        result.trace,
        result.machine,
        start_ps=begin_ps + round(start_seconds * 1e12),
        end_ps=begin_ps + round(end * 1e12),
    )
